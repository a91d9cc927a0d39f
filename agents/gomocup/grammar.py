"""Points and rules as the Gomocup protocol writes them (Petricek and Lastovicka, "Gomoku AI
protocol"). A client and a server both use it.

A point is ``x,y``: column and row from the top left, counted from 0.
"""

from __future__ import annotations

import re
from typing import Final

from engine.errors import NotationError
from engine.games.gomoku import GomokuSpec
from engine.games.spec import GameSpec

EXACTLY_FIVE: Final = 1
RENJU: Final = 4
CARO: Final = 8
"""Bits of ``INFO rule``; no bit is freestyle. 2 means that games follow each other."""
NO_LIMIT_MS: Final = 2_147_483_647
_POINT = re.compile(r"\s*(\d{1,3})\s*,\s*(\d{1,3})\s*")


def point_of(spec: GameSpec, action: int) -> str:
    """Write a point."""
    row, column = divmod(action, spec.width)
    return f"{column},{row}"


def action_of(spec: GameSpec, text: str) -> int:
    """Read a point.

    Raises:
        NotationError: if it is none of this board.
    """
    match = _POINT.fullmatch(text)
    if match is None:
        raise NotationError(f"expected a point such as 7,7, got {text[:80]!r}")
    column, row = int(match[1]), int(match[2])
    if column >= spec.width or row >= spec.height:
        raise NotationError(
            f"expected a point from 0,0 to {spec.width - 1},{spec.height - 1}, got {text[:80]!r}"
        )
    return row * spec.width + column


def rule_number(spec: GameSpec) -> int:
    """Return the number of a game's rule.

    Raises:
        NotationError: if the protocol has no such game.
    """
    if not isinstance(spec, GomokuSpec) or spec.length != 5:
        raise NotationError(f"expected gomoku with lines of 5, got {spec} {dict(spec.rules)}")
    return EXACTLY_FIVE if spec.exactly else 0
