"""Chains that cannot be captured and points that cannot be lost, whatever the opponent plays.

Benson's theorem ("Life in the game of Go", Information Sciences 10, 1976): a set of chains of one
colour lives unconditionally if each of them has two vital regions that only chains of the set
enclose. A region is a largest connected set of points without that colour. It is vital to a chain
if every one of its empty points is a liberty of the chain. The search starts from all chains and
removes those with fewer than two vital regions, with the regions they enclose, until none remains.

A region belongs to living chains as well if they alone enclose it and every empty point of it
touches one of them. The opponent cannot make an eye there: an eye is an empty point that touches no
enemy stone.

The theorem assumes that suicide is forbidden. Where it is allowed, stones in a region can leave it
and uncover empty points. There every point of a region must touch the chain, not only the empty
ones.
"""

from __future__ import annotations

import numpy as np

from engine._kernel import helper, kernel
from engine.games.go_board import BORDER, cell_of
from engine.games.spec import BLACK, EMPTY, WHITE

_NO_REGION = 0


@kernel
def _label_regions(row, colour, region):
    """Number regions without ``colour`` in int16 ``region`` ``(cells,)`` from 1; count them."""
    board = row["board"]
    stride = row["width"] + 1
    steps = (-stride, -1, 1, stride)
    stack = np.empty(len(board), np.int16)
    region[:] = _NO_REGION
    count = 0
    for point in range(row["height"] * row["width"]):
        start = cell_of(row, point)
        if board[start] == colour or region[start] != _NO_REGION:
            continue
        count += 1
        region[start] = count
        stack[0] = start
        filled = 1
        while filled > 0:
            filled -= 1
            cell = stack[filled]
            for step in steps:
                near = cell + step
                if board[near] not in (colour, BORDER) and region[near] == _NO_REGION:
                    region[near] = count
                    stack[filled] = near
                    filled += 1
    return count


@helper
def _must_touch(row, cell, colour):
    """Return whether an eye could arise on this point of a region without ``colour``."""
    occupant = row["board"][cell]
    return occupant == EMPTY or (row["suicide"] != 0 and occupant == 3 - colour)


@kernel
def _touches(row, cell, chain):
    """Whether a cell is next to a stone of this chain."""
    stride = row["width"] + 1
    for step in (-stride, -1, 1, stride):  # noqa: SIM110
        if row["root"][cell + step] == chain:
            return True
    return False


@kernel
def _count_vital(row, region, open_region, chain, regions, vital):
    """Return how many regions still ``open_region`` are vital to a chain."""
    board = row["board"]
    stride = row["width"] + 1
    vital[: regions + 1] = False
    cell = chain
    while True:
        for step in (-stride, -1, 1, stride):
            vital[region[cell + step]] = True
        cell = row["next"][cell]
        if cell == chain:
            break
    vital[_NO_REGION] = False
    for point in range(row["height"] * row["width"]):
        cell = cell_of(row, point)
        if not vital[region[cell]] or not _must_touch(row, cell, board[chain]):
            continue
        if not _touches(row, cell, chain):
            vital[region[cell]] = False
    count = 0
    for k in range(1, regions + 1):
        if vital[k] and open_region[k]:
            count += 1
    return count


@kernel
def _close_regions(row, colour, region, alive, open_region):
    """Clear regions that a chain no longer ``alive`` helps to enclose."""
    stride = row["width"] + 1
    for point in range(row["height"] * row["width"]):
        cell = cell_of(row, point)
        if row["board"][cell] == colour and not alive[row["root"][cell]]:
            for step in (-stride, -1, 1, stride):
                open_region[region[cell + step]] = False


@kernel
def _living_chains(row, colour, region, regions, alive, open_region):
    """Mark living chains at their roots in bool ``alive`` and the regions they alone enclose."""
    vital = np.zeros(regions + 1, np.bool_)
    for cell in range(len(alive)):
        alive[cell] = row["board"][cell] == colour and row["root"][cell] == cell
    open_region[:] = True
    changed = True
    while changed:
        changed = False
        for chain in range(len(alive)):
            if alive[chain] and _count_vital(row, region, open_region, chain, regions, vital) < 2:
                alive[chain] = False
                changed = True
        if changed:
            _close_regions(row, colour, region, alive, open_region)


@kernel
def _mark_certain(row, colour, mark, certain):
    """Write ``mark`` on living stones of a colour and on the regions that certainly are theirs."""
    board = row["board"]
    cells = len(board)
    stride = row["width"] + 1
    region = np.empty(cells, np.int16)
    alive = np.empty(cells, np.bool_)
    regions = _label_regions(row, colour, region)
    theirs = np.empty(regions + 1, np.bool_)
    _living_chains(row, colour, region, regions, alive, theirs)
    enclosed = np.zeros(regions + 1, np.bool_)  # no chain encloses an empty board
    for point in range(row["height"] * row["width"]):
        cell = cell_of(row, point)
        if board[cell] == colour:
            for step in (-stride, -1, 1, stride):
                enclosed[region[cell + step]] = True
        elif _must_touch(row, cell, colour):
            near_life = False
            for step in (-stride, -1, 1, stride):
                near = cell + step
                if board[near] == colour and alive[row["root"][near]]:
                    near_life = True
            if not near_life:
                theirs[region[cell]] = False
    for point in range(row["height"] * row["width"]):
        cell = cell_of(row, point)
        if board[cell] == colour:
            if alive[row["root"][cell]]:
                certain[point] = mark
        elif theirs[region[cell]] and enclosed[region[cell]]:
            certain[point] = mark


@kernel
def certain_rows(positions, certain):
    """Write owners to int8 ``certain`` ``(rows, points)``, zeroed before: 1 Black, -1 White."""
    for i in range(len(positions)):
        _mark_certain(positions[i], BLACK, 1, certain[i])
        _mark_certain(positions[i], WHITE, -1, certain[i])
