"""Small games solved by reading everything: who wins, and which actions keep that.

Negamax over the three results with a table of positions already solved. It knows no game beyond the
row kernels that every game's module has, and compiles its loop for each game as
:mod:`engine.games.rows` does. Reading everything is for boards of a dozen points or two.
"""

from __future__ import annotations

import sys
import types
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import kernel
from engine.errors import SearchError
from engine.games.spec import GameSpec, Positions

UNKNOWN: Final = -2
GAVE_UP: Final = -3
_DEFAULT_BITS: Final = 20
_MOST_POSITIONS: Final = 60_000_000

# The names below without a definition are those of the game that the loop is compiled for.
# ruff: noqa: F821


def _solve_row(stack, allowed, order, at, best, ownership, keys, values, most):
    """Return the value of ``stack[0]`` for its side to move: 1, 0, -1, or -3 if it took too long.

    Args:
        stack: positions ``(depth,)``, the first is given; the others are written.
        allowed: bool ``(depth, actions)``; at: int64 ``(depth,)``; best: int8 ``(depth,)``, all
            written: legal actions, which of them is read, and the best value so far.
        order: int64 ``(actions,)``, in which actions are read.
        ownership: int8 ``(points,)``, scratch of the score.
        keys: uint64, values: int8 ``(places,)``, the table; kept for later calls.
        most: positions that may be read.
    """
    actions = len(order)
    depth = 0
    read = 0
    entering = True
    value = 0
    while True:
        row = stack[depth]
        if entering:
            read += 1
            if read > most:
                return -3
            place = key_row(row) % np.uint64(len(keys))
            if row["finished"] != 0:
                score = score_row(row, ownership)
                value = 0 if score == 0 else 1 if (score > 0) == (row["to_move"] == 1) else -1
                entering = False
            elif keys[place] == key_row(row):
                value = values[place]
                entering = False
            else:
                allowed[depth, :] = False
                legal_row(row, allowed[depth])
                at[depth] = 0
                best[depth] = -2
        if not entering:  # value is that of the position just left, for its side to move
            if depth == 0:
                return value
            depth -= 1
            row = stack[depth]
            best[depth] = max(best[depth], -value)
        while at[depth] < actions and not allowed[depth, order[at[depth]]]:
            at[depth] += 1
        if best[depth] == 1 or at[depth] == actions:
            value = best[depth]
            key = key_row(row)
            place = key % np.uint64(len(keys))
            keys[place] = key
            values[place] = value
            entering = False
            if depth == 0:
                return value
            continue
        stack[depth + 1] = stack[depth]
        play_row(stack[depth + 1], order[at[depth]])
        at[depth] += 1
        depth += 1
        entering = True


@cache
def _solver_of(module_name: str) -> Any:
    module = vars(sys.modules[module_name])
    copy = types.FunctionType(_solve_row.__code__, module, _solve_row.__name__)
    # Numba names machine code and cache files by these: they must differ between games.
    copy.__module__ = module_name
    copy.__qualname__ = f"{module_name.replace('.', '_')}_solve_row"
    return kernel(copy)


class ExactSolver:
    """Values of positions of one game; what it has read helps with later ones.

    Not safe to call from several threads at once.
    """

    def __init__(self, spec: GameSpec, table_bits: int = _DEFAULT_BITS) -> None:
        """Reserve ``9 * 2**table_bits`` bytes."""
        self._spec = spec
        self._keys = np.zeros((1 << table_bits) - 1, np.uint64)
        self._values = np.zeros(len(self._keys), np.int8)
        depth = spec.max_plies + 2
        self._stack = spec.allocate(depth)
        self._allowed = np.zeros((depth, spec.actions), np.bool_)
        self._at, self._best = np.zeros(depth, np.int64), np.zeros(depth, np.int8)
        self._ownership = np.zeros(spec.points, np.int8)
        self._order = _from_the_centre(spec)
        self._solve = _solver_of(_rules_module(spec))

    def value(self, position: Positions) -> int:
        """Return 1, 0 or -1: what the side to move of the one row ``(1,)`` gets with best play.

        Raises:
            SearchError: if that takes reading more than 60 million positions.
        """
        self._stack[0] = position[0]
        value = int(
            self._solve(
                self._stack,
                self._allowed,
                self._order,
                self._at,
                self._best,
                self._ownership,
                self._keys,
                self._values,
                _MOST_POSITIONS,
            )
        )
        if value == GAVE_UP:
            raise SearchError(
                f"expected a game that can be solved by reading {_MOST_POSITIONS:,} positions, "
                f"got {self._spec} after {int(position[0]['plies'])} plies; take a smaller board"
            )
        return value

    def keeps(self, position: Positions, action: int) -> bool:
        """Whether an action gets the side to move all that best play gets."""
        after = position.copy()
        self._spec.play(after, np.array([action]))
        same_side = self._spec.to_move(after)[0] == self._spec.to_move(position)[0]
        return self.value(after) * (1 if same_side else -1) == self.value(position)

    def values(self, position: Positions) -> NDArray[np.int8]:
        """Return what each action gets the side to move, int8 ``(actions,)``; -2 where illegal."""
        found = np.full(self._spec.actions, UNKNOWN, np.int8)
        for action in np.flatnonzero(self._spec.legal(position)[0]):
            after = position.copy()
            self._spec.play(after, np.array([action]))
            same_side = self._spec.to_move(after)[0] == self._spec.to_move(position)[0]
            found[action] = self.value(after) * (1 if same_side else -1)
        return found


def _rules_module(spec: GameSpec) -> str:
    return type(spec).__module__


def _from_the_centre(spec: GameSpec) -> NDArray[np.int64]:
    """Actions ordered by their distance from the centre, the pass last."""
    rows, columns = np.divmod(np.arange(spec.points), spec.width)
    far = np.hypot(rows - (spec.height - 1) / 2, columns - (spec.width - 1) / 2)
    return np.append(np.argsort(far, kind="stable"), spec.pass_action).astype(np.int64)
