"""Paints the pictures of docs/window.md without a display: `python docs/window_pictures.py FOLDER`.

Real games against the network that comes along (or playouts), every screen, at three sizes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["SDL_AUDIODRIVER"] = "dummy"

import pygame

from arena.window import opponents
from arena.window.app import App
from arena.window.clock import ClockRule
from arena.window.control import Control
from arena.window.looks import usual_spec
from arena.window.model import GameModel, Settings
from arena.window.opponents import Opponent
from arena.window.preferences import Preferences
from arena.window.screen import open_screen
from engine.games import make
from engine.games.spec import BLACK, WHITE
from engine.notation import text_to_action

SIZES = {"small": (640, 480), "usual": (1040, 760), "large": (1920, 1200)}
GO = [
    "E5",
    "C4",
    "D4",
    "C5",
    "C6",
    "B6",
    "C3",
    "B3",
    "D6",
    "C7",
    "D7",
    "C8",
    "G6",
    "G4",
    "F4",
    "G3",
]


def play_game(app: App, moves: list[str]) -> None:
    """Play moves as two people would."""
    app.control.model.set_people((BLACK, WHITE))
    for move in moves:
        assert app.model.play(text_to_action(app.model.spec, move)), (move, app.model.message)
    app.model.message = ""


def wait(app: App, what: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let the window live until something is so."""
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        app.update()
        time.sleep(0.02)


def thought(app: App, simulations: int) -> Callable[[], bool]:
    """Whether the search has looked so deep."""

    def done() -> bool:
        found = app.model.thought
        return found is not None and (found.simulations >= simulations or found.proven != 0)

    return done


def window(size: str, liked: Preferences, settings: Settings) -> App:
    """A window with a game in it."""
    screen = open_screen(SIZES[size])
    app = App(screen, Control(GameModel(settings, seed=3), opponents.load), liked)
    wait(app, lambda: app.control.settled_in or bool(app.control.failure))
    return app


def keep(app: App, folder: Path, name: str, mouse: tuple[int, int] | None = None) -> None:
    """Paint and save."""
    app._placed_at = -10_000
    app._mouse = mouse or (-1, -1)
    app.draw()
    app.draw()
    pygame.image.save(app.screen, str(folder / f"{name}.png"))
    print(name, flush=True)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    dark, light = Preferences(), Preferences(light=True)
    go = Settings(usual_spec("go"), (BLACK,), Opponent("level", 5))
    for size in SIZES:
        for liked, tone in ((dark, "dark"), (light, "light")):
            app = window(size, liked, go)
            play_game(app, GO)
            app.model.set_people((BLACK,))
            app.model.paused = True
            keep(app, folder, f"play-{size}-{tone}")
            app.actions.by_name["candidates"]()
            wait(app, thought(app, 800))
            keep(app, folder, f"analysis-{size}-{tone}")
            app.actions.by_name["new"]()
            keep(app, folder, f"new-{size}-{tone}")
            app.dialog = None
            app.actions.by_name["keys"]()
            keep(app, folder, f"keys-{size}-{tone}")
            app.control.close()
    app = window("usual", dark, go)
    play_game(app, GO)
    app.overlays = app.overlays.__class__(candidates=True)
    wait(app, thought(app, 1500))
    assert app.model.thought is not None
    x, y = app._frame().grid.centre(app.model.thought.action)
    keep(app, folder, "line", (round(x), round(y)))
    app.overlays = app.overlays.__class__(heat_map=True)
    keep(app, folder, "policy")
    app.overlays = app.overlays.__class__(ownership=True)
    keep(app, folder, "territory")
    app.overlays = app.overlays.__class__()
    app.inspect = True
    keep(app, folder, "why")
    app.inspect, app.control.review = False, True
    wait(app, lambda: all(n.thought is not None for n in app.model.node.line()), 120)
    keep(app, folder, "mistakes")
    app.control.review = False
    app.actions.by_name["set_up"]()
    keep(app, folder, "set-up")
    app.set_up = None
    app.actions.by_name["options"]()
    keep(app, folder, "options")
    app.dialog = None
    app.control.close()
    blind = Preferences(colour_blind=True, board="flat", light=True)
    app = window("usual", blind, go)
    play_game(app, GO)
    app.overlays = app.overlays.__class__(candidates=True)
    wait(app, thought(app, 800))
    keep(app, folder, "colour-blind")
    app.control.close()
    chinese = Preferences(language="zh")
    app = window("usual", chinese, Settings(usual_spec("go"), clock=ClockRule(600, 5, 30)))
    play_game(app, GO)
    app.model.set_people((BLACK,))
    app.model.paused = True
    keep(app, folder, "chinese")
    app.actions.by_name["keys"]()
    keep(app, folder, "chinese-keys")
    app.control.close()
    for name, size, moves in (
        ("othello", (), ["D3", "C3", "C4", "C5", "B4", "D2"]),
        ("gomoku", (15, 15), ["H8", "H9", "G8", "I8", "G7", "G9", "I9", "F6"]),
        ("connect_four", (), ["D1", "D2", "C1", "E1", "C2", "C3", "D3", "E2"]),
        ("hex", (11, 11), ["F6", "G5", "E7", "E6", "D7", "H6"]),
        ("tic_tac_toe", (), ["B2", "A3", "C3"]),
    ):
        app = window("usual", dark, Settings(make(name, *size), (BLACK, WHITE)))
        play_game(app, moves)
        app.overlays = app.overlays.__class__(candidates=name in ("connect_four", "tic_tac_toe"))
        if app.overlays.candidates:
            wait(app, thought(app, 3000), 30)
        keep(app, folder, name)
        app.control.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/window"))
