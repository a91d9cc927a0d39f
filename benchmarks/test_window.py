"""How fast the window is: first frame, frames and answers while the AI thinks, cancelling, idling.

`pytest benchmarks/test_window.py --benchmark-enable -s` prints what docs/results/window.md holds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.network.checkpoint import shipped_network_path
from arena.session.game import Settings
from arena.session.opponents import Opponent, load
from arena.session.session import Session
from arena.session.view import Overlays
from engine.games import make
from engine.games.spec import BLACK

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(
    not shipped_network_path("go", 9).is_file(), reason="needs the network that comes along"
)
FIRST_FRAME = """
import os, sys, time
import pygame
def flip():
    print(time.time()); sys.stdout.flush(); os._exit(0)
pygame.display.flip = flip
from miai.cli import main
main(["play", "go"])
"""


def make_app(size: tuple[int, int], board: int) -> Any:
    from arena.session.control import Control
    from arena.window.app import App
    from arena.window.screen import open_screen

    spec = make("go", board)
    settings = Settings(spec, (BLACK,), Opponent("simulations", simulations=200_000))
    return App(open_screen(size), Control(Session(settings, seed=1), load))


def wait(app: Any, what: Any, seconds: float = 180.0) -> float:
    """Seconds until something is so, with a look 200 times a second."""
    begun = time.perf_counter()
    while not what():
        app.update()
        assert time.perf_counter() - begun < seconds
        time.sleep(0.005)
    return time.perf_counter() - begun


@pytest.fixture
def dummy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    monkeypatch.setenv("HOME", str(tmp_path))
    yield
    from arena.window.screen import close_screen

    close_screen()


@pytest.mark.parametrize("board", [9, 19])
@pytest.mark.parametrize("size", [(640, 480), (1040, 760), (3840, 2160)], ids=str)
def test_event_to_picture_while_thinking(
    benchmark: Any, dummy: None, size: tuple[int, int], board: int
) -> None:
    import pygame

    app = make_app(size, board)
    app.session.play(40)
    app.view.overlays = Overlays(candidates=True, ownership=True)
    wait(app, lambda: app.game.thought is not None)

    own: list[float] = []

    def frame() -> None:
        begun = time.thread_time()
        app.handle(pygame.event.Event(pygame.MOUSEMOTION, pos=(300, 300), rel=(1, 1), buttons=()))
        app.update()
        app.draw()
        pygame.display.flip()
        own.append((time.thread_time() - begun) * 1000)
        time.sleep(0.002)  # as the loop's clock gives the AI its turn

    benchmark.pedantic(frame, rounds=300, iterations=1, warmup_rounds=20)
    assert app.game.ai_to_move, "the search ended before the measurement did"
    times = np.array(benchmark.stats.stats.data) * 1000 - 2.0
    p50, p99 = np.quantile(times, [0.5, 0.99])
    cpu50, cpu99 = np.quantile(own[20:], [0.5, 0.99])
    print(
        f"\n{size}, {board}x{board}: event to picture p50 {p50:.1f} ms, p99 {p99:.1f} ms; "
        f"of the processor's time {cpu50:.1f} and {cpu99:.1f} ms"
    )
    app.control.close()


def test_cancelling(dummy: None) -> None:
    """From the key to the AI's move, and from a new game to a thinker that is free again."""
    app = make_app((1040, 760), 9)
    times = []
    for _ in range(20):
        app.control.new_game(app.game.settings)
        app.session.play(40)
        wait(app, lambda: app.game.thought is not None and app.game.thought.simulations > 200)
        app.control.hurry()
        times.append(wait(app, lambda: len(app.game.actions) == 2))
    print(
        f"\nEsc to the AI's move: median {np.median(times) * 1000:.0f} ms, "
        f"longest of {len(times)} {max(times) * 1000:.0f} ms"
    )
    app.control.close()


def _game(moves: int, comment: str = "") -> str:
    points = [a + b for a in "abcdefghijklmnopqrs" for b in "abcdefghijklmnopqrs"]
    np.random.default_rng(moves).shuffle(points)
    return "".join(f";{'BW'[i % 2]}[{points[i]}]{comment}" for i in range(moves))


LARGE = {
    "7,000 games": lambda: ("(;SZ[19]" + _game(220) + ")\n") * 7000,
    "variations": lambda: (
        "(;SZ[19]" + _game(200) + ("(" + _game(40, f"C[{'abc ' * 12}]") + ")") * 4000 + ")"
    ),
    "long comments": lambda: "(;SZ[19]" + _game(300, f"C[{'x y ' * 8250}]") + ")",
}


@pytest.mark.parametrize("kind", LARGE)
def test_large_file(dummy: None, tmp_path: Path, kind: str) -> None:
    app = make_app((900, 700), 19)
    path = tmp_path / "large.sgf"
    for text in ("(;SZ[19];B[aa])" * 3000, LARGE[kind]()):  # the first loads kernels
        path.write_text(text)
        begun, used, longest = time.perf_counter(), time.process_time(), 0.0
        app.actions.files.open_path(path)
        while app.actions.files.background.busy:
            frame = time.perf_counter()
            if app.update():
                app.draw()
            longest = max(longest, time.perf_counter() - frame)
            time.sleep(1 / 60)
        wall, used = time.perf_counter() - begun, time.process_time() - used
        app.dialogs.clear()
    print(
        f"\n{kind}, {len(text) / 1e6:.1f} MB: open after {wall:.1f} s, {used:.1f} s of the "
        f"processor's time; longest frame {longest * 1000:.0f} ms; {app.session.message}"
    )
    app.control.close()


def test_first_move(dummy: None) -> None:
    """From a fresh window: until the network is there, and until a default level has moved."""
    app = make_app((1040, 760), 9)
    loaded = wait(app, lambda: app.control.ready)
    app.control.new_game(Settings(make("go", 9), (BLACK,), Opponent()))
    app.session.play(40)
    first = wait(app, lambda: len(app.game.actions) == 2)
    app.session.play(41)
    later = wait(app, lambda: len(app.game.actions) == 4)
    print(
        f"\nnetwork loaded in {loaded:.2f} s; default level: first move {first:.2f} s, "
        f"second {later:.2f} s"
    )
    app.control.close()


def test_idle(dummy: None) -> None:
    """Share of a core that an open window takes while nobody does anything."""
    import pygame

    app = make_app((1040, 760), 19)
    wait(app, lambda: app.control.settled_in)
    pygame.event.clear()
    pygame.time.set_timer(pygame.QUIT, 10_000, loops=1)
    used, begun = time.process_time(), time.perf_counter()
    app.run()
    share = (time.process_time() - used) / (time.perf_counter() - begun)
    print(f"\nidle: {share:.1%} of a core")


def test_first_frame(dummy: None) -> None:
    """From the command to the first picture, warm."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    times = []
    for _ in range(6):
        begun = time.time()
        done = subprocess.run(
            [sys.executable, "-c", FIRST_FRAME], env=environment, capture_output=True, check=True
        )
        times.append(float(done.stdout.split()[-1]) - begun)
    print(f"\nfirst frame: median {np.median(times[1:]):.2f} s, longest {max(times[1:]):.2f} s")
