"""A network in 8 bits: scales from a calibration, weights packed in the order that tiles read them.

Activations are unsigned bytes with one scale per layer, from the largest value in the calibration.
Every layer ends in a ReLU, so the zero point is 0. Weights are signed, one scale per output
channel. Rounding a channel's weights shifts the mean of its output, on which pooled values depend.
The bias corrects the shift for the calibration's mean inputs (Nagel et al. 2019, section 4.2).
Channels are padded to multiples of 32 with zeros, which stay zero through the network. Biases,
scales and the small linear maps of the heads stay float32, in units of the layer that they write.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.evaluators.int8_forms import Form
from agents.network.folded import (
    BOARDS,
    LARGEST_BYTE,
    LARGEST_WEIGHT,
    REACH,
    Affine,
    Calibration,
    FoldedNetwork,
)

CHANNELS_MULTIPLE: Final = 32
INPUTS_MULTIPLE: Final = 4
_CACHE_LINE: Final = 64
_LARGEST_INT16: Final = 32767
_SMALLEST_REACH: Final = 1e-6  # for a layer that is always zero

# Columns of ``Int8Network.layers``. The last four are boards and the linear map of a pool; -1 is
# none.
WEIGHTS_AT, SCALES_AT, INPUTS, OUTPUTS, SIZE, SOURCE, TARGET, RESIDUAL, POOL = range(9)
# Entries of ``Int8Network.linears``: where a matrix (inputs, outputs) and its bias begin. The
# value's outputs are win, draw, loss and the score.
GLOBALS, CONTEXT, PASS, HIDDEN, VALUE, FIRST_POOL = range(6)
NONE: Final = -1
# Boards after those of the trunk.
PLANES, HEADS = BOARDS, BOARDS + 1


class Int8Network(NamedTuple):
    """Everything a kernel needs, as flat arrays."""

    weights: NDArray[np.int8]
    """All convolutions, ``(blocks of outputs, size * size, inputs / group, block, group)`` each, as
    the bytes of the numbers that the form multiplies."""
    floats: NDArray[np.float32]
    """Scales and biases of convolutions, matrices and biases of linear maps."""
    layers: NDArray[np.int64]
    """``(layers, 9)``: the stem, the trunk, then context, policy and value points of the heads."""
    residual_scales: NDArray[np.float32]
    """``(layers,)``: the residual's unit in units of the output; 0 where there is none."""
    linears: NDArray[np.int64]
    """``(5 + pools, 4)``: weights at, bias at, inputs, outputs."""
    planes_out: NDArray[np.int16]
    """``(2, head channels)``: weights of the policy logit and of the ownership."""
    planes_scale: NDArray[np.float32]
    """``(2, 2)``: unit and bias of these two."""


class _Packer:
    """Appends arrays to flat arrays and records their offsets."""

    def __init__(self, form: Form, patches: tuple[NDArray[np.float32], ...]) -> None:
        self._form, self._patches = form, patches
        self._weights: list[NDArray[np.int8]] = []
        self._floats: list[NDArray[np.float32]] = []
        self.layers: list[tuple[int, ...]] = []
        self.residual_scales: list[float] = []
        self._ends = [0, 0]

    def floats(self, array: NDArray[np.floating]) -> int:
        at = self._ends[1]
        self._floats.append(np.ascontiguousarray(array, np.float32).reshape(-1))
        self._ends[1] += array.size
        return at

    def convolution(
        self,
        affine: Affine,
        unit_in: float,
        unit_out: float,
        boards: tuple[int, int, int, int],
        residual_unit: float = 0.0,
    ) -> None:
        """Append a layer; ``boards`` are its source, target, residual, and its pool."""
        patch = self._patches[len(self.layers)]
        outputs, inputs, size, _ = affine.weight.shape
        out = padded(outputs, CHANNELS_MULTIPLE)
        multiple = INPUTS_MULTIPLE if not self.layers else CHANNELS_MULTIPLE
        into = padded(inputs, multiple)
        whole = np.zeros((out, into, size, size), np.float32)
        whole[:outputs, :inputs] = affine.weight
        steps = np.abs(whole).max(axis=(1, 2, 3)) / LARGEST_WEIGHT
        steps[steps == 0.0] = 1.0
        rounded = np.rint(whole / steps[:, None, None, None]).astype(np.int8)
        block = self._form.block
        group = self._form.group
        packed = rounded.transpose(2, 3, 1, 0).reshape(
            size * size, into // group, group, out // block, block
        )
        packed = packed.transpose(3, 0, 1, 4, 2).astype(f"<i{self._form.number_bytes}")
        error = rounded[:outputs, :inputs] * steps[:outputs, None, None, None] - affine.weight
        bias = np.zeros(out, np.float32)
        bias[:outputs] = (affine.bias - (error * patch).sum(axis=(1, 2, 3))) / unit_out
        scales = self.floats(steps * (unit_in / unit_out))
        assert self.floats(bias) == scales + out
        self.layers.append((self._ends[0], scales, into, out, size, *boards))
        self.residual_scales.append(residual_unit / unit_out)
        self._weights.append(np.frombuffer(packed.tobytes(), np.int8))
        self._ends[0] += packed.nbytes

    def linear(
        self, affine: Affine, parts: int, unit_in: float, unit_out: float
    ) -> tuple[int, ...]:
        """Store a map whose inputs are ``parts`` padded vectors one after the other."""
        outputs, inputs = affine.weight.shape
        each = inputs // parts
        wide = padded(each, CHANNELS_MULTIPLE) if parts > 1 else each
        out = padded(outputs, CHANNELS_MULTIPLE)
        matrix = np.zeros((parts, wide, out), np.float32)
        matrix[:, :each, :outputs] = affine.weight.T.reshape(parts, each, outputs)
        bias = np.zeros(out, np.float32)
        bias[:outputs] = affine.bias / unit_out
        at = self.floats(matrix * np.float32(unit_in / unit_out))
        return at, self.floats(bias), parts * wide, out

    def finish(self) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        return _aligned(np.concatenate(self._weights)), np.concatenate(self._floats)


