"""A program of Othello that speaks the NBoard protocol (Welty), as an agent.

It is given the whole game before every move, in GGF with the time that is left. Without a clock
its depth alone limits it, which is 12 if no command after ``;;`` (``set depth 20``) says otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.gtp.client import Watchdog
from agents.gtp.process import BrokenProgramError
from agents.line_client import LineClient
from agents.program_agent import ProgramAgent
from agents.protocol import TimeLeft, Turn
from engine.errors import NotationError
from engine.games.othello import OthelloSpec
from engine.games.spec import GameSpec
from engine.records.ggf import action_of, write_ggf
from engine.records.record import GameRecord

VERSION: Final = 2
_DEPTH: Final = 12
_UNLIMITED_S: Final = 5 * 3600.0
_SIDE: Final = 8


class NBoardAgent(ProgramAgent):
    """Plays Othello by asking a program."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        processes: int = 2,
        watchdog: Watchdog | None = None,
        commands: Sequence[str] = (),
    ) -> None:
        """Nothing is started yet; arguments as of :class:`agents.gtp.program.GtpAgent`."""
        patience = watchdog or Watchdog()
        super().__init__(
            name, argv, lambda: NBoardConnection(argv, patience, tuple(commands)), processes
        )


class NBoardConnection:
    """One running program; see :class:`agents.program_agent.Connection`."""

    def __init__(self, argv: Sequence[str], watchdog: Watchdog, commands: Sequence[str]) -> None:
        self.asked = False
        self._client = LineClient(argv, watchdog)
        self._commands = tuple(commands)
        self._pings = itertools.count(1)
        self._title = Path(argv[0]).stem

    @property
    def title(self) -> str:
        return self._title

    def greet(self) -> None:
        start = (f"nboard {VERSION}", f"set depth {_DEPTH}", *self._commands)
        self._synchronize(*start, patience_s=self._client.watchdog.start_s)

    def told(self, spec: GameSpec) -> str:
        if not isinstance(spec, OthelloSpec) or (spec.height, spec.width) != (_SIDE, _SIDE):
            raise BrokenProgramError(
                "nonsense", f"speaks the NBoard protocol: expected othello 8x8, got {spec}"
            )
        return ""

    def choose(self, turn: Turn, known: tuple[int, ...] | None, spent_s: float) -> int | None:
        self.told(turn.spec)
        spec = turn.spec
        assert isinstance(spec, OthelloSpec)
        if spec.legal(turn.position)[0, spec.pass_action]:
            return spec.pass_action  # forced: a program need not answer it
        game = write_ggf(GameRecord(spec, turn.actions), _times(turn.time_left))
        self._synchronize(f"set game {game}")
        self.asked = True
        self._client.send("go", patience_s=self._client.thinking_s(spent_s))
        while True:
            word, _, rest = self._client.read().partition(" ")
            if word == "===":
                break
        try:
            return action_of(spec, rest.split()[0] if rest.split() else "")
        except NotationError:
            raise BrokenProgramError("nonsense", f"answered '=== {rest[:80]}' to go") from None

    def dead_stones(self, turn: Turn, known: tuple[int, ...] | None) -> NDArray[np.bool_] | None:
        return None

    def excuse(self, turn: Turn, action: int) -> str:
        return ""

    def close(self, quit_first: bool = False) -> None:
        self._client.close("quit" if quit_first else "")

    def _synchronize(self, *lines: str, patience_s: float | None = None) -> None:
        """Send lines and wait until the program has taken them, noting what it calls itself."""
        number = str(next(self._pings))
        self._client.send(*lines, f"ping {number}", patience_s=patience_s)
        while True:
            words = self._client.read().split()
            if words[:2] == ["set", "myname"]:
                self._title = " ".join(words[2:])[:80]
            if words[:2] == ["pong", number]:
                return


def _times(left: TimeLeft | None) -> dict[str, str]:
    """What is left as the game's time: the moves of the game say nothing of theirs."""
    if left is None:
        return {"TI": _clock(_UNLIMITED_S)}
    back_s = left.increment_s + (left.period_s if left.periods else 0.0)
    if not left.main_s:
        return {"TI": _clock(back_s)}
    return {"TI": _clock(left.main_s) + (f"/{_clock(back_s)}" if back_s else "")}


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(int(seconds), 1), 60)
    return f"{minutes:02d}:{rest:02d}"
