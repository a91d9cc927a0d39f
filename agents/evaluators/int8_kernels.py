"""The whole network over bytes, in chunks of positions: convolutions by tiles, pooling and heads.

A chunk of positions passes through one layer before the next, so that a layer's weights are read
once per chunk. Boards are arrays ``(positions, cells * channels)`` with a border of zeros that is
never written. Integer sums are exact, and the few float sums run in one fixed order. So a result
does not depend on the batch or on threads.

:func:`build` compiles everything for one form of the tile; nothing here is called before that.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np

from agents.evaluators.int8_forms import Form
from agents.evaluators.int8_tile import LINEAR_BLOCK, make_linear, make_pool, make_tiles, make_weigh
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
from agents.network.heads import SCORE_SCALE
from engine._kernel import helper, kernel

CHUNK: Final = 8

# ``build`` adds the tiles to the globals of these functions.
# ruff: noqa: F821


@kernel
def _widen(board, wide):
    """Copy uint8 ``board`` to uint16 ``wide``."""
    for i in range(len(board)):
        wide[i] = board[i]


def _convolve(net, layer, boards, biases, wide, height, width, count):
    """Compute a layer: convolution, scale, bias, residual, ReLU and rounding.

    Args:
        net: an ``Int8Network``.
        layer: row of its ``layers``, which names the boards.
        boards: uint8 arrays ``(chunk, cells * channels)``, ringed.
        biases: float32 ``(chunk, outputs)`` in units of the target.
        wide: uint16 ``(chunk, cells * channels)`` for forms that multiply words.
        height, width: size of the boards.
        count: number of boards.
    """
    source, target = boards[net.layers[layer, SOURCE]], boards[net.layers[layer, TARGET]]
    # Without a residual, the target's own bytes are read and multiplied by zero.
    residual = boards[max(net.layers[layer, RESIDUAL], 0)]
    if net.layers[layer, RESIDUAL] < 0:
        residual = target
    inputs, outputs = net.layers[layer, INPUTS], net.layers[layer, OUTPUTS]
    size = net.layers[layer, SIZE]
    weights = net.weights.ctypes.data + net.layers[layer, WEIGHTS_AT]
    scales = net.floats.ctypes.data + 4 * net.layers[layer, SCALES_AT]
    residual_scale = net.residual_scales[layer]
    cells = width + 2
    cell_bytes = inputs * NUMBER_BYTES
    pieces = (width + LONGEST - 1) // LONGEST
    reach = size // 2
    if NUMBER_BYTES == 2:
        for n in range(count):
            _widen(source[n], wide[n])
    for first in range(0, outputs, BLOCK):
        block_weights = weights + first * size * size * cell_bytes
        for n in range(count):
            start = wide[n].ctypes.data if NUMBER_BYTES == 2 else source[n].ctypes.data
            shift = residual[n].ctypes.data + first
            place = target[n].ctypes.data + first
            bias = biases[n].ctypes.data + 4 * first
            for row in range(height):
                # Kernel rows beyond the board's edge multiply zeros alone and are left out.
                above = max(reach - row, 0)
                below = max(reach - (height - 1 - row), 0)
                column = 0
                for piece in range(pieces):
                    # A row of 19 points is split into 10 and 9, a row of 13 into 7 and 6.
                    length = (width - column + pieces - piece - 1) // (pieces - piece)
                    kind = 4 * length
                    if reach == 1:
                        kind += 2 * (column == 0) + (column + length == width)
                    corner = (row + 1 - reach + above) * cells + column + 1 - reach
                    cell = (row + 1) * cells + column + 1
                    tile(
                        kind,
                        start + corner * cell_bytes,
                        cells * cell_bytes,
                        cell_bytes,
                        size - above - below,
                        size,
                        cell_bytes // 4,
                        block_weights + above * size * cell_bytes * BLOCK,
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


def _pool_board(board, channels, height, width, factor, sums, peaks, out):
    """Write mean, scaled mean and maximum of bytes ``(cells * channels,)`` to float32 ``out``."""
    row_stride = (width + 2) * channels
    start = board.ctypes.data + row_stride + channels
    for j in range(0, channels, LINEAR_BLOCK):
        sums_at, peaks_at = sums.ctypes.data + 4 * j, peaks.ctypes.data + 4 * j
        pool(start + j, row_stride, channels, height, width, sums_at, peaks_at)
    area = np.float32(height * width)
    for j in range(channels):
        mean = np.float32(sums[j]) / area
        out[j] = mean
        out[channels + j] = mean * factor
        out[2 * channels + j] = np.float32(peaks[j])


def _weigh_points(board, channels, height, width, weights, unit, bias, out):
    """Write bytes times int16 ``weights``, summed per point, to float32 ``out`` ``(points,)``."""
    start, weights_at = board.ctypes.data, weights.ctypes.data
    for row in range(height):
        for column in range(width):
            cell = start + ((row + 1) * (width + 2) + column + 1) * channels
            total = weigh(cell, weights_at, channels // LINEAR_BLOCK)
            out[row * width + column] = np.float32(total) * unit + bias


@kernel
def _ring(planes, channels, height, width, target):
    """Copy uint8 ``planes`` ``(points, p)`` to a board with a border, ``channels`` per cell."""
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
        height, width: size of the board; factor: float32 factor of the scaled mean.
        boards: uint8 arrays ``(CHUNK, cells * channels)``: those of the trunk, then planes, and the
            context, policy and value of the heads.
        floats: float32 biases ``(CHUNK, channels)``, pooled ``(3 channels,)``, hidden, int32 sums
            and peaks, float32 outputs of the last map, uint16 boards ``(CHUNK, cells *
            channels)``, which are empty for forms that multiply bytes.
        out: float32 logits ``(rows, actions)``, value ``(rows, 3)``, score ``(rows,)``, ownership
            ``(rows, points)``.
    """
    biases, pooled, _, sums, peaks, _, wide = floats
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
                    pool_board(board[n], channels, height, width, factor, sums, peaks, pooled)
                    add_linear(net, which, pooled, biases[n])
            convolve(net, layer, boards, biases, wide, height, width, count)
        heads_of_chunk(net, begin, count, height, width, factor, boards, floats, out)


