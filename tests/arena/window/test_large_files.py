"""Large files are read beside the window: it says how far they are, and Esc ends the reading."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pygame
import pytest

from arena.session.opening import read_opened
from arena.window import file_actions, file_dialogs
from arena.window.app import App
from tests.support.window_driver import press, wait

GAME = b"(;GM[1]SZ[5]PB[Ann]PW[Bob]C[" + b"x" * 200 + b"];B[aa];W[bb];B[cc])\n"


def written(folder: Path, games: int) -> Path:
    path = folder / "many.sgf"
    path.write_bytes(GAME * games)
    return path


def held(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let the reading of files tell 40 % and wait until the event is set."""
    event = threading.Event()
    main = threading.current_thread()

    def slowly(data: bytes, name: str, number: Any, progress: Any) -> Any:
        assert threading.current_thread() is not main
        progress(0.4)
        event.wait(60)
        return read_opened(data, name, number, progress)

    monkeypatch.setattr(file_actions, "read_opened", slowly)
    return event


def test_a_large_file_is_read_in_a_thread_that_says_how_far_it_is(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go_on = held(monkeypatch)
    app.actions.files.open_path(written(tmp_path, 300))
    wait(app, lambda: "40 %" in app.session.message)
    assert app.game.actions == []
    go_on.set()
    wait(app, lambda: isinstance(app.dialog, file_dialogs.ChooseGame))
    assert "the first of 300 games" in app.session.message
    assert len(app.game.node.line()) == 4


def test_esc_stops_the_reading_and_keeps_the_board(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go_on = held(monkeypatch)
    before = app.game
    app.actions.files.open_path(written(tmp_path, 300))
    wait(app, lambda: "40 %" in app.session.message)
    press(app, pygame.K_ESCAPE)
    go_on.set()
    wait(app, lambda: not app.actions.files.background.busy)
    assert app.session.message == "Could not open many.sgf: stopped"
    assert app.game is before


def test_the_file_that_was_opened_last_is_shown(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go_on = held(monkeypatch)
    app.actions.files.open_path(written(tmp_path, 300))
    other = tmp_path / "other.sgf"
    other.write_bytes(GAME.replace(b"x" * 200, b"x" * 50_000))
    app.actions.files.open_path(other)
    go_on.set()
    wait(app, lambda: not app.actions.files.background.busy)
    assert "other.sgf" in app.session.message


def test_a_collection_of_many_moves_can_be_opened(app: App, tmp_path: Path) -> None:
    moves = b"".join(b";B[aa];W[bb];B[];W[]" for _ in range(4000))
    path = tmp_path / "long.sgf"
    path.write_bytes((b"(;GM[1]SZ[5]" + moves + b")\n") * 32)
    app.actions.files.open_path(path)
    wait(app, lambda: not app.actions.files.background.busy)
    assert app.session.message.startswith("Opened as far as it can be read")
    assert isinstance(app.dialog, file_dialogs.ChooseGame)
