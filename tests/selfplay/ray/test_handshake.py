"""What a run and its workers must have in common, and what they should."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from engine.errors import ConfigError
from miai.cli import main
from selfplay.ray import cluster
from selfplay.ray.cluster import import_ray, own_folder
from selfplay.ray.program import facts, refusal, remarks


def test_equal_programs_go_together() -> None:
    own = facts()
    assert refusal(own, facts()) == ""
    assert remarks(own, facts(), time.time()) == []


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("python", "3.9", "same Python"),
        ("program", "0123", "same sources"),
        ("kernels", "0123", "NUMBA_CPU_NAME"),
        ("numpy", "1.0", "same version"),
        ("numba", "0.1", "same version"),
        ("free_mb", 3, "make room"),
    ],
)
def test_what_differs_is_named_with_host_and_remedy(name: str, value: object, cure: str) -> None:
    own = {**facts(), "kernels": "aa"}
    text = refusal(own, {**own, "host": "node7", name: value})
    assert "node7" in text and str(value) in text and cure in text


def test_a_cache_of_one_start_has_any_name() -> None:
    own = {**facts(), "kernels": "aa"}
    assert refusal(own, {**own, "kernels": "miai-kernels-x1"}) == ""


def test_slow_hosts_and_wrong_clocks_are_told() -> None:
    own = {**facts(), "form": "avx2"}
    theirs = {**own, "host": "node7", "form": "portable", "time": time.time() + 3600}
    slow, clock = remarks(own, theirs, time.time())
    assert "node7" in slow and "slower" in slow
    assert "3600 s apart" in clock


def test_without_ray_it_is_said_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'miai\[ray\]'"):
        import_ray()


def test_strict_needs_ray(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--game", "hex", "--strict"]) == 2
    assert "--ray" in capsys.readouterr().err


def test_folders_of_killed_processes_are_deleted() -> None:
    left = own_folder("miai-test-").parent / "miai-test-999999999-x"
    left.mkdir()
    mine = own_folder("miai-test-")
    assert mine.is_dir() and not left.exists()


def test_a_cluster_that_is_gone_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "ray" / "ray_current_cluster"
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert cluster._running_here() == ""
    noted.parent.mkdir()
    noted.write_text("127.0.0.1:1\n")
    assert cluster._running_here() == ""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        noted.write_text(address + "\n")
        assert cluster._running_here() == address
