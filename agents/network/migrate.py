"""Older versions of network files, brought up to date exactly; what is not listed is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.network.heads import SHORT_HORIZONS
from engine.errors import NetworkFileError

Tensors = dict[str, NDArray[Any]]

_EPSILON: Final = 1e-5  # of torch's batch norm
_WIDENED: Final = {"policy_head.logit": 2, "policy_head.pass_linear": 2, "value_head.score": 2}
"""Heads that had one output where there are two now; the second is for training alone."""


def from_version_1(
    values: Mapping[str, Any], provenance: Mapping[str, Any], tensors: Tensors
) -> tuple[dict[str, Any], Tensors]:
    """Bring a network of version 1 to version 2: batch norms merged, new heads at zero.

    Args:
        values: the configuration as stored.
        provenance: which says the game; version 1 knew no network of several games.
        tensors: as stored.

    Returns:
        Configuration and tensors of version 2; evaluations stay the same.

    Raises:
        NetworkFileError: if tensors are missing or do not fit together.
    """
    try:
        found = {name: tensors[name] for name in tensors if ".conv." not in name}
        found = {name: tensor for name, tensor in found.items() if ".norm." not in name}
        for name in tensors:
            layer, conv, rest = name.rpartition(".conv.weight")
            if conv and not rest:
                found |= _without_norm(layer, tensors)
        for layer, outputs in _WIDENED.items():
            for part in ("weight", "bias"):
                old = found[f"{layer}.{part}"]
                wide = np.zeros((outputs, *old.shape[1:]), old.dtype)
                wide[: len(old)] = old
                found[f"{layer}.{part}"] = wide
        hidden = found["value_head.hidden.bias"].shape[0]
    except (KeyError, ValueError, IndexError) as error:
        raise NetworkFileError(f"one without a tensor that fits at {error}") from error
    found["value_head.short.weight"] = np.zeros((len(SHORT_HORIZONS), hidden), np.float32)
    found["value_head.short.bias"] = np.zeros(len(SHORT_HORIZONS), np.float32)
    return {**values, "games": [str(provenance.get("game", "go"))]}, found


def _without_norm(layer: str, tensors: Tensors) -> Tensors:
    """A convolution with its batch norm's statistics merged, as one with a gain of 1."""
    weight = tensors[f"{layer}.conv.weight"]
    gain, shift, mean, variance = (
        tensors[f"{layer}.norm.{part}"]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    if (variance < 0).any():
        raise NetworkFileError(f"the tensor '{layer}.norm.running_var' with negative numbers in it")
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused later
        scale = gain / np.sqrt(variance + np.float32(_EPSILON))
        return {
            f"{layer}.weight": (weight * scale[:, None, None, None]).astype(np.float32),
            f"{layer}.gain": np.ones(len(weight), np.float32),
            f"{layer}.bias": (shift - mean * scale).astype(np.float32),
        }
