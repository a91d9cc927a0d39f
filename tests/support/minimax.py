"""Exact values of small games by reading everything, in plain Python."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.games.spec import BLACK, GameSpec, Positions


def solver(spec: GameSpec) -> Callable[[Positions], int]:
    """Return a function from one position to its value for the side to move: 1, 0 or -1.

    Positions are told apart by their keys: for games whose future does not depend on the past.
    """

    known: dict[int, int] = {}

    def value(position: Positions) -> int:
        key = int(spec.keys(position)[0])
        if key not in known:
            known[key] = solve(position)
        return known[key]

    def solve(position: Positions) -> int:
        if spec.finished(position)[0]:
            mover = 1 if spec.to_move(position)[0] == BLACK else -1
            return int(spec.outcome(position)[0]) * mover
        best = -1
        for action in np.flatnonzero(spec.legal(position)[0]):
            after = position.copy()
            spec.play(after, np.array([action]))
            best = max(best, -value(after))
            if best == 1:
                break
        return best

    return value
