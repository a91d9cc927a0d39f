"""Modules that stand in the documentation, as modules."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_DOCS = Path(__file__).resolve().parents[2] / "docs"


def python_blocks(page: str) -> list[str]:
    """The Python of a page of the documentation, block by block."""
    return re.findall(r"```python\n(.*?)```", (_DOCS / page).read_text("utf-8"), re.DOTALL)


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
