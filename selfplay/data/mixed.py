"""Rows of several boards and games in one batch: padded, and told apart by ``on_board``.

A network is made for the union of their inputs; what a row's game does not write is zero. Points
beside a smaller board carry no loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.network.config import NetworkConfig
from agents.network.inputs import on_one_board, widen
from engine.games.inputs import InputLayout
from selfplay.data.columns import COLUMNS, LATER
from selfplay.data.replay import Batch


def mixed(config: NetworkConfig, batches: Sequence[Batch]) -> Batch:
    """Return one batch of all rows, its inputs in the order of a network's.

    Args:
        config: of the network, which says what the inputs are.
        batches: at least one; of any games and sizes, all with a future or none.
    """
    widened = [widen(config, batch.layout, batch.planes, batch.globals) for batch in batches]
    sides = [(batch.layout.height, batch.layout.width) for batch in batches]
    height, width = (max(side[axis] for side in sides) for axis in (0, 1))

    def points(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Arrays ``(rows, points, ...)`` as one."""
        boards = [
            array.reshape(len(array), *side, *array.shape[2:])
            for array, side in zip(arrays, sides, strict=True)
        ]
        whole = on_one_board(boards)
        return whole.reshape(len(whole), height * width, *whole.shape[3:])

    def actions(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Arrays ``(rows, actions)`` as one, the pass last."""
        passes = np.concatenate([array[:, -1:] for array in arrays])
        return np.concatenate([points([array[:, :-1] for array in arrays]), passes], axis=1)

    layout = InputLayout("several", height, width, config.plane_names, config.global_names)
    per = {name: column.per for name, column in COLUMNS.items()} | LATER
    join: dict[str, Callable[[Sequence[NDArray[Any]]], NDArray[Any]]] = {
        "row": np.concatenate,
        "point": points,
        "action": actions,
    }
    shared = set.intersection(*(set(batch.columns) for batch in batches))
    found = {
        name: join[per[name]]([batch.columns[name] for batch in batches])
        for name in batches[0].columns
        if name in shared - {"planes", "globals"}
    }
    found["planes"] = points([planes for planes, _ in widened])
    found["globals"] = np.concatenate([globals_ for _, globals_ in widened])
    return Batch(layout, found)
