"""Area scoring of a Go board as it stands: stones, and empty regions that reach one colour only.

Tromp-Taylor's rule 9: a region that reaches both colours, or none, belongs to nobody. Whether
stones are dead is the caller's to say.
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
def area_rows(positions, dead, ownership, scores):
    """Score rows.

    Args:
        positions: ``(rows,)``; untouched.
        dead: bool ``(rows, points)``, stones to take off first; no columns means none are dead.
        ownership: int8 ``(rows, points)``, written: 1 Black, -1 White, 0 neither.
        scores: float32 ``(rows,)``, written: Black's points minus White's minus komi.
    """
    cells = len(positions[0]["board"])
    colours = np.empty(cells, np.uint8)
    region = np.empty(cells, np.int16)
    owner = np.empty(cells, np.int8)
    for i in range(len(positions)):
        row = positions[i]
        points = row["height"] * row["width"]
        colours[:] = row["board"]
        for point in range(dead.shape[1]):
            if dead[i, point]:
                colours[cell_of(row, point)] = EMPTY
        _own_area(row, colours, region, owner)
        balance = 0
        for point in range(points):
            who = owner[cell_of(row, point)]
            mine = 1 if who == BLACK else (-1 if who == WHITE else 0)
            ownership[i, point] = mine
            balance += mine
        scores[i] = balance - row["komi_half_points"] / 2.0
