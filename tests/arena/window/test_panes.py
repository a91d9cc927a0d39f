"""Every pane of the table has its button, its keys, its line of help and its picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from arena.session import games
from arena.session.commands import BY_NAME
from arena.session.review import progress
from arena.session.view import CANDIDATES, PANES
from arena.window import panes
from arena.window.app import App
from engine.games.spec import BLACK, WHITE
from tests.support.go_game import go5
from tests.support.window_driver import click, picture, press, wait, words_of


def test_every_pane_is_painted_by_a_function_and_opened_by_a_command() -> None:
    assert set(panes.DRAW) == {CANDIDATES, *PANES}
    for name, pane in PANES.items():
        assert (BY_NAME[name].words, BY_NAME[name].keys) == (pane.words, pane.keys)


def test_one_pane_is_open_at_a_time(app: App) -> None:
    bare = picture(app)
    for name, other in (("inspect", "review"), ("review", "inspect")):
        click(app, app.buttons.by_name[name].rect.center)  # type: ignore[union-attr]
        assert app.view.pane == name
        assert not np.array_equal(bare, picture(app))
        assert [button for button in PANES if app.buttons.by_name[button].on] == [name]
        press(app, ord(PANES[other].keys[0]))
        assert app.view.pane == other
        press(app, ord(PANES[other].keys[0]))
        assert app.view.pane == CANDIDATES
        np.testing.assert_array_equal(bare, picture(app))


def test_the_list_of_mistakes_says_what_has_not_been_looked_at(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    games.new_game(app.session, go5((BLACK, WHITE), 8))
    for point in (12, 7, 6):
        app.session.play(point)
    press(app, ord("m"))
    assert "Costly moves in 0 of 4 positions" in words_of(app, monkeypatch)
    wait(app, lambda: app.control.settled_in)
    wait(app, lambda: progress(app.game) == (4, 4))
    said = words_of(app, monkeypatch)
    assert {"No costly move found", "Costly moves (click to see)"} & set(said)


NEW_PANE = """
from arena.session.view import PANES, Pane
PANES["mine"] = Pane("Mine", "something new", ("f7",), wants_search="position")

import pygame
from arena.window.panes import paints

@paints("mine")
def draw_mine(target, area, shown):
    pygame.draw.rect(target, (255, 0, 255), area)

from arena.session import games
from arena.session.commands import BY_NAME
from arena.session.review import progress
from arena.session.control import Control
from arena.session.session import Session
from arena.window.app import App
from arena.window.screen import open_screen
from engine.games.spec import BLACK
from tests.support.go_game import go5, load_playouts
from tests.support.window_driver import picture, press, wait

assert BY_NAME["mine"].words == "something new"
app = App(open_screen((900, 700)), Control(Session(go5((BLACK,), 16), seed=1), load_playouts))
wait(app, lambda: app.control.settled_in)
assert not (picture(app) == (255, 0, 255)).all(axis=2).any()
press(app, pygame.K_F7)
assert (picture(app) == (255, 0, 255)).all(axis=2).any()
assert app.buttons.by_name["mine"].on
wait(app, lambda: app.game.thought is not None)
app.control.close()
"""


def test_a_new_pane_is_an_entry_and_a_function() -> None:
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", NEW_PANE], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
