"""What a training row holds: the one table that rows, windows, batches and shards are made from.

A column is declared once, in :data:`COLUMNS`. A shard that was written before a column existed is
read with the column's default; a column that this version does not know is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from agents.network.heads import SHORT_HORIZONS
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec

WIN: Final = 0
DRAW: Final = 1
LOSS: Final = 2
LARGEST_WEIGHT: Final = 8.0
"""Largest weight of a row: how much more often than others it is drawn at most."""
FUTURE_PLIES: Final = 8
"""How far the head ``future`` looks ahead: even, so that the same side is to move."""

Per = Literal["row", "point", "action"]


@dataclass(frozen=True)
class PlayedGame:
    """A finished game of self-play, for the columns that depend on its end; ``n`` rows."""

    spec: GameSpec
    side: NDArray[np.int8]
    """``(n,)`` 1 where Black was to move, -1 where White was."""
    ply: NDArray[np.int16]
    """``(n,)`` plies that were played before."""
    root_q: NDArray[np.float32]
    """``(n,)`` wins minus losses for the side to move, as its search thought."""
    plies: int
    """Length of the whole game."""
    score: float
    """Black's points minus White's."""
    ownership: NDArray[np.int8]
    """``(points,)`` 1 where the point is Black's at the end, -1 where it is White's."""


@dataclass(frozen=True)
class Column:
    """One entry of each training row. All targets are from the side to move."""

    dtype: DTypeLike
    """In shards and in the replay window."""
    per: Per = "row"
    """Whether a row has one entry, one for each point, or one for each action (the pass last).

    Those of points and actions are turned with the board by its symmetries.
    """
    width: int | Callable[[InputLayout], int] = 0
    """Numbers in an entry; 0: a single number, without an axis of its own."""
    default: float | None = None
    """What a row holds whose file lacks the column; ``None``: such a file is damaged."""
    of_game: Callable[[PlayedGame], ArrayLike] | None = None
    """Finds the column at the end of a game; ``None``: :mod:`selfplay.play.targets` notes it."""
    in_batch: DTypeLike | None = None
    """The dtype that the learner gets, if another."""
    packed: bool = False
    """Whether the entries are bits, eight to a byte."""

    def shape(self, layout: InputLayout) -> tuple[int, ...]:
        """The shape of one row's entry, as it is stored."""
        width = self.width(layout) if callable(self.width) else self.width
        places = {"row": (), "point": (layout.points,), "action": (layout.points + 1,)}[self.per]
        if self.packed:
            return ((int(np.prod(places)) * width + 7) // 8,)
        return (*places, width) if width else places

    def missing(self, layout: InputLayout, count: int) -> NDArray[Any]:
        """Return the entries of ``count`` rows that lack the column."""
        return np.full((count, *self.shape(layout)), self.default, self.dtype)


def _outcome(game: PlayedGame) -> NDArray[Any]:
    return 1 - np.sign(game.side * np.float32(game.score))


def _root_value(game: PlayedGame) -> NDArray[Any]:
    """The search keeps win minus loss only; a draw is worth half a win and half a loss."""
    q = game.root_q
    return np.stack([(1 + q) / 2, np.zeros_like(q), (1 - q) / 2], axis=1)


def _score(game: PlayedGame) -> NDArray[Any]:
    known = np.float32(1.0 if game.spec.has_points else np.nan)
    return (game.side * np.float32(game.score)).astype(np.float32) * known


def _ownership(game: PlayedGame) -> NDArray[Any]:
    return game.side[:, None] * game.ownership[None, :]


def _short_q(game: PlayedGame) -> NDArray[Any]:
    """Average what the searches of later plies thought, nearer ones more.

    ``s_t = (1 - k) q_{t+1} + k s_{t+1}`` with ``k = h / (h + 1)``, so that the mean look ahead is
    about ``h`` plies; after the last ply stands the result (KataGo's short-term value targets).
    """
    q = game.side * game.root_q
    found = np.empty((len(q), len(SHORT_HORIZONS)), np.float64)
    keep = np.array([horizon / (horizon + 1.0) for horizon in SHORT_HORIZONS])
    ahead = np.full(len(SHORT_HORIZONS), float(np.sign(game.score)))
    for ply in range(len(q) - 1, -1, -1):
        found[ply] = ahead
        ahead = (1.0 - keep) * q[ply] + keep * ahead
    return found * game.side[:, None]


COLUMNS: Final[dict[str, Column]] = {
    # The inputs: binary planes, packed, and numbers that belong to no point.
    "planes": Column(np.uint8, "point", width=lambda layout: len(layout.plane_names), packed=True),
    "globals": Column(np.float32, width=lambda layout: len(layout.global_names)),
    # Target probabilities; a weight of 0 where the row teaches no policy.
    "policy": Column(np.float16, "action", in_batch=np.float32),
    "policy_weight": Column(np.float32, default=1.0),
    # WIN, DRAW or LOSS; and what the search thought of them.
    "outcome": Column(np.uint8, of_game=_outcome, in_batch=np.int64),
    "root_value": Column(np.float16, width=3, of_game=_root_value, in_batch=np.float32),
    # Averages of what searches thought later on; NaN where none did.
    "short_q": Column(
        np.float16,
        width=len(SHORT_HORIZONS),
        default=np.nan,
        of_game=_short_q,
        in_batch=np.float32,
    ),
    # Points ahead at the end, NaN where unknown; 1 for an own point, -1 for the opponent's.
    "score": Column(np.float32, default=np.nan, of_game=_score),
    "ownership": Column(np.int8, "point", default=0, of_game=_ownership, in_batch=np.float32),
    "weight": Column(np.float32, default=1.0),
    # Number of the game that the row is from, and plies played before.
    "game": Column(np.int64),
    "ply": Column(np.int16),
}
"""Columns of a row by name, in the order in which shards hold them."""

LATER: Final[dict[str, Per]] = {
    "reply": "action",
    "reply_weight": "row",
    "future": "point",
    "future_weight": "row",
}
"""Columns that only a batch has: they come from other rows of the same game."""


class Columns:
    """Arrays by name with one entry for each of the same rows; each is an attribute, too."""

    def __init__(self, layout: InputLayout, columns: Mapping[str, NDArray[Any]]) -> None:
        self.layout = layout
        """What the inputs are, and on which board."""
        self.columns: Final = dict(columns)

    def __getattr__(self, name: str) -> NDArray[Any]:
        try:
            found: NDArray[Any] = self.__dict__["columns"][name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no column {name!r}") from None
        return found

    def changed(self, **columns: NDArray[Any]) -> Self:
        """Return the same with other arrays in some columns."""
        found = object.__new__(type(self))
        Columns.__init__(found, self.layout, {**self.columns, **columns})
        return found
