"""What a window must let go of: cursors of other boards, keys of another start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from arena.session.game import Settings
from arena.window.app import App
from engine.games.go import GoSpec
from engine.games.spec import BLACK, WHITE
from tests.support.window_driver import picture, press


@pytest.mark.parametrize("how", ["new", "open", "restore"])
def test_a_cursor_and_a_set_up_board_end_with_their_game(
    app: App, tmp_path: Path, how: str
) -> None:
    import pygame

    small = app.game.spec
    if how == "restore":
        app.session.play(12)
    path = tmp_path / "game.sgf"
    path.write_bytes(b"(;GM[1]SZ[4];B[aa])")
    app.control.new_game(Settings(GoSpec(9, 9), (BLACK, WHITE)))
    app.cursor = 80
    app.actions.by_name["set_up"]()
    picture(app)
    if how == "new":
        app.control.new_game(Settings(small, (BLACK, WHITE)))
    elif how == "open":
        app.handle(pygame.event.Event(pygame.DROPFILE, file=str(path)))
    else:
        app.actions.by_name["restore"]()
    assert app.game.spec.points < 81
    picture(app)
    press(app, pygame.K_RETURN)
    assert app.cursor is None
    assert app.view.set_up is None


def test_keys_of_one_start_are_not_kept(app: App, tmp_path: Path) -> None:
    from arena.session import preferences

    path = app._kept_preferences = tmp_path / "window.json"
    mine = replace(app.preferences, keys={"pass": ["f4"]})
    preferences.save(mine, path)
    app.set_preferences(replace(mine, light=True, keys={"pass": ["f5"]}), keep=True)
    assert preferences.load(path)[0] == replace(mine, light=True)
