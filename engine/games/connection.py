"""What won a game of rows or edges, and what threatens to: for people's eyes, in plain NumPy."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import BLACK, EMPTY, WHITE

COMPLETES: Final = (0, 1, 2)
"""What :func:`threats` writes where a stone of a colour, the index, completes a row."""
OPENS: Final = (0, 4, 8)
"""The same where it makes a row that can then be completed at either end."""
_SIX_WAYS: Final = ((-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0))


@lru_cache(maxsize=16)
def segments(height: int, width: int, length: int) -> NDArray[np.intp]:
    """All straight runs of ``length`` points of a board, ``(segments, length)``."""
    points = np.arange(height * width).reshape(height, width)
    found = [np.empty((0, length), np.intp)]
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        rows, columns = height - down * (length - 1), width - abs(across) * (length - 1)
        if rows <= 0 or columns <= 0:
            continue
        first = length - 1 if across < 0 else 0
        parts = [
            points[k * down : k * down + rows, first + k * across : first + k * across + columns]
            for k in range(length)
        ]
        found.append(np.stack([part.ravel() for part in parts], axis=1).astype(np.intp))
    return np.concatenate(found)


def completed_rows(
    stones: NDArray[np.uint8], height: int, width: int, length: int
) -> NDArray[np.bool_]:
    """Mark the stones that stand in a row of ``length`` or more of one colour.

    ``stones`` and the result are ``(boards, points)``.
    """
    marked = np.zeros(stones.shape, np.bool_)
    runs = segments(height, width, length)
    for colour in (BLACK, WHITE):
        board, run = np.nonzero((stones[:, runs] == colour).all(axis=2))
        marked[board[:, None], runs[run]] = True
    return marked


def threats(
    stones: NDArray[np.uint8], height: int, width: int, length: int, exactly: bool = False
) -> NDArray[np.uint8]:
    """Say of each empty point what a stone there would make of a row, ``(boards, points)``.

    The value is a sum of :data:`COMPLETES` and :data:`OPENS`; 0 where neither colour makes
    anything. ``exactly`` leaves out rows that would be longer than ``length``.
    """
    found = np.zeros(stones.shape, np.uint8)
    runs, wider = segments(height, width, length), segments(height, width, length + 1)
    ends_free = (stones[:, wider[:, [0, -1]]] == EMPTY).all(axis=2)
    inner = wider[:, 1:-1]
    for colour in (BLACK, WHITE):
        for points, short, among, value in (
            (runs, length - 1, True, COMPLETES[colour]),
            (inner, length - 2, ends_free, OPENS[colour]),
        ):
            own, free = stones[:, points] == colour, stones[:, points] == EMPTY
            near = (own.sum(axis=2) == short) & free.any(axis=2) & among
            board, run = np.nonzero(near)
            gap = points[run, free[board, run].argmax(axis=1)]
            if exactly and points is runs:
                fits = [
                    row_length(stones[b], height, width, p, colour) == length
                    for b, p in zip(board, gap, strict=True)
                ]
                board, gap = board[fits], gap[fits]
            found[board, gap] |= value
    return found


def row_length(stones: NDArray[np.uint8], height: int, width: int, point: int, colour: int) -> int:
    """Length of the longest row that a stone of ``colour`` on ``point`` would stand in."""
    longest = 0
    row, column = divmod(int(point), width)
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        run = 1
        for way in (1, -1):
            r, c = row + way * down, column + way * across
            while 0 <= r < height and 0 <= c < width and stones[r * width + c] == colour:
                run, r, c = run + 1, r + way * down, c + way * across
        longest = max(longest, run)
    return longest


def joining_chain(
    stones: NDArray[np.uint8], height: int, width: int, colour: int
) -> NDArray[np.bool_]:
    """Mark a shortest chain of stones ``(points,)`` that joins a colour's two edges in Hex.

    Black joins the top row to the bottom, White the left column to the right. Nothing is marked if
    the edges are not joined.
    """
    marked = np.zeros(height * width, np.bool_)
    own = stones.reshape(height, width) == colour
    first = [(0, c) for c in range(width)] if colour == BLACK else [(r, 0) for r in range(height)]
    before: dict[tuple[int, int], tuple[int, int] | None] = {p: None for p in first if own[p]}
    todo = deque(before)
    while todo:
        here = todo.popleft()
        if here[0 if colour == BLACK else 1] == (height if colour == BLACK else width) - 1:
            step: tuple[int, int] | None = here
            while step is not None:
                marked[step[0] * width + step[1]] = True
                step = before[step]
            break
        for down, across in _SIX_WAYS:
            near = (here[0] + down, here[1] + across)
            inside = 0 <= near[0] < height and 0 <= near[1] < width
            if inside and own[near] and near not in before:
                before[near] = here
                todo.append(near)
    return marked
