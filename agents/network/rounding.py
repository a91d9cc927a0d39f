"""Training that gets a network used to 8 bits: values are rounded on the way, gradients are not.

Weights and the outputs of every ReLU between convolutions are rounded as the 8-bit evaluator does
it, with scales of the moment; the gradient passes as if nothing had been rounded (the
straight-through estimator; Jacob et al. 2018, section 3). Meant for the end of a run, when the
weights hardly move any more; ``docs/results/network.md`` says what was gained so far.
"""

from __future__ import annotations

import torch
from torch import Tensor

from agents.network.blocks import Conv, Rectifier
from agents.network.folded import LARGEST_BYTE, LARGEST_WEIGHT, REACH
from agents.network.model import PolicyValueNet

_SMALLEST_STEP = 1e-12


def set_rounding(model: PolicyValueNet, on: bool) -> None:
    """Let ``model`` compute with rounded weights and activations from now on, or no longer.

    Copies for inference (``frozen``, ``merged``) never round.
    """
    for module in model.modules():
        if isinstance(module, Conv):
            module.rounding = rounded_weight if on else None
        elif isinstance(module, Rectifier):
            module.rounding = rounded_activations if on else None


def rounded_weight(weight: Tensor) -> Tensor:
    """A convolution's weight ``(out, in, size, size)`` in 255 steps for each output channel."""
    with torch.no_grad():
        steps = weight.abs().amax(dim=(1, 2, 3), keepdim=True) / LARGEST_WEIGHT
        steps = steps.clamp_min(_SMALLEST_STEP)
        error = torch.round(weight / steps) * steps - weight
    return weight + error


def rounded_activations(x: Tensor) -> Tensor:
    """Outputs of a ReLU in 256 steps up to nine tenths of the largest."""
    with torch.no_grad():
        whole = x.float()  # in bfloat16 there are not 256 steps
        step = (whole.amax() * (REACH / LARGEST_BYTE)).clamp_min(_SMALLEST_STEP)
        error = torch.round(whole / step).clamp_max(LARGEST_BYTE) * step - whole
    return x.float() + error
