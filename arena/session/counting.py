"""Counting with dead stones: the AI marks them, a person corrects the marks and agrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.analysis.life import Life, seki_points, settled_score, with_dead
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions


@dataclass(frozen=True)
class Points:
    """What one side's count is made of."""

    stones: int
    """Living stones; 0 under territory scoring."""
    surrounded: int
    """Surrounded points, those of dead stones too."""
    prisoners: int
    """Captured and dead stones of the other side; 0 under area scoring."""
    komi: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.stones + self.surrounded + self.prisoners + self.komi


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
        return settled_score(self.spec, self.position, self._life)

    @property
    def owners(self) -> NDArray[np.int8]:
        """Return the owner of each point ``(points,)``: 1 Black, -1 White, 0 neither."""
        owners = self.spec.ownership(self.position, self.dead[None])[0]
        if self._by_territory:
            owners[seki_points(self.spec, self._life)] = 0
        return owners

    def points(self, colour: int) -> Points:
        """Return what a colour's count is made of; the totals differ by :attr:`score`."""
        stones = self.spec.stones(self.position)[0]
        living = np.where(self.dead, EMPTY, stones)
        mine = self.owners == (1 if colour == BLACK else -1)
        other = BLACK + WHITE - colour
        taken = int(self.position["prisoners"][0][colour - 1]) + int(
            (stones[self.dead] == other).sum()
        )
        komi = float(self.position["komi_half_points"][0]) / 2.0
        return Points(
            stones=0 if self._by_territory else int((living == colour).sum()),
            surrounded=int((mine & (living == EMPTY)).sum()),
            prisoners=taken if self._by_territory else 0,
            komi=komi if colour == WHITE else 0.0,
        )

    @property
    def _life(self) -> Life:
        return with_dead(self.spec, self.position, self.dead)

    @property
    def _by_territory(self) -> bool:
        return self.spec.rules.get("scoring") == "territory"

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
