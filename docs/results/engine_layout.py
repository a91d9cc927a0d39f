"""Three layouts of one game in memory, raced: run with ``python docs/results/engine_layout.py``.

Gomoku at random, the same steps in the same order: only the way a position is handed from function
to function differs. One structured record; arrays passed one by one; a NamedTuple of arrays, once
with every function inlined as the program inlines its helpers, once as the compiler likes. Nothing
of the program depends on this file.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numba
import numpy as np

from engine.games import GomokuSpec
from engine.games.gomoku import cell_of
from engine.random import below, mix

SPEC = GomokuSpec()
ROWS = 512
ROUNDS = 15
NAMES = ("record", "arrays one by one", "NamedTuple of arrays", "NamedTuple, not inlined")


class Board(NamedTuple):
    """A batch as arrays, one row per game."""

    cells: np.ndarray
    winner: np.ndarray
    to_move: np.ndarray
    left: np.ndarray
    plies: np.ndarray


@numba.njit(nogil=True, forceinline=True)
def apart_makes_line(cells, i, cell, colour, stride, length):
    for step in (1, stride - 1, stride, stride + 1):
        run = 1
        near = cell + step
        while cells[i, near] == colour:
            run += 1
            near += step
        near = cell - step
        while cells[i, near] == colour:
            run += 1
            near -= step
        if run >= length:
            return True
    return False


@numba.njit(nogil=True, forceinline=True)
def apart_put(cells, winner, to_move, left, plies, i, cell, stride, length):
    colour = to_move[i]
    cells[i, cell] = colour
    left[i] -= 1
    if apart_makes_line(cells, i, cell, colour, stride, length):
        winner[i] = colour
    plies[i] += 1
    to_move[i] = 3 - colour


@numba.njit(nogil=True)
def apart_playouts(cells, winner, to_move, left, plies, start, seeds, stride, length):
    empties = np.empty(len(start), np.int16)
    for i in range(len(seeds)):
        empties[:] = start
        state = seeds[i]
        while winner[i] == 0 and left[i] > 0:
            state = mix(state)
            k = np.int64(below(state, np.uint64(left[i])))
            cell = empties[k]
            empties[k] = empties[left[i] - 1]
            apart_put(cells, winner, to_move, left, plies, i, cell, stride, length)


@numba.njit(nogil=True, forceinline=True)
def tuple_makes_line(board, i, cell, colour, stride, length):
    cells = board.cells
    for step in (1, stride - 1, stride, stride + 1):
        run = 1
        near = cell + step
        while cells[i, near] == colour:
            run += 1
            near += step
        near = cell - step
        while cells[i, near] == colour:
            run += 1
            near -= step
        if run >= length:
            return True
    return False


@numba.njit(nogil=True, forceinline=True)
def tuple_put(board, i, cell, stride, length):
    colour = board.to_move[i]
    board.cells[i, cell] = colour
    board.left[i] -= 1
    if tuple_makes_line(board, i, cell, colour, stride, length):
        board.winner[i] = colour
    board.plies[i] += 1
    board.to_move[i] = 3 - colour


@numba.njit(nogil=True)
def tuple_playouts(board, start, seeds, stride, length):
    empties = np.empty(len(start), np.int16)
    for i in range(len(seeds)):
        empties[:] = start
        state = seeds[i]
        while board.winner[i] == 0 and board.left[i] > 0:
            state = mix(state)
            k = np.int64(below(state, np.uint64(board.left[i])))
            cell = empties[k]
            empties[k] = empties[board.left[i] - 1]
            tuple_put(board, i, cell, stride, length)


@numba.njit(nogil=True)
def plain_makes_line(board, i, cell, colour, stride, length):
    cells = board.cells
    for step in (1, stride - 1, stride, stride + 1):
        run = 1
        near = cell + step
        while cells[i, near] == colour:
            run += 1
            near += step
        near = cell - step
        while cells[i, near] == colour:
            run += 1
            near -= step
        if run >= length:
            return True
    return False


@numba.njit(nogil=True)
def plain_put(board, i, cell, stride, length):
    colour = board.to_move[i]
    board.cells[i, cell] = colour
    board.left[i] -= 1
    if plain_makes_line(board, i, cell, colour, stride, length):
        board.winner[i] = colour
    board.plies[i] += 1
    board.to_move[i] = 3 - colour


@numba.njit(nogil=True)
def plain_playouts(board, start, seeds, stride, length):
    empties = np.empty(len(start), np.int16)
    for i in range(len(seeds)):
        empties[:] = start
        state = seeds[i]
        while board.winner[i] == 0 and board.left[i] > 0:
            state = mix(state)
            k = np.int64(below(state, np.uint64(board.left[i])))
            cell = empties[k]
            empties[k] = empties[board.left[i] - 1]
            plain_put(board, i, cell, stride, length)


def arrays(fresh: Any) -> Board:
    """The start position as arrays."""
    return Board(
        np.ascontiguousarray(fresh["board"]),
        np.zeros(ROWS, np.uint8),
        np.ones(ROWS, np.uint8),
        np.full(ROWS, SPEC.points, np.int16),
        np.zeros(ROWS, np.int32),
    )


def main() -> None:
    fresh = SPEC.allocate(ROWS)
    start = np.array([cell_of(fresh[0], point) for point in range(SPEC.points)], np.int16)
    stride, length = SPEC.width + 1, SPEC.length
    best: dict[str, float] = {}
    for turn in range(ROUNDS + 1):
        seeds = np.random.default_rng(turn).integers(0, 2**63, ROWS).astype(np.uint64)
        plies = {}
        for name in NAMES:
            positions, board = fresh.copy(), arrays(fresh)
            began = time.perf_counter()
            if name == "record":
                SPEC.kernels.playout(positions, seeds)
            elif name == "arrays one by one":
                apart_playouts(*board, start, seeds, stride, length)
            elif name == "NamedTuple of arrays":
                tuple_playouts(board, start, seeds, stride, length)
            else:
                plain_playouts(board, start, seeds, stride, length)
            rate = ROWS / (time.perf_counter() - began)
            played = positions["plies"] if name == "record" else board.plies
            plies[name] = played.tolist()
            if turn:
                best[name] = max(best.get(name, 0.0), rate)
        assert len({tuple(found) for found in plies.values()}) == 1, "not the same games"
    for name, rate in best.items():
        print(f"{name:<24} {rate:>9,.0f} games/s  {rate / best['record']:.2f}")


if __name__ == "__main__":
    main()
