"""Teaching in the window: nothing better is shown, and a click is the second try."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pygame
import pytest

from arena.window.app import App
from tests.support.window_driver import click_point, picture, press, wait, words_of


@pytest.fixture
def stopped(app: App) -> App:
    """A window whose teacher has stopped the game at A1: every move is costly enough."""
    app.control.teach(-1.0)
    wait(app, lambda: app.control.settled_in)
    click_point(app, 20)
    teacher = app.control.teacher
    assert teacher is not None
    wait(app, lambda: teacher.stops(app.game))
    return app


def test_the_better_moves_are_shown_only_when_they_are_asked_for(
    stopped: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = words_of(stopped, monkeypatch)
    assert "I shows what would have been better" in said
    assert not any("at move 1:" in words for words in said)
    assert any("A1 costs" in words for words in said)
    press(stopped, pygame.K_i, "i")
    said = words_of(stopped, monkeypatch)
    assert any("at move 1:" in words for words in said)
    assert any("looks best" in words for words in said)


def test_a_click_on_another_point_is_the_second_try(stopped: App) -> None:
    click_point(stopped, 12)
    assert stopped.game.actions == [12]
    assert len(stopped.game.node.parent.children) == 2  # type: ignore[union-attr]


def test_the_words_stay_whatever_else_is_said(
    stopped: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(stopped, pygame.K_ESCAPE)
    assert any("A1 costs" in words for words in words_of(stopped, monkeypatch))
    press(stopped, pygame.K_u, "u")
    assert any("A1 costs" in words for words in words_of(stopped, monkeypatch))


def test_costly_moves_are_taken_back_by_themselves_if_that_is_wanted(app: App) -> None:
    app.set_preferences(replace(app.preferences, teaching=True, teaching_undo=True))
    assert app.control.teacher is not None
    app.control.teacher.loss = -1.0
    wait(app, lambda: app.control.settled_in)
    click_point(app, 20)
    wait(app, lambda: "A1 costs" in app.session.message)
    assert app.game.actions == []
    before = picture(app)
    click_point(app, 20)
    assert app.game.actions == [20]
    assert not np.array_equal(before, picture(app))
