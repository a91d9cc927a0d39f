"""What a cycle measures on its new rows, and the positions that calibrate the next network.

Losses on new rows, before the learner trains on them, show what the network does not know yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from agents.network.calibration import Inputs
from agents.network.config import NetworkConfig
from agents.network.inputs import widen
from selfplay.data.shards import Rows
from selfplay.data.windows import Windows
from selfplay.learn.learner import Learner

FRESH_ROWS: Final = 256
"""Rows, new and known, on which predictions are compared before a cycle learns."""
_LEAST_ROWS: Final = 64
"""New rows of each of several tasks that are looked at, where there are as many."""
_CALIBRATION_ROWS: Final = 256


def of_tasks(learner: Learner, windows: Windows, parts: Sequence[Rows]) -> list[dict[str, float]]:
    """Return losses on the new rows of each task, and their ``excess``; empty without new rows."""
    new = {part.layout: len(part) for part in parts}
    most = max(FRESH_ROWS // max(len(new), 1), _LEAST_ROWS)
    return [
        learner.measure(window.newest(min(most, count)))
        if (count := new.get(window.layout, 0))
        else {}
        for window in windows.each
    ]


def recent_inputs(
    windows: Windows, network: NetworkConfig, several: bool, random: np.random.Generator
) -> list[Inputs]:
    """Return planes and globals of some recent rows, in the order of a network's inputs.

    With ``several`` tasks there is one set for each task with rows, otherwise there is one set.
    """
    found = []
    for window in [each for each in windows.each if each.size] if several else [windows]:
        batch = window.sample(random, _CALIBRATION_ROWS)
        layout = batch.layout
        images = batch.planes.reshape(len(batch), layout.height, layout.width, -1)
        found.append(widen(network, layout, images, batch.globals))
    return found
