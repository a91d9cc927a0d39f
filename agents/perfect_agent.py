"""A perfect player of a game small enough to be read to its end: an exact anchor of ratings.

Of the actions that get the best result it plays any, chosen by the game's random numbers, so that
its games differ. It knows no quicker or slower wins.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Decision, Turn
from engine.errors import ConfigError
from engine.games.connect_four import ConnectFourSpec
from engine.games.spec import GameSpec
from engine.random import MOVE, generator
from engine.solvers.connect_four import ConnectFourSolver
from engine.solvers.exact import UNKNOWN, ExactSolver

_MOST_POINTS: Final = 16
_MOST_CELLS: Final = 30


class PerfectAgent:
    """Solves each position it is asked about, and remembers what it has read."""

    def __init__(self, name: str, spec: GameSpec) -> None:
        """Raises ConfigError if ``spec`` is too large to be solved in reasonable time."""
        self._name, self._spec = name, spec
        self._four = isinstance(spec, ConnectFourSpec) and spec.length == 4
        if spec.points > (_MOST_CELLS if self._four else _MOST_POINTS) or spec.name == "go":
            raise ConfigError(
                f"expected a game that a perfect player can read to its end (tic-tac-toe, other "
                f"games but Go of up to {_MOST_POINTS} points, Connect Four of up to "
                f"{_MOST_CELLS}), got {spec}"
            )
        self._solver = ConnectFourSolver(spec) if self._four else ExactSolver(spec)  # type: ignore[arg-type]
        self._known: dict[tuple[int, ...], NDArray[np.int8]] = {}

    @property
    def name(self) -> str:
        return self._name

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        return [self._decide(turn) for turn in turns]

    def values(self, turn: Turn) -> NDArray[np.int8]:
        """Return what each action gets the side to move, int8 ``(actions,)``; -2 where illegal."""
        found = self._known.get(turn.actions)
        if found is None:
            if isinstance(self._solver, ConnectFourSolver):
                scores = self._solver.scores(turn.position, sign_only=True)
                illegal = scores == np.iinfo(np.int64).min
                found = np.where(illegal, UNKNOWN, scores).astype(np.int8)
            else:
                found = self._solver.values(turn.position)
            self._known[turn.actions] = found
        return found

    def _decide(self, turn: Turn) -> Decision:
        started = time.perf_counter()
        values = self.values(turn)
        best = np.flatnonzero(values == values.max())
        random = generator(turn.seed, turn.game, len(turn.actions), MOVE)
        return Decision(int(random.choice(best)), seconds=time.perf_counter() - started)

    def end_game(self, game: int) -> None:
        """Keeps what it has read."""

    def close(self) -> None:
        self._known.clear()
