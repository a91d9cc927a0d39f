"""Who wins Connect Four on 7x6 after each of its beginnings, from a file of the engine.

Reading the game from its first moves takes minutes, so the results of all positions of five discs
were read once (``docs/results/connect_four_book.py``) and are kept as one character each. Results
of fewer discs follow from them. Bits are those of :mod:`engine.solvers.connect_four`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from engine.errors import SpecError

WIDTH: Final = 7
HEIGHT: Final = 6
DISCS: Final = 5
"""Discs of the positions in the file."""

SIGNS: Final = {"+": 1, "=": 0, "-": -1}
"""What the characters of the file mean for the side to move."""

_COLUMN_BITS: Final = HEIGHT + 1
_COLUMN: Final = (1 << _COLUMN_BITS) - 1
_FULL: Final = (1 << HEIGHT) - 1

Bits = tuple[int, int]
"""The mover's discs and all discs."""


class OpeningBook:
    """Signs of positions of up to five discs on 7x6, for their side to move."""

    def __init__(self, signs: str) -> None:
        """Read one character for each position of five discs, in the order of :func:`beginnings`.

        Raises:
            SpecError: if there are more or fewer, or others than ``+``, ``=`` and ``-``.
        """
        last = beginnings(DISCS)
        if len(signs) != len(last) or not set(signs) <= set(SIGNS):
            raise SpecError(
                f"expected {len(last)} signs, each one of {' '.join(SIGNS)}, got {len(signs)}"
            )
        self._signs = {bits: SIGNS[sign] for bits, sign in zip(last, signs, strict=True)}
        for discs in reversed(range(DISCS)):
            for bits in beginnings(discs):
                self._signs[bits] = max(-self._signs[after] for after in _successors(*bits))

    def get(self, own: int, taken: int) -> int | None:
        """Return 1, 0 or -1, or None for a position of more discs."""
        return self._signs.get(_canonical(own, taken))


@cache
def load_book() -> OpeningBook:
    """The book that comes with the engine."""
    text = files(__package__).joinpath("connect_four_beginnings.txt").read_text("ascii")
    return OpeningBook("".join(line for line in text.splitlines() if not line.startswith("#")))


def beginnings(discs: int) -> list[Bits]:
    """All positions with a number of discs, up to 6, sorted; of two mirror images the lesser."""
    found: set[Bits] = {(0, 0)}
    for _ in range(discs):
        found = {after for bits in found for after in _successors(*bits)}
    return sorted(found)


def _successors(own: int, taken: int) -> list[Bits]:
    found = []
    for shift in range(0, WIDTH * _COLUMN_BITS, _COLUMN_BITS):
        column = taken >> shift & _COLUMN
        if column != _FULL:
            # One more than a filled column's bits is the next free bit of it.
            found.append(_canonical(own ^ taken, taken | (column + 1) << shift))
    return found


def _canonical(own: int, taken: int) -> Bits:
    return min((own, taken), (_mirrored(own), _mirrored(taken)))


def _mirrored(bits: int) -> int:
    mirrored = 0
    for _ in range(WIDTH):
        mirrored = mirrored << _COLUMN_BITS | bits & _COLUMN
        bits >>= _COLUMN_BITS
    return mirrored
