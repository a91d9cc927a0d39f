"""How a game looks, wherever it is drawn: the window, the terminal, pages and pictures.

A game names its look in its specification; one that names none looks like Go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

Style = Literal["lines", "cells", "holes", "hexagons", "paper"]
"""Stones on crossings; discs in cells; discs in a rack; hexagons; marks on paper."""
Stone = Literal["black", "white", "red", "yellow", "blue"]
Colour = tuple[int, int, int]
"""Red, green and blue from 0 to 255."""

STONE_COLOURS: Final[dict[Stone, Colour]] = {
    "black": (28, 30, 33),
    "white": (238, 236, 230),
    "red": (204, 62, 54),
    "yellow": (240, 196, 60),
    "blue": (62, 112, 196),
}
"""Pairs of them stay apart for the colour-blind too."""
GROUND_COLOURS: Final[dict[Style, Colour]] = {
    "lines": (222, 181, 116),
    "cells": (40, 112, 82),
    "holes": (44, 84, 160),
    "hexagons": (214, 208, 194),
    "paper": (236, 230, 214),
}
"""Colour of the board, or of each hexagon."""
LINE_COLOURS: Final[dict[Style, Colour]] = {
    "lines": (58, 40, 20),
    "cells": (24, 78, 56),
    "holes": (30, 60, 120),
    "hexagons": (58, 64, 74),
    "paper": (120, 116, 108),
}
"""Between the points of the board."""


@dataclass(frozen=True)
class Look:
    """What a board is made of, and what its players are called."""

    style: Style = "lines"
    players: tuple[str, str] = ("Black", "White")
    """Who moves first, and who second."""
    stones: tuple[Stone, Stone] = ("black", "white")
    title: str = ""
    """The game's name for people; empty: made of the name that programs use."""
    sizes: tuple[tuple[int, int], ...] = ()
    """Heights and widths that a new game offers; empty: the usual one."""
    goal: str = ""
    """What wins, in a sentence; names of rules in braces stand for their values."""
    how: tuple[str, ...] = ()
    """How it is played, in a few sentences like the goal."""
    shows_legal: bool = False
    """Whether the points that may be played are marked, for they are few and hard to see."""

    def player(self, colour: int) -> str:
        """Name of ``BLACK``, who moves first, or ``WHITE``."""
        return self.players[colour - 1]

    def stone(self, colour: int) -> Stone:
        """Look of the stones of ``BLACK`` or ``WHITE``."""
        return self.stones[colour - 1]

    def stone_colour(self, colour: int) -> Colour:
        """Colour of the stones of ``BLACK`` or ``WHITE``."""
        return STONE_COLOURS[self.stone(colour)]

    @property
    def ground(self) -> Colour:
        """Colour of the board."""
        return GROUND_COLOURS[self.style]

    @property
    def line(self) -> Colour:
        """Colour of the lines of the board."""
        return LINE_COLOURS[self.style]


def squares(*sides: int) -> tuple[tuple[int, int], ...]:
    """Heights and widths of square boards."""
    return tuple((side, side) for side in sides)


class HasLook(Protocol):
    """The part of a :class:`~engine.games.spec.GameSpec` that says how the game looks."""

    @property
    def name(self) -> str:
        """The game's name for programs."""

    @property
    def look(self) -> Look:
        """The look as the game writes it down, gaps included."""

    @property
    def height(self) -> int:
        """Rows of the board."""

    @property
    def width(self) -> int:
        """Columns of the board."""


def look_of(spec: HasLook) -> Look:
    """Return how a game looks, with a title and a size at least."""
    look = spec.look
    title = look.title or spec.name.replace("_", " ").capitalize()
    return replace(look, title=title, sizes=look.sizes or ((spec.height, spec.width),))


def hexadecimal(colour: Colour) -> str:
    """A colour as web pages and terminals write it, such as ``#deb574``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
