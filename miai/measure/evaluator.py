"""Positions per second through a network, inputs included, by batch size, on all cores."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import torch

from agents.evaluators.torch_evaluator import TorchEvaluator
from agents.network.model import PolicyValueNet
from engine.games import GoSpec, Positions
from engine.random import OPENING, generator
from miai.measure.networks import find_network
from miai.measure.rates import Contender

BATCHES = (1, 16, 64, 256)
_LARGEST_OPENING = 40

Forward = Callable[[np.ndarray, np.ndarray], object]
"""Takes planes ``(rows, planes, height, width)`` and globals ``(rows, globals)``, both float32."""


def contenders(network: str, batches: tuple[int, ...] = BATCHES) -> list[Contender]:
    """The project's evaluator first, then torch as it comes, and OpenVINO where installed."""
    spec = GoSpec(9, 9, komi=7.0)
    model = find_network(network, spec)
    own = TorchEvaluator(model)
    peers = [("torch, float32 eager", torch_eager(model))]
    if find_spec("openvino") is not None:
        peers.append(("OpenVINO, float32", openvino_float32(model, spec)))
    found = []
    for rows in batches:
        positions = middle_game(spec, rows)
        group = f"batch {rows}"
        found.append(
            Contender(
                f"miai, {own.precision}", "positions/s", own_step(own, spec, positions), group=group
            )
        )
        for name, forward in peers:
            step = peer_step(forward, spec, positions)
            found.append(Contender(name, "positions/s", step, group=group, peer=True))
    return found


def middle_game(spec: GoSpec, rows: int) -> Positions:
    """Positions after up to 40 random plies each."""
    positions = spec.allocate(rows)
    lengths = generator(1, 0, 0, OPENING).integers(0, _LARGEST_OPENING + 1, rows)
    for ply in range(_LARGEST_OPENING):
        weights = generator(1, 0, ply + 1, OPENING).random((rows, spec.points))
        weights *= spec.candidates(positions)[:, :-1]
        actions = np.where(weights.any(axis=1), weights.argmax(axis=1), spec.pass_action)
        spec.play(positions, np.where(lengths > ply, actions, -1))
    return positions


def own_step(evaluator: TorchEvaluator, spec: GoSpec, positions: Positions) -> Callable[[], int]:
    """One call of an evaluator."""

    def step() -> int:
        evaluator.evaluate(spec, positions)
        return len(positions)

    return step


def peer_step(forward: Forward, spec: GoSpec, positions: Positions) -> Callable[[], int]:
    """Inputs from the positions, then one call of the peer."""

    def step() -> int:
        planes, globals_ = spec.features(positions)
        images = planes.reshape(len(positions), spec.height, spec.width, -1).transpose(0, 3, 1, 2)
        forward(np.ascontiguousarray(images, np.float32), globals_)
        return len(positions)

    return step


def torch_eager(model: PolicyValueNet) -> Forward:
    """The model as written, without folding, layout or precision tricks."""

    def forward(planes: np.ndarray, globals_: np.ndarray) -> object:
        with torch.inference_mode():
            return model(torch.from_numpy(planes), torch.from_numpy(globals_))

    return forward


def openvino_float32(model: PolicyValueNet, spec: GoSpec) -> Forward:
    """The model compiled by OpenVINO in its default setting, held to float32."""
    import openvino

    # Ones, not zeros: a trace keeps the branch it saw, and here all points are on the board.
    example = (
        torch.ones(2, len(spec.plane_names), spec.height, spec.width),
        torch.ones(2, len(spec.global_names)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        converted = openvino.convert_model(model, example_input=example)
    compiled = openvino.compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def forward(planes: np.ndarray, globals_: np.ndarray) -> object:
        return compiled([planes, globals_])

    return forward