def _aligned(array: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return a copy aligned to a cache line, so that no register of weights spans two lines."""
    room = np.empty(array.size + _CACHE_LINE, np.int8)
    start = -room.ctypes.data % _CACHE_LINE
    found = room[start : start + array.size]
    found[:] = array
    return found


def padded(count: int, multiple: int) -> int:
    """Return ``count`` rounded up to a multiple of ``multiple``."""
    return -(-count // multiple) * multiple


def units_of(calibration: Calibration) -> NDArray[np.float64]:
    """Return the activation that one step of a byte represents in each layer, ``(layers,)``."""
    reach = calibration.largest.astype(np.float64) * REACH
    return np.maximum(reach, _SMALLEST_REACH) / LARGEST_BYTE


def quantize(network: FoldedNetwork, calibration: Calibration, form: Form) -> Int8Network:
    """Quantize a network and pack its weights for the tiles of ``form``."""
    units = units_of(calibration)
    pack = _Packer(form, calibration.patches)
    linears: list[tuple[int, ...]] = [()] * FIRST_POOL
    linears[GLOBALS] = pack.linear(network.globals_linear, 1, 1.0, units[0])
    pack.convolution(network.stem, 1.0, units[0], (PLANES, 0, NONE, NONE))
    unit_of = {0: units[0]}
    for layer, unit in zip(network.trunk, units[1:-3], strict=True):
        before, pool = unit_of[layer.source], NONE
        if layer.pool is not None:
            pool = len(linears)
            linears.append(pack.linear(layer.pool, 3, before, unit))
        residual = NONE if layer.residual is None else layer.residual
        boards = (layer.source, layer.target, residual, pool)
        pack.convolution(layer.affine, before, unit, boards, unit_of.get(residual, 0.0))
        unit_of[layer.target] = unit
    trunk, context, policy, value = unit_of[network.end], *units[-3:]
    heads = (network.policy_context, network.policy_points, network.value_points)
    for k, (affine, unit) in enumerate(zip(heads, (context, policy, value), strict=True)):
        pack.convolution(affine, trunk, unit, (network.end, HEADS + k, NONE, NONE))
    linears[CONTEXT] = pack.linear(network.policy_context_linear, 3, context, policy)
    linears[PASS] = pack.linear(network.policy_pass, 3, context, 1.0)
    linears[HIDDEN] = pack.linear(network.value_hidden, 3, value, 1.0)
    ends = Affine(
        np.concatenate([network.value_value.weight, network.value_score.weight]),
        np.concatenate([network.value_value.bias, network.value_score.bias]),
    )
    linears[VALUE] = pack.linear(ends, 1, 1.0, 1.0)
    planes = [
        _int16(network.policy_logit, policy),
        _int16(network.value_ownership, value),
    ]
    weights, floats = pack.finish()
    return Int8Network(
        weights,
        floats,
        np.array(pack.layers, np.int64),
        np.array(pack.residual_scales, np.float32),
        np.array(linears, np.int64),
        np.stack([plane[0] for plane in planes]),
        np.array([plane[1:] for plane in planes], np.float32),
    )


def _int16(affine: Affine, unit: float) -> tuple[NDArray[np.int16], float, float]:
    """Return one output's weights in 16 bits (a negligible loss), their unit and the bias."""
    weight = np.zeros(padded(affine.weight.shape[1], CHANNELS_MULTIPLE), np.float64)
    weight[: affine.weight.shape[1]] = affine.weight[0]
    step = float(np.abs(weight).max()) / _LARGEST_INT16 or 1.0
    return np.rint(weight / step).astype(np.int16), step * unit, float(affine.bias[0])
