"""Whole games of every kind through the window's events, and what can be seen by whom."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from arena.session.control import Control
from arena.session.game import Settings
from arena.session.opponents import Opponent
from arena.session.preferences import Preferences
from arena.session.session import Session
from arena.window import theme
from engine.games import make
from engine.games.spec import BLACK
from tests.support.go_game import load_playouts
from tests.support.window_driver import press

SIZES = {
    "go": (5, 5),
    "othello": (4, 4),
    "gomoku": (7, 7),
    "connect_four": (6, 7),
    "hex": (5, 5),
    "tic_tac_toe": (3, 3),
}


@pytest.fixture
def dummy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    monkeypatch.chdir(tmp_path)
    yield
    from arena.window.screen import close_screen

    close_screen()


@pytest.mark.parametrize("name", list(SIZES))
def test_a_game_is_played_to_its_end_by_clicks(name: str, dummy: None) -> None:
    import pygame

    from arena.window.app import App
    from arena.window.screen import open_screen

    settings = Settings(make(name, *SIZES[name]), (BLACK,), Opponent("simulations", simulations=4))
    app = App(open_screen((640, 480)), Control(Session(settings, seed=2), load_playouts))
    session, random = app.session, np.random.default_rng(3)
    end = time.monotonic() + 120
    while not session.game.over and time.monotonic() < end:
        app.update()
        if session.game.ai_to_move or session.game.over:
            time.sleep(0.002)
            continue
        free = np.flatnonzero(session.game.legal[: session.game.spec.points])
        before = session.game.node.ply
        if len(free) and session.game.node.ply < 2 * session.game.spec.points:
            place = app.layout().grid.centre(int(random.choice(free)))
            at = (round(place[0]), round(place[1]))
            app.handle(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=at))
        else:
            press(app, pygame.K_p, "p")
        assert session.game.node.ply > before, session.message
        app.draw()
    assert session.game.over, session.game.status
    if session.game.to_agree:
        press(app, pygame.K_RETURN)
    assert any(word in session.game.status for word in ("win", "draw", "resigned"))
    stones = session.game.stones.copy()
    press(app, pygame.K_HOME)
    assert session.game.node.ply == 0
    press(app, pygame.K_END)
    np.testing.assert_array_equal(session.game.stones, stones)
    app.control.close()


@pytest.mark.parametrize("liked", [Preferences(), Preferences(light=True, board="flat")], ids=str)
def test_every_stone_is_seen_on_its_board(liked: Preferences, dummy: None) -> None:
    """In the middle of each stone, the picture is nearer to its colour than to the bare board's."""
    import pygame

    from arena.window.app import App
    from arena.window.motion import Motions
    from arena.window.screen import open_screen

    for name, size in SIZES.items():
        session = Session(Settings(make(name, *size), (1, 2)), seed=1)
        app = App(open_screen((900, 700)), Control(session, load_playouts), liked)
        app.draw()
        bare = pygame.surfarray.array3d(app.screen).astype(int)
        for point in np.flatnonzero(session.game.legal[:-1])[:6:2]:
            if session.game.legal[point]:
                session.play(int(point))
        app.motions = Motions()
        app.draw()
        full = pygame.surfarray.array3d(app.screen).astype(int)
        grid = app.layout().grid
        for point in np.flatnonzero(session.game.stones):
            x, y = (round(part) for part in grid.centre(int(point)))
            r = max(grid.diameter // 3, 2)
            patch = (slice(x - r, x + r), slice(y - r, y + r))
            changed = np.abs(full[patch] - bare[patch]).sum(axis=2) > 40
            started = name == "othello" and not changed.any()  # discs that were there before
            assert started or changed.mean() > 0.15, (name, point)
        app.control.close()


# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency" (2009), severity 1.0, applied to linear RGB.
SEEN_BY = {
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.mark.parametrize("kind", list(SEEN_BY))
def test_losses_stay_apart_for_the_colour_blind(kind: str) -> None:
    theme.use(colour_blind=True)
    colours = np.array([colour for _, colour in theme.colours().losses]) / 255.0
    theme.use()
    seen = (colours**2.2 @ np.array(SEEN_BY[kind]).T).clip(0, 1) ** (1 / 2.2)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.eye(len(seen))
    assert apart.min() > 0.15, apart.round(2)


@pytest.mark.parametrize("light", [False, True])
def test_words_can_be_read(light: bool) -> None:
    """WCAG 2.1: contrast of 4.5 for words, 3 for what is of less weight."""

    def luminance(colour: theme.Colour) -> float:
        parts = [
            (p / 255 / 12.92) if p < 10 else ((p / 255 + 0.055) / 1.055) ** 2.4 for p in colour
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    def contrast(one: theme.Colour, two: theme.Colour) -> float:
        low, high = sorted((luminance(one), luminance(two)))
        return (high + 0.05) / (low + 0.05)

    theme.use(light=light)
    colours = theme.colours()
    for ground in (colours.panel, colours.raised, colours.background):
        assert contrast(colours.text, ground) >= 7
        assert contrast(colours.dim, ground) >= 4.5
        assert contrast(colours.warning, ground) >= 4.5
        assert contrast(colours.accent, ground) >= 3
    theme.use()
