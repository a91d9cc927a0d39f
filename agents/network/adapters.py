"""Adapters: a few trained numbers beside a network that stays as it is.

A weight ``W`` becomes ``W + U D`` with ``D`` from inputs to ``rank`` numbers and ``U`` back (LoRA;
Hu et al. 2021, section 4.1); a convolution's weight counts as a matrix from patches to channels.
``U`` begins at zero, so a fresh adapter changes nothing. An adapter's file is small, says which
network it belongs to, and is refused by any other. :meth:`PolicyValueNet.merged` puts adapters into
the weights, and so does :func:`~agents.network.adapter_file.merge_adapter`, without torch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from agents.network.adapter_file import (
    FORMAT,
    LARGEST_RANK,
    VERSION,
    check_adapter,
    not_an_adapter,
    read_adapter,
    read_adapter_metadata,
)
from agents.network.blocks import Conv
from agents.network.checkpoint import content_hash, sorted_header
from agents.network.model import PolicyValueNet
from engine.files import write_atomic

__all__ = ["attach", "base_hash", "load_adapter", "read_adapter_metadata", "save_adapter"]

_ADAPTABLE: Final = (Conv, nn.Conv2d, nn.Linear)


class LowRank(nn.Module):
    """Adds a matrix of low rank to a weight."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        outputs, inputs = weight.shape[0], weight[0].numel()
        rank = min(rank, outputs, inputs)
        self.down = nn.Parameter(torch.randn(rank, inputs) / math.sqrt(inputs))
        self.up = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the adapted weight, of the same shape."""
        return weight + (self.up @ self.down).reshape(weight.shape)


def attach(model: PolicyValueNet, rank: int, seed: int = 1) -> list[nn.Parameter]:
    """Give every convolution and linear map of ``model`` an adapter and freeze everything else.

    Args:
        model: changed in place; without adapters so far.
        rank: of each adapter; smaller where a weight is smaller.
        seed: of the adapters' first numbers.

    Returns:
        The parameters that are left to train.

    Raises:
        ValueError: if the rank is out of range, or the model has adapters already.
    """
    if not 1 <= rank <= LARGEST_RANK:
        raise ValueError(f"expected a rank from 1 to {LARGEST_RANK}, got {rank!r}")
    if any(True for _ in _adapters(model)):
        raise ValueError("expected a network without adapters, got one that has some")
    model.requires_grad_(False)
    trained: list[nn.Parameter] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in list(model.modules()):
            if isinstance(module, _ADAPTABLE):
                adapter = LowRank(module.weight, rank)
                parametrize.register_parametrization(module, "weight", adapter)
                trained += list(adapter.parameters())
    return trained


def save_adapter(path: Path, model: PolicyValueNet, provenance: Mapping[str, Any]) -> None:
    """Write the adapters of ``model``, alone, as one atomic file.

    Raises:
        ValueError: if it has none.
    """
    import safetensors.numpy

    tensors: dict[str, Any] = {}
    rank = 0
    for name, adapter in _adapters(model):
        tensors[f"{name}.down"] = adapter.down.detach().numpy()
        tensors[f"{name}.up"] = adapter.up.detach().numpy()
        rank = max(rank, len(adapter.down))
    if not tensors:
        raise ValueError("expected a network with adapters, got one without")
    header = {
        "format": FORMAT,
        "version": VERSION,
        "rank": str(rank),
        "base": base_hash(model),
        "provenance": json.dumps(dict(provenance)),
        "content": content_hash(tensors),
    }
    write_atomic(path, sorted_header(safetensors.numpy.save(tensors, header)))


def load_adapter(path: Path, model: PolicyValueNet) -> dict[str, Any]:
    """Attach the adapters of a file to the network that they were trained on.

    Args:
        path: of the file.
        model: changed in place.

    Returns:
        ``rank``, ``base`` and ``provenance``.

    Raises:
        NetworkFileError: if the file is no adapter, damaged, or belongs to another network.
    """
    facts, tensors = read_adapter(path)
    if facts["base"] != base_hash(model):
        raise not_an_adapter(path, "one that was trained on another network")
    shapes = {name: weight.shape for name, weight in _adaptable(model)}
    check_adapter(path, facts["rank"], tensors, shapes)
    attach(model, facts["rank"])
    with torch.no_grad():
        for name, adapter in _adapters(model):
            for part in ("down", "up"):
                getattr(adapter, part).copy_(torch.from_numpy(tensors[f"{name}.{part}"]))
    return {key: facts[key] for key in ("rank", "base", "provenance")}


def base_hash(model: PolicyValueNet) -> str:
    """Hash of the weights that adapters are over."""
    tensors = {}
    for name, tensor in model.state_dict().items():
        plain = name.replace(".parametrizations.weight.original", ".weight")
        if ".parametrizations." not in plain:
            tensors[plain] = tensor.detach().cpu().numpy()
    return content_hash(tensors)


def _adaptable(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Each weight that can have an adapter, by name."""
    for name, module in model.named_modules():
        if isinstance(module, _ADAPTABLE):
            yield f"{name}.weight", module.weight


def _adapters(model: nn.Module) -> Iterator[tuple[str, LowRank]]:
    """Each weight's name and its adapter."""
    for name, module in model.named_modules():
        if parametrize.is_parametrized(module):
            adapter = module.parametrizations.weight[0]
            assert isinstance(adapter, LowRank)
            yield f"{name}.weight", adapter
