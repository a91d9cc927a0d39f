"""Connect Four: discs fall to the lowest empty point of a column; a line of ``length`` wins.

An action is the point where the disc comes to rest. The board is a one-dimensional array with a
border of stride ``width + 1``, as in :mod:`engine.games.go_board`.
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
from engine.games.gomoku import BORDER, cell_of, makes_line
from engine.games.rows import begin, board_key, note
from engine.games.spec import (
    BLACK,
    EMPTY,
    LARGEST_SIDE,
    WHITE,
    GameSpec,
    Positions,
    check_side,
)
from engine.look import Look
from engine.random import below, mix

SIZE_CLASSES: Final = (9, LARGEST_SIDE)


@cache
def _layout(size_class: int) -> np.dtype[Any]:
    return rows.layout(
        ("length", np.uint8),  # discs in a line that win
        ("exactly", np.uint8),  # always 0: longer lines win too
        ("winner", np.uint8),  # EMPTY until a side has won
        ("discs", np.uint8, size_class),  # number of discs in each column
        ("board", np.uint8, (size_class + 2) * (size_class + 1) + 1),
    )


@kernel
def reset_row(row):
    """Empty the board."""
    begin(row)
    row["winner"] = EMPTY
    row["discs"][:] = 0
    row["board"][:] = BORDER
    for action in range(row["height"] * row["width"]):
        row["board"][cell_of(row, action)] = EMPTY


@helper
def landing(row, column):
    """Return the point where a disc dropped into a column comes to rest; it must not be full."""
    return (row["height"] - 1 - row["discs"][column]) * row["width"] + column


@kernel
def legal_row(row, out):
    """Mark landing points in bool ``out`` ``(actions,)``, zeroed before."""
    for column in range(row["width"]):
        if row["discs"][column] < row["height"]:
            out[landing(row, column)] = True


@helper
def is_legal(row, action):
    """Return whether a disc dropped into the action's column comes to rest on its point."""
    column = action % row["width"]
    points = row["height"] * row["width"]
    return (
        action < points and row["discs"][column] < row["height"] and action == landing(row, column)
    )


is_safe = is_legal


@helper
def put_disc(row, cell, column):
    """Place the mover's disc in a column, and end the game if that wins."""
    colour = row["to_move"]
    row["board"][cell] = colour
    row["discs"][column] += 1
    if makes_line(row, cell, colour):
        row["winner"] = colour
        row["finished"] = 1


@kernel
def play_row(row, action):
    """Drop a disc, and end the game if that wins or fills the board."""
    put_disc(row, cell_of(row, action), action % row["width"])
    note(row, action)
    if action < row["width"]:
        for column in range(row["width"]):
            if row["discs"][column] < row["height"]:
                return
        row["finished"] = 1


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
def _one_disc_made_it(row, colour):
    """Return whether ``colour`` has a top disc without which it has no winning line."""
    board = row["board"]
    for column in range(row["width"]):
        if row["discs"][column] > 0:
            cell = cell_of(row, landing(row, column) + row["width"])
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
    row["to_move"] = to_move
    height, width = row["height"], row["width"]
    counts = np.zeros(3, np.int64)
    for point in range(height * width - 1, -1, -1):
        row["board"][cell_of(row, point)] = stones[point]
        counts[stones[point]] += 1
        if stones[point] != EMPTY:
            if point != landing(row, point % width):
                return 4
            row["discs"][point % width] += 1
    if strict and counts[BLACK] - counts[WHITE] != (0 if to_move == BLACK else 1):
        return 1
    other = 3 - to_move
    if _has_line(row, to_move):
        return 2
    if _has_line(row, other):
        if not _one_disc_made_it(row, other):
            return 3
        row["winner"] = other
        row["finished"] = 1
    if counts[EMPTY] == 0:
        row["finished"] = 1
    return 0


REFUSALS: Final = (
    "numbers of discs that turns cannot give",
    "a line of the side to move, whose opponent would have moved after the end",
    "lines that no single last disc can have made",
    "a disc that hangs in the air",
)


