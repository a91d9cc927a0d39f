"""Gomoku and its family, m,n,k: the first side with ``length`` stones in a line wins.

The board is a one-dimensional array with a border of stride ``width + 1``, as in
:mod:`engine.games.go_board`: the cell right of the last column is the next row's border.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel
from engine.errors import SpecError
from engine.games import rows
from engine.games.connection import completed_rows, threats
from engine.games.forced import Forced
from engine.games.gomoku_threats import force_rows
from engine.games.rows import begin, board_key, note
from engine.games.spec import (
    BLACK,
    EMPTY,
    WHITE,
    GameSpec,
    Positions,
    check_flag,
    check_side,
)
from engine.look import Look, squares
from engine.random import below, mix

BORDER: Final = 3
SIZE_CLASSES: Final = (3, 9, 15, 25)


@cache
def _layout(size_class: int) -> np.dtype[Any]:
    return rows.layout(
        ("length", np.uint8),  # stones in a line that win
        ("exactly", np.uint8),  # 1: a longer line does not win
        ("winner", np.uint8),  # EMPTY until a side has won
        ("left", np.int16),  # number of empty points
        ("board", np.uint8, (size_class + 2) * (size_class + 1) + 1),
    )


@helper
def cell_of(row, action):
    """Return the cell of a point."""
    width = row["width"]
    return action + action // width + width + 2


@kernel
def reset_row(row):
    """Empty the board."""
    begin(row)
    row["winner"] = EMPTY
    row["left"] = row["height"] * row["width"]
    row["board"][:] = BORDER
    for action in range(row["height"] * row["width"]):
        row["board"][cell_of(row, action)] = EMPTY


@helper
def makes_line(row, cell, colour):
    """Whether a stone of ``colour`` on ``cell`` is part of a line that wins."""
    board = row["board"]
    stride = row["width"] + 1
    for step in (1, stride - 1, stride, stride + 1):
        run = 1
        near = cell + step
        while board[near] == colour:
            run += 1
            near += step
        near = cell - step
        while board[near] == colour:
            run += 1
            near -= step
        if run == row["length"] or (run > row["length"] and row["exactly"] == 0):
            return True
    return False


@kernel
def legal_row(row, out):
    """Mark empty points in bool ``out`` ``(actions,)``, zeroed before."""
    for point in range(row["height"] * row["width"]):
        out[point] = row["board"][cell_of(row, point)] == EMPTY


@helper
def is_legal(row, action):
    """Whether the action is an empty point."""
    return action < row["height"] * row["width"] and row["board"][cell_of(row, action)] == EMPTY


is_safe = is_legal


@helper
def put_stone(row, cell):
    """Place the mover's stone, and end the game if that wins or fills the board."""
    colour = row["to_move"]
    row["board"][cell] = colour
    row["left"] -= 1
    if row["left"] == 0:
        row["finished"] = 1
    if makes_line(row, cell, colour):
        row["winner"] = colour
        row["finished"] = 1


@kernel
def play_row(row, action):
    """Play a legal action."""
    put_stone(row, cell_of(row, action))
    note(row, action)


@kernel
def stones_row(row, out):
    """Write the colour of each point to uint8 ``out`` ``(points,)``."""
    for point in range(row["height"] * row["width"]):
        out[point] = row["board"][cell_of(row, point)]


@kernel
def _has_line(row, colour):
    for point in range(row["height"] * row["width"]):
        cell = cell_of(row, point)
        if row["board"][cell] == colour and makes_line(row, cell, colour):
            return True
    return False


@kernel
def _one_stone_made_it(row, colour):
    """Return whether ``colour`` has a stone without which it has no winning line."""
    board = row["board"]
    for point in range(row["height"] * row["width"]):
        cell = cell_of(row, point)
        if board[cell] == colour:
            board[cell] = EMPTY
            before = _has_line(row, colour)
            board[cell] = colour
            if not before:
                return True
    return False


@kernel
def set_up_row(row, stones, to_move, strict):
    """Begin from ``stones`` uint8 ``(points,)``; return 0 or a number of ``REFUSALS``."""
    reset_row(row)
    counts = np.zeros(3, np.int64)
    for point in range(row["height"] * row["width"]):
        row["board"][cell_of(row, point)] = stones[point]
        counts[stones[point]] += 1
    row["to_move"] = to_move
    row["left"] = counts[EMPTY]
    if strict and counts[BLACK] - counts[WHITE] != (0 if to_move == BLACK else 1):
        return 1
    other = 3 - to_move
    if _has_line(row, to_move):
        return 2
    if _has_line(row, other):
        if not _one_stone_made_it(row, other):
            return 3
        row["winner"] = other
        row["finished"] = 1
    if row["left"] == 0:
        row["finished"] = 1
    return 0


REFUSALS: Final = (
    "numbers of stones that turns cannot give",
    "a line of the side to move, whose opponent would have moved after the end",
    "lines that no single last stone can have made",
)


@kernel
def score_row(row, ownership):
    """Return 1 if Black has won, -1 if White has, else 0; ``ownership`` is not written."""
    return 1.0 if row["winner"] == BLACK else (-1.0 if row["winner"] == WHITE else 0.0)


