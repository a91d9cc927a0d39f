"""Positions on which a network is calibrated, and what its activations look like there.

A backend that rounds activations has to know their size; a network file carries that knowledge, and
a network in training gains it from positions of its own games.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.network.config import NetworkConfig
from agents.network.folded import Calibration, FoldedNetwork, forward
from agents.network.inputs import widen
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec, Positions
from engine.random import OPENING, generator

_CALIBRATION_ROWS: Final = 128

Inputs = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""Planes ``(rows, height, width, planes)`` and globals ``(rows, globals)``."""


def calibrate(network: FoldedNetwork, *inputs: Inputs) -> Calibration:
    """Return what activations look like on ``inputs``, some hundred positions of each game."""
    found = [forward(network, *each).calibration for each in inputs]
    if len(found) == 1:
        return found[0]
    patches = zip(*(each.patches for each in found), strict=True)
    return Calibration(
        np.max([each.largest for each in found], axis=0),
        tuple(np.mean(same, axis=0, dtype=np.float32) for same in patches),
    )


def inputs_of(config: NetworkConfig, spec: GameSpec, positions: Positions | None = None) -> Inputs:
    """A network's inputs on ``positions``, or on random games of ``spec``."""
    rows = random_positions(spec, _CALIBRATION_ROWS) if positions is None else positions
    planes, globals_ = widen(config, InputLayout.of(spec), *spec.features(rows))
    return planes.reshape(len(rows), spec.height, spec.width, -1), globals_


def random_positions(spec: GameSpec, rows: int) -> Positions:
    """Positions of all stages of random sensible games, always the same ones."""
    positions = spec.allocate(rows)
    typical = spec.points if spec.may_pass else spec.max_plies
    lengths = np.arange(rows) * typical // rows
    for ply in range(int(lengths[-1])):
        candidates = spec.candidates(positions)
        points = candidates[:, : spec.points].any(axis=1)
        candidates[points, spec.pass_action] = False
        weights = generator(0, 0, ply, OPENING).random(candidates.shape) * candidates
        going = (lengths > ply) & candidates.any(axis=1)
        spec.play(positions, np.where(going, weights.argmax(axis=1), -1))
    live = ~spec.finished(positions)
    kept: Positions = positions[live]
    return kept
