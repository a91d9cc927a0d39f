"""Driving a window without a display as a person would: keys, clicks, and what is painted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pygame
import pytest
from numpy.typing import NDArray

from arena.window import theme
from arena.window.app import App


def picture(app: App) -> NDArray[np.uint8]:
    """What the window shows, ``(width, height, 3)``."""
    app.draw()
    return pygame.surfarray.array3d(app.screen)


def wait(app: App, what: Callable[[], Any], seconds: float = 300.0) -> None:
    """Let the window live until something is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "the AI never answered"
        app.update()
        time.sleep(0.01)


def press(app: App, key: int, letter: str = "", mod: int = 0) -> None:
    """Press and release a key, which types ``letter``."""
    hold(app, key, letter, mod=mod)


def hold(app: App, key: int, letter: str = "", times: int = 1, mod: int = 0) -> None:
    """Hold a key until it has been given ``times`` times, then release it."""
    for _ in range(times):
        app.handle(pygame.event.Event(pygame.KEYDOWN, key=key, unicode=letter, mod=mod))
    app.handle(pygame.event.Event(pygame.KEYUP, key=key, mod=mod))


def click(app: App, place: tuple[float, float]) -> None:
    """Click on a pixel."""
    at = (round(place[0]), round(place[1]))
    app.handle(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=at))


def click_point(app: App, point: int) -> None:
    """Click on a point of the board."""
    click(app, app.layout().grid.centre(point))


def words_of(app: App, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All that the window says."""
    said: list[str] = []
    write = theme.text

    def note(target: pygame.Surface, words: str, *args: object, **named: object) -> pygame.Rect:
        said.append(words)
        return write(target, words, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(theme, "text", note)
    picture(app)
    monkeypatch.setattr(theme, "text", write)
    return said
