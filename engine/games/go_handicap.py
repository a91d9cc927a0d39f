"""The points of fixed handicap stones, by the GTP specification."""

from __future__ import annotations

from engine.games.spec import GameSpec

_SMALLEST, _SMALLEST_WITH_SIDES, _SMALLEST_WITH_FOURTH_LINE = 7, 9, 12
_MOST = 9


def fixed_handicap(spec: GameSpec, count: int) -> list[int] | None:
    """Return the points of ``count`` stones, or ``None`` if the board has no such handicap."""
    if count < 2 or min(spec.height, spec.width) < _SMALLEST or count > _largest(spec):
        return None
    top, middle_row, bottom = _lines(spec.height)
    left, middle_column, right = _lines(spec.width)
    corners = [(bottom, left), (top, right), (top, left), (bottom, right)]
    sides = [
        (middle_row, left),
        (middle_row, right),
        (top, middle_column),
        (bottom, middle_column),
    ]
    around = count - count % 2 if count > 4 else count
    points = corners[: min(around, 4)] + sides[: max(0, around - 4)]
    if count > 4 and count % 2:
        points.append((middle_row, middle_column))
    return [row * spec.width + column for row, column in points]


def _lines(length: int) -> tuple[int, int, int]:
    edge = 3 if length >= _SMALLEST_WITH_FOURTH_LINE else 2
    return edge, length // 2, length - 1 - edge


def _largest(spec: GameSpec) -> int:
    """Return the largest handicap: 4 without a middle line or on a board too narrow for it."""
    sides = (spec.height, spec.width)
    has_sides = all(side % 2 and side >= _SMALLEST_WITH_SIDES for side in sides)
    return _MOST if has_sides else 4
