"""Files are the old one or the new one, whatever happens in between."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.files import drop_leftovers, json_of, read_file, sync_folder, toml_of, write_atomic


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, b"old")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, error: BaseException
) -> None:
    path = tmp_path / "state.json"
    write_atomic(path, b"old")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(*((os, "fsync") if broken == "fsync" else (Path, "replace")), fail)
    with pytest.raises(type(error)):
        write_atomic(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_are_on_the_disk_before_the_name_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(handle: int) -> None:
        order.append("fsync")
        fsync(handle)

    def note_replace(self: Path, target: Path) -> Path:
        order.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    write_atomic(tmp_path / "file", b"data")
    assert order[:2] == ["fsync", "replace"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write_atomic(tmp_path / "nowhere" / "file", b"data")
    with pytest.raises(OSError):
        sync_folder(tmp_path / "nowhere")


def test_pipes_and_devices_are_refused_before_they_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    assert read_file(tmp_path / "file") == b"x" * 100
    assert read_file(tmp_path / "file", 100) == b"x" * 100
    with pytest.raises(OSError, match="more than 0 MiB"):
        read_file(tmp_path / "file", 99)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")
    if os.name != "nt":
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "link").symlink_to("/dev/zero")
        for name in ("pipe", "link", "/dev/zero", "/dev/tty"):
            with pytest.raises(OSError):
                read_file(tmp_path / name)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, "NaN", '{"x": Infinity}', "[-1e999]", "9" * 5000, b"\xff", b"\x00"],
)
def test_json_is_finite_and_shallow(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        json_of(text)


@pytest.mark.parametrize(
    "text", ["x", "x = " + "[" * 100_000, "x = " + "9" * 5000, b'x = "\xff"', "x = 1\nx = 2"]
)
def test_toml_is_shallow(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        toml_of(text)


def test_sound_texts_are_read() -> None:
    assert json_of(b'{"x": [1, 2.5, null, "\xc3\xa9"]}') == {"x": [1, 2.5, None, "é"]}
    assert toml_of(b"x = [1, 2.5]\n[y]\nz = true\n") == {"x": [1, 2.5], "y": {"z": True}}


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted there")
def test_what_a_kill_left_is_dropped_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True
    )
    gone = int(done.stdout)
    for name in (
        f".a.json.{gone}.tmp",
        f".a.json.{os.getppid()}.tmp",
        "a.tmp",
        ".a.x.tmp",
        ".b.json",
    ):
        (tmp_path / name).write_text("")
    drop_leftovers(tmp_path, 600.0)
    assert len(list(tmp_path.iterdir())) == 5, "another machine may be writing"
    drop_leftovers(tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f".a.json.{os.getppid()}.tmp", "a.tmp", ".a.x.tmp", ".b.json"}


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted there")
def test_what_a_kill_on_this_machine_left_is_dropped_at_once(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, engine.files\n"
        "os.fsync = lambda _: os._exit(9)\n"
        f"engine.files.write_atomic(pathlib.Path({str(tmp_path / 'a.json')!r}), b'half')"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    assert [path.name.startswith(".a.json.") for path in tmp_path.iterdir()] == [True]
    drop_leftovers(tmp_path, 600.0)
    assert not list(tmp_path.iterdir())
