"""Training as 8 bits compute: it computes that, lets gradients through, and goes off again."""

from __future__ import annotations

import numpy as np
import torch

from agents.evaluators.int8_weights import units_of
from agents.network.calibration import calibrate, inputs_of
from agents.network.folded import Affine, convolve, fold_model, linear
from agents.network.rounding import rounded_activations, rounded_weight, set_rounding
from engine.games import GoSpec
from tests.support.lively import lively
from tests.support.positions import random_positions

SPEC = GoSpec(5, 5)


def test_a_layer_is_rounded_as_the_evaluator_rounds_it() -> None:
    """The first, whose inputs are exact: later ones multiply what chance rounded up or down."""
    model = lively(SPEC, "b4c32")
    planes, globals_ = inputs_of(model.config, SPEC, random_positions(SPEC, 64, 20))
    network = fold_model(model)
    unit = units_of(calibrate(network, (planes, globals_)))[0]
    steps = np.abs(network.stem.weight).max(axis=(1, 2, 3), keepdims=True) / 127
    weight = (np.rint(network.stem.weight / steps) * steps).astype(np.float32)
    bias = linear(network.globals_linear, globals_)[:, None, None]
    total = convolve(Affine(weight, network.stem.bias), planes.astype(np.float32)) + bias
    expected = np.rint(np.clip(total / unit, 0, 255))
    seen: list[torch.Tensor] = []
    hook = model.relu.register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.no_grad():
        images = torch.from_numpy(planes).permute(0, 3, 1, 2).float()
        exact = model(images, torch.from_numpy(globals_)).policy_logits
        set_rounding(model, True)
        model(images, torch.from_numpy(globals_))
        set_rounding(model, False)
        again = model(images, torch.from_numpy(globals_)).policy_logits
    hook.remove()
    assert torch.equal(again, exact)
    plain, rounded, _ = (array.permute(0, 2, 3, 1).numpy() for array in seen)
    # Its scale is of what it computes with rounded weights: hardly another one.
    got = rounded / (rounded.max() / 255)
    assert np.abs(got - expected).max() < 3.0 and np.abs(got - expected).mean() < 0.1
    assert np.abs(got - np.rint(got)).max() < 1e-3 < np.abs(plain / unit - np.rint(got)).max()


def test_gradients_pass_as_if_nothing_were_rounded() -> None:
    weight = torch.randn(4, 3, 3, 3, requires_grad=True)
    (3 * rounded_weight(weight)).sum().backward()
    assert weight.grad is not None and weight.grad.eq(3).all()
    x = torch.rand(2, 3, 5, 5, requires_grad=True)
    rounded_activations(x).sum().backward()
    assert x.grad is not None and x.grad.eq(1).all()


def test_values_take_as_many_steps_as_bytes_have() -> None:
    weight = rounded_weight(torch.randn(2, 64, 3, 3))
    for channel in weight:
        steps = channel / (channel.abs().max() / 127)
        assert torch.allclose(steps, steps.round(), atol=1e-3)
    x = rounded_activations(torch.rand(8, 16, 9, 9))
    assert 200 < len(torch.unique((x / x.max() * 255).round())) <= 256
    assert not rounded_activations(torch.zeros(1, 2, 3, 3)).any()
    assert not rounded_weight(torch.zeros(1, 2, 3, 3)).any()


def test_copies_for_inference_do_not_round() -> None:
    model = lively(SPEC)
    set_rounding(model, True)
    planes = torch.rand(2, len(SPEC.plane_names), 5, 5).round()
    planes[:, 0] = 1
    globals_ = torch.zeros(2, len(SPEC.global_names))
    with torch.no_grad():
        frozen = model.frozen()(planes, globals_).policy_logits
        set_rounding(model, False)
        torch.testing.assert_close(frozen, model(planes, globals_).policy_logits)
