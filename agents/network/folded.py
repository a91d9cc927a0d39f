"""A network without torch: plain NumPy weights, gains merged, the heads that search needs.

What evaluators that do not need torch are made from. :func:`forward` computes the network in
float32, slowly and readably: it calibrates the 8-bit evaluator and is held against the model in
torch. The trunk is a list of layers that read and write numbered boards, so a new kind of block is
a few lines in :class:`_Trunk` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.network.config import NetworkConfig
from agents.network.heads import SCORE_SCALE, TEACHING
from agents.network.inputs import columns, constants
from engine.errors import NetworkFileError
from engine.games.inputs import InputLayout

if TYPE_CHECKING:
    from agents.network.model import PolicyValueNet

LARGEST_WEIGHT, LARGEST_BYTE = 127, 255
"""Steps of a weight either way, and of an activation, in 8 bits."""
REACH: Final = 0.9
"""Share of a calibration's largest activation that bytes cover: coarser steps would cost more."""
TYPICAL_WIDTH, WIDTH_SCALE = 14.0, 10.0
BOARDS: Final = 6
"""Boards of a trunk: three of all channels, then three of a bottleneck's."""

Float = NDArray[np.float32]


@dataclass(frozen=True)
class Affine:
    """Weight and bias of a linear map or a convolution."""

    weight: Float
    """``(out, in)``, of a convolution ``(out, in, size, size)``."""
    bias: Float
    """``(out,)``"""


@dataclass(frozen=True)
class TrunkLayer:
    """ReLU of a convolution of one board, plus another board, to a third."""

    affine: Affine
    source: int
    target: int
    residual: int | None = None
    pool: Affine | None = None
    """Maps the source, pooled, to a bias."""


@dataclass(frozen=True)
class Calibration:
    """What activations look like, layer by layer.

    The stem, the trunk's layers, then the heads' context, policy points and value points.
    """

    largest: Float
    """``(layers,)`` largest output, after the ReLU."""
    patches: tuple[Float, ...]
    """Mean input under each weight of the kernel, ``(in, size, size)`` each."""

    def specialised(self, config: NetworkConfig, layout: InputLayout) -> Calibration:
        """The same for :meth:`FoldedNetwork.specialised`: the stem sees the game's own planes."""
        at = columns(layout.plane_names, config.plane_names)
        stem = _columns_of(self.patches[0][None], at)[0]
        return replace(self, patches=(stem, *self.patches[1:]))


@dataclass(frozen=True)
class FoldedNetwork:
    """What search uses of :class:`~agents.network.model.PolicyValueNet`, in reading order."""

    config: NetworkConfig
    stem: Affine
    globals_linear: Affine
    trunk: tuple[TrunkLayer, ...]
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
    end: int = 0
    """Number of the board that the heads read."""

    def convolutions(self) -> list[Affine]:
        """All convolutions, in the order of a :class:`Calibration`."""
        heads = [self.policy_context, self.policy_points, self.value_points]
        return [self.stem, *(layer.affine for layer in self.trunk), *heads]

    def multiply_adds(self, points: int) -> int:
        """Return the products in one evaluation of a board, counted on the whole kernel."""
        linears = [self.globals_linear, self.policy_context_linear, self.policy_pass]
        linears += [self.value_hidden, self.value_value, self.value_score]
        linears += [layer.pool for layer in self.trunk if layer.pool is not None]
        per_point = [*self.convolutions(), self.policy_logit, self.value_ownership]
        return sum(affine.weight.size for affine in linears) + points * sum(
            affine.weight.size for affine in per_point
        )

    def specialised(self, layout: InputLayout) -> FoldedNetwork:
        """The same network for one game: it takes the game's own inputs, as they are written."""
        planes = columns(layout.plane_names, self.config.plane_names)
        globals_ = columns(layout.global_names, self.config.global_names)
        fixed = constants(self.config.global_names, layout)
        return replace(
            self,
            stem=Affine(_columns_of(self.stem.weight, planes), self.stem.bias),
            globals_linear=Affine(
                _columns_of(self.globals_linear.weight, globals_),
                self.globals_linear.bias + self.globals_linear.weight @ fixed,
            ),
        )


def _columns_of(weight: Float, at: NDArray[np.int64]) -> Float:
    """Return columns ``at`` of a weight's inputs, zeros where ``at`` is negative."""
    found = np.zeros((weight.shape[0], len(at), *weight.shape[2:]), np.float32)
    known = at >= 0
    found[:, known] = weight[:, at[known]]
    return found


class _Reader:
    """Takes tensors by name, checks their shapes, and reports those that were not taken."""

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

    def linear(self, name: str, inputs: int, outputs: int, used: int | None = None) -> Affine:
        """Take a linear map, or its first ``used`` outputs."""
        weight = self.take(f"{name}.weight", outputs, inputs)
        return Affine(weight[:used], self.take(f"{name}.bias", outputs)[:used])

    def convolution(self, name: str, inputs: int, outputs: int, size: int) -> Affine:
        """Take a convolution and merge its gain into the weight."""
        weight = self.take(f"{name}.weight", outputs, inputs, size, size)
        gain = self.take(f"{name}.gain", outputs)
        return Affine(weight * gain[:, None, None, None], self.take(f"{name}.bias", outputs))

    def pass_over(self, name: str) -> None:
        """Leave out a layer, whatever its shape: it is of a head that this version lacks."""
        self._left = {tensor for tensor in self._left if not tensor.startswith(f"{name}.")}

    def plane(self, name: str, inputs: int, outputs: int) -> Affine:
        """A 1x1 convolution, of which the first channel is used, as a linear map."""
        weight = self.take(f"{name}.weight", outputs, inputs, 1, 1)
        bias = self.take(f"{name}.bias", outputs)
        return Affine(weight[:1].reshape(1, inputs), bias[:1])

    def finish(self) -> None:
        if self._left:
            raise NetworkFileError(f"one with unknown tensors, such as {min(self._left)!r}")


