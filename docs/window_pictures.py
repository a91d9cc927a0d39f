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

from arena.session import opponents
from arena.session.clock import ClockRule
from arena.session.control import Control
from arena.session.game import Settings
from arena.session.opponents import Opponent
from arena.session.preferences import Preferences
from arena.session.session import Session
from arena.session.view import CANDIDATES, Overlays
from arena.window.app import App
from arena.window.motion import Motions
from arena.window.screen import open_screen
from engine.games import make, quick
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
GAMES: tuple[tuple[str, tuple[int, ...], str], ...] = (
    ("othello", (), "D3 C3 C4 C5 B4 D2"),
    ("gomoku", (15, 15), "H8 H9 G8 I8 G7 G9 I9 F6"),
    ("connect_four", (), "D1 D2 C1 E1 C2 C3 D3 E2"),
    ("hex", (11, 11), "F6 G5 E7 E6 D7 H6"),
    ("tic_tac_toe", (), "B2 A3 C3"),
)
SCREENS = [
    "play",
    "analysis",
    "line",
    "policy",
    "why",
    "mistakes",
    "new",
    "options",
    "keys",
    "open",
]
WHOLE = ["colour-blind", "chinese", "othello", "gomoku", "connect_four", "hex", "tic_tac_toe"]


def play_game(app: App, moves: list[str]) -> None:
    """Play moves as two people would."""
    app.control.session.set_people((BLACK, WHITE))
    for move in moves:
        assert app.session.play(text_to_action(app.game.spec, move)), (move, app.session.message)
    app.session.message = ""


def wait(app: App, what: Callable[[], bool], seconds: float = 60.0) -> None:
    """Let the window live until something is so."""
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        app.update()
        time.sleep(0.02)


def thought(app: App, simulations: int) -> Callable[[], bool]:
    """Whether the search has looked so deep."""

    def done() -> bool:
        found = app.game.thought
        return found is not None and (found.simulations >= simulations or found.proven != 0)

    return done


def window(size: str, liked: Preferences, settings: Settings) -> App:
    """A window with a game in it."""
    screen = open_screen(SIZES[size])
    app = App(screen, Control(Session(settings, seed=3), opponents.load), liked)
    wait(app, lambda: app.control.settled_in or bool(app.control.failure), 400)
    return app


def keep(app: App, folder: Path, name: str, mouse: tuple[int, int] | None = None) -> None:
    """Paint and save."""
    app.motions = Motions()
    app._mouse = mouse or (-1, -1)
    app.draw()
    app.draw()
    pygame.image.save(app.screen, str(folder / f"{name}.png"))
    print(name, flush=True)


def screens(app: App, folder: Path, name: str) -> None:
    """Every screen of one window, as ``<screen>-<name>.png``."""
    play_game(app, GO)
    app.session.set_people((BLACK,))
    app.game.paused = True
    keep(app, folder, f"play-{name}")
    app.view.overlays = Overlays(candidates=True)
    wait(app, thought(app, 600))
    keep(app, folder, f"analysis-{name}")
    assert app.game.thought is not None
    x, y = app.layout().grid.centre(app.game.thought.action)
    keep(app, folder, f"line-{name}", (round(x), round(y)))
    app.view.overlays = Overlays(heat_map=True)
    keep(app, folder, f"policy-{name}")
    app.view.overlays = Overlays(ownership=True)
    app.view.pane = "inspect"
    keep(app, folder, f"why-{name}")
    app.view.overlays, app.view.pane = Overlays(), CANDIDATES
    app.view.pane = "review"
    wait(app, lambda: all(n.thought is not None for n in app.game.node.line()), 120)
    keep(app, folder, f"mistakes-{name}")
    app.view.pane = CANDIDATES
    for command in ("new", "options", "keys", "open"):
        app.actions.by_name[command]()
        keep(app, folder, f"{command}-{name}")
        app.dialogs.clear()
    app.control.close()


def sheet(folder: Path, screen: str, to: Path) -> None:
    """The six pictures of one screen on one sheet: three sizes, dark above light."""
    wide, high = 424, 312
    whole = pygame.Surface((3 * wide, 2 * high))
    whole.fill((128, 128, 128))
    for down, tone in enumerate(("dark", "light")):
        for across, size in enumerate(SIZES):
            image = pygame.image.load(folder / f"{screen}-{size}-{tone}.png")
            share = min((wide - 8) / image.get_width(), (high - 8) / image.get_height())
            image = pygame.transform.smoothscale_by(image, share)
            whole.blit(image, (across * wide + 4, down * high + 4))
    pygame.image.save(whole, str(to))


def shrink(path: Path) -> None:
    """A small palette."""
    from PIL import Image

    with Image.open(path) as image:
        small = image.convert("RGB").quantize(96, Image.Quantize.MAXCOVERAGE, kmeans=1)
    small.save(path, optimize=True)


def others(folder: Path) -> None:
    """The other games, and the window as other people like it."""
    go = Settings(quick("go"), (BLACK,), Opponent("level", level=5))
    app = window("usual", Preferences(colour_blind=True, board="flat", light=True), go)
    play_game(app, GO)
    app.view.overlays = Overlays(candidates=True)
    wait(app, thought(app, 600))
    keep(app, folder, "colour-blind")
    app.control.close()
    chinese = Preferences(language="zh")
    app = window("usual", chinese, Settings(quick("go"), clock=ClockRule(600, 5, 30)))
    play_game(app, GO)
    app.session.set_people((BLACK,))
    app.view.pane = "inspect"
    wait(app, thought(app, 300))
    keep(app, folder, "chinese")
    app.control.close()
    for name, size, moves in GAMES:
        app = window("usual", Preferences(), Settings(make(name, *size), (BLACK, WHITE)))
        play_game(app, moves.split())
        app.view.overlays = Overlays(candidates=name in ("connect_four", "tic_tac_toe"))
        if app.view.overlays.candidates:
            wait(app, thought(app, 2000), 30)
        keep(app, folder, name)
        app.control.close()


def main(folder: Path) -> None:
    """Paint all pictures, then sheets of them and a few whole ones into ``folder``."""
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    go = Settings(quick("go"), (BLACK,), Opponent("level", level=5))
    for size in SIZES:
        for tone in ("dark", "light"):
            app = window(size, Preferences(light=tone == "light"), go)
            screens(app, raw, f"{size}-{tone}")
    others(raw)
    for screen in SCREENS:
        sheet(raw, screen, folder / f"sheet-{screen}.png")
    for name in ("analysis-usual-dark", "line-usual-dark", "why-usual-light", *WHOLE):
        image = pygame.image.load(raw / f"{name}.png")
        image = pygame.transform.smoothscale(image, (728, 532))
        pygame.image.save(image, str(folder / f"{name}.png"))
    for path in folder.glob("*.png"):
        shrink(path)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/window"))
