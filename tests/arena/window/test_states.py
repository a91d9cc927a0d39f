"""What the window says of the state it is in: counting, setting up, loading, a bare network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pygame
import pytest

from agents.levels import LevelElo
from arena.session import compiling, opponents
from arena.session.choices import NEW_GAME
from arena.session.compiling import Compiling
from arena.session.game import Settings
from arena.session.insight import first_glance
from arena.session.opponents import (
    Opponent,
    Standing,
    describe,
    keep_standing,
    standings_path,
)
from arena.window import start
from arena.window.app import App
from arena.window.screen import SMALLEST
from engine.games import GoSpec, quick
from engine.games.spec import BLACK, WHITE
from engine.search import SearchResult
from miai.cli import main
from tests.support.window_driver import click_point, picture, press, wait, words_of


def pass_twice(app: App) -> None:
    app.session.set_people((BLACK, WHITE))
    click_point(app, 12)
    press(app, pygame.K_p, "p")
    press(app, pygame.K_p, "p")
    assert app.game.over


def test_a_count_shows_its_parts_until_it_is_agreed_to(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    pass_twice(app)
    wait(app, lambda: app.control.counted)
    said = words_of(app, monkeypatch)
    assert "Count: Black 25, White 0.5" in said
    assert "Black: 1 stones + 24 points = 25" in said
    assert "White: 0.5 komi = 0.5" in said
    assert "Agree" in said
    click_point(app, 12)
    assert "Count: Black 0, White 0.5" in words_of(app, monkeypatch)
    click_point(app, 12)
    press(app, pygame.K_RETURN)
    assert "Black wins by 24.5" in words_of(app, monkeypatch)
    click_point(app, 12)
    assert not app.game.node.dead, "an agreed count is not changed by a click"


def test_a_count_before_the_end_is_no_result(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.session.set_people((BLACK, WHITE))
    click_point(app, 12)
    press(app, pygame.K_l, "l")
    assert not any("Black 25" in words for words in words_of(app, monkeypatch))
    wait(app, lambda: app.control.counted)
    said = words_of(app, monkeypatch)
    assert "If it ended now: Black 25, White 0.5" in said
    assert not any(" wins by " in words or "As it stands" in words for words in said)
    press(app, pygame.K_l, "l")
    assert not any("If it ended now" in words for words in words_of(app, monkeypatch))


def test_setting_up_has_a_sign_of_its_own(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    before = picture(app)
    press(app, pygame.K_v, "v")
    said = words_of(app, monkeypatch)
    assert "Setting up: Black to move" in said
    assert any("V: done" in words for words in said)
    assert app.buttons.by_name["set_up"].on
    assert not np.array_equal(before, picture(app))
    press(app, pygame.K_p, "p")
    assert "Setting up: White to move" in words_of(app, monkeypatch)
    press(app, pygame.K_ESCAPE)
    assert "Setting up: White to move" not in words_of(app, monkeypatch)
    assert not app.buttons.by_name["set_up"].on


def test_a_bare_network_shows_what_it_likes(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    prior = np.zeros(26, np.float32)
    prior[[12, 7]] = 0.7, 0.3
    none = np.zeros(26, np.float32)
    thought = SearchResult(12, none.astype(np.int32), none, prior, prior, 0.0, 0.0, 0)
    assert first_glance(thought) == [12, 7]
    app.game.node.look(thought)
    press(app, pygame.K_a, "a")
    said = words_of(app, monkeypatch)
    assert "Black at move 1: at first glance" in said
    assert {"C3", "70%", "30%"} <= set(said)


@pytest.mark.parametrize("lower, shown", [(-209.0, False), (150.0, True)])
def test_a_strength_is_not_shown_where_its_interval_says_nothing(
    lower: float, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    elo = LevelElo(243.0, lower, 243.0 + 243.0 - lower)
    monkeypatch.setattr(opponents, "level_ratings", lambda spec: (elo,) * 10)
    words = describe(Opponent(level=5), GoSpec(9, 9))
    assert words.startswith("Level 5: Player")
    assert ("Elo" in words) is shown


def test_the_adaptive_level_that_is_promised_is_the_one_that_starts(app: App) -> None:
    spec = quick("go")
    keep_standing(spec, Standing(8.0, 9, 5.0), standings_path())
    settings = Settings(spec, opponent=Opponent("adaptive"))
    row = next(row for row in NEW_GAME if row.name == "Strength")
    assert "Level 8" in row.words(settings)
    app.control._standings = standings_path()
    app.control.new_game(settings)
    assert app.game.settings.opponent.level == 8


def test_a_network_where_a_game_is_expected_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "somewhere/net.safetensors"]) == 2
    said = capsys.readouterr().err
    assert "which is a network" in said and "--network somewhere/net.safetensors" in said


def test_the_window_cannot_be_made_smaller_than_it_can_be_painted(app: App) -> None:
    with pytest.deprecated_call():
        window = pygame.Window.from_display_module()
    assert tuple(window.minimum_size) == SMALLEST


def test_compiling_is_counted_and_the_count_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "kernels.json"
    counter = Compiling(path)
    assert counter.words == ""
    for _ in range(40):
        counter.on_start(None)
        counter.on_end(None)
    counter.on_start(None)
    assert counter.words.startswith("Compiling 41 of about ")
    counter.on_end(None)
    counter.finish()
    again = Compiling(path)
    assert again.all == 41 and again.share == 0.0


def test_the_board_is_there_while_kernels_compile(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Compiling(Path("none.json"))
    counter.on_start(None)
    monkeypatch.setattr(compiling, "COMPILING", counter)
    start._draw_loading(app.screen)
    nothing = pygame.surfarray.array3d(app.screen)
    start._draw_board(app.screen, app.game.spec, replace(app.preferences))
    board = pygame.surfarray.array3d(app.screen)
    area = app.layout().grid.area
    part = np.s_[area.left : area.right, area.top : area.bottom]
    assert (nothing[part] != board[part]).mean() > 0.5
