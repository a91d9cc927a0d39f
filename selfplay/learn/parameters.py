"""Which parameters of a network are trained: all, adapters beside them, or its heads."""

from __future__ import annotations

from typing import Final, Literal

from agents.network.adapters import attach
from agents.network.model import PolicyValueNet

Parameters = Literal["full", "lora", "heads"]

_HEADS: Final = ("policy_head.", "value_head.")


def trainable(model: PolicyValueNet, parameters: Parameters, rank: int, seed: int) -> int:
    """Leave only the wanted parameters of ``model`` to be trained; it is changed in place.

    Args:
        model: without adapters so far.
        parameters: ``lora`` attaches adapters and trains them alone.
        rank: of the adapters.
        seed: of the adapters' first numbers.

    Returns:
        The number of parameters that are left to train.

    Raises:
        ValueError: if the rank is out of range, or the model has adapters already.
    """
    if parameters == "lora":
        attach(model, rank, seed)
    if parameters == "heads":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(_HEADS))
    return trained_count(model)


def trained_count(model: PolicyValueNet) -> int:
    """Number of parameters that are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def largest_rank(model: PolicyValueNet, share: float) -> int:
    """Return the largest rank at which adapters are below ``share`` of the parameters, at least 1.

    Args:
        model: not changed.
        share: of the parameters of ``model``, in (0, 1).
    """
    limit = share * model.parameter_count
    rank = 1
    while rank < 64 and _adapter_size(model, rank + 1) < limit:
        rank += 1
    return rank


def _adapter_size(model: PolicyValueNet, rank: int) -> int:
    copy = model.merged()
    attach(copy, rank)
    return trained_count(copy)
