"""Rows of several boards and games in one batch: padded, and told apart by ``on_board``.

A network is made for the union of their inputs; what a row's game does not write is zero. Points
beside a smaller board carry no loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.network.config import NetworkConfig
from agents.network.inputs import on_one_board, widen
from engine.games.inputs import InputLayout
from selfplay.data.replay import Batch

_PER_POINT = ("ownership", "future")
_PER_ACTION = ("policy", "reply")
_PER_ROW = (
    "policy_weight",
    "outcome",
    "root_value",
    "short_q",
    "score",
    "weight",
    "reply_weight",
    "future_weight",
)


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

    def gathered(name: str) -> Any:
        arrays = [getattr(batch, name) for batch in batches]
        if any(array is None for array in arrays):
            return None
        if name in _PER_ROW:
            return np.concatenate(arrays)
        return points(arrays) if name in _PER_POINT else actions(arrays)

    layout = InputLayout("several", height, width, config.plane_names, config.global_names)
    return replace(
        batches[0],
        layout=layout,
        planes=points([planes for planes, _ in widened]),
        globals=np.concatenate([globals_ for _, globals_ in widened]),
        **{name: gathered(name) for name in (*_PER_POINT, *_PER_ACTION, *_PER_ROW)},
    )
