"""What a network sees of a Go position, from the side to move."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine._kernel import kernel
from engine.games.go_board import BORDER, can_play, cell_of
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
def feature_rows(positions, planes, globals_):
    """Write uint8 ``planes`` ``(rows, points, planes)``, zeroed before, and ``globals_``."""
    liberties = np.empty(len(positions[0]["board"]), np.int16)
    for i in range(len(positions)):
        row = positions[i]
        board, root = row["board"], row["root"]
        points = row["height"] * row["width"]
        colour = row["to_move"]
        superko = row["positional_superko"] != 0
        _count_liberties(row, liberties)
        for point in range(points):
            cell = cell_of(row, point)
            occupant = board[cell]
            planes[i, point, 0] = 1
            if occupant == EMPTY:
                if can_play(row, cell, colour, superko):
                    planes[i, point, 7] = 1
                elif row["suicide"] != 0 or breathes(row, cell, colour):
                    planes[i, point, 6] = 1
                continue
            planes[i, point, 1 if occupant == colour else 2] = 1
            count = liberties[root[cell]]
            if count <= 3:
                planes[i, point, 2 + count] = 1
        for age in range(2):
            if 0 <= row["last"][age] < points:
                planes[i, row["last"][age], 8 + age] = 1
        sign = -1.0 if colour == BLACK else 1.0
        globals_[i, 0] = sign * row["komi_half_points"] / _KOMI_SCALE
        globals_[i, 1] = 1.0 if row["passes"] > 0 else 0.0
        globals_[i, 2] = 1.0 if superko else 0.0
        globals_[i, 3] = 1.0 if row["suicide"] != 0 else 0.0


@kernel
def breathes(row, cell, colour):
    """Whether a stone here would breathe or capture, so that only a ko rule can forbid it."""
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
