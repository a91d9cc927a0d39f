"""A perfect player of a game small enough to be read to its end: an exact anchor of ratings.

Of the actions that get the best result it plays any, chosen by the game's random numbers, so that
its games differ. It knows no quicker or slower wins. Connect Four on 7x6 is begun with the engine's
book; the first decisions after it take seconds each.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from agents.protocol import Decision, Turn
from engine.errors import ConfigError
from engine.games.connect_four import ConnectFourSpec
from engine.games.spec import GameSpec, Positions
from engine.random import MOVE, generator
from engine.solvers import connect_four_book
from engine.solvers.connect_four import ConnectFourSolver
from engine.solvers.exact import ExactSolver

_MOST_POINTS: Final = 16
_MOST_CELLS: Final = 30
_BOOK_SIZE: Final = (connect_four_book.HEIGHT, connect_four_book.WIDTH)
_BOOK_TABLE_BITS: Final = 24


class PerfectAgent:
    """Solves each position it is asked about, and remembers what it has read."""

    def __init__(self, name: str, spec: GameSpec) -> None:
        """Raises ConfigError if ``spec`` is too large to be solved in reasonable time."""
        self._name, self._spec = name, spec
        self._solver = _solver_of(spec)

    @property
    def name(self) -> str:
        return self._name

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        return [self._decide(turn) for turn in turns]

    def _decide(self, turn: Turn) -> Decision:
        started = time.perf_counter()
        random = generator(turn.seed, turn.game, len(turn.actions), MOVE)
        # The first good one in an order by chance is any of them by chance; the rest are not read.
        order = random.permutation(np.flatnonzero(self._spec.legal(turn.position)[0]))
        action = next(a for a in order if self._solver.keeps(turn.position, int(a)))
        return Decision(int(action), seconds=time.perf_counter() - started)

    def value(self, position: Positions) -> int:
        """What the one position ``(1,)`` is worth to its side to move: 1, 0 or -1."""
        solver = self._solver
        if isinstance(solver, ConnectFourSolver):
            return solver.score(position, sign_only=True)
        return solver.value(position)

    def end_game(self, game: int) -> None:
        """Keeps what it has read."""

    def close(self) -> None:
        """Nothing to close."""


def _solver_of(spec: GameSpec) -> ConnectFourSolver | ExactSolver:
    if isinstance(spec, ConnectFourSpec) and spec.length == 4:
        if (spec.height, spec.width) == _BOOK_SIZE:
            return ConnectFourSolver(spec, _BOOK_TABLE_BITS, connect_four_book.load_book())
        if spec.points <= _MOST_CELLS:
            return ConnectFourSolver(spec)
    elif spec.points <= _MOST_POINTS and not spec.may_pass:
        return ExactSolver(spec)
    raise ConfigError(
        f"expected a game that a perfect player can read to its end (tic-tac-toe, other games but "
        f"Go of up to {_MOST_POINTS} points, Connect Four of up to {_MOST_CELLS} and on "
        f"{connect_four_book.WIDTH}x{connect_four_book.HEIGHT}), got {spec}"
    )
