"""Othello: a disc must flank and turns what it flanks; a side that cannot move passes.

The game ends when neither side can move. The board is a one-dimensional array with a border of
stride ``width + 1``, as in :mod:`engine.games.go_board`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Final

import numpy as np

from engine._kernel import helper, kernel
from engine.errors import SpecError
from engine.games import rows
from engine.games.gomoku import BORDER, cell_of
from engine.games.rows import begin, board_key, note
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, check_side
from engine.look import Look, squares
from engine.random import below, mix

SIZE_CLASSES: Final = (8, 16)


@cache
def _layout(size_class: int) -> np.dtype[Any]:
    return rows.layout(
        ("board", np.uint8, (size_class + 2) * (size_class + 1) + 1),
    )


@kernel
def reset_row(row):
    """Place the first four discs, with Black's on the rising diagonal."""
    begin(row)
    height, width = row["height"], row["width"]
    row["board"][:] = BORDER
    for action in range(height * width):
        row["board"][cell_of(row, action)] = EMPTY
    corner = cell_of(row, (height // 2 - 1) * width + width // 2 - 1)
    stride = width + 1
    row["board"][corner] = WHITE
    row["board"][corner + 1] = BLACK
    row["board"][corner + stride] = BLACK
    row["board"][corner + stride + 1] = WHITE


@helper
def flanks(row, cell, colour):
    """Return whether a disc of ``colour`` on an empty cell would turn any discs."""
    board = row["board"]
    stride = row["width"] + 1
    other = 3 - colour
    for step in (-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1):
        near = cell + step
        if board[near] != other:
            continue
        while board[near] == other:
            near += step
        if board[near] == colour:
            return True
    return False


@helper
def place_disc(row, cell, colour):
    """Place a disc and turn what it flanks; return how many it turned."""
    board = row["board"]
    stride = row["width"] + 1
    other = 3 - colour
    turned = 0
    for step in (-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1):
        near = cell + step
        if board[near] != other:
            continue
        while board[near] == other:
            near += step
        if board[near] == colour:
            near -= step
            while near != cell:
                board[near] = colour
                turned += 1
                near -= step
    board[cell] = colour
    return turned


@kernel
def can_move(row, colour):
    """Whether ``colour`` has a point to play on."""
    for point in range(row["height"] * row["width"]):
        cell = cell_of(row, point)
        if row["board"][cell] == EMPTY and flanks(row, cell, colour):
            return True
    return False


@kernel
def legal_row(row, out):
    """Mark legal actions in bool ``out`` ``(actions,)``, zeroed before."""
    points = row["height"] * row["width"]
    stuck = True
    for point in range(points):
        cell = cell_of(row, point)
        if row["board"][cell] == EMPTY and flanks(row, cell, row["to_move"]):
            out[point] = True
            stuck = False
    out[points] = stuck


@kernel
def is_legal(row, action):
    """Return whether the disc turns others, or the action is a pass and no disc can be placed."""
    if action == row["height"] * row["width"]:
        return not can_move(row, row["to_move"])
    cell = cell_of(row, action)
    return row["board"][cell] == EMPTY and flanks(row, cell, row["to_move"])


@helper
def is_safe(row, action):
    """Whether playing this would leave the row well formed: see :class:`~rows.RowKernels`."""
    return action == row["height"] * row["width"] or row["board"][cell_of(row, action)] == EMPTY


@kernel
def play_row(row, action):
    """Play a legal action, and end the game if neither side can move then."""
    if action < row["height"] * row["width"]:
        place_disc(row, cell_of(row, action), row["to_move"])
    note(row, action)
    if not can_move(row, row["to_move"]) and not can_move(row, 3 - row["to_move"]):
        row["finished"] = 1


@kernel
def stones_row(row, out):
    """Write the colour of each point to uint8 ``out`` ``(points,)``."""
    for point in range(row["height"] * row["width"]):
        out[point] = row["board"][cell_of(row, point)]


@kernel
def set_up_row(row, stones, to_move, strict):
    """Begin from ``stones`` uint8 ``(points,)``; return 0 or a number of ``REFUSALS``."""
    reset_row(row)
    row["to_move"] = to_move
    height, width = row["height"], row["width"]
    stride = width + 1
    first = cell_of(row, (height // 2 - 1) * width + width // 2 - 1)
    discs = 0
    for point in range(height * width):
        row["board"][cell_of(row, point)] = stones[point]
        if stones[point] != EMPTY:
            discs += 1
    for cell in (first, first + 1, first + stride, first + stride + 1):
        if row["board"][cell] == EMPTY:
            return 1
    if _connected_discs(row, first) < discs:
        return 2
    if not can_move(row, to_move) and not can_move(row, 3 - to_move):
        row["finished"] = 1
    return 0


@kernel
def _connected_discs(row, first):
    """Return the number of discs connected with the one on ``first``, also by diagonals."""
    board = row["board"]
    stride = row["width"] + 1
    found = np.zeros(len(board), np.bool_)
    stack = np.empty(len(board), np.int16)
    stack[0] = first
    found[first] = True
    waiting = 1
    count = 0
    while waiting > 0:
        waiting -= 1
        cell = stack[waiting]
        count += 1
        for step in (-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1):
            near = cell + step
            if board[near] in (BLACK, WHITE) and not found[near]:
                found[near] = True
                stack[waiting] = near
                waiting += 1
    return count


REFUSALS: Final = (
    "an empty point among the four in the middle",
    "a disc that touches no other",
)


@kernel
def score_row(row, ownership):
    """Return Black's discs minus White's; each disc owns its point."""
    lead = 0
    for point in range(row["height"] * row["width"]):
        occupant = row["board"][cell_of(row, point)]
        mine = 1 if occupant == BLACK else (-1 if occupant == WHITE else 0)
        ownership[point] = mine
        lead += mine
    return float(lead)


@kernel
def feature_row(row, planes, globals_):
    """Write the spec's ``plane_names`` and ``global_names``."""
    points = row["height"] * row["width"]
    colour = row["to_move"]
    for point in range(points):
        cell = cell_of(row, point)
        occupant = row["board"][cell]
        planes[point, 0] = 1
        if occupant != EMPTY:
            planes[point, 1 if occupant == colour else 2] = 1
        elif flanks(row, cell, colour):
            planes[point, 3] = 1
    for age in range(2):
        if 0 <= row["last"][age] < points:
            planes[row["last"][age], 4 + age] = 1
    globals_[0] = 1.0 if row["last"][0] == points else 0.0


@helper
def key_row(row):
    """Return a 64-bit hash of the discs and the side to move."""
    return board_key(row)


@kernel
def playout_row(row, seed):
    """Play uniformly random legal actions until the game ends."""
    empties = np.empty(row["height"] * row["width"], np.int16)
    count = 0
    for cell in range(len(row["board"])):
        if row["board"][cell] == EMPTY:
            empties[count] = cell
            count += 1
    state = seed
    while row["finished"] == 0:
        colour = row["to_move"]
        untried = count
        moved = False
        while untried > 0:
            state = mix(state)
            k = np.int64(below(state, np.uint64(untried)))
            cell = empties[k]
            if place_disc_if_legal(row, cell, colour):
                count -= 1
                untried -= 1
                empties[k] = empties[untried]
                empties[untried] = empties[count]
                moved = True
                break
            untried -= 1
            empties[k] = empties[untried]
            empties[untried] = cell
        if not moved and not can_move(row, 3 - colour):
            row["finished"] = 1
            break
        row["plies"] += 1
        row["to_move"] = 3 - colour


@helper
def place_disc_if_legal(row, cell, colour):
    """Place a disc if it turns others; return whether it did."""
    if place_disc(row, cell, colour) == 0:
        row["board"][cell] = EMPTY
        return False
    return True


_KERNELS = rows.bind(globals())


@dataclass(frozen=True)
class OthelloSpec(GameSpec):
    """Rules of Othello on boards with even sides.

    Raises:
        SpecError: on a size that does not exist.
    """

    height: int = 8
    width: int = 8

    name: ClassVar[str] = "othello"
    plane_names: ClassVar[tuple[str, ...]] = (
        "on_board",
        "own",
        "opponent",
        "legal",
        "last_1",
        "last_2",
    )
    global_names: ClassVar[tuple[str, ...]] = ("passed",)
    kernels: ClassVar[rows.RowKernels] = _KERNELS
    refusals: ClassVar[tuple[str, ...]] = REFUSALS
    rows_from_top: ClassVar[bool] = True
    has_points: ClassVar[bool] = True
    omits_passes: ClassVar[bool] = True
    most_stones_win: ClassVar[bool] = True
    sgf_number: ClassVar[str] = "2"
    look: ClassVar[Look] = Look(
        "cells",
        sizes=squares(4, 6, 8, 10),
        goal="Have more discs of your colour than the other side at the end.",
        how=(
            "A move encloses discs of the other colour in a line between two of yours; they turn.",
            "A side that can enclose none passes; the game ends when neither can.",
        ),
        shows_legal=True,
    )

    def __post_init__(self) -> None:
        check_side(self.name, self.height, self.width, 4, SIZE_CLASSES[-1])
        if self.height % 2 or self.width % 2:
            raise SpecError(
                f"expected a board of othello with even sides, got {self.height}x{self.width}"
            )

    @property
    def dtype(self) -> np.dtype[Any]:
        longer = max(self.height, self.width)
        return _layout(next(size for size in SIZE_CLASSES if size >= longer))

    @property
    def max_plies(self) -> int:
        """Bound on the plies of a game: a pass may precede each disc, but never another pass."""
        return 2 * self.points

    def _why_point_illegal(self, row: Any, point: str, action: int) -> str:
        return f"expected a point that turns discs, got {point}, which turns none,"
