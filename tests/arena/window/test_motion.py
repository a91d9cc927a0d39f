"""Moves on their way, words over the board, and marks of what a game is about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygame
import pytest

from arena.session import games
from arena.session.game import Settings
from arena.window.app import App
from arena.window.motion import Motions
from engine.games import make
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.notation import text_to_action
from tests.support.window_driver import picture


def begin(app: App, name: str, moves: str = "", *size: int) -> None:
    """A game of two people on the board, some moves old."""
    games.new_game(app.session, Settings(make(name, *size), (BLACK, WHITE)))
    for move in moves.split():
        spec, position = app.game.spec, app.game.position
        falls = spec.stones_fall
        action = app.game.target(int(move) - 1) if falls else text_to_action(spec, move, position)
        assert app.session.play(action)
    app.motions.follow(app.game, 0)
    app.motions = Motions()
    app.motions.follow(app.game, 0)


def around(app: App, point: int, row_offset: float = 0.0) -> tuple[slice, slice]:
    """The pixels in the middle of a point, or of one some rows off."""
    grid = app.layout().grid
    row, column = divmod(point, grid.width)
    x, y = (round(part) for part in grid.place(row + row_offset, column))
    side = int(grid.step * 0.2)
    return slice(x - side, x + side), slice(y - side, y + side)


def at(app: App, monkeypatch: pytest.MonkeyPatch, now: int) -> np.ndarray:
    """The picture at a time in milliseconds."""
    monkeypatch.setattr(pygame.time, "get_ticks", lambda: now)
    app.update()
    return picture(app)


def test_a_disc_falls_through_the_column_and_input_does_not_wait(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(app, "connect_four")
    empty = at(app, monkeypatch, 1000)
    app.session.play(38)
    begun, under_way, arrived = (at(app, monkeypatch, now) for now in (2000, 2140, 2400))
    np.testing.assert_array_equal(begun[around(app, 38)], empty[around(app, 38)])
    np.testing.assert_array_equal(under_way[around(app, 38)], empty[around(app, 38)])
    column = [around(app, 38, -rows) for rows in range(1, 6)]
    assert any(not np.array_equal(under_way[place], empty[place]) for place in column)
    assert all(np.array_equal(arrived[place], empty[place]) for place in column)
    assert not np.array_equal(arrived[around(app, 38)], empty[around(app, 38)])
    app.session.play(39)
    at(app, monkeypatch, 2410)
    app.session.play(37)
    assert app.game.node.ply == 3, "a move can be played while another one falls"


def test_discs_turn_one_after_the_other(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(app, "othello")
    at(app, monkeypatch, 0)
    before = app.game.stones
    app.session.play(text_to_action(app.game.spec, "D3"))
    at(app, monkeypatch, 100)
    motion, age = app.motions.shown(100) or (None, 0)
    assert motion is not None and age == 0
    turned = np.flatnonzero((before != EMPTY) & (before != app.game.stones)).tolist()
    assert motion.turned == turned
    half = at(app, monkeypatch, 100 + 125)
    done = at(app, monkeypatch, 1500)
    assert app.motions.shown(1500) is None
    assert not np.array_equal(half[around(app, turned[0])], done[around(app, turned[0])])


def test_going_back_and_still_boards_move_nothing(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(app, "gomoku", "H8 H9", 15)
    app.session.step(-1)
    at(app, monkeypatch, 10)
    assert app.motions.shown(10) is None
    app.set_preferences(replace(app.preferences, animations=False))
    app.session.play(3)
    at(app, monkeypatch, 20)
    assert app.motions.shown(20) is None


def test_a_side_that_cannot_move_is_named_over_the_board(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(1)
    passed = False
    while not passed:
        begin(app, "othello", "", 4)
        while not app.game.over and not passed:
            plain = at(app, monkeypatch, 0)
            app.session.play(int(random.choice(np.flatnonzero(app.game.legal))))
            passed = app.game.node.action == app.game.spec.pass_action and not app.game.over
    said = at(app, monkeypatch, 3000)
    assert "passes" in app._banner.words
    top = (slice(0, app.layout().panel.x), slice(0, app.layout().grid.area.y + 60))
    assert not np.array_equal(plain[top], said[top])
    at(app, monkeypatch, 9000)
    assert not app._banner.is_shown(9000)


@pytest.mark.parametrize(
    "name, size, moves",
    [
        ("gomoku", (9, 9), "A1 A9 B1 B9 C1 C9 D1 D9 E1"),
        ("connect_four", (6, 7), "1 2 1 2 1 2 1"),
        ("tic_tac_toe", (3, 3), "A1 A3 B1 B3 C1"),
        ("hex", (3, 3), "A1 B1 A2 B2 A3"),
    ],
)
def test_the_stones_that_won_are_marked(
    app: App, name: str, size: tuple[int, int], moves: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make(name, *size)
    begin(app, name, moves, *size)
    assert app.game.over
    with_marks = picture(app)
    monkeypatch.setattr(type(spec), "winning_points", lambda *_: np.zeros((1, spec.points), bool))
    without = picture(app)
    changed = (with_marks != without).any(axis=2)
    assert changed.any()
    assert not changed[app.layout().panel.x :].any()


def test_legal_moves_have_dots_where_the_look_asks_for_them(app: App) -> None:
    begin(app, "othello")
    dots = picture(app)
    app.set_preferences(replace(app.preferences, legal=False))
    bare = picture(app)
    for point in range(64):
        marked = not np.array_equal(dots[around(app, point)], bare[around(app, point)])
        assert marked == app.game.legal[point]


def test_threats_are_an_option(app: App) -> None:
    begin(app, "gomoku", "E5 A1 E6 A3 E7 A5", 9)
    bare = picture(app)
    app.actions.by_name["threats"]()
    shown = picture(app)
    for text in ("E4", "E8"):
        place = around(app, text_to_action(app.game.spec, text))
        assert not np.array_equal(bare[place], shown[place])
    assert np.array_equal(bare[around(app, 0)], shown[around(app, 0)])
