"""From one row to a batch: the loops over rows, written once and compiled for every game.

A game's module holds kernels for one position under the names that :func:`bind` lists. They are not
passed as arguments, because Numba never loads a kernel that takes a function from the cache. So
each loop below is compiled once per game as part of that game's module.

Kernels check only that a write stays inside its row. The methods of
:class:`~engine.games.spec.GameSpec` turn what they report into errors.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final

import numpy as np

from engine._kernel import helper, kernel
from engine.random import mix

_REMEMBERED_ACTIONS: Final = 5

HEADER: Final = (
    ("height", np.int16),
    ("width", np.int16),
    ("to_move", np.uint8),  # BLACK or WHITE
    ("finished", np.uint8),
    ("komi_half_points", np.int16),  # twice the points that White gets; 0 in games without komi
    ("plies", np.int32),
    ("last", np.int16, _REMEMBERED_ACTIONS),  # latest actions, newest first, -1 if none
)
"""Fields that the positions of all games have."""


@cache
def layout(*game_fields: tuple[Any, ...]) -> np.dtype[Any]:
    """Return the record layout of a game; the same fields give the same dtype object."""
    return np.dtype([*HEADER, *game_fields], align=True)


@helper
def begin(row):
    """Reset the common fields for a new game; size and komi stay as they are."""
    row["to_move"] = 1
    row["finished"] = 0
    row["plies"] = 0
    row["last"][:] = -1


@helper
def note(row, action):
    """Record an action that has just been played, and give the turn to the other side."""
    last = row["last"]
    for i in range(len(last) - 1, 0, -1):
        last[i] = last[i - 1]
    last[0] = action
    row["plies"] += 1
    row["to_move"] = 3 - row["to_move"]


@helper
def board_key(row):
    """Hash ``row['board']``, a small array of any shape, and whose turn it is."""
    state = np.uint64(row["to_move"])
    for value in row["board"].flat:
        state = mix(state ^ np.uint64(value))
    return state


@kernel
def first_misfit(positions, height, width):
    """Return the first row whose board has another size, or -1."""
    for i in range(len(positions)):
        if positions[i]["height"] != height or positions[i]["width"] != width:
            return i
    return -1


# The names below without a definition are those of the game that the loop is compiled for.
# ruff: noqa: F821


def _reset_rows(positions):
    for i in range(len(positions)):
        reset_row(positions[i])


def _legal_rows(positions, out):
    for i in range(len(positions)):
        if positions[i]["finished"] == 0:
            legal_row(positions[i], out[i])


def _first_illegal_row(positions, actions):
    for i in range(len(positions)):
        row = positions[i]
        action = actions[i]
        if action == -1:
            continue
        if row["finished"] != 0 or action < 0 or action > row["height"] * row["width"]:
            return i
        if not is_legal(row, action):
            return i
    return -1


def _play_rows(positions, actions):
    for i in range(len(positions)):
        if actions[i] >= 0:
            play_row(positions[i], actions[i])


def _play_line_rows(position, actions, trace):
    row = position[0]
    for ply in range(len(actions)):
        if ply < len(trace):
            trace[ply] = row
        action = actions[ply]
        if row["finished"] != 0 or action < 0 or action > row["height"] * row["width"]:
            return ply
        if not is_legal(row, action):
            return ply
        play_row(row, action)
    return len(actions)


def _replay_rows(roots, row_slot, paths, lengths, leaves):
    for i in range(len(row_slot)):
        slot = row_slot[i]
        if slot < 0 or slot >= len(roots):
            return i
        leaves[i] = roots[slot]
        row = leaves[i]
        if lengths[i] > paths.shape[1]:
            return i
        for ply in range(lengths[i]):
            action = paths[i, ply]
            if action < 0 or action > row["height"] * row["width"] or row["finished"] != 0:
                return i
            if not is_safe(row, action):
                return i
            play_row(row, action)
    return -1


def _stone_rows(positions, out):
    for i in range(len(positions)):
        stones_row(positions[i], out[i])


def _set_up_rows(positions, stones, to_move, strict, refusals):
    for i in range(len(positions)):
        refusals[i] = set_up_row(positions[i], stones[i], to_move[i], strict)


def _score_rows(positions, ownership, scores):
    for i in range(len(positions)):
        scores[i] = score_row(positions[i], ownership[i])


def _feature_rows(positions, planes, globals_):
    for i in range(len(positions)):
        feature_row(positions[i], planes[i], globals_[i])


def _key_rows(positions, keys):
    for i in range(len(positions)):
        keys[i] = key_row(positions[i])


def _playout_rows(positions, seeds):
    for i in range(len(positions)):
        playout_row(positions[i], seeds[i])


@dataclass(frozen=True)
class RowKernels:
    """A game's kernels over batches. Each calls the game's kernel named below it once per row."""

    reset: Callable[..., None] = _reset_rows
    """``reset_row(row)`` makes the start position; size, komi and rules of the row stay."""
    legal: Callable[..., None] = _legal_rows
    """``legal_row(row, out)`` marks legal actions in bool ``out`` ``(actions,)``, zeroed before."""
    first_illegal: Callable[..., int] = _first_illegal_row
    """``is_legal(row, action)`` for an action of the board in a game that is not over."""
    play: Callable[..., None] = _play_rows
    """``play_row(row, action)`` plays a legal action."""
    play_line: Callable[..., int] = _play_line_rows
    """Plays one game's actions up to the first illegal one; returns the number played."""
    replay: Callable[..., int] = _replay_rows
    """``is_safe(row, action)``: playing it, legal or not, would leave the row well formed."""
    stones: Callable[..., None] = _stone_rows
    """``stones_row(row, out)`` writes the colour of each point to uint8 ``out`` ``(points,)``."""
    set_up: Callable[..., None] = _set_up_rows
    """``set_up_row(row, stones, to_move, strict)`` returns 0, or the number of a refusal."""
    score: Callable[..., None] = _score_rows
    """``score_row(row, ownership)`` writes int8 ``(points,)``, returns Black's lead."""
    features: Callable[..., None] = _feature_rows
    """``feature_row(row, planes, globals_)`` writes uint8 ``(points, planes)``, zeroed before, and
    float32 ``(globals,)``."""
    keys: Callable[..., None] = _key_rows
    """``key_row(row)`` returns 64 bits for stones, turn and other state that the rules read."""
    playout: Callable[..., None] = _playout_rows
    """``playout_row(row, seed)`` plays random actions to the end."""


def bind(module: dict[str, Any]) -> RowKernels:
    """Compile the loops for the game whose kernels are in ``module``, its ``globals()``."""
    game = module["__name__"]
    bound = {}
    for field in fields(RowKernels):
        loop: Any = field.default
        copy = types.FunctionType(loop.__code__, module, loop.__name__)
        # Numba names machine code and cache files by these: they must differ between games.
        copy.__module__ = game
        copy.__qualname__ = f"{game.replace('.', '_')}{loop.__name__}"
        bound[field.name] = kernel(copy)
    return RowKernels(**bound)
