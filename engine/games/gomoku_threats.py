"""Wins by continuous threats in Gomoku, proven without looking at anything but threats.

A "four" is a stone that leaves exactly one point missing in a line that wins; the opponent must
take that point at once. A side that makes one four after another until two points are missing at
the same time has won (Allis, van den Herik, Huntjens, "Go-Moku and Threat-Space Search", 1993; the
players' name is VCF, victory by continuous fours). The names are for lines of five; for other
lengths k a four is a line of k with k - 1 stones.

The search reads each position's windows: k points in a row, numbered by direction and first cell.
For each window it keeps the stones of both sides up to date, so that a stone costs 4 k additions.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine._kernel import helper, kernel
from engine.games.spec import EMPTY

OFF_BOARD: Final = 100
"""Number of stones noted for a window that leaves the board: more than any line is long."""
DEEPEST: Final = 40
"""Most pairs of a four and its answer in one line of threats."""
_BORDER: Final = 3


@helper
def _step(row, direction):
    """Return the distance of neighbouring cells in one of four directions."""
    stride = row["width"] + 1
    return 1 if direction == 0 else stride + direction - 2


@helper
def _first_cell(row):
    return row["width"] + 2


@kernel
def _count_windows(row, stones):
    """Write the stones of each window to ``stones``; return the most that either side has.

    Args:
        row: a position of Gomoku.
        stones: uint8 ``(2, 4, cells)``, of the side to move and its opponent.
    """
    board = row["board"]
    length = row["length"]
    mover = row["to_move"]
    most = 0
    for direction in range(4):
        step = _step(row, direction)
        for cell in range(_first_cell(row), len(board)):
            stones[0, direction, cell] = OFF_BOARD
            stones[1, direction, cell] = OFF_BOARD
            last = cell + (length - 1) * step
            if board[cell] == _BORDER or last >= len(board) or board[last] == _BORDER:
                continue
            mine = 0
            theirs = 0
            inside = True
            for at in range(cell, last + 1, step):
                if board[at] == _BORDER:
                    inside = False
                    break
                if board[at] == mover:
                    mine += 1
                elif board[at] != EMPTY:
                    theirs += 1
            if inside:
                stones[0, direction, cell] = mine
                stones[1, direction, cell] = theirs
                if theirs == 0:
                    most = max(most, mine)
                elif mine == 0:
                    most = max(most, theirs)
    return most


@kernel
def _change(row, stones, cell, colour, side, amount):
    """Put a stone of ``colour`` on a cell, or take it off if ``amount`` is -1."""
    row["board"][cell] = colour if amount > 0 else EMPTY
    for direction in range(4):
        step = _step(row, direction)
        for k in range(row["length"]):
            start = cell - k * step
            if start >= 0 and stones[side, direction, start] < OFF_BOARD:
                stones[side, direction, start] += amount


@helper
def _wins(row, cell, step, colour):
    """Whether a full window of ``colour`` is a line that wins, and not a longer one in vain."""
    board = row["board"]
    return row["exactly"] == 0 or (
        board[cell - step] != colour and board[cell + row["length"] * step] != colour
    )


@helper
def _empty_cell(row, cell, step, skipped):
    """Return the first empty cell of a window other than ``skipped``."""
    at = cell
    while row["board"][at] != EMPTY or at == skipped:
        at += step
    return at


@kernel
def _missing(row, stones, side, colour, through):
    """Return up to two different cells that complete a line of ``colour`` through a cell.

    ``through`` -1 looks at the whole board. Absent cells are -1.
    """
    length = row["length"]
    first = -1
    for direction in range(4):
        step = _step(row, direction)
        here = through if through >= 0 else len(row["board"]) - 1
        count = length if through >= 0 else len(row["board"])
        apart = step if through >= 0 else 1
        for k in range(count):
            start = here - k * apart
            if start < _first_cell(row):
                break
            if stones[side, direction, start] != length - 1:
                continue
            if stones[1 - side, direction, start] != 0 or not _wins(row, start, step, colour):
                continue
            cell = _empty_cell(row, start, step, -1)
            if first == -1:
                first = cell
            elif cell != first:
                return first, cell
    return first, -1


@kernel
def _read_fours(row, stones, limit, fours, answers, forced, at):
    """Search for a win by continuous fours; return its first cell and its plies, or -1 and 0.

    Args:
        row: a position whose side to move cannot complete a line at once; restored at the end.
        stones: as :func:`_count_windows` wrote them; restored at the end.
        limit: fours that may be tried.
        fours, answers, forced, at: int32 ``(DEEPEST + 2,)``, written. ``forced[0]`` is given: the
            only cell where the opponent completes a line, or -1.
    """
    mover = row["to_move"]
    other = 3 - mover
    length = row["length"]
    cells = len(row["board"])
    depth = 0
    tried = 0
    at[0] = 0
    found = -1
    plies = 0
    while True:
        went_down = False
        while at[depth] < 8 * cells:
            number = at[depth]
            at[depth] += 1
            direction = number // (2 * cells)
            start = number // 2 % cells
            if stones[0, direction, start] != length - 2 or stones[1, direction, start] != 0:
                at[depth] = number + 2 - number % 2
                continue
            step = _step(row, direction)
            if not _wins(row, start, step, mover):
                continue
            four = _empty_cell(row, start, step, -1)
            if number % 2 == 1:
                four = _empty_cell(row, start, step, four)
            if forced[depth] >= 0 and four != forced[depth]:
                continue
            tried += 1
            if tried > limit:
                at[depth] = 8 * cells
                break
            _change(row, stones, four, mover, 0, 1)
            answer, second = _missing(row, stones, 0, mover, four)
            if second >= 0:
                _change(row, stones, four, mover, 0, -1)
                found = fours[0] if depth > 0 else four
                plies = 2 * depth + 3
                break
            if answer >= 0 and depth < DEEPEST:
                _change(row, stones, answer, other, 1, 1)
                counter, another = _missing(row, stones, 1, other, answer)
                if another < 0:
                    fours[depth] = four
                    answers[depth] = answer
                    depth += 1
                    at[depth] = 0
                    forced[depth] = counter
                    went_down = True
                    break
                _change(row, stones, answer, other, 1, -1)
            _change(row, stones, four, mover, 0, -1)
        if went_down:
            continue
        if depth == 0:
            return found, plies
        depth -= 1
        _change(row, stones, answers[depth], other, 1, -1)
        _change(row, stones, fours[depth], mover, 0, -1)
        if found >= 0 or tried > limit:
            at[depth] = 8 * cells


@helper
def _point_of(row, cell):
    stride = row["width"] + 1
    return (cell // stride - 1) * row["width"] + cell % stride - 1


@kernel
def force_rows(positions, limit, actions, plies, answers):
    """Find forced wins of the sides to move, and the points that avert an immediate loss.

    Args:
        positions: ``(rows,)`` of Gomoku.
        limit: fours to try in each.
        actions: int16 ``(rows,)``, written: the first action of a forced win, or -1.
        plies: int16 ``(rows,)``, written: plies to the end of that win, or 0.
        answers: bool ``(rows, actions)``: actions are struck out that lose to the next ply.
    """
    scratch = np.empty((2, 4, len(positions[0]["board"])), np.uint8)
    stack = np.empty((4, DEEPEST + 2), np.int32)
    scratch[:] = OFF_BOARD
    for i in range(len(positions)):
        row = positions[i]
        actions[i] = -1
        plies[i] = 0
        if row["finished"] != 0:
            continue
        most = _count_windows(row, scratch)
        if most < row["length"] - 2:
            continue
        mover = row["to_move"]
        win, _ = _missing(row, scratch, 0, mover, -1)
        if win >= 0:
            actions[i] = _point_of(row, win)
            plies[i] = 1
            continue
        threat, second = _missing(row, scratch, 1, 3 - mover, -1)
        if threat >= 0:
            for action in range(answers.shape[1]):
                cell = action + action // row["width"] + row["width"] + 2
                answers[i, action] &= cell in (threat, second)
            if second >= 0:
                continue
        stack[2, 0] = threat
        win, length = _read_fours(row, scratch, limit, stack[0], stack[1], stack[2], stack[3])
        if win >= 0:
            actions[i] = _point_of(row, win)
            plies[i] = length
