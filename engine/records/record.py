"""A game as it was played."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.games.go import GoSpec
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.records.sgf_tree import Node

_RESULT = re.compile(r"([BW])\+(.*)", re.IGNORECASE)
_POINTS = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True)
class GameTree:
    """The SGF that a record was read from."""

    root: Node
    first: int
    """Number of the first node of the main line whose move is an action of the record."""


@dataclass(frozen=True)
class GameRecord:
    """The actions of one game and what is known about it. Its actions are legal."""

    spec: GameSpec
    actions: tuple[int, ...]
    black: str = ""
    white: str = ""
    result: str = "?"
    """As in SGF: ``B+3.5``, ``W+R``, ``B+T``, ``0`` for a draw, ``?`` unknown, ``Void``."""
    comment: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    """Further SGF properties of the root, by identifier."""
    black_setup: tuple[int, ...] = ()
    """Points that hold a black stone before the first action."""
    white_setup: tuple[int, ...] = ()
    first_to_move: int = 1
    """``BLACK`` or ``WHITE``: who plays the first action."""
    source: str = ""
    """Where the record was read from, for messages."""

    tree: GameTree | None = field(default=None, compare=False, repr=False)
    """All that the file says from which the record was read."""

    @property
    def winner(self) -> int | None:
        """1 Black, -1 White, 0 a draw, ``None`` unknown."""
        text = self.result.strip()
        if text == "0" or text.lower() in ("draw", "jigo"):
            return 0
        match = _RESULT.fullmatch(text)
        if match is None:
            return None
        return 1 if match.group(1).upper() == "B" else -1

    @property
    def score(self) -> float | None:
        """Black's points minus White's; ``None`` if the game was not counted.

        ``B+0``, which some servers write, says who won and not by how much.
        """
        winner = self.winner
        if winner == 0:
            return 0.0
        match = _RESULT.fullmatch(self.result.strip())
        if winner is None or match is None or _POINTS.fullmatch(match.group(2)) is None:
            return None
        return winner * float(match.group(2)) or None

    @property
    def handicap(self) -> int:
        """Black's stones of a handicap, which only Go has; 0 without one."""
        stated = self.extra.get("HA", "").strip()
        stones = len(self.black_setup)
        given = stated.isascii() and stated.isdigit() and int(stated[:3]) > 1
        only_black = not self.white_setup and self.first_to_move == WHITE
        return stones if given and only_black and isinstance(self.spec, GoSpec) else 0

    def start(self) -> Positions:
        """Return the position before the first action, ``(1,)``; White is paid for a handicap.

        Raises:
            IllegalActionError: if its set-up stones cannot stand.
        """
        start = self.spec.allocate(1)
        if self.handicap and isinstance(self.spec, GoSpec):
            self.spec.place_handicap(start, self.black_setup)
        elif self.has_setup or self.first_to_move != BLACK:
            stones = self.spec.board(self.black_setup, self.white_setup)
            self.spec.set_up(start, stones, self.first_to_move, strict=False)
        return start

    @property
    def has_setup(self) -> bool:
        """Whether the game does not begin on an empty board."""
        return bool(self.black_setup or self.white_setup)
