"""The whole network over bytes: convolutions by tiles, pooling, heads; some positions at a time.

A chunk of positions goes through one layer before the next, so that a layer's weights are read
once per chunk. Boards lie in arrays ``(positions, cells * channels)`` with a ring of zeros around
the board that nothing writes. No sum is left to chance: integers are exact, and the few float
sums run in one fixed order, so a result does not depend on the batch or on threads.

:func:`build` compiles everything for one form of the tile; nothing here is called before that.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np

from agents.evaluators.int8_tile import LINEAR_BLOCK, LONGEST, Form, make_linear, make_tile
from agents.evaluators.int8_weights import (
    CONTEXT,
    GLOBALS,
    HEADS,
    HIDDEN,
    INPUTS,
    OUTPUTS,
    PASS,
    PLANES,
    POOL,
    RESIDUAL,
    SCALES_AT,
    SIZE,
    SOURCE,
    TARGET,
    VALUE,
    WEIGHTS_AT,
)
from engine._kernel import helper, kernel

CHUNK: Final = 8
_SCORE_SCALE = 20.0

# The tiles are put in by ``build``.
# ruff: noqa: F821


def _run_of_points(
    length,
    source,
    row_stride,
    cell_stride,
    rows,
    run,
    weights,
    scales,
    biases,
    residual,
    residual_scale,
    target,
    target_stride,
):
    """One tile of ``length`` points; the other arguments are those of the tile."""
    a, b, c, d, e, f = source, row_stride, cell_stride, rows, run, weights
    g, h, i, j, k, m = scales, biases, residual, residual_scale, target, target_stride
    if length == 9:
        tile_9(a, b, c, d, e, f, g, h, i, j, k, m)
    elif length == 10:
        tile_10(a, b, c, d, e, f, g, h, i, j, k, m)
    elif length == 8:
        tile_8(a, b, c, d, e, f, g, h, i, j, k, m)
    elif length == 7:
        tile_7(a, b, c, d, e, f, g, h, i, j, k, m)
    elif length == 6:
        tile_6(a, b, c, d, e, f, g, h, i, j, k, m)
    elif length == 5:
        tile_5(a, b, c, d, e, f, g, h, i, j, k, m)
    elif length == 4:
        tile_4(a, b, c, d, e, f, g, h, i, j, k, m)
    elif length == 3:
        tile_3(a, b, c, d, e, f, g, h, i, j, k, m)
    elif length == 2:
        tile_2(a, b, c, d, e, f, g, h, i, j, k, m)
    else:
        tile_1(a, b, c, d, e, f, g, h, i, j, k, m)


def _convolve(net, layer, boards, biases, height, width, count):
    """Compute a layer: convolution, scale, bias, residual, ReLU and rounding.

    Args:
        net: an ``Int8Network``.
        layer: row of its ``layers``, which names the boards.
        boards: uint8 arrays ``(chunk, cells * channels)``, ringed.
        biases: float32 ``(chunk, outputs)`` in units of the target.
        height, width, count: of the boards, and how many.
    """
    source, target = boards[net.layers[layer, SOURCE]], boards[net.layers[layer, TARGET]]
    # Where nothing is added, the target's own bytes are read and multiplied by zero.
    residual = boards[max(net.layers[layer, RESIDUAL], 0)]
    if net.layers[layer, RESIDUAL] < 0:
        residual = target
    inputs, outputs = net.layers[layer, INPUTS], net.layers[layer, OUTPUTS]
    size = net.layers[layer, SIZE]
    weights = net.weights.ctypes.data + net.layers[layer, WEIGHTS_AT]
    scales = net.floats.ctypes.data + 4 * net.layers[layer, SCALES_AT]
    residual_scale = net.residual_scales[layer]
    cells = width + 2
    pieces = (width + LONGEST - 1) // LONGEST
    run = size * inputs // 4
    reach = size // 2
    for first in range(0, outputs, BLOCK):
        block_weights = weights + first * size * size * inputs
        for n in range(count):
            start = source[n].ctypes.data
            shift = residual[n].ctypes.data + first
            place = target[n].ctypes.data + first
            bias = biases[n].ctypes.data + 4 * first
            for row in range(height):
                column = 0
                for piece in range(pieces):
                    # Nineteen points are ten and nine, thirteen seven and six.
                    length = (width - column + pieces - piece - 1) // (pieces - piece)
                    corner = (row + 1 - reach) * cells + column + 1 - reach
                    cell = (row + 1) * cells + column + 1
                    run_of_points(
                        length,
                        start + corner * inputs,
                        cells * inputs,
                        inputs,
                        size,
                        run,
                        block_weights,
                        scales + 4 * first,
                        bias,
                        shift + cell * outputs,
                        residual_scale,
                        place + cell * outputs,
                        outputs,
                    )
                    column += length


@helper
def _copy_bias(net, layer, biases, count):
    """Write a layer's own bias to the first rows of float32 ``biases`` ``(chunk, channels)``."""
    outputs = net.layers[layer, OUTPUTS]
    at = net.layers[layer, SCALES_AT] + outputs
    for n in range(count):
        for j in range(outputs):
            biases[n, j] = net.floats[at + j]


