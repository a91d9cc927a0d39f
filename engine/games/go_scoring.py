"""Scoring of a Go board as it stands: stones, and empty regions that reach one colour only.

Tromp-Taylor's rule 9: a region that reaches both colours, or none, belongs to neither side. Area
scoring counts stones and regions; territory scoring counts regions and prisoners. The caller says
which stones are dead, and which are alive in seki.
"""

from __future__ import annotations

import numpy as np

from engine._kernel import kernel
from engine.games.go_board import BORDER, cell_of
from engine.games.spec import BLACK, EMPTY, WHITE


@kernel
def _own_area(row, colours, region, owner):
    """Write each cell's owner; ``colours`` is the board to be scored, ``region`` scratch space."""
    stride = row["width"] + 1
    steps = (-stride, -1, 1, stride)
    owner[:] = -1
    for start in range(len(colours)):
        if colours[start] in (BLACK, WHITE):
            owner[start] = colours[start]
        if colours[start] != EMPTY or owner[start] != -1:
            continue
        region[0] = start
        owner[start] = EMPTY
        filled = 1
        reached = 0
        i = 0
        while i < filled:
            for step in steps:
                neighbour = region[i] + step
                if colours[neighbour] == EMPTY:
                    if owner[neighbour] == -1:
                        owner[neighbour] = EMPTY
                        region[filled] = neighbour
                        filled += 1
                elif colours[neighbour] != BORDER:
                    reached |= colours[neighbour]
            i += 1
        if reached in (BLACK, WHITE):
            for k in range(filled):
                owner[region[k]] = reached


@kernel
def score_row(row, ownership):
    """Score the board as it stands, by area or territory as the row's rules say.

    Writes int8 ``ownership`` ``(points,)``: 1 Black, -1 White, 0 neither. Returns Black's points
    minus White's minus komi.
    """
    cells = len(row["board"])
    region = np.empty(cells, np.int16)
    owner = np.empty(cells, np.int8)
    _own_area(row, row["board"], region, owner)
    balance = 0
    if row["territory"] != 0:
        balance = row["prisoners"][0] - row["prisoners"][1]
    for point in range(row["height"] * row["width"]):
        cell = cell_of(row, point)
        who = owner[cell]
        mine = 1 if who == BLACK else (-1 if who == WHITE else 0)
        ownership[point] = mine
        if row["territory"] == 0 or row["board"][cell] == EMPTY:
            balance += mine
    return balance - row["komi_half_points"] / 2.0


@kernel
def take_off_rows(positions, dead):
    """Take stones that bool ``dead`` ``(rows, points)`` marks off the board, as prisoners.

    It serves scoring only: chains and hashes of the rows are not updated.
    """
    for i in range(len(positions)):
        row = positions[i]
        for point in range(dead.shape[1]):
            cell = cell_of(row, point)
            colour = row["board"][cell]
            if dead[i, point] and colour != EMPTY:
                row["board"][cell] = EMPTY
                row["prisoners"][2 - colour] += 1
