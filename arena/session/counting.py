"""Counting with dead stones: the AI marks them, and a person can correct the marks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.analysis.life import seki_points, with_dead
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions


@dataclass
class Count:
    """A final position whose dead stones are marked."""

    spec: GameSpec
    position: Positions
    dead: NDArray[np.bool_]
    """Which points ``(points,)`` hold dead stones."""
    marked_by_hand: bool = False

    @property
    def score(self) -> float:
        """Return Black's points minus White's without the dead stones."""
        seki = seki_points(self.spec, with_dead(self.spec, self.position, self.dead))
        return float(self.spec.score(self.position, self.dead[None], seki[None])[0])

    @property
    def owners(self) -> NDArray[np.int8]:
        """Return the owner of each point ``(points,)``: 1 Black, -1 White, 0 neither."""
        return self.spec.ownership(self.position, self.dead[None])[0]

    def toggle(self, point: int) -> bool:
        """Mark the chain at a point, and its colour's stones in the same area, as dead or alive."""
        stones = self.spec.stones(self.position)[0]
        if stones[point] == EMPTY:
            return False
        group = _group(self.spec, stones, point)
        self.dead[group] = not self.dead[point]
        self.marked_by_hand = True
        return True


def _group(spec: GameSpec, stones: NDArray[np.uint8], point: int) -> NDArray[np.intp]:
    """Return the stones of one colour that are connected by their own or empty points."""
    area = _reach(spec, point, stones != BLACK + WHITE - stones[point])
    return area[stones[area] == stones[point]]


def _reach(spec: GameSpec, start: int, open_: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return all open points that are connected to ``start``."""
    seen = {start}
    todo = [start]
    while todo:
        row, column = divmod(todo.pop(), spec.width)
        for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            point = r * spec.width + c
            if 0 <= r < spec.height and 0 <= c < spec.width and open_[point] and point not in seen:
                seen.add(point)
                todo.append(point)
    return np.array(sorted(seen))