@kernel
def score_row(row, ownership):
    """Return 1 if Black has won, -1 if White has, else 0; ``ownership`` is not written."""
    return 1.0 if row["winner"] == BLACK else (-1.0 if row["winner"] == WHITE else 0.0)


@kernel
def feature_row(row, planes, globals_):
    """Write the spec's ``plane_names`` and ``global_names``."""
    for point in range(row["height"] * row["width"]):
        occupant = row["board"][cell_of(row, point)]
        planes[point, 0] = 1
        if occupant != EMPTY:
            planes[point, 1 if occupant == row["to_move"] else 2] = 1
    for column in range(row["width"]):
        if row["discs"][column] < row["height"]:
            planes[landing(row, column), 3] = 1
    for age in range(2):
        if row["last"][age] >= 0:
            planes[row["last"][age], 4 + age] = 1
    globals_[0] = row["length"] / 10.0


@helper
def key_row(row):
    """Return a 64-bit hash of the discs and the side to move."""
    return board_key(row)


@kernel
def playout_row(row, seed):
    """Drop discs into uniformly random open columns until the game ends."""
    height, stride = row["height"], row["width"] + 1
    columns = np.empty(row["width"], np.int16)
    open_columns = 0
    for column in range(row["width"]):
        if row["discs"][column] < height:
            columns[open_columns] = column
            open_columns += 1
    state = seed
    while row["finished"] == 0:
        state = mix(state)
        k = np.int64(below(state, np.uint64(open_columns)))
        column = columns[k]
        put_disc(row, (height - row["discs"][column]) * stride + column + 1, column)
        row["plies"] += 1
        row["to_move"] = 3 - row["to_move"]
        if row["discs"][column] == height:
            open_columns -= 1
            columns[k] = columns[open_columns]
            if open_columns == 0:
                row["finished"] = 1


_KERNELS = rows.bind(globals())


@dataclass(frozen=True)
class ConnectFourSpec(GameSpec):
    """Rules of Connect Four.

    Raises:
        SpecError: on a size or length that does not exist.
    """

    height: int = 6
    width: int = 7
    length: int = 4
    """Discs in a line that win; at most the longer side."""

    name: ClassVar[str] = "connect_four"
    plane_names: ClassVar[tuple[str, ...]] = (
        "on_board",
        "own",
        "opponent",
        "legal",
        "last_1",
        "last_2",
    )
    global_names: ClassVar[tuple[str, ...]] = ("length",)
    kernels: ClassVar[rows.RowKernels] = _KERNELS
    refusals: ClassVar[tuple[str, ...]] = REFUSALS
    symmetries: ClassVar[tuple[int, ...]] = (0, 2)
    stones_fall: ClassVar[bool] = True
    look: ClassVar[Look] = Look(
        "holes",
        ("Red", "Yellow"),
        ("red", "yellow"),
        "Connect Four",
        ((5, 6), (6, 7), (7, 8)),
        goal="Be the first with {length} discs in a row, in any direction.",
        how=(
            "A disc falls to the lowest free place of its column.",
            "A full board without such a row is a draw.",
        ),
    )

    def __post_init__(self) -> None:
        check_side(self.name, self.height, self.width, 2, SIZE_CLASSES[-1])
        longer = max(self.height, self.width)
        if not isinstance(self.length, int) or not 2 <= self.length <= longer:
            raise SpecError(
                f"expected a line of 2 to {longer} discs on {self}, got {self.length!r}"
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
        return {"length": self.length}

    def winning_points(self, positions: Positions) -> NDArray[np.bool_]:
        size = (self.height, self.width, self.length)
        won = self.finished(positions)[:, None]
        return completed_rows(self.stones(positions), *size) & won

    def threats(self, positions: Positions) -> NDArray[np.uint8]:
        return threats(self.stones(positions), self.height, self.width, self.length)

    def _why_point_illegal(self, row: Any, point: str, action: int) -> str:
        return f"expected the lowest empty point of a column, got {point}, which is above it,"
