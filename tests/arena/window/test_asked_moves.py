"""Moves that a person points at, draws a shortlist of, or wants all of, in the window."""

from __future__ import annotations

import numpy as np
import pygame
import pytest

from arena.session import games
from arena.session.errands import asked_visits
from arena.window.app import App
from engine.games.spec import BLACK, WHITE
from tests.support.go_game import go5
from tests.support.window_driver import click, click_point, picture, press, wait, words_of


@pytest.fixture
def asked(app: App) -> App:
    """Analysis is on after one move of a game of two people."""
    games.new_game(app.session, go5((BLACK, WHITE), 8))
    app.session.play(12)
    app.control.depth = 1 / 64
    press(app, pygame.K_a)
    wait(app, lambda: app.control.settled_in)
    return app


def move_mouse(app: App, point: int, drag: bool = False) -> None:
    x, y = app.layout().grid.centre(point)
    event = {"pos": (round(x), round(y)), "rel": (1, 1), "buttons": (int(drag), 0, 0)}
    app.handle(pygame.event.Event(pygame.MOUSEMOTION, event))


def test_a_point_under_the_mouse_is_judged(asked: App, monkeypatch: pytest.MonkeyPatch) -> None:
    move_mouse(asked, 0)
    node = asked.game.node
    wait(asked, lambda: asked_visits(node, 0) >= 100)
    said = words_of(asked, monkeypatch)
    assert "A5" in said  # in the list, with what a star stands for
    assert any(words.endswith("(* asked for)") for words in said)
    move_mouse(asked, 24)
    asked.update()
    assert asked.view.pointed is None  # it does not rest there yet
    assert asked.game.node is node  # nothing is played


def test_a_shortlist_is_drawn_and_forgotten(asked: App) -> None:
    before = picture(asked)
    press(asked, pygame.K_r, "R", pygame.KMOD_LSHIFT)
    click_point(asked, 0)
    for point in (1, 2):
        move_mouse(asked, point, drag=True)
    assert asked.view.shortlist == {0, 1, 2}
    click_point(asked, 2)
    press(asked, pygame.K_ESCAPE)
    assert (asked.view.shortlist, asked.view.drawing) == ({0, 1}, False)
    node = asked.game.node
    wait(asked, lambda: min(asked_visits(node, action) for action in (0, 1)) >= 64)
    assert not np.array_equal(before, picture(asked))
    click_point(asked, 24)
    assert asked.game.node.action == 24  # clicks play again
    press(asked, pygame.K_r, "R", pygame.KMOD_LSHIFT)
    assert not asked.view.shortlist


def test_all_moves_equally_and_the_order_by_keys(
    asked: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(asked, pygame.K_e, "E", pygame.KMOD_LSHIFT)
    node = asked.game.node
    legal = np.flatnonzero(asked.game.legal).tolist()
    wait(asked, lambda: min(asked_visits(node, action) for action in legal) >= 16)
    said = words_of(asked, monkeypatch)
    assert any(words.startswith("64 visits each") for words in said)
    for _ in range(4):
        press(asked, pygame.K_F4)
    assert asked.view.order == "visits"
    press(asked, pygame.K_e, "E", pygame.KMOD_LSHIFT)
    assert not asked.view.equally


def test_a_listed_candidate_shows_its_line_when_pointed_at(asked: App) -> None:
    wait(asked, lambda: asked.game.thought is not None and asked.game.thought.simulations >= 50)
    picture(asked)
    rect, action = asked._places.actions[0]
    asked.handle(pygame.event.Event(pygame.MOUSEMOTION, pos=rect.center))
    assert asked._hovered() == action
    click(asked, rect.center)
    assert asked.game.node.action == 12  # a click on the list plays nothing
