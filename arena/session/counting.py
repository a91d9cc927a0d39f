"""Counting where stones may be dead at the end: the judge marks them, a person corrects it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.analysis.life import seki_points, with_dead
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions


@dataclass
class Count:
    """A board with stones marked as dead."""

    spec: GameSpec
    position: Positions
    dead: NDArray[np.bool_]
    """``(points,)``"""
    marked_by_hand: bool = False

    @property
    def score(self) -> float:
        """Black's points minus White's, dead stones taken off."""
        seki = seki_points(self.spec, with_dead(self.spec, self.position, self.dead))
        return float(self.spec.score(self.position, self.dead[None], seki[None])[0])

    @property
    def owners(self) -> NDArray[np.int8]:
        """1 Black, -1 White, 0 neither, ``(points,)``."""
        return self.spec.ownership(self.position, self.dead[None])[0]

    def toggle(self, point: int) -> bool:
        """Turn the chain at a point, and what of its colour shares its area, dead or alive."""
        stones = self.spec.stones(self.position)[0]
        if stones[point] == EMPTY:
            return False
        group = _group(self.spec, stones, point)
        self.dead[group] = not self.dead[point]
        self.marked_by_hand = True
        return True


def _group(spec: GameSpec, stones: NDArray[np.uint8], point: int) -> NDArray[np.intp]:
    """Stones of one colour that are joined by their own or empty points."""
    area = _reach(spec, point, stones != BLACK + WHITE - stones[point])
    return area[stones[area] == stones[point]]


def _reach(spec: GameSpec, start: int, open_: NDArray[np.bool_]) -> NDArray[np.intp]:
    """All open points that are joined to one."""
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