def _add_linear(net, which, inputs, out):
    """Add a linear map of float32 ``inputs`` to ``out``, the bias too."""
    at, bias_at = net.linears[which, 0], net.linears[which, 1]
    count, outputs = net.linears[which, 2], net.linears[which, 3]
    for j in range(outputs):
        out[j] += net.floats[bias_at + j]
    matrix = net.floats.ctypes.data + 4 * at
    for j in range(0, outputs, LINEAR_BLOCK):
        linear(inputs.ctypes.data, count, matrix + 4 * j, 4 * outputs, out.ctypes.data + 4 * j)


@kernel
def _pool(board, channels, height, width, factor, sums, peaks, out):
    """Mean, scaled mean and maximum of bytes ``(cells * channels,)`` to float32 ``out``."""
    for j in range(channels):
        sums[j] = 0
        peaks[j] = 0
    for row in range(height):
        for column in range(width):
            at = ((row + 1) * (width + 2) + column + 1) * channels
            line = board[at : at + channels]
            for j in range(channels):
                sums[j] += np.int32(line[j])
                peaks[j] = line[j] if line[j] > peaks[j] else peaks[j]
    area = np.float32(height * width)
    for j in range(channels):
        mean = np.float32(sums[j]) / area
        out[j] = mean
        out[channels + j] = mean * factor
        out[2 * channels + j] = np.float32(peaks[j])


@kernel
def _weigh_points(board, channels, height, width, weights, unit, bias, out):
    """One number per point: bytes times int16 ``weights``, to float32 ``out`` ``(points,)``."""
    for row in range(height):
        for column in range(width):
            at = ((row + 1) * (width + 2) + column + 1) * channels
            line = board[at : at + channels]
            total = np.int32(0)
            for j in range(channels):
                total += np.int32(line[j]) * np.int32(weights[j])
            out[row * width + column] = np.float32(total) * unit + bias


@kernel
def _ring(planes, channels, height, width, target):
    """Copy uint8 ``planes`` ``(points, p)`` into a ringed board of ``channels`` a cell."""
    for row in range(height):
        for column in range(width):
            at = ((row + 1) * (width + 2) + column + 1) * channels
            point = row * width + column
            for j in range(planes.shape[1]):
                target[at + j] = planes[point, j]


