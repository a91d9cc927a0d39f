"""Roots near the end of a game, solved exactly where a solver is registered for the board."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import GameSpec, Positions
from engine.search.leaves import Known
from engine.solvers.endings import Solved, empty_points, ending_of


class Endgame:
    """The solved roots of a search, by slot."""

    def __init__(self, spec: GameSpec) -> None:
        self._spec = spec
        self._ending = ending_of(spec)
        self._solved: dict[int, Solved] = {}

    def forget(self, slots: NDArray[np.int32]) -> None:
        """Forget the roots of slots."""
        for slot in slots.tolist() if self._solved else ():
            self._solved.pop(slot, None)

    def within_reach(self, positions: Positions) -> NDArray[np.bool_]:
        """Return which positions ``(rows,)`` are near enough to the end."""
        reach = np.zeros(len(positions), np.bool_)
        if self._ending is not None:
            for row in range(len(positions)):
                empty = empty_points(self._spec, positions[row : row + 1])
                reach[row] = empty <= self._ending.most_empty
        return reach

    def solve(
        self,
        actions: NDArray[np.bool_],
        known: Known,
        positions: Positions,
        row_slot: NDArray[np.int32],
        depths: NDArray[np.int32],
        free: NDArray[np.bool_],
    ) -> None:
        """Leave a solved root its best action, and note the result after it.

        Args:
            actions: ``(rows, actions)``, changed.
            known: changed.
            positions, row_slot, depths: as :meth:`Candidates.of` takes them.
            free: bool ``(rows,)``, False where a slot has prohibitions.
        """
        if self._ending is None:
            return
        for row in np.flatnonzero(free & (depths <= 1)).tolist():
            slot = int(row_slot[row])
            solved = self._solved.get(slot)
            if depths[row] == 0:
                solved = solved or self._read(positions[row : row + 1], slot)
                if solved is not None:
                    actions[row] = False
                    actions[row, solved.action] = True
            elif solved is not None and not self._spec.finished(positions[row : row + 1])[0]:
                actions[row] = False
                known.rows[row] = True
                known.q[row] = -np.sign(solved.score)
                known.score[row] = -solved.score
                known.plies[row] = solved.plies - 1

    def _read(self, position: Positions, slot: int) -> Solved | None:
        if self._ending is None or self._spec.finished(position)[0]:
            return None
        if not self.within_reach(position)[0]:
            return None
        self._solved[slot] = self._ending.solve(position)
        return self._solved[slot]
