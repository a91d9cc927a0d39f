"""Hex: Black joins the top edge to the bottom, White the left edge to the right.

Each row of the board is shifted half a point right of the one above, so that a point has six
neighbours: left and right, above and above right, below left and below. On a full board exactly one
side joins its edges, so there are no draws (Nash; Gale, "The game of Hex and the Brouwer
fixed-point theorem", 1979).

The board is a one-dimensional array of stride ``width + 2`` with a border of stones: Black's above
and below, White's left and right. ``parent`` joins connected stones of a colour into a tree
(union-find with path halving). A game is won when two border sides have the same root.

With the swap rule White may answer the first stone by taking it over, which is the pass action
here. The stone becomes White's, mirrored on the long diagonal, so that it has the same value to
White as it had to Black.
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
from engine.games.connection import joining_chain
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

CORNER: Final = 3
SIZE_CLASSES: Final = (11, 19)


@cache
def _layout(size_class: int) -> np.dtype[Any]:
    cells = (size_class + 2) * (size_class + 2)
    return rows.layout(
        ("swap", np.uint8),  # 1: the swap rule applies
        ("winner", np.uint8),  # EMPTY until a side has won
        ("board", np.uint8, cells),
        ("parent", np.int16, cells),  # parents of stones; a root is its own parent
    )


@helper
def cell_of(row, action):
    """Return the cell of a point."""
    width = row["width"]
    return action + 2 * (action // width) + width + 3


@kernel
def reset_row(row):
    """Empty the board."""
    begin(row)
    row["winner"] = EMPTY
    height, width = row["height"], row["width"]
    stride = width + 2
    board, parent = row["board"], row["parent"]
    board[:] = CORNER
    parent[:] = 0
    for action in range(height * width):
        board[cell_of(row, action)] = EMPTY
    bottom = (height + 1) * stride
    for column in range(1, width + 1):
        board[column] = BLACK
        parent[column] = 1
        board[bottom + column] = BLACK
        parent[bottom + column] = bottom + 1
    for r in range(1, height + 1):
        board[r * stride] = WHITE
        parent[r * stride] = stride
        board[r * stride + width + 1] = WHITE
        parent[r * stride + width + 1] = stride + width + 1


@helper
def root_of(row, cell):
    """Return the root of the stones connected with this one, and halve the path to it."""
    parent = row["parent"]
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell


@helper
def put_stone(row, cell, colour):
    """Place a stone and note whether it joins the two edges of its colour."""
    board, parent = row["board"], row["parent"]
    stride = row["width"] + 2
    board[cell] = colour
    parent[cell] = cell
    root = np.int64(cell)
    joined_chains = 0
    for step in (-stride, -stride + 1, -1, 1, stride - 1, stride):
        near = cell + step
        if board[near] == colour:
            other = root_of(row, near)
            if other != root:
                parent[root] = other
                root = other
                joined_chains += 1
    if joined_chains < 2:
        return  # a stone wins only by joining groups of both edges
    last = row["height"] * stride
    if colour == BLACK:
        joined = root_of(row, 1) == root_of(row, last + stride + 1)
    else:
        joined = root_of(row, stride) == root_of(row, stride + row["width"] + 1)
    if joined:
        row["winner"] = colour
        row["finished"] = 1


@helper
def may_swap(row):
    """Whether White is to move and may take over the only stone, which is Black's."""
    if row["swap"] == 0 or row["plies"] > 1 or row["to_move"] != WHITE:
        return False
    black, white = 0, 0
    for point in range(row["height"] * row["width"]):
        occupant = row["board"][cell_of(row, point)]
        black += occupant == BLACK
        white += occupant == WHITE
    return black == 1 and white == 0


@kernel
def legal_row(row, out):
    """Mark legal actions in bool ``out`` ``(actions,)``, zeroed before."""
    points = row["height"] * row["width"]
    for point in range(points):
        out[point] = row["board"][cell_of(row, point)] == EMPTY
    out[points] = may_swap(row)


@helper
def is_legal(row, action):
    """Return whether the action is an empty point or an allowed swap."""
    if action == row["height"] * row["width"]:
        return may_swap(row)
    return row["board"][cell_of(row, action)] == EMPTY


is_safe = is_legal


