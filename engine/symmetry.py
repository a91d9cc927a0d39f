"""The symmetries of a board as permutations of its points.

Not every game has all of them: ``GameSpec.symmetries`` lists the numbers of those that turn a game
into an equal one, and each function here takes such a list.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

ALL: Final = (0, 1, 2, 3, 4, 5, 6, 7)
"""The identity, upside down, mirrored, half a turn; then the same four of the transposed board."""


@lru_cache(maxsize=64)
def permutations(height: int, width: int, numbers: tuple[int, ...] = ALL) -> NDArray[np.int16]:
    """Return symmetries by number, int16 ``(n, points)``; rectangles have none beyond 3.

    ``perm[k]`` says where each point comes from: ``transformed = plane[..., perm[k]]``.
    """
    board = np.arange(height * width, dtype=np.int16).reshape(height, width)
    boards = [board, board[::-1], board[:, ::-1], board[::-1, ::-1]]
    if height == width:
        boards += [other.T for other in boards]
    table = np.stack([boards[k].reshape(-1) for k in numbers if k < len(boards)])
    table.flags.writeable = False
    return table


@lru_cache(maxsize=64)
def action_permutations(
    height: int, width: int, numbers: tuple[int, ...] = ALL
) -> NDArray[np.int16]:
    """Like :func:`permutations` for actions: the pass, the last one, stays where it is."""
    table = permutations(height, width, numbers)
    passes = np.full((len(table), 1), height * width, np.int16)
    actions = np.concatenate([table, passes], axis=1)
    actions.flags.writeable = False
    return actions


@lru_cache(maxsize=64)
def inverses(height: int, width: int, numbers: tuple[int, ...] = ALL) -> NDArray[np.int16]:
    """Return the inverse of each permutation: ``inverses[k][perm[k]]`` is the identity.

    So an action ``a`` stands at ``inverses(h, w)[k][a]`` on the transformed board.
    """
    table = np.argsort(permutations(height, width, numbers), axis=1).astype(np.int16)
    table.flags.writeable = False
    return table


def inverse(height: int, width: int, k: int) -> int:
    """Return the number of the symmetry that undoes symmetry ``k``."""
    table = permutations(height, width)
    matches = (table == inverses(height, width)[k]).all(axis=1)
    return int(np.flatnonzero(matches)[0])
