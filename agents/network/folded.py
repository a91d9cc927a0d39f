"""A network without torch: plain NumPy weights, every norm merged into its convolution.

What evaluators that do not need torch are made from. :func:`forward` computes the network in
float32, slowly and readably: it calibrates the 8-bit evaluator and is held against the model in
torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agents.network.checkpoint import read_metadata, refusal
from agents.network.config import NetworkConfig
from engine.errors import NetworkFileError

if TYPE_CHECKING:
    from agents.network.model import PolicyValueNet

_EPSILON = 1e-5  # of torch's batch norm
_TYPICAL_WIDTH, _WIDTH_SCALE, _SCORE_SCALE = 14.0, 10.0, 20.0

Float = NDArray[np.float32]


@dataclass(frozen=True)
class Affine:
    """A linear map and its bias."""

    weight: Float
    """``(out, in)``, of a convolution ``(out, in, size, size)``."""
    bias: Float
    """``(out,)``"""


@dataclass(frozen=True)
class FoldedBlock:
    """A residual block; ``pool`` maps pooled inputs to a bias of the first convolution."""

    first: Affine
    second: Affine
    pool: Affine | None


@dataclass(frozen=True)
class FoldedNetwork:
    """What :class:`~agents.network.model.PolicyValueNet` computes, in reading order."""

    config: NetworkConfig
    stem: Affine
    globals_linear: Affine
    blocks: tuple[FoldedBlock, ...]
    policy_points: Affine
    policy_context: Affine
    policy_context_linear: Affine
    policy_logit: Affine
    policy_pass: Affine
    value_points: Affine
    value_hidden: Affine
    value_value: Affine
    value_score: Affine
    value_ownership: Affine


class _Reader:
    """Takes tensors by name, checks their shapes, and knows at the end what nobody took."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._tensors = tensors
        self._left = set(tensors)

    def take(self, name: str, *shape: int) -> Float:
        if name not in self._tensors:
            raise NetworkFileError(f"one without the tensor {name!r}")
        found = self._tensors[name]
        self._left.discard(name)
        if found.shape != shape:
            raise NetworkFileError(f"the tensor {name!r} as {found.shape}, not {shape}")
        if not np.isfinite(found).all():
            raise NetworkFileError(f"the tensor {name!r} with infinities or NaN in it")
        return np.ascontiguousarray(found, np.float32)

    def linear(self, name: str, inputs: int, outputs: int) -> Affine:
        weight = self.take(f"{name}.weight", outputs, inputs)
        return Affine(weight, self.take(f"{name}.bias", outputs))

    def convolution(self, name: str, inputs: int, outputs: int, size: int) -> Affine:
        """A convolution, with the norm behind it if there is one."""
        if f"{name}.norm.weight" not in self._tensors:
            weight = self.take(f"{name}.conv.weight", outputs, inputs, size, size)
            return Affine(weight, self.take(f"{name}.conv.bias", outputs))
        weight = self.take(f"{name}.conv.weight", outputs, inputs, size, size)
        norm = f"{name}.norm"
        gain, shift, mean, variance = (
            self.take(f"{norm}.{part}", outputs)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        self._left.discard(f"{norm}.num_batches_tracked")
        if (variance < 0).any():
            raise NetworkFileError(f"the tensor '{norm}.running_var' with negative numbers in it")
        scale = gain / np.sqrt(variance + np.float32(_EPSILON))
        return Affine(weight * scale[:, None, None, None], shift - mean * scale)

    def plane(self, name: str, inputs: int) -> Affine:
        """A 1x1 convolution to one channel, as a linear map."""
        weight = self.take(f"{name}.weight", 1, inputs, 1, 1)
        return Affine(weight.reshape(1, inputs), self.take(f"{name}.bias", 1))

    def finish(self) -> None:
        if self._left:
            raise NetworkFileError(f"one with unknown tensors, such as {min(self._left)!r}")


def fold(config: NetworkConfig, tensors: Mapping[str, NDArray[Any]]) -> FoldedNetwork:
    """Merge the norms of a model's tensors, named as in its ``state_dict``.

    Raises:
        NetworkFileError: on missing, unknown, misshapen or infinite tensors.
    """
    read = _Reader(tensors)
    channels, head, hidden = config.channels, config.head_channels, config.value_hidden
    blocks = []
    for i in range(config.blocks):
        name = f"blocks.{i}"
        pooled = i % config.pooled_every == 1
        blocks.append(
            FoldedBlock(
                read.convolution(f"{name}.first", channels, channels, 3),
                read.convolution(f"{name}.second", channels, channels, 3),
                read.linear(f"{name}.pool_linear", 3 * channels, channels) if pooled else None,
            )
        )
    network = FoldedNetwork(
        config,
        stem=read.convolution("stem", len(config.plane_names), channels, 3),
        globals_linear=read.linear("globals_linear", len(config.global_names), channels),
        blocks=tuple(blocks),
        policy_points=read.convolution("policy_head.points", channels, head, 1),
        policy_context=read.convolution("policy_head.context", channels, head, 1),
        policy_context_linear=read.linear("policy_head.context_linear", 3 * head, head),
        policy_logit=read.plane("policy_head.logit", head),
        policy_pass=read.linear("policy_head.pass_linear", 3 * head, 1),
        value_points=read.convolution("value_head.points", channels, head, 1),
        value_hidden=read.linear("value_head.hidden", 3 * head, hidden),
        value_value=read.linear("value_head.value", hidden, 3),
        value_score=read.linear("value_head.score", hidden, 1),
        value_ownership=read.plane("value_head.ownership", head),
    )
    read.finish()
    return network


def fold_model(model: PolicyValueNet) -> FoldedNetwork:
    """Merge the norms of a model as it is now; the model is not changed."""
    tensors = {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}
    return fold(model.config, tensors)


def load_folded(path: Path) -> tuple[FoldedNetwork, dict[str, Any]]:
    """Return a checkpoint's network and metadata, as :func:`read_metadata` does, without torch.

    Raises:
        NetworkFileError: if the file is not a network, of another version, or damaged.
    """
    import safetensors
    import safetensors.numpy

    metadata = read_metadata(path)
    try:
        tensors = safetensors.numpy.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        raise refusal(path, f"a damaged file ({error})") from error
    try:
        return fold(metadata["network"], tensors), metadata
    except NetworkFileError as error:
        raise refusal(path, str(error)) from error


@dataclass(frozen=True)
class Calibration:
    """What activations look like, layer by layer.

    The stem, two a block, then the heads' context, policy points and value points.
    """

    largest: Float
    """``(layers,)`` largest output, after the ReLU."""
    patches: tuple[Float, ...]
    """Mean input under each weight of the kernel, ``(in, size, size)`` each."""


@dataclass(frozen=True)
class Activations:
    """What :func:`forward` computed."""

    policy_logits: Float
    """``(n, points + 1)``"""
    value_logits: Float
    """``(n, 3)``"""
    score: Float
    """``(n,)``"""
    ownership_logits: Float
    """``(n, points)``"""
    calibration: Calibration


def forward(network: FoldedNetwork, planes: NDArray[np.uint8], globals_: Float) -> Activations:
    """Evaluate ``planes`` ``(n, height, width, planes)`` and ``globals_`` ``(n, globals)``."""
    largest: list[np.float32] = []
    patches: list[Float] = []

    def layer(affine: Affine, x: Float, more: Float | float = 0.0) -> Float:
        """ReLU of a convolution and what is added to it."""
        patches.append(mean_patch(x, affine.weight.shape[2]))
        y = np.maximum(convolve(affine, x) + more, np.float32(0))
        largest.append(y.max(initial=0.0))
        return y

    bias = linear(network.globals_linear, globals_)[:, None, None]
    x = layer(network.stem, planes.astype(np.float32), bias)
    for block in network.blocks:
        pooled = 0.0 if block.pool is None else linear(block.pool, pool(x))[:, None, None]
        x = layer(block.second, layer(block.first, x, pooled), x)
    context = pool(layer(network.policy_context, x))
    bias = linear(network.policy_context_linear, context)[:, None, None]
    points = layer(network.policy_points, x, bias)
    logits = linear(network.policy_logit, points)[..., 0].reshape(len(x), -1)
    passes = linear(network.policy_pass, context)
    points = layer(network.value_points, x)
    hidden = np.maximum(linear(network.value_hidden, pool(points)), np.float32(0))
    return Activations(
        policy_logits=np.concatenate([logits, passes], axis=1),
        value_logits=linear(network.value_value, hidden),
        score=linear(network.value_score, hidden)[:, 0] * np.float32(_SCORE_SCALE),
        ownership_logits=linear(network.value_ownership, points)[..., 0].reshape(len(x), -1),
        calibration=Calibration(np.array(largest, np.float32), tuple(patches)),
    )


def linear(affine: Affine, x: Float) -> Float:
    """Map ``(..., in)`` to ``(..., out)``."""
    return x @ affine.weight.T + affine.bias


def convolve(affine: Affine, x: Float) -> Float:
    """Map ``(n, height, width, in)`` to the same with ``out``, zeros around the board."""
    reach = affine.weight.shape[2] // 2
    height, width = x.shape[1:3]
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    y = np.broadcast_to(affine.bias, (*x.shape[:3], len(affine.bias))).copy()
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            part = padded[:, dy : dy + height, dx : dx + width]
            y += part @ affine.weight[:, :, dy, dx].T
    return y


def mean_patch(x: Float, size: int) -> Float:
    """Mean of what each weight of a kernel is multiplied with, ``(in, size, size)``."""
    height, width = x.shape[1:3]
    reach = size // 2
    padded = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    means = [
        padded[:, dy : dy + height, dx : dx + width].mean(axis=(0, 1, 2))
        for dy in range(size)
        for dx in range(size)
    ]
    return np.stack(means, axis=1).reshape(-1, size, size).astype(np.float32)


def pool(x: Float) -> Float:
    """Mean, mean scaled by the board's width, and maximum: ``(n, 3 in)``."""
    mean = x.mean(axis=(1, 2), dtype=np.float32)
    return np.concatenate([mean, mean * width_factor(*x.shape[1:3]), x.max(axis=(1, 2))], axis=1)


def width_factor(height: int, width: int) -> np.float32:
    """What the second third of a global pool multiplies the mean by."""
    return np.float32(((height * width) ** 0.5 - _TYPICAL_WIDTH) / _WIDTH_SCALE)
