"""A program of Gomocup as an agent.

It is told the rule by ``INFO rule``, which no program confirms, and the times of the game's clock;
without a clock it has five seconds for every move. Commands after ``;;`` follow these, so that
``INFO timeout_turn 1000`` there wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.gomocup.grammar import NO_LIMIT_MS, action_of, point_of, rule_number
from agents.gtp.client import Watchdog
from agents.gtp.process import BrokenProgramError
from agents.line_client import LineClient
from agents.program_agent import ProgramAgent
from agents.protocol import TimeLeft, Turn
from engine.errors import NotationError
from engine.games.spec import GameSpec

_TURN_MS: Final = 5000
_MEMORY_BYTES: Final = 350 << 20
_AGAINST_PROGRAM: Final = 1
_TALK: Final = ("MESSAGE", "DEBUG")
_FIELD = re.compile(r'(name|version)\s*=\s*"([^"]{0,80})"', re.IGNORECASE)


class GomocupAgent(ProgramAgent):
    """Plays Gomoku by asking a program."""

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
            name, argv, lambda: GomocupConnection(argv, patience, tuple(commands)), processes
        )


class GomocupConnection:
    """One running program; see :class:`agents.program_agent.Connection`."""

    def __init__(self, argv: Sequence[str], watchdog: Watchdog, commands: Sequence[str]) -> None:
        self.asked = False
        self._client = LineClient(argv, watchdog, ending="\r\n")
        self._commands = tuple(commands)
        self._size = (0, 0)  # of the board that it was started with
        self._title = Path(argv[0]).stem

    @property
    def title(self) -> str:
        return self._title

    def greet(self) -> None:
        # A board as well: some programs leave ABOUT unanswered, but none does START.
        self._client.send("ABOUT", "START 15", patience_s=self._client.watchdog.start_s)
        line = self._read()
        while not line.upper().startswith(("OK", "ERROR")):
            found = {key.lower(): value for key, value in _FIELD.findall(line)}
            title = f"{found.get('name', '')} {found.get('version', '')}".strip()
            self._title = title or self._title
            line = self._read()

    def told(self, spec: GameSpec) -> str:
        try:
            rule_number(spec)
        except NotationError as error:
            raise BrokenProgramError("nonsense", f"speaks Gomocup's protocol: {error}") from None
        return ""

    def choose(self, turn: Turn, known: tuple[int, ...] | None, spent_s: float) -> int | None:
        new = turn.actions[len(known) :] if known is not None else ()
        asking: Sequence[str]
        if len(new) == 1:
            asking = [f"TURN {point_of(turn.spec, new[0])}"]
        else:
            self._set_up(turn)
            asking = ["BEGIN"] if not turn.actions else ["BOARD", *_stones(turn), "DONE"]
        self._client.send(*_infos_of_move(turn.time_left))
        self.asked = True
        self._client.send(*asking, patience_s=self._client.thinking_s(spent_s))
        line = self._read()
        if line.upper().startswith("SUGGEST "):
            self._client.send(
                f"PLAY {line.split(None, 1)[1]}", patience_s=self._client.thinking_s(spent_s)
            )
            line = self._read()
        try:
            return action_of(turn.spec, line)
        except NotationError:
            raise BrokenProgramError("nonsense", f"answered {line[:80]!r} to {asking[0]}") from None

    def dead_stones(self, turn: Turn, known: tuple[int, ...] | None) -> NDArray[np.bool_] | None:
        return None

    def excuse(self, turn: Turn, action: int) -> str:
        return ""

    def close(self, quit_first: bool = False) -> None:
        self._client.close("END" if quit_first else "")

    def _set_up(self, turn: Turn) -> None:
        """Clear its board, and state rule and times."""
        spec = turn.spec
        self.told(spec)
        size = (spec.width, spec.height)
        start = f"START {spec.width}" if size[0] == size[1] else f"RECTSTART {size[0]},{size[1]}"
        again = self._size == size and self._accepts("RESTART")
        if not again and not self._accepts(start):
            raise BrokenProgramError("nonsense", f"refused {start!r}: {self._refusal!r}")
        self._size = size
        self._client.send(*_infos_of_game(turn), *self._commands)

    def _accepts(self, command: str) -> bool:
        """Ask for something that is answered by OK."""
        self._client.send(command)
        self._refusal = self._read()[:80]
        return self._refusal.upper().startswith("OK")

    def _read(self) -> str:
        """Read an answer; what the program says besides is passed over."""
        while True:
            line = self._client.read()
            if not line.upper().startswith(_TALK):
                return line


def _stones(turn: Turn) -> Iterator[str]:
    """The moves of the game, in order, as lines of ``BOARD``: 1 is the program's own."""
    for ply, action in enumerate(turn.actions):
        own = (len(turn.actions) - ply) % 2 == 0
        yield f"{point_of(turn.spec, action)},{1 if own else 2}"


def _infos_of_game(turn: Turn) -> Iterator[str]:
    left = turn.time_left
    match_ms = 0 if left is None or not left.main_s else _ms(left.main_s)
    yield f"INFO timeout_match {match_ms}"
    yield f"INFO timeout_turn {_turn_ms(left)}"
    yield f"INFO max_memory {_MEMORY_BYTES}"
    yield f"INFO game_type {_AGAINST_PROGRAM}"
    yield f"INFO rule {rule_number(turn.spec)}"


def _infos_of_move(left: TimeLeft | None) -> Iterator[str]:
    has_main = left is not None and left.main_s > 0
    yield f"INFO time_left {_ms(left.main_s) if left is not None and has_main else NO_LIMIT_MS}"


def _turn_ms(left: TimeLeft | None) -> int:
    """The longest that a move may take: with main time all of it, else what comes back."""
    if left is None:
        return _TURN_MS
    return _ms(left.main_s or max(left.period_s, left.increment_s))


def _ms(seconds: float) -> int:
    return max(int(seconds * 1000), 1)