@kernel
def play_row(row, action):
    """Play a legal action."""
    if action < row["height"] * row["width"]:
        put_stone(row, cell_of(row, action), row["to_move"])
    else:
        width = row["width"]
        stone = 0
        while row["board"][cell_of(row, stone)] != BLACK:
            stone += 1
        row["board"][cell_of(row, stone)] = EMPTY
        put_stone(row, cell_of(row, stone % width * width + stone // width), row["to_move"])
    note(row, action)


@kernel
def stones_row(row, out):
    """Write the colour of each point to uint8 ``out`` ``(points,)``."""
    for point in range(row["height"] * row["width"]):
        out[point] = row["board"][cell_of(row, point)]


@kernel
def set_up_row(row, stones, to_move, strict):
    """Begin from ``stones`` uint8 ``(points,)``; return 0 or a number of ``REFUSALS``.

    After a swap White has one stone more and Black is to move.
    """
    counts = np.zeros(3, np.int64)
    for point in range(row["height"] * row["width"]):
        counts[stones[point]] += 1
    expected = 0 if to_move == BLACK else 1
    lead = counts[BLACK] - counts[WHITE]
    swapped = row["swap"] != 0 and counts[WHITE] > 0 and lead == expected - 1
    if strict and lead != expected and not swapped:
        return 1
    _place_all(row, stones, -1)
    winner = row["winner"]
    if winner == to_move:
        return 2
    if winner != EMPTY:
        made = False
        for point in range(row["height"] * row["width"]):
            if stones[point] == winner and not made:
                _place_all(row, stones, point)
                made = row["winner"] == EMPTY
        if not made:
            return 3
    _place_all(row, stones, -1)
    row["to_move"] = to_move
    return 0


@kernel
def _place_all(row, stones, left_out):
    """Set the board to ``stones`` without the point ``left_out``."""
    reset_row(row)
    for point in range(row["height"] * row["width"]):
        if stones[point] != EMPTY and point != left_out:
            put_stone(row, cell_of(row, point), stones[point])


REFUSALS: Final = (
    "numbers of stones that turns cannot give",
    "a chain from edge to edge of the side to move, whose opponent would have moved after the end",
    "chains from edge to edge that no single last stone can have made",
)


@kernel
def score_row(row, ownership):
    """Return 1 if Black has won, -1 if White has, else 0; ``ownership`` is not written."""
    return 1.0 if row["winner"] == BLACK else (-1.0 if row["winner"] == WHITE else 0.0)


@kernel
def feature_row(row, planes, globals_):
    """Write the spec's ``plane_names`` and ``global_names``.

    Planes mark the edges of each side, so that one network plays both sides.
    """
    height, width = row["height"], row["width"]
    black_to_move = row["to_move"] == BLACK
    for point in range(height * width):
        occupant = row["board"][cell_of(row, point)]
        planes[point, 0] = 1
        if occupant == EMPTY:
            planes[point, 3] = 1
        else:
            planes[point, 1 if occupant == row["to_move"] else 2] = 1
        r, column = point // width, point % width
        if r == 0 or r == height - 1:
            planes[point, 6 if black_to_move else 7] = 1
        if column == 0 or column == width - 1:
            planes[point, 7 if black_to_move else 6] = 1
    for age in range(2):
        if 0 <= row["last"][age] < height * width:
            planes[row["last"][age], 4 + age] = 1
    globals_[0] = 1.0 if may_swap(row) else 0.0


@helper
def key_row(row):
    """Return a 64-bit hash of the stones, the side to move and whether a swap is allowed."""
    key = board_key(row)
    return mix(key) if may_swap(row) else key


@kernel
def playout_row(row, seed):
    """Play uniformly random points until the game ends, without swaps."""
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
        put_stone(row, cell, row["to_move"])
        row["plies"] += 1
        row["to_move"] = 3 - row["to_move"]


_KERNELS = rows.bind(globals())


@dataclass(frozen=True)
class HexSpec(GameSpec):
    """Rules of Hex.

    Raises:
        SpecError: on a size that does not exist, or a swap on a board that is not square.
    """

    height: int = 11
    width: int = 11
    swap: bool = False
    """Whether White may take over Black's first stone instead of placing one."""

    name: ClassVar[str] = "hex"
    plane_names: ClassVar[tuple[str, ...]] = (
        "on_board",
        "own",
        "opponent",
        "legal",
        "last_1",
        "last_2",
        "own_edge",
        "opponent_edge",
    )
    global_names: ClassVar[tuple[str, ...]] = ("swap",)
    kernels: ClassVar[rows.RowKernels] = _KERNELS
    refusals: ClassVar[tuple[str, ...]] = REFUSALS
    symmetries: ClassVar[tuple[int, ...]] = (0, 3)
    rows_from_top: ClassVar[bool] = True
    slant: ClassVar[bool] = True
    pass_name: ClassVar[str] = "swap"
    sgf_number: ClassVar[str] = "11"
    look: ClassVar[Look] = Look(
        "hexagons",
        ("Red", "Blue"),
        ("red", "blue"),
        sizes=squares(5, 7, 9, 11, 13),
        goal="Join the two edges of your colour with a chain of stones.",
        how=(
            "Stones are placed on free points and stay; there are no draws.",
            "With the swap rule the second player may take over the first stone.",
        ),
    )
    quick_size: ClassVar[tuple[int, int] | tuple[()]] = (7, 7)

    def __post_init__(self) -> None:
        check_side(self.name, self.height, self.width, 3, SIZE_CLASSES[-1])
        check_flag("swap", self.swap)
        if self.swap and self.height != self.width:
            raise SpecError(f"expected a square board for the swap rule, got {self}")

    @property
    def dtype(self) -> np.dtype[Any]:
        longer = max(self.height, self.width)
        return _layout(next(size for size in SIZE_CLASSES if size >= longer))

    @property
    def max_plies(self) -> int:
        """Plies of the longest game: one for every point, and a swap."""
        return self.points + 1

    @property
    def row_rules(self) -> dict[str, int]:
        return {"swap": int(self.swap)}

    def winning_points(self, positions: Positions) -> NDArray[np.bool_]:
        marked = np.zeros((len(positions), self.points), np.bool_)
        for row in np.flatnonzero(self.finished(positions)):
            stones = self.stones(positions[row : row + 1])[0]
            winner = int(positions["winner"][row])
            marked[row] = joining_chain(stones, self.height, self.width, winner)
        return marked
