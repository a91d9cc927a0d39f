"""Modules that stand in the documentation, as modules."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

_DOCS = Path(__file__).resolve().parents[2] / "docs"


def page(name: str) -> str:
    """The text of a page of the documentation."""
    return (_DOCS / name).read_text("utf-8")


def python_blocks(name: str) -> list[str]:
    """The Python of a page of the documentation, block by block."""
    return re.findall(r"```python\n(.*?)```", page(name), re.DOTALL)


def hashed_name(name: str, source: str) -> str:
    """A module name of its own for each source.

    Compiled kernels are found by the module's name, and the key of their cache knows no page.
    """
    return f"{name}_{crc32(source.encode()):08x}"


@contextmanager
def imported(name: str, source: str, folder: Path) -> Iterator[Any]:
    """Import ``source`` as the module ``name`` from a file in ``folder``, for a while."""
    path = folder / f"{name.rpartition('.')[2]}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]