@kernel
def feature_row(row, planes, globals_):
    """Write the spec's ``plane_names`` and ``global_names``."""
    points = row["height"] * row["width"]
    for point in range(points):
        occupant = row["board"][cell_of(row, point)]
        planes[point, 0] = 1
        if occupant == EMPTY:
            planes[point, 3] = 1
        else:
            planes[point, 1 if occupant == row["to_move"] else 2] = 1
    for age in range(2):
        if row["last"][age] >= 0:
            planes[row["last"][age], 4 + age] = 1
    globals_[0] = row["length"] / 10.0
    globals_[1] = row["exactly"]


@helper
def key_row(row):
    """Return a 64-bit hash of the stones and the side to move."""
    return board_key(row)


@kernel
def playout_row(row, seed):
    """Play uniformly random empty points until the game ends."""
    empties = np.empty(row["height"] * row["width"], np.int16)
    left = 0
    for cell in range(len(row["board"])):
        if row["board"][cell] == EMPTY:
            empties[left] = cell
            left += 1
    state = seed
    while row["finished"] == 0:
        state = mix(state)
        k = np.int64(below(state, np.uint64(left)))
        cell = empties[k]
        left -= 1
        empties[k] = empties[left]
        put_stone(row, cell)
        row["plies"] += 1
        row["to_move"] = 3 - row["to_move"]


_KERNELS = rows.bind(globals())


@dataclass(frozen=True)
class GomokuSpec(GameSpec):
    """Rules of m,n,k; the defaults are freestyle Gomoku.

    Raises:
        SpecError: on a size or length that does not exist.
    """

    height: int = 15
    width: int = 15
    length: int = 5
    """Stones in a line that win; at most the longer side."""
    exactly: bool = False
    """Whether a longer line does not win ("exactly five")."""

    name: ClassVar[str] = "gomoku"
    plane_names: ClassVar[tuple[str, ...]] = (
        "on_board",
        "own",
        "opponent",
        "legal",
        "last_1",
        "last_2",
    )
    global_names: ClassVar[tuple[str, ...]] = ("length", "exactly")
    kernels: ClassVar[rows.RowKernels] = _KERNELS
    refusals: ClassVar[tuple[str, ...]] = REFUSALS
    smallest: ClassVar[int] = 3
    star_points: ClassVar[bool] = True
    has_forced: ClassVar[bool] = True
    sgf_number: ClassVar[str] = "4"
    look: ClassVar[Look] = Look(
        sizes=squares(9, 13, 15, 19),
        goal="Be the first with {length} stones in a row, in any direction.",
        how=(
            "Stones are placed on crossings and stay.",
            "A full board without such a row is a draw.",
        ),
    )
    quick_size: ClassVar[tuple[int, int] | tuple[()]] = (9, 9)

    def __post_init__(self) -> None:
        check_side(self.name, self.height, self.width, self.smallest, SIZE_CLASSES[-1])
        check_flag("exactly", self.exactly)
        longer = max(self.height, self.width)
        if not isinstance(self.length, int) or not 3 <= self.length <= longer:
            raise SpecError(
                f"expected a line of 3 to {longer} stones on {self}, got {self.length!r}"
            )

    @property
    def dtype(self) -> np.dtype[Any]:
        longer = max(self.height, self.width)
        return _layout(next(size for size in SIZE_CLASSES if size >= longer))

    @property
    def max_plies(self) -> int:
        return self.points

    @property
    def row_rules(self) -> dict[str, int]:
        return {"length": self.length, "exactly": int(self.exactly)}

    def winning_points(self, positions: Positions) -> NDArray[np.bool_]:
        size = (self.height, self.width, self.length)
        won = self.finished(positions)[:, None]
        return completed_rows(self.stones(positions), *size) & won

    def threats(self, positions: Positions) -> NDArray[np.uint8]:
        size = (self.height, self.width, self.length)
        return threats(self.stones(positions), *size, self.exactly)

    def forced(self, positions: Positions, effort: int) -> Forced:
        """Find wins by continuous fours and the points that avert a line of the opponent.

        Args:
            positions: ``(rows,)``.
            effort: fours to try in each.
        """
        self._check(positions)
        forced = Forced.unknown(len(positions), self.actions)
        if len(positions):
            force_rows(positions, effort, *forced)
        return forced


@dataclass(frozen=True)
class TicTacToeSpec(GomokuSpec):
    """Tic-tac-toe: m,n,k with 3, 3, 3."""

    height: int = 3
    width: int = 3
    length: int = 3

    name: ClassVar[str] = "tic_tac_toe"
    star_points: ClassVar[bool] = False
    look: ClassVar[Look] = Look(
        "paper",
        ("X", "O"),
        ("blue", "red"),
        "Tic-tac-toe",
        goal="Be the first with three marks in a row, in any direction.",
        how=("A full board without such a row is a draw.",),
    )
    quick_size: ClassVar[tuple[int, int] | tuple[()]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.height, self.width, self.length, self.exactly) != (3, 3, 3, False):
            raise SpecError(
                f"expected tic-tac-toe on 3x3 with lines of 3, got {self.height!r}x{self.width!r} "
                f"with {self.length!r}; other sizes are played as gomoku"
            )