def _forward_rows(net, planes, globals_, height, width, factor, boards, floats, out):
    """Evaluate rows.

    Args:
        net: an ``Int8Network``.
        planes: uint8 ``(rows, points, planes)``; globals_: float32 ``(rows, globals)``.
        height, width: of the board; factor: float32 of the scaled mean.
        boards: uint8 arrays ``(CHUNK, cells * channels)``: the trunk's, then planes, and the heads'
            context, policy and value.
        floats: float32 biases ``(CHUNK, channels)``, pooled ``(3 channels,)``, hidden, int32 sums,
            uint8 peaks, float32 outputs of the last map.
        out: float32 logits ``(rows, actions)``, value ``(rows, 3)``, score ``(rows,)``, ownership
            ``(rows, points)``.
    """
    biases, pooled, _, sums, peaks, _ = floats
    inputs = boards[PLANES]
    for begin in range(0, len(planes), CHUNK):
        count = min(CHUNK, len(planes) - begin)
        for n in range(count):
            _ring(planes[begin + n], net.layers[0, INPUTS], height, width, inputs[n])
        for layer in range(len(net.layers) - 3):
            _copy_bias(net, layer, biases, count)
            which = net.layers[layer, POOL]
            for n in range(count):
                if layer == 0:
                    add_linear(net, GLOBALS, globals_[begin + n], biases[n])
                elif which >= 0:
                    board, channels = boards[net.layers[layer, SOURCE]], net.layers[layer, INPUTS]
                    _pool(board[n], channels, height, width, factor, sums, peaks, pooled)
                    add_linear(net, which, pooled, biases[n])
            convolve(net, layer, boards, biases, height, width, count)
        heads_of_chunk(net, begin, count, height, width, factor, boards, floats, out)


def _heads_of_chunk(net, begin, count, height, width, factor, boards, floats, out):
    """Policy, value, score and ownership of the chunk whose trunk is done."""
    biases, pooled, hidden, sums, peaks, ends = floats
    context, policy, value = boards[HEADS], boards[HEADS + 1], boards[HEADS + 2]
    logits, values, scores, ownership = out
    layer = len(net.layers) - 3
    channels = net.layers[layer, OUTPUTS]
    points = height * width
    _copy_bias(net, layer, biases, count)
    convolve(net, layer, boards, biases, height, width, count)
    _copy_bias(net, layer + 1, biases, count)
    for n in range(count):
        _pool(context[n], channels, height, width, factor, sums, peaks, pooled)
        add_linear(net, CONTEXT, pooled, biases[n])
        ends[:] = 0.0
        add_linear(net, PASS, pooled, ends)
        logits[begin + n, points] = ends[0]
    convolve(net, layer + 1, boards, biases, height, width, count)
    _copy_bias(net, layer + 2, biases, count)
    convolve(net, layer + 2, boards, biases, height, width, count)
    for n in range(count):
        unit, bias = net.planes_scale[0, 0], net.planes_scale[0, 1]
        row = logits[begin + n]
        _weigh_points(policy[n], channels, height, width, net.planes_out[0], unit, bias, row)
        unit, bias = net.planes_scale[1, 0], net.planes_scale[1, 1]
        row = ownership[begin + n]
        _weigh_points(value[n], channels, height, width, net.planes_out[1], unit, bias, row)
        _pool(value[n], channels, height, width, factor, sums, peaks, pooled)
        hidden[:] = 0.0
        add_linear(net, HIDDEN, pooled, hidden)
        for j in range(len(hidden)):
            hidden[j] = max(hidden[j], np.float32(0.0))
        ends[:] = 0.0
        add_linear(net, VALUE, hidden, ends)
        values[begin + n] = ends[:3]
        scores[begin + n] = ends[3] * np.float32(_SCORE_SCALE)


@cache
def build(form: Form) -> Callable[..., None]:
    """Compile the network's kernels for a form; returns ``forward_rows``."""
    names = {**globals(), "BLOCK": form.block, "linear": make_linear(form)}
    for points in range(1, LONGEST + 1):
        names[f"tile_{points}"] = make_tile(form, points)
    for function in (_run_of_points, _convolve, _add_linear, _heads_of_chunk, _forward_rows):
        names[function.__name__[1:]] = _bind(function, names, form)
    found: Callable[..., None] = names["forward_rows"]
    return found


def _bind(function: Any, names: dict[str, Any], form: Form) -> Any:
    """A kernel of this function that sees ``names``; Numba caches it by its qualified name."""
    copy = types.FunctionType(function.__code__, names, function.__name__)
    copy.__module__ = __name__
    copy.__qualname__ = f"{function.__name__}_{form.name.replace('-', '_')}"
    return kernel(copy)
