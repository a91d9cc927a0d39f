"""Boards as text, for terminals, tests and docs: X is Black, O is White, + a star point of Go.

```
   A B C
 3 . . . 3
 2 . X O 2
 1 . . . 1
   A B C
```

Boards of hexagons lean: each row begins half a point right of the one above.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.errors import NotationError
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions
from engine.notation import column_name, row_number

_SIGNS = {EMPTY: ".", BLACK: "X", WHITE: "O"}
_COLOURS = {".": EMPTY, "+": EMPTY, "X": BLACK, "x": BLACK, "#": BLACK, "O": WHITE, "o": WHITE}


def star_points(height: int, width: int) -> frozenset[int]:
    """Points that a printed Go board marks."""

    def lines(length: int) -> list[int]:
        if length < 7:
            return [length // 2] if length % 2 and length >= 5 else []
        edge = 2 if length < 12 else 3
        middle = [length // 2] if length % 2 else []
        return [edge, *middle, length - 1 - edge]

    rows, columns = lines(height), lines(width)
    stars = {row * width + column for row in rows for column in columns}
    if max(height, width) < 12 and height % 2 and width % 2:
        # Small boards mark the corners and the middle, not the sides.
        stars = {p for p in stars if (p // width == height // 2) == (p % width == width // 2)}
    return frozenset(stars)


def diagram(spec: GameSpec, position: Positions, marks: Mapping[int, str] | None = None) -> str:
    """Draw one position (a row or an array of one); ``marks`` put a character on points."""
    stones = spec.stones(np.atleast_1d(position))[0]
    stars = star_points(spec.height, spec.width) if spec.star_points else frozenset()
    names = [column_name(column, spec.letter_i) for column in range(spec.width)]
    if spec.stones_fall:
        names = [f"{column + 1}" for column in range(spec.width)]
    heading = "   " + " ".join(f"{name:<1}" for name in names)
    lines = [heading]
    for row in range(spec.height):
        signs = []
        for point in range(row * spec.width, (row + 1) * spec.width):
            sign = _SIGNS[int(stones[point])]
            if sign == "." and point in stars:
                sign = "+"
            signs.append((marks or {}).get(point, sign))
        number = row_number(spec, row)
        lean = " " * row if spec.slant else ""
        lines.append(f"{lean}{number:2d} {' '.join(signs)} {number}")
    lines.append(" " * spec.height + heading if spec.slant else heading)
    return "\n".join(lines)


def parse_diagram(spec: GameSpec, text: str) -> NDArray[np.uint8]:
    """Read the stones of a diagram, uint8 ``(points,)``; coordinates may be left out.

    Raises:
        NotationError: if it is not a board of this size.
    """
    rows = []
    for line in text.splitlines():
        signs = [word for word in line.split() if not word.isdigit()]
        if len(signs) == 1 and len(signs[0]) == spec.width:
            signs = list(signs[0])
        if signs and all(sign in _COLOURS for sign in signs):
            rows.append([_COLOURS[sign] for sign in signs])
    if len(rows) != spec.height or any(len(row) != spec.width for row in rows):
        raise NotationError(
            f"expected a diagram of {spec.height} rows of {spec.width} points, got {text!r}"
        )
    return np.array(rows, np.uint8).reshape(-1)
