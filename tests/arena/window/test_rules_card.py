"""The rules of each game on a sheet, and what a new game's dialog says before it begins."""

from __future__ import annotations

import pygame
import pytest

from arena.session import games
from arena.session.game import Settings
from arena.session.opponents import Opponent
from arena.window.app import App
from engine.games import GAMES, make
from engine.games.spec import BLACK, WHITE
from engine.look import look_of
from tests.support.window_driver import press, words_of


@pytest.mark.parametrize("name", list(GAMES))
@pytest.mark.parametrize("size", [(640, 480), (900, 700)])
def test_the_goal_is_on_the_card_and_at_the_start_of_a_game(
    app: App, name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    app.screen = pygame.display.set_mode(size)
    spec = make(name)
    games.new_game(app.session, Settings(spec, (BLACK, WHITE)))
    goal = look_of(spec).goal.format(**spec.rules)
    assert "{" not in goal
    said = " ".join(words_of(app, monkeypatch))
    assert goal[:12] in said, "the panel tells it before the first move"
    press(app, pygame.K_F3)
    said = " ".join(words_of(app, monkeypatch)[-20:])
    for word in goal.split():
        assert word in said
    for words in look_of(spec).how:
        assert words.split()[0] in said
    press(app, pygame.K_a)
    assert app.dialog is None
    app.session.play(int(app.game.legal.argmax()))
    assert goal[:12] not in " ".join(words_of(app, monkeypatch))


def test_the_dialog_of_a_new_game_warns_of_a_board_that_the_network_does_not_know(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.actions.by_name["new"]()
    app.dialog.value = Settings(make("hex", 7), (BLACK,), Opponent("level", level=3))
    assert any("Join the two edges" in words for words in words_of(app, monkeypatch))
    app.dialog.value = Settings(make("hex", 13), (BLACK,), Opponent("level", level=3))
    said = words_of(app, monkeypatch)
    assert any("learned on 11x11" in words for words in said)
    press(app, pygame.K_ESCAPE)
