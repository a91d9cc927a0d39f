"""Whether a chain with little room can be captured, read out to the end in its surroundings.

Networks and random games misjudge sekis and dead shapes, where every move but one loses stones.
There are few moves there, so they can be searched. The attacker moves first, as in a dispute after
both sides have passed: the owner has left the stones as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import BLACK, EMPTY, GameSpec, Positions, other_side

MOST_EMPTY: Final = 7
"""Empty points beside a chain, of whole regions, up to which it is read."""
_MOST_POSITIONS: Final = 1500
_DEEPEST: Final = 14


class _TooLarge(Exception):  # noqa: N818
    """The search is given up."""


class Reader:
    """Reads one board."""

    def __init__(self, spec: GameSpec, position: Positions) -> None:
        """``position`` is ``(1,)``; whose turn it is does not matter."""
        self._spec = spec
        self._stones = spec.stones(position)[0]
        self._near = [neighbours(spec, point) for point in range(spec.points)]

    def is_tight(self, chain: Iterable[int]) -> bool:
        """Whether few points are empty in the regions beside a chain."""
        return len(self._empty_beside(self._stones, chain)) <= MOST_EMPTY

    def can_be_captured(self, chain: Iterable[int]) -> bool | None:
        """Whether the other side, moving first, captures a chain.

        ``None`` if the chain has too much room, or the search grew too large.
        """
        first = min(chain)
        empty = self._empty_beside(self._stones, chain)
        if not 0 < len(empty) <= MOST_EMPTY:
            return None
        search = _Search(self._spec, self._stones, first, self._surroundings(empty))
        try:
            return search.run()
        except _TooLarge:
            return None

    def _chain(self, stones: NDArray[np.uint8], start: int) -> set[int]:
        return set(_spread(self._near, [start], lambda point: stones[point] == stones[start]))

    def _empty_beside(self, stones: NDArray[np.uint8], points: Iterable[int]) -> set[int]:
        beside = [near for point in points for near in self._near[point] if stones[near] == EMPTY]
        return set(_spread(self._near, beside, lambda point: stones[point] == EMPTY))

    def _surroundings(self, empty: set[int]) -> list[int]:
        """The empty points, those of chains that can only be captured there, and near liberties."""
        stones, found = self._stones, set(empty)
        for start in {near for point in empty for near in self._near[point]} - empty:
            chain = self._chain(stones, start)
            liberties = {n for point in chain for n in self._near[point] if stones[n] == EMPTY}
            if liberties <= empty:
                found |= chain
            elif len(liberties) <= 2:
                found |= liberties
        return sorted(found)


class _Search:
    """Can one chain be captured by moves among some points?"""

    def __init__(
        self, spec: GameSpec, stones: NDArray[np.uint8], target: int, area: list[int]
    ) -> None:
        self._spec, self._target, self._area = spec, target, np.array(area)
        self._owner = int(stones[target])
        self._sign = 1 if self._owner == BLACK else -1
        self._start = spec.allocate(1)
        spec.set_up(self._start, stones, other_side(self._owner), strict=False)
        self._known: dict[int, bool] = {}

    def run(self) -> bool:
        return self._captured(self._start, 0)

    def _captured(self, position: Positions, depth: int) -> bool:
        """Whether the chain goes; an attacker that has no useful move has failed."""
        attacks = int(self._spec.to_move(position)[0]) != self._owner
        if attacks and self._spec.certain(position)[0, self._target] == self._sign:
            return False
        key = int(self._spec.keys(position)[0])
        if key not in self._known:
            if len(self._known) >= _MOST_POSITIONS or depth > _DEEPEST:
                raise _TooLarge
            self._known[key] = not attacks  # who repeats a position gains nothing by it
            after = self._after(position, attacks)
            if attacks:
                found = any(self._gone(a) or self._captured(a, depth + 1) for a in after)
            else:
                found = all(self._captured(a, depth + 1) for a in after)
            self._known[key] = found
        return self._known[key]

    def _gone(self, position: Positions) -> bool:
        return int(self._spec.stones(position)[0, self._target]) != self._owner

    def _after(self, position: Positions, attacks: bool) -> Iterator[Positions]:
        """The positions after each move; the defender may pass."""
        legal = self._spec.legal(position)[0]
        moves = [int(point) for point in self._area[legal[self._area]]]
        if not attacks:
            moves.append(self._spec.pass_action)
        for move in moves:
            after = position.copy()
            self._spec.play(after, np.array([move]))
            yield after


def _spread(
    near: list[list[int]], start: Iterable[int], inside: Callable[[int], bool]
) -> list[int]:
    """Return the points reached from ``start`` over points that are ``inside``."""
    todo = list(dict.fromkeys(start))
    seen = set(todo)
    for point in todo:
        for other in near[point]:
            if other not in seen and inside(other):
                seen.add(other)
                todo.append(other)
    return todo


def neighbours(spec: GameSpec, point: int) -> list[int]:
    """Points beside a point."""
    row, column = divmod(point, spec.width)
    around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return [r * spec.width + c for r, c in around if 0 <= r < spec.height and 0 <= c < spec.width]
