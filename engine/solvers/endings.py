"""Ends of games that a solver reads exactly: what a search may ask at its root.

A solver is registered in :func:`ending_of` for the boards that it knows.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final, NamedTuple, Protocol

import numpy as np

from engine.games.connect_four import ConnectFourSpec
from engine.games.othello import OthelloSpec
from engine.games.spec import EMPTY, GameSpec, Positions
from engine.solvers.connect_four import ConnectFourSolver
from engine.solvers.connect_four_book import HEIGHT, WIDTH
from engine.solvers.othello import SIDE, OthelloSolver

_TABLE_BITS: Final = 18


class Solved(NamedTuple):
    """The best action of a position and what it leads to, for the side to move."""

    action: int
    score: float
    """Points of the side to move less the opponent's, with Othello's empty squares for the winner;
    1, 0 or -1 in games without points."""
    plies: int
    """To the end of the game, at most."""


class Ending(Protocol):
    """A solver of late positions of one game on one board."""

    most_empty: int
    """The most empty points with which it answers within some hundredths of a second."""

    def solve(self, positions: Positions) -> Solved:
        """Solve the one unfinished position ``(1,)``."""
        ...


class _OthelloEnding:
    most_empty = 14

    def __init__(self, spec: OthelloSpec) -> None:
        self._spec = spec

    @cached_property
    def _solver(self) -> OthelloSolver:
        return OthelloSolver(self._spec)

    def solve(self, positions: Positions) -> Solved:
        action, score = self._solver.best(positions, np.zeros(self._spec.actions, np.float32))
        return Solved(action, score, empty_points(self._spec, positions))


class _ConnectFourEnding:
    most_empty = 26

    def __init__(self, spec: ConnectFourSpec) -> None:
        self._spec = spec

    @cached_property
    def _solver(self) -> ConnectFourSolver:
        return ConnectFourSolver(self._spec, _TABLE_BITS)

    def solve(self, positions: Positions) -> Solved:
        scores = self._solver.scores(positions)
        best = int(scores.max())
        left = empty_points(self._spec, positions)
        plies = left
        if best > 0:
            plies = 2 * ((left + 1) // 2 - best) + 1
        elif best < 0:
            plies = 2 * (left // 2 + best) + 2
        return Solved(int(scores.argmax()), float(np.sign(best)), plies)


def ending_of(spec: GameSpec) -> Ending | None:
    """Return the solver for the late positions of a board, or ``None`` where none is registered."""
    board = (spec.height, spec.width)
    if isinstance(spec, OthelloSpec) and board == (SIDE, SIDE):
        return _OthelloEnding(spec)
    if isinstance(spec, ConnectFourSpec) and board == (HEIGHT, WIDTH) and spec.length == 4:
        return _ConnectFourEnding(spec)
    return None


def empty_points(spec: GameSpec, positions: Positions) -> int:
    """Return the number of empty points of the one position ``(1,)``."""
    return int((spec.stones(positions)[0] == EMPTY).sum())
