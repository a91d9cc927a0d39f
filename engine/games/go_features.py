"""Network inputs of a Go position, from the point of view of the side to move."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine._kernel import kernel
from engine.games.go_board import BORDER, SIMPLE_KO, can_play, row_starts, superko_bites
from engine.games.spec import BLACK, EMPTY

PLANE_NAMES: Final = (
    "on_board",
    "own",
    "opponent",
    "liberties_1",  # stones of either colour whose chain has one liberty left
    "liberties_2",
    "liberties_3",
    "ko",  # empty points that only a ko rule forbids
    "legal",
    "last_1",  # the latest action, if it was a point
    "last_2",
)
GLOBAL_NAMES: Final = ("komi", "passed", "superko", "suicide")
_KOMI_SCALE = 20.0  # half points; komi 10 for the side to move is 1.0


@kernel
def _count_liberties(row, liberties):
    """Write each chain's true liberties at its root: every empty cell counts once per chain."""
    board, root = row["board"], row["root"]
    stride = row["width"] + 1
    steps = (-stride, -1, 1, stride)
    liberties[:] = 0
    for e in range(row["empty_count"]):
        cell = row["empties"][e]
        for k in range(4):
            neighbour = cell + steps[k]
            occupant = board[neighbour]
            if occupant in (EMPTY, BORDER):
                continue
            chain = root[neighbour]
            fresh = True
            for j in range(k):
                if root[cell + steps[j]] == chain:
                    fresh = False
            if fresh:
                liberties[chain] += 1


@kernel
def feature_row(row, planes, globals_):
    """Write uint8 ``planes`` ``(points, planes)``, zeroed before, and float32 ``globals_``."""
    board, root = row["board"], row["root"]
    liberties = np.empty(len(board), np.int16)
    points = row["height"] * row["width"]
    colour = row["to_move"]
    superko = superko_bites(row)
    _count_liberties(row, liberties)
    point = 0
    for start in row_starts(row):
        for cell in range(start, start + row["width"]):
            occupant = board[cell]
            planes[point, 0] = 1
            if occupant == EMPTY:
                if can_play(row, cell, colour, superko):
                    planes[point, 7] = 1
                elif row["suicide"] != 0 or breathes(row, cell, colour):
                    planes[point, 6] = 1
            else:
                planes[point, 1 if occupant == colour else 2] = 1
                count = liberties[root[cell]]
                if count <= 3:
                    planes[point, 2 + count] = 1
            point += 1
    for age in range(2):
        if 0 <= row["last"][age] < points:
            planes[row["last"][age], 8 + age] = 1
    sign = -1.0 if colour == BLACK else 1.0
    globals_[0] = sign * row["komi_half_points"] / _KOMI_SCALE
    globals_[1] = 1.0 if row["passes"] > 0 else 0.0
    globals_[2] = 1.0 if row["superko"] != SIMPLE_KO else 0.0
    globals_[3] = 1.0 if row["suicide"] != 0 else 0.0


@kernel
def breathes(row, cell, colour):
    """Return whether a stone here would have a liberty or capture: only ko can then forbid it."""
    board, root, libs = row["board"], row["root"], row["libs"]
    stride = row["width"] + 1
    steps = (-stride, -1, 1, stride)
    for step in steps:
        occupant = board[cell + step]
        if occupant == EMPTY:
            return True
        if occupant == BORDER:
            continue
        chain = root[cell + step]
        contacts = 0
        for other in steps:
            if root[cell + other] == chain:
                contacts += 1
        if (occupant == colour) == (libs[chain] > contacts):
            return True
    return False
