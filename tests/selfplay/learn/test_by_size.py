"""Boards of several sizes in one batch: size by size gives what one padded pass gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games import make
from selfplay.data.mixed import mixed
from selfplay.data.replay import Batch, make_batch
from selfplay.learn.by_size import by_size
from selfplay.learn.learner import Learner, LearnerConfig, tensors_of
from tests.support.lively import enlivened
from tests.support.small import some_rows

pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")

SPECS = [make("go", 5), make("connect_four", 6, 7), make("hex", 4), make("othello", 6)]


def test_outputs_and_gradients_are_those_of_one_padded_pass() -> None:
    config = NetworkConfig.named("b2c16", *SPECS, future=True)
    model = enlivened(PolicyValueNet.initial(config, 1), 1).train()
    planes, globals_ = tensors_of(config, mixed(config, batches(6, future=True)))
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(planes)))
    planes, globals_ = planes[order], globals_[order]
    plane = config.plane_names.index("on_board")
    on = planes[:, plane].flatten(1) > 0
    action = torch.cat([on, torch.ones(len(on), 1, dtype=torch.bool)], dim=1)
    everywhere = {"action": action, "point": on}
    gradients = []
    outputs = model(planes, globals_), by_size(model, planes, globals_, plane)
    for output in outputs:
        loss = output.policy_logits.log_softmax(1)[action].sum()
        loss = loss + output.value_logits.square().sum()
        loss = loss + output.ownership_logits[on].square().sum()
        parameters = list(model.parameters())
        gradients.append(torch.autograd.grad(loss, parameters, allow_unused=True))
    for one, other in zip(*gradients, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert torch.allclose(one, other, rtol=1e-3, atol=1e-2)
    for one, other in zip(*(output.tensors() for output in outputs), strict=True):
        assert one.shape == other.shape
        kind = {on.shape[1]: "point", action.shape[1]: "action"}.get(one.shape[-1], "row")
        if kind == "row":
            assert torch.allclose(one, other, atol=1e-4)
        else:
            where = everywhere[kind]
            where = where if one.dim() == 2 else where[:, None].expand_as(one)
            assert torch.allclose(one[where], other[where], atol=1e-4)
    assert bool((outputs[1].policy_logits[~action] <= -1e3).all())


def batches(count: int, *, future: bool = False) -> list[Batch]:
    rows = [some_rows(spec, count, seed) for seed, spec in enumerate(SPECS)]
    for each in rows:  # a game that is over has no policy
        np.nan_to_num(each.columns["policy"], copy=False)
    return [make_batch(each, None, future=future) for each in rows]


def test_the_learner_takes_mixed_batches_with_threads() -> None:
    config = NetworkConfig.named("b2c16", *SPECS)
    batch = mixed(config, batches(8))
    losses = [
        Learner(PolicyValueNet.initial(config, 1), LearnerConfig(), threads).measure(batch)["total"]
        for threads in (1, 2)
    ]
    assert np.isclose(*losses, rtol=1e-3)
