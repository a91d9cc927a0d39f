"""The network: shapes, folding, padding, gradients, healthy activations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from agents.network.config import NetworkConfig
from agents.network.folded import fold_model, forward
from agents.network.model import PolicyValueNet
from engine.errors import ConfigError
from selfplay.learn.optimizer import make_optimizers
from tests.support.networks import PLANES, SPEC, inputs, make


@pytest.mark.parametrize(("height", "width"), [(2, 2), (5, 7), (9, 9), (19, 19)])
def test_one_set_of_weights_serves_every_size(height: int, width: int) -> None:
    output = make()(*inputs(3, height, width))
    assert output.policy_logits.shape == (3, height * width + 1)
    assert output.value_logits.shape == (3, 3)
    assert output.score.shape == (3,)
    assert output.ownership_logits.shape == (3, height * width)


@pytest.mark.parametrize("name", ["b4c32", "n3c128"])
def test_a_frozen_network_gives_the_same_numbers(name: str) -> None:
    model = make(name)
    planes, globals_ = inputs(4, 9, 9)
    for whole, frozen in zip(
        model(planes, globals_), model.frozen()(planes, globals_), strict=True
    ):
        torch.testing.assert_close(frozen, whole, rtol=1e-4, atol=1e-4)
    assert all(
        (gain == 1).all() for key, gain in model.frozen().named_parameters() if "gain" in key
    )


@pytest.mark.parametrize("name", ["b4c32", "n3c128"])
@pytest.mark.parametrize(("height", "width"), [(9, 9), (4, 7)])
def test_the_network_without_torch_gives_the_same_numbers(
    name: str, height: int, width: int
) -> None:
    model = make(name)
    planes, globals_ = inputs(3, height, width)
    with torch.no_grad():
        whole = model(planes, globals_)
    images = planes.permute(0, 2, 3, 1).numpy().astype(np.uint8)
    found = forward(fold_model(model), images, globals_.numpy())
    for ours, theirs in (
        (found.policy_logits, whole.policy_logits),
        (found.value_logits, whole.value_logits),
        (found.score, whole.score),
        (found.ownership_logits, whole.ownership_logits),
    ):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-3, atol=1e-3)


def test_a_padded_board_is_judged_like_a_bare_one() -> None:
    model = make("b4c32")
    planes, globals_ = inputs(2, 7, 7)
    padded = torch.zeros(2, len(PLANES), 9, 9)
    padded[:, :, :7, :7] = planes
    bare, wide = model(planes, globals_), model(padded, globals_)
    torch.testing.assert_close(wide.value_logits, bare.value_logits, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(wide.score, bare.score, rtol=1e-4, atol=1e-3)
    on_board = wide.policy_logits[:, :81].reshape(2, 9, 9)[:, :7, :7].reshape(2, 49)
    torch.testing.assert_close(on_board, bare.policy_logits[:, :49], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        wide.policy_logits[:, 81], bare.policy_logits[:, 49], rtol=1e-4, atol=1e-4
    )
    chances = torch.softmax(wide.policy_logits, 1)
    beside = chances[:, :81].reshape(2, 9, 9).clone()
    beside[:, :7, :7] = 0
    assert not beside.any()
    told = model(padded, globals_, padded=True)
    torch.testing.assert_close(told.policy_logits, wide.policy_logits)


def test_the_gradient_reaches_every_parameter() -> None:
    model = make().train()
    with torch.no_grad():
        model.value_head.short.weight.mul_(1e-3)  # away from where tanh is flat
    output = model(*inputs(8, 9, 9))
    weights = torch.linspace(-1, 1, output.policy_logits.shape[1])
    loss = (torch.softmax(output.policy_logits, 1) * weights).sum()
    loss = loss + (torch.softmax(output.teaching["reply"], 1) * weights).sum()
    loss = loss + (torch.softmax(output.value_logits, 1)[:, 0]).sum()
    loss = loss + output.score.sum() + torch.tanh(output.ownership_logits).sum()
    for name in ("score_error", "short", "future"):
        loss = loss + output.teaching[name].sum()
    loss.backward()
    silent = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is None or not bool(parameter.grad.abs().sum() > 0)
    ]
    # A bias under a softmax over all of its outputs moves them alike and teaches nothing.
    assert silent in ([], ["policy_head.logit.bias"])


@pytest.mark.parametrize("name", ["b4c32", "b10c128", "n6c256", "deep"])
def test_activations_neither_die_nor_explode(name: str) -> None:
    """At the start, and after steps of the size that training takes."""
    config = NetworkConfig.named("b4c32" if name == "deep" else name, SPEC)
    if name == "deep":
        config = replace(config, blocks=20)
    model = PolicyValueNet.initial(config, 0).train()
    scales: list[float] = []
    for block in model.blocks:
        block.register_forward_hook(lambda _m, _i, out: scales.append(float(out.detach().std())))
    optimizers = make_optimizers(model, 0.0, muon=True)
    steps = 8 if name in ("b4c32", "deep") else 1
    for step in range(steps):
        scales.clear()
        output = model(*inputs(16, 9, 9, seed=step))
        assert all(0.1 < scale < 10.0 for scale in scales), scales
        loss = output.policy_logits[:, :9].logsumexp(1).mean() + output.value_logits[:, 0].mean()
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = 8e-3
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    assert len(scales) == config.blocks


def test_an_untrained_network_prefers_nothing() -> None:
    model = PolicyValueNet.initial(NetworkConfig.named("b4c32", SPEC), 3).eval()
    with torch.no_grad():
        output = model(*inputs(4, 9, 9))
    policy = torch.softmax(output.policy_logits, 1)
    assert float(policy.max()) < 0.05
    assert float(output.value_logits.abs().max()) < 1.0


def test_initial_weights_depend_on_the_seed_alone() -> None:
    config = NetworkConfig.named("b2c16", SPEC)
    first = PolicyValueNet.initial(config, 5).state_dict()
    torch.manual_seed(99)
    again = PolicyValueNet.initial(config, 5).state_dict()
    other = PolicyValueNet.initial(config, 6).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_unknown_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="b4c32"):
        NetworkConfig.named("b99", SPEC)