class _Trunk:
    """Lists a trunk's layers; boards 0 to 2 hold all channels, 3 to 5 a bottleneck's."""

    def __init__(self, read: _Reader, config: NetworkConfig) -> None:
        self._read, self._config = read, config
        self.layers: list[TrunkLayer] = []
        self.at = 0
        for i in range(config.blocks):
            pooled = i % config.pooled_every == config.pooled_every - 1
            if config.bottleneck:
                self._bottleneck(f"blocks.{i}", pooled)
            else:
                self.at = self._residual(f"blocks.{i}", config.channels, pooled, self.at, 0)

    def _residual(self, name: str, channels: int, pooled: bool, at: int, base: int) -> int:
        """A block that reads board ``at``; returns the board that it writes."""
        read = self._read
        middle, end = base + 1, base + 2 if at == base else base
        pool = read.linear(f"{name}.pool_linear", 3 * channels, channels) if pooled else None
        first = read.convolution(f"{name}.first", channels, channels, 3)
        second = read.convolution(f"{name}.second", channels, channels, 3)
        self.layers.append(TrunkLayer(first, at, middle, pool=pool))
        self.layers.append(TrunkLayer(second, middle, end, residual=at))
        return end

    def _bottleneck(self, name: str, pooled: bool) -> None:
        channels, inner = self._config.channels, self._config.bottleneck
        narrow = self._read.convolution(f"{name}.narrow", channels, inner, 1)
        self.layers.append(TrunkLayer(narrow, self.at, 3))
        at = 3
        for i in range(self._config.inner_blocks):
            at = self._residual(f"{name}.inner.{i}", inner, pooled and i == 0, at, 3)
        widen = self._read.convolution(f"{name}.widen", inner, channels, 1)
        end = 2 if self.at == 0 else 0
        self.layers.append(TrunkLayer(widen, at, end, residual=self.at))
        self.at = end


def fold(config: NetworkConfig, tensors: Mapping[str, NDArray[Any]]) -> FoldedNetwork:
    """Merge the gains of a model's tensors, named as in its ``state_dict``.

    Raises:
        NetworkFileError: on missing, unknown, misshapen or infinite tensors.
    """
    read = _Reader(tensors)
    channels, head, hidden = config.channels, config.head_channels, config.value_hidden
    trunk = _Trunk(read, config)
    network = FoldedNetwork(
        config,
        stem=read.convolution("stem", len(config.plane_names), channels, 3),
        globals_linear=read.linear("globals_linear", len(config.global_names), channels),
        trunk=tuple(trunk.layers),
        policy_points=read.convolution("policy_head.points", channels, head, 1),
        policy_context=read.convolution("policy_head.context", channels, head, 1),
        policy_context_linear=read.linear("policy_head.context_linear", 3 * head, head),
        policy_logit=read.plane("policy_head.logit", head, 2),
        policy_pass=read.linear("policy_head.pass_linear", 3 * head, 2, used=1),
        value_points=read.convolution("value_head.points", channels, head, 1),
        value_hidden=read.linear("value_head.hidden", 3 * head, hidden),
        value_value=read.linear("value_head.value", hidden, 3),
        value_score=read.linear("value_head.score", hidden, 2, used=1),
        value_ownership=read.plane("value_head.ownership", head, 1),
        end=trunk.at,
    )
    for name in config.teaching:
        if TEACHING[name].per == "row":
            read.linear(f"value_head.{name}", hidden, TEACHING[name].width)
        else:
            read.plane(f"value_head.{name}", head, TEACHING[name].width)
    for name in set(config.heads) - set(TEACHING):
        read.pass_over(f"value_head.{name}")
    read.finish()
    return network


def fold_model(model: PolicyValueNet) -> FoldedNetwork:
    """Merge the gains of a model as it is now, adapters included; the model is not changed."""
    return fold(model.config, model_tensors(model))


def model_tensors(model: PolicyValueNet) -> dict[str, NDArray[np.float32]]:
    """A model's tensors by name, adapters merged into the weights that they belong to."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in model.merged_state().items()}


@dataclass(frozen=True)
class Activations:
    """The outputs of :func:`forward`, all float32."""

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
    boards: list[Any] = [None] * BOARDS
    boards[0] = layer(network.stem, planes.astype(np.float32), bias)
    for step in network.trunk:
        x = boards[step.source]
        more = 0.0 if step.residual is None else boards[step.residual]
        if step.pool is not None:
            more = more + linear(step.pool, pool(x))[:, None, None]
        boards[step.target] = layer(step.affine, x, more)
    x = boards[network.end]
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
        score=linear(network.value_score, hidden)[:, 0] * np.float32(SCORE_SCALE),
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
    y = np.tile(affine.bias, (x[..., 0].size, 1))
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            # Copied to one matrix: of a view, NumPy makes a product for each line of each board.
            part = padded[:, dy : dy + height, dx : dx + width].reshape(-1, x.shape[3])
            y += part @ affine.weight[:, :, dy, dx].T
    return y.reshape(*x.shape[:3], -1)


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
    return np.float32(((height * width) ** 0.5 - TYPICAL_WIDTH) / WIDTH_SCALE)