def _heads_of_chunk(net, begin, count, height, width, factor, boards, floats, out):
    """Compute policy, value, score and ownership of a chunk after its trunk."""
    biases, pooled, hidden, sums, peaks, ends, wide = floats
    context, policy, value = boards[HEADS], boards[HEADS + 1], boards[HEADS + 2]
    logits, values, scores, ownership = out
    layer = len(net.layers) - 3
    channels = net.layers[layer, OUTPUTS]
    points = height * width
    _copy_bias(net, layer, biases, count)
    convolve(net, layer, boards, biases, wide, height, width, count)
    _copy_bias(net, layer + 1, biases, count)
    for n in range(count):
        pool_board(context[n], channels, height, width, factor, sums, peaks, pooled)
        add_linear(net, CONTEXT, pooled, biases[n])
        ends[:] = 0.0
        add_linear(net, PASS, pooled, ends)
        logits[begin + n, points] = ends[0]
    convolve(net, layer + 1, boards, biases, wide, height, width, count)
    _copy_bias(net, layer + 2, biases, count)
    convolve(net, layer + 2, boards, biases, wide, height, width, count)
    for n in range(count):
        unit, bias = net.planes_scale[0, 0], net.planes_scale[0, 1]
        row = logits[begin + n]
        weigh_points(policy[n], channels, height, width, net.planes_out[0], unit, bias, row)
        unit, bias = net.planes_scale[1, 0], net.planes_scale[1, 1]
        row = ownership[begin + n]
        weigh_points(value[n], channels, height, width, net.planes_out[1], unit, bias, row)
        pool_board(value[n], channels, height, width, factor, sums, peaks, pooled)
        hidden[:] = 0.0
        add_linear(net, HIDDEN, pooled, hidden)
        for j in range(len(hidden)):
            hidden[j] = max(hidden[j], np.float32(0.0))
        ends[:] = 0.0
        add_linear(net, VALUE, hidden, ends)
        values[begin + n] = ends[:3]
        scores[begin + n] = ends[3] * np.float32(SCORE_SCALE)


@cache
def build(form: Form) -> Callable[..., None]:
    """Compile the network's kernels for a form; returns ``forward_rows``."""
    names = {
        **globals(),
        "BLOCK": form.block,
        "LONGEST": form.longest,
        "NUMBER_BYTES": form.number_bytes,
        "tile": make_tiles(form),
        "linear": make_linear(form),
        "pool": make_pool(form),
        "weigh": make_weigh(form),
    }
    for function in (
        _convolve,
        _add_linear,
        _pool_board,
        _weigh_points,
        _heads_of_chunk,
        _forward_rows,
    ):
        names[function.__name__[1:]] = _bind(function, names, form)
    found: Callable[..., None] = names["forward_rows"]
    return found


def _bind(function: Any, names: dict[str, Any], form: Form) -> Any:
    """Compile the function with ``names`` as globals; Numba caches it by its qualified name."""
    copy = types.FunctionType(function.__code__, names, function.__name__)
    copy.__module__ = __name__
    copy.__qualname__ = f"{function.__name__}_{form.name.replace('-', '_')}"
    return kernel(copy)
