"""Keys that are held, and Ctrl+Z."""

from __future__ import annotations

import pygame

from arena.session import games
from arena.window import dialogs
from arena.window.app import App
from engine.games.spec import BLACK, WHITE
from tests.support.go_game import go5
from tests.support.window_driver import hold, press


def two_people(app: App, moves: int) -> None:
    games.new_game(app.session, go5((BLACK, WHITE), 8))
    for point in range(moves):
        app.session.play(point)


def test_control_z_takes_a_move_back_and_control_y_plays_it_again(app: App) -> None:
    two_people(app, 3)
    press(app, pygame.K_z, "\x1a", mod=pygame.KMOD_CTRL)
    assert app.game.actions == [0, 1]
    press(app, pygame.K_y, "\x19", mod=pygame.KMOD_CTRL)
    assert app.game.actions == [0, 1, 2]
    press(app, pygame.K_z, "\x1a", mod=pygame.KMOD_CTRL)
    press(app, pygame.K_z, "\x1a", mod=pygame.KMOD_CTRL | pygame.KMOD_SHIFT)
    assert app.game.actions == [0, 1, 2]


def test_the_game_before_comes_back_by_a_command_of_its_own(app: App) -> None:
    two_people(app, 3)
    games.new_game(app.session, go5((BLACK, WHITE), 8))
    press(app, pygame.K_z, "\x1a", mod=pygame.KMOD_CTRL)
    assert app.game.actions == [], "Ctrl+Z takes moves back and changes no game"
    press(app, pygame.K_b, "b")
    assert app.game.actions == [0, 1, 2]


def test_a_held_arrow_goes_on_through_the_game(app: App) -> None:
    two_people(app, 8)
    hold(app, pygame.K_LEFT, times=6)
    assert app.game.node.ply == 2
    hold(app, pygame.K_RIGHT, times=3)
    assert app.game.node.ply == 5
    hold(app, pygame.K_TAB, times=5)
    assert app.cursor is not None, "a switch is turned once"
    before = app.cursor
    hold(app, pygame.K_UP, times=2)
    assert app.cursor == max(before - 10, before % 5)


def test_what_is_done_once_is_done_once_however_long_its_key_is_held(app: App) -> None:
    two_people(app, 4)
    hold(app, pygame.K_p, "p", times=9)
    assert app.game.actions == [0, 1, 2, 3, app.game.spec.pass_action]
    hold(app, pygame.K_a, "a", times=4)
    assert app.view.overlays.candidates
    hold(app, pygame.K_F1, times=4)
    assert isinstance(app.dialog, dialogs.KeyList), "the key that opens it does not close it"
    hold(app, pygame.K_ESCAPE, times=4)
    assert app.dialog is None


def test_a_held_letter_is_typed_again_and_again(app: App) -> None:
    press(app, pygame.K_g, "g")
    dialog = app.dialog
    assert isinstance(dialog, dialogs.Entry)
    hold(app, pygame.K_d, "d", times=5)
    assert dialog.text == "ddddd"
    hold(app, pygame.K_BACKSPACE, times=4)
    assert dialog.text == "d"
    hold(app, pygame.K_RETURN, "\r", times=3)
    assert app.dialog is None
