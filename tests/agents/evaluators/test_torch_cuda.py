"""What the evaluator of a GPU does that needs none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agents.evaluators.torch_cuda import _keep_graphs_private


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_compiled_graphs_are_kept_where_nobody_else_can_write(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    names = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
    for open_to_all in (False, True):
        for name in names:
            monkeypatch.setenv(name, "")  # so that the value of before comes back
            monkeypatch.delenv(name)
        if open_to_all:
            for folder in (tmp_path / "miai" / "torch").iterdir():
                folder.chmod(0o777)
        _keep_graphs_private()
        folders = [Path(os.environ[name]) for name in names]
        assert len(set(folders)) == 2
        for folder in folders:
            assert (tmp_path in folder.parents) != open_to_all
            assert folder.stat().st_mode & 0o022 == 0
