"""Counting where stones may be dead at the end: the engine marks them, a person corrects it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions

if TYPE_CHECKING:
    from engine.search import SearchResult

_SURE = 0.3


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
        return float(self.spec.score(self.position, self.dead[None])[0])

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


def begin_count(spec: GameSpec, position: Positions, thought: SearchResult | None) -> Count:
    """Mark the stones that the network expects to belong to the other side.

    Stones that are certain to live (Benson) are never marked; without an opinion nothing is.
    """
    stones = spec.stones(position)[0]
    dead = np.zeros(spec.points, np.bool_)
    if thought is not None and thought.ownership is not None:
        sign = 1.0 if int(spec.to_move(position)[0]) == BLACK else -1.0
        owner = thought.ownership * sign
        certain = spec.certain(position)[0]
        for chain in _chains(spec, stones):
            side = 1.0 if stones[chain[0]] == BLACK else -1.0
            lives = bool((certain[chain] * side > 0).any())
            if not lives and float(owner[chain].mean()) * side < -_SURE:
                dead[chain] = True
    return Count(spec, position.copy(), dead)


def _chains(spec: GameSpec, stones: NDArray[np.uint8]) -> list[NDArray[np.intp]]:
    seen = np.zeros(spec.points, np.bool_)
    found = []
    for point in np.flatnonzero(stones != EMPTY):
        if not seen[point]:
            chain = _reach(spec, int(point), stones == stones[point])
            seen[chain] = True
            found.append(chain)
    return found


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
