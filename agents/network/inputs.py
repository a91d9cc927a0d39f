"""One network for many games: a game's inputs find their columns by name.

A network names its planes and globals; a game names those that it writes. What a game does not
write is zero, what a network does not know is left out. Some globals are constant in a game and are
written here: which game it is, and how large the board.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.network.config import GAME_PREFIX, NetworkConfig
from engine.games.inputs import InputLayout

_SIZE_UNIT: Final = 19.0


def columns(known: tuple[str, ...], written: tuple[str, ...]) -> NDArray[np.int64]:
    """Where each of a network's inputs stands in what a game writes, -1 for nowhere."""
    return np.array([written.index(name) if name in written else -1 for name in known], np.int64)


@lru_cache(maxsize=64)
def constants(global_names: tuple[str, ...], layout: InputLayout) -> NDArray[np.float32]:
    """Values ``(globals,)`` of the globals that are constant in a game; 0 for the others."""
    values = {
        GAME_PREFIX + layout.game: 1.0,
        "height": layout.height / _SIZE_UNIT,
        "width": layout.width / _SIZE_UNIT,
    }
    found = np.array([values.get(name, 0.0) for name in global_names], np.float32)
    found.flags.writeable = False
    return found


def widen(
    config: NetworkConfig,
    layout: InputLayout,
    planes: NDArray[np.uint8],
    globals_: NDArray[np.float32],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Bring a game's inputs into the order of a network's.

    Args:
        config: of the network.
        layout: of the inputs.
        planes: uint8 ``(..., planes)``; globals_: float32 ``(rows, globals)``.

    Returns:
        The same with the network's planes and globals, not copied where they are the same.
    """
    if config.plane_names != layout.plane_names:
        planes = _select(planes, columns(config.plane_names, layout.plane_names))
    if config.global_names != layout.global_names:
        globals_ = _select(globals_, columns(config.global_names, layout.global_names))
        globals_ += constants(config.global_names, layout)
    return planes, globals_


def on_one_board(images: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Put boards of several sizes in the top left of one that holds them all, zeros beside them.

    Args:
        images: ``(rows, height, width, ...)`` each.

    Returns:
        All rows, one after the other.
    """
    height, width = (max(image.shape[axis] for image in images) for axis in (1, 2))
    rows = sum(len(image) for image in images)
    found = np.zeros((rows, height, width, *images[0].shape[3:]), images[0].dtype)
    at = 0
    for image in images:
        found[at : at + len(image), : image.shape[1], : image.shape[2]] = image
        at += len(image)
    return found


def _select(array: NDArray[Any], at: NDArray[np.int64]) -> NDArray[Any]:
    """The columns ``at`` of the last axis, zeros where ``at`` is negative."""
    if not len(at):
        return np.zeros((*array.shape[:-1], 0), array.dtype)
    if not array.shape[-1]:
        return np.zeros((*array.shape[:-1], len(at)), array.dtype)
    found = array[..., np.maximum(at, 0)]
    found[..., at < 0] = 0
    return np.ascontiguousarray(found)
