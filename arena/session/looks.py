"""How each game looks: what its board is made of and what its players are called. No pygame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import engine.games
from engine.games.spec import BLACK, WHITE, GameSpec

Style = Literal["lines", "cells", "holes", "hexagons", "paper"]
"""Stones on crossings; discs in cells; discs in a rack; hexagons; marks on paper."""
Stone = Literal["black", "white", "red", "yellow", "blue"]


@dataclass(frozen=True)
class Look:
    """One game's."""

    title: str
    style: Style
    players: tuple[str, str] = ("Black", "White")
    """Who moves first, and who second."""
    stones: tuple[Stone, Stone] = ("black", "white")
    sizes: tuple[tuple[int, int], ...] = ()
    """Heights and widths that a new game offers."""

    def player(self, colour: int) -> str:
        """Name of ``BLACK``, who moves first, or ``WHITE``."""
        return self.players[0 if colour == BLACK else 1]

    def stone(self, colour: int) -> Stone:
        """Look of the stones of ``BLACK`` or ``WHITE``."""
        return self.stones[0 if colour == BLACK else 1]


def _squares(*sides: int) -> tuple[tuple[int, int], ...]:
    return tuple((side, side) for side in sides)


LOOKS: Final[dict[str, Look]] = {
    "go": Look("Go", "lines", sizes=_squares(5, 7, 9, 13, 19)),
    "othello": Look("Othello", "cells", sizes=_squares(4, 6, 8, 10)),
    "gomoku": Look("Gomoku", "lines", sizes=_squares(9, 13, 15, 19)),
    "connect_four": Look(
        "Connect Four", "holes", ("Red", "Yellow"), ("red", "yellow"), ((5, 6), (6, 7), (7, 8))
    ),
    "hex": Look("Hex", "hexagons", ("Red", "Blue"), ("red", "blue"), _squares(5, 7, 9, 11, 13)),
    "tic_tac_toe": Look("Tic-tac-toe", "paper", ("X", "O"), ("blue", "red"), _squares(3)),
}


def look_of(spec: GameSpec) -> Look:
    """Return how a game looks; one without a look of its own looks like Go."""
    return LOOKS.get(spec.name, Look(spec.name, "lines", sizes=((spec.height, spec.width),)))


def usual_spec(name: str) -> GameSpec:
    """A game's rules on the board that people usually play on, for Go a small one."""
    if name == "go":
        return engine.games.make("go", 9, komi=7.0)
    size = {"hex": (7, 7), "gomoku": (9, 9)}.get(name, ())
    return engine.games.make(name, *size)


def opponent(colour: int) -> int:
    """The other colour."""
    return BLACK + WHITE - colour
