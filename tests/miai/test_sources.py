"""Promises about the sources as a whole: layers, exported names, nothing executable loaded."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import miai
from tests.support.sources import ROOT, sources

FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
FORBIDDEN_CALLS = {"eval", "exec", "torch.load", "torch.jit.load", "yaml.load", "runpy.run_path"}


def executable_loads(source: str) -> Iterator[str]:
    """Name everything in ``source`` that could run code out of a data file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            names = []
        yield from (name for name in names if name.split(".")[0] in FORBIDDEN_MODULES)
        if isinstance(node, ast.Call):
            if ast.unparse(node.func) in FORBIDDEN_CALLS:
                yield ast.unparse(node.func)
            for keyword in node.keywords:
                is_false = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                if keyword.arg == "allow_pickle" and not is_false:
                    yield "allow_pickle"


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "def f():\n    import joblib.hashing",
        "eval('1')",
        "import torch\nmodel = torch.load('x')",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
    ],
)
def test_the_search_for_executable_loads_finds_them(source: str) -> None:
    assert list(executable_loads(source))


@pytest.mark.parametrize("source", ["model.eval()", "np.load(path, allow_pickle=False)"])
def test_the_search_for_executable_loads_leaves_the_rest(source: str) -> None:
    assert not list(executable_loads(source))


def test_nothing_executable_is_loaded() -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in sources()
        if (names := list(executable_loads(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


def test_modules_stay_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in sources()
    }
    assert {path: length for path, length in lengths.items() if length > 450} == {}


def _packages_with_exports() -> list[str]:
    names = []
    for path in sources():
        if path.name == "__init__.py" and "__all__" in path.read_text(encoding="utf-8"):
            names.append(".".join(path.parent.relative_to(ROOT).parts))
    return names


@pytest.mark.parametrize("name", _packages_with_exports())
def test_exported_names_exist(name: str) -> None:
    package = import_module(name)
    assert len(set(package.__all__)) == len(package.__all__)
    for exported in package.__all__:
        assert getattr(package, exported) is not None


def test_front_door_names_what_it_lacks() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = miai.nothing
    assert dir(miai) == sorted(miai.__all__)


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_what_tests_share_stands_in_support() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"(from|import) tests\.(\w+\.)*test_", line)
    ]
    assert wrong == []
