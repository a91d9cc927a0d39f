"""The window on a virtual screen, by mouse and keys: play, resize, look, be killed, go on."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("Xvfb") is None or shutil.which("xdotool") is None,
        reason="needs Xvfb and xdotool",
    ),
]


class Screen:
    """A display of its own and what is done on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.games = home / "games"
        self.games.mkdir(parents=True)
        read, write = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as number:
            self.display = f":{number.readline().strip()}"
        self.window: subprocess.Popen[bytes] | None = None
        self.id = ""

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SDL_", "XDG_"))}
        root = str(Path(__file__).resolve().parents[3])
        return {
            **kept,
            "DISPLAY": self.display,
            "HOME": str(self.home),
            "SDL_AUDIODRIVER": "dummy",
            "PYTHONPATH": root,
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", ""),
        }

    def start(self, *words: str) -> None:
        before = self.kept_file.stat().st_mtime_ns if self.kept_file.exists() else 0
        self.window = subprocess.Popen(
            [sys.executable, "-m", "miai", "play", *words], env=self.environment, cwd=self.games
        )
        self.wait(self.find_and_focus, "no window came")
        self.wait(
            lambda: self.kept_file.exists() and self.kept_file.stat().st_mtime_ns > before,
            "the game was not kept",
        )

    def find_and_focus(self) -> bool:
        """On a busy machine a window is there some time before it can have the focus."""
        found = self.xdotool("search", "--class", "Miai", check=False).split()
        if found:
            self.id = found[-1]
            with suppress(subprocess.CalledProcessError):
                self.xdotool("windowfocus", self.id)
                return True
        return False

    def xdotool(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["xdotool", *words],
            env={**os.environ, "DISPLAY": self.display},
            capture_output=True,
            text=True,
            check=check,
        )
        return done.stdout

    def wait(self, what: Callable[[], bool], words: str, seconds: float = 240.0) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, words
            assert self.window is None or self.window.poll() is None, "the window has ended"
            time.sleep(0.05)

    @property
    def kept_file(self) -> Path:
        return self.home / ".local" / "state" / "miai" / "game.json"

    def moves(self) -> int:
        """Moves of the game that is kept."""
        text = self.kept_file.read_text() if self.kept_file.exists() else ""
        nodes = re.search(r'"nodes": (\[.*?\]), "here"', text)
        return nodes.group(1).count("true") if nodes else 0

    def here(self) -> int:
        """Ply of the position on the board, of the game that is kept."""
        known = json.loads(self.kept_file.read_bytes())
        node, ply = known["here"], 0
        while node:
            node, ply = known["nodes"][node - 1][0], ply + 1
        return ply

    def is_over(self) -> bool:
        """Whether the rules say so, of the game that is kept."""
        from engine.games import make

        spec = make("tic_tac_toe")
        position = spec.allocate(1)
        for _, action, is_next, *_ in json.loads(self.kept_file.read_bytes())["nodes"]:
            assert is_next, "a variation"
            spec.play(position, np.array([action]))
        return bool(spec.finished(position)[0])

    def click(self, x: float, y: float) -> None:
        self.xdotool("mousemove", "--window", self.id, str(round(x)), str(round(y)), "click", "1")

    def key(self, name: str) -> None:
        self.xdotool("key", "--window", self.id, name)

    def kill(self) -> None:
        assert self.window is not None
        self.window.send_signal(signal.SIGKILL)
        self.window.wait()
        self.window = None

    def close(self) -> None:
        if self.window is not None and self.window.poll() is None:
            self.kill()
        self.server.terminate()
        self.server.wait()


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    opened = Screen(tmp_path)
    yield opened
    opened.close()


def centre(size: tuple[int, int], point: int) -> tuple[float, float]:
    from arena.window.frame import Frame
    from engine.games import make

    return Frame.of(size, make("tic_tac_toe")).grid.centre(point)


def test_a_game_by_mouse_with_a_kill_in_the_middle(screen: Screen) -> None:
    screen.start("tic_tac_toe", "--level", "9")
    screen.click(*centre((1040, 760), 4))
    screen.wait(lambda: screen.moves() == 2, "the AI did not answer the click")
    screen.xdotool("windowsize", "--sync", screen.id, "800", "600")
    screen.key("a")
    time.sleep(1.0)
    screen.key("h")
    screen.key("h")
    screen.kill()

    screen.start()
    assert screen.moves() == 2, "the game is where it was"
    time.sleep(1.0)
    screen.key("s")
    screen.wait(lambda: bool(list(screen.games.glob("*.sgf"))), "the game was not saved")
    for point in (0, 1, 2, 3, 5, 6, 7, 8):  # those that are taken only get a sentence
        before = screen.moves()
        screen.click(*centre((1040, 760), point))
        end = time.monotonic() + 5.0
        while screen.moves() == before and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.4)
    assert screen.is_over(), "the game was not played to its end"
    screen.key("ctrl+q")
    assert screen.window is not None
    assert screen.window.wait(20) == 0


def test_keys_alone_are_enough(screen: Screen) -> None:
    screen.start("tic_tac_toe", "--colour", "both")
    screen.key("g")
    for letter in "b2":
        screen.key(letter)
    screen.key("Return")
    screen.wait(lambda: screen.moves() == 1, "the typed move was not played")
    screen.key("Tab")
    screen.key("Up")
    screen.key("Return")
    screen.wait(lambda: screen.moves() == 2, "the cursor did not play")
    assert screen.here() == 2
    screen.key("ctrl+z")
    screen.wait(lambda: screen.here() == 1, "Ctrl+Z took no move back")
    screen.key("Escape")
    screen.key("g")
    screen.xdotool("keydown", "a")
    time.sleep(1.5)
    screen.xdotool("keyup", "a")
    screen.key("Escape")
    screen.key("Right")
    screen.wait(lambda: screen.here() == 2, "the arrow did not go forth")
    screen.xdotool("keydown", "Left")
    screen.wait(lambda: screen.here() == 0, "a held arrow did not repeat")
    screen.xdotool("keyup", "Left")
