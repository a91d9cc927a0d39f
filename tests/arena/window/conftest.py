"""A window without a display, against quick playouts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from arena.session.control import Control
from arena.session.session import Session
from arena.window.app import App
from arena.window.screen import close_screen, open_screen
from engine.games.spec import BLACK
from tests.support.go_game import go5, load_playouts
from tests.support.home import home as home


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[App]:
    """A window of 900 by 700 with a game of 5x5 Go, the person Black."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    monkeypatch.chdir(tmp_path)

    screen = open_screen((900, 700))
    session = Session(go5((BLACK,), 16), seed=1)
    control = Control(session, load_playouts)
    yield App(screen, control)
    control.close()
    close_screen()
