"""A network that gets the inputs of a further game evaluates its own games as before."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.evaluators.torch_evaluator import TorchEvaluator
from agents.network.adapters import attach
from agents.network.config import NetworkConfig
from agents.network.extend import extended, extended_config, new_inputs
from engine.games import GameSpec, make
from tests.support.lively import lively
from tests.support.positions import random_positions

GO, HEX, FOUR = make("go", 5), make("hex", 5), make("connect_four", 6, 7)


def evaluations(model: object, spec: GameSpec) -> list[np.ndarray]:
    positions = random_positions(spec, 12, 6, 3)
    found = TorchEvaluator(model).evaluate(spec, positions)  # type: ignore[arg-type]
    return [found.policy_logits, found.value, found.score, found.ownership]


@pytest.mark.parametrize("adapted", [False, True])
def test_known_games_are_evaluated_as_before(adapted: bool) -> None:
    model = lively(GO)
    if adapted:
        for number in attach(model, 2):
            torch.nn.init.normal_(number, 0.0, 0.1)
    wider = extended(model, [HEX, FOUR])
    for old, new in zip(evaluations(model, GO), evaluations(wider, GO), strict=True):
        np.testing.assert_allclose(new, old, rtol=0, atol=1e-6)


def test_new_inputs_say_nothing_until_they_are_trained() -> None:
    """Zero-shot, a further game is judged by the inputs that it shares with the known ones."""
    wider = extended(lively(GO), [HEX])
    edge = wider.config.plane_names.index("own_edge")
    assert not wider.stem.weight[:, edge].any()
    before = evaluations(wider, HEX)
    with torch.no_grad():
        wider.stem.weight[:, edge] += 0.5
    assert not np.allclose(before[0], evaluations(wider, HEX)[0])


def test_inputs_are_added_once_and_by_name() -> None:
    config = NetworkConfig.named("b2c16", GO)
    wider = extended_config(config, [HEX, FOUR, GO])
    assert wider.games == ("go", "hex", "connect_four")
    assert new_inputs(config, wider) == [
        *("own_edge", "opponent_edge"),
        *("swap", "game:hex", "height", "width", "length", "game:connect_four"),
    ]
    assert wider.plane_names[: len(config.plane_names)] == config.plane_names
    assert extended_config(wider, [HEX, GO]) == wider
    assert extended_config(config, [make("go", 9)]) == config
