"""One tile of an 8-bit convolution, in the CPU's own instructions.

A tile is a run of neighbouring points of one board row, times a block of output channels. Its sums
stay in registers while it runs over the kernel's rows and all input channels. It loads four bytes
of one point and repeats them through a register. One instruction multiplies them with the weights
of all channels of the block and adds. The same code then scales, adds bias and residual, clamps
(which is the ReLU) and stores bytes.

Cells beside the board are zero, and their products are not computed. Tiles at the ends of a row
leave out the outer column of a 3x3 kernel, and the caller leaves out its outer rows. On 9x9 that
saves a seventh of all work.

:func:`reference_tile` is the same arithmetic in NumPy. The tiles check no arguments.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from agents.evaluators.int8_forms import (
    F32,
    I8,
    I16,
    I32,
    I64,
    Form,
    declare,
    repeat,
)
from agents.network.folded import LARGEST_BYTE

LINEAR_BLOCK: Final = 32


def kind_of(points: int, left: bool, right: bool) -> int:
    """Return the number of a kind of tile, from its length and its ends.

    ``left``: the first column of a 3x3 kernel lies beside the board at the first point. ``right``:
    its last column lies beside the board at the last point.
    """
    return 4 * points + 2 * left + right


def kinds(form: Form) -> list[tuple[int, bool, bool]]:
    """Return all tiles that boards of any width need: whole rows, or about equal parts of them."""
    longest = form.longest
    pieces = range((longest + 1) // 2, longest + 1)
    return [
        *((points, True, True) for points in range(2, longest + 1)),
        *((points, True, False) for points in pieces),
        *((points, False, True) for points in pieces),
        *((points, False, False) for points in range(1, longest + 1)),
    ]


def make_tiles(form: Form) -> Any:
    """Return the intrinsic for tiles of every kind.

    Called in kernels as ``tile(kind, source, row_stride, cell_stride, rows, columns, groups,
    weights, scales, biases, residual, residual_scale, target, target_stride)``: addresses of bytes
    (of floats for scales and biases) and strides in bytes; ``rows`` and ``columns`` of the kernel,
    ``groups`` of input channels that fill 32 bits. A tile with ends takes a kernel of 3 columns.
    """

    @intrinsic
    def tile(
        typingctx,
        kind,
        source,
        row_stride,
        cell_stride,
        rows,
        columns,
        groups,
        weights,
        scales,
        biases,
        residual,
        residual_scale,
        target,
        target_stride,
    ):
        arguments = [types.int64] * 11 + [types.float32] + [types.int64] * 2
        signature = types.void(*arguments)

        def codegen(context, builder, signature, values):
            _build_tiles(builder, form, *values)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def _build_tiles(builder: ir.IRBuilder, form: Form, kind: ir.Value, *values: ir.Value) -> None:
    """Branch to the tile of a kind; an unknown kind computes nothing."""
    end = builder.append_basic_block("tile.end")
    switch = builder.switch(kind, end)
    for points, left, right in kinds(form):
        block = builder.append_basic_block(f"tile.{points}")
        switch.add_case(ir.Constant(kind.type, kind_of(points, left, right)), block)
        builder.position_at_end(block)
        sums = _multiply_add(builder, form, points, left, right, *values[:7])
        _store(builder, form, sums, *values[7:])
        builder.branch(end)
    builder.position_at_end(end)


def _multiply_add(
    builder: ir.IRBuilder,
    form: Form,
    points: int,
    left: bool,
    right: bool,
    source: ir.Value,
    row_stride: ir.Value,
    cell_stride: ir.Value,
    rows: ir.Value,
    columns: ir.Value,
    groups: ir.Value,
    weights: ir.Value,
) -> list[list[ir.Value]]:
    """Loop over kernel rows and runs of input bytes; return sums per point and register."""
    vector = ir.VectorType(I32, form.lanes)
    zero = ir.Constant(vector, None)
    slots = [[_alloca(builder, vector, zero) for _ in range(form.registers)] for _ in range(points)]
    weight_at = _alloca(builder, I64, weights)
    step = ir.Constant(I64, 4 * form.block)

    def run(line: ir.Value, count: ir.Value, first: int, last: int) -> ir.Value:
        """Multiply-add ``count`` groups from ``line`` on for some points; return what follows."""
        with _loop(builder, count) as k:
            base = builder.add(line, builder.shl(k, ir.Constant(I64, 2)))
            at = builder.load(weight_at)
            loaded = []
            for register in range(form.registers):
                offset = ir.Constant(I64, 4 * form.lanes * register)
                loaded.append(_load(builder, builder.add(at, offset), vector))
            builder.store(builder.add(at, step), weight_at)
            for point in range(first, last):
                away = builder.mul(cell_stride, ir.Constant(I64, point))
                group = _load(builder, builder.add(base, away), I32)
                repeated = repeat(builder, group, form.lanes)
                for register in range(form.registers):
                    slot = slots[point][register]
                    total = form.dot(builder, builder.load(slot), repeated, loaded[register])
                    builder.store(total, slot)
        return builder.add(line, builder.shl(count, ir.Constant(I64, 2)))

    with _loop(builder, rows) as row:
        line = builder.add(source, builder.mul(row, row_stride))
        inner = columns
        if left:
            line = run(line, groups, 1, points)
            inner = builder.sub(inner, ir.Constant(I64, 1))
        if right:
            inner = builder.sub(inner, ir.Constant(I64, 1))
        line = run(line, builder.mul(inner, groups), 0, points)
        if right:
            run(line, groups, 0, points - 1)
    return [[builder.load(slot) for slot in row_slots] for row_slots in slots]


def _store(
    builder: ir.IRBuilder,
    form: Form,
    sums: list[list[ir.Value]],
    scales: ir.Value,
    biases: ir.Value,
    residual: ir.Value,
    residual_scale: ir.Value,
    target: ir.Value,
    target_stride: ir.Value,
) -> None:
    """Scale the sums, add bias and residual, clamp to bytes and store them."""
    lanes = form.lanes
    floats, bytes_ = ir.VectorType(F32, lanes), ir.VectorType(I8, lanes)
    low = ir.Constant(floats, [0.0] * lanes)
    weight_of_residual = repeat(builder, residual_scale, lanes)
    for register in range(form.registers):
        wide, narrow = (ir.Constant(I64, n * lanes * register) for n in (4, 1))
        scale = _load(builder, builder.add(scales, wide), floats)
        bias = _load(builder, builder.add(biases, wide), floats)
        for point, row in enumerate(sums):
            offset = builder.add(builder.mul(target_stride, ir.Constant(I64, point)), narrow)
            passed = _load(builder, builder.add(residual, offset), bytes_)
            value = builder.fmul(builder.sitofp(row[register], floats), scale)
            value = builder.fadd(value, bias)
            extra = builder.fmul(builder.uitofp(passed, floats), weight_of_residual)
            value = builder.fadd(value, extra)
            value = builder.select(builder.fcmp_ordered(">", value, low), value, low)
            rounded = form.round(builder, value)
            place = builder.inttoptr(builder.add(target, offset), bytes_.as_pointer())
            builder.store(builder.trunc(rounded, bytes_), place, align=1)


def make_linear(form: Form) -> Any:
    """Return the intrinsic that adds a small float matrix product to :data:`LINEAR_BLOCK` numbers.

    Called in kernels as ``linear(inputs, count, matrix, row_stride, target)``: addresses of floats,
    the stride of the matrix ``(count, outputs)`` in bytes. Each sum runs in the order of the
    inputs and rounds product and sum separately, so that every form gives the same result.
    """

    @intrinsic
    def linear(typingctx, inputs, count, matrix, row_stride, target):
        signature = types.void(*[types.int64] * 5)

        def codegen(context, builder, signature, values):
            _build_linear(builder, form.lanes, *values)
            return context.get_dummy_value()

        return signature, codegen

    return linear


def _build_linear(
    builder: ir.IRBuilder,
    lanes: int,
    inputs: ir.Value,
    count: ir.Value,
    matrix: ir.Value,
    row_stride: ir.Value,
    target: ir.Value,
) -> None:
    floats = ir.VectorType(F32, lanes)
    places = [
        builder.add(target, ir.Constant(I64, 4 * lanes * register))
        for register in range(LINEAR_BLOCK // lanes)
    ]
    sums = [_alloca(builder, floats, _load(builder, place, floats)) for place in places]
    with _loop(builder, count) as k:
        address = builder.add(inputs, builder.shl(k, ir.Constant(I64, 2)))
        value = repeat(builder, _load(builder, address, F32), lanes)
        row = builder.add(matrix, builder.mul(k, row_stride))
        for register, slot in enumerate(sums):
            offset = ir.Constant(I64, 4 * lanes * register)
            product = builder.fmul(value, _load(builder, builder.add(row, offset), floats))
            builder.store(builder.fadd(builder.load(slot), product), slot)
    for place, slot in zip(places, sums, strict=True):
        pointer = builder.inttoptr(place, floats.as_pointer())
        builder.store(builder.load(slot), pointer, align=1)


def make_pool(form: Form) -> Any:
    """Return the intrinsic that sums :data:`LINEAR_BLOCK` channels of a board and finds peaks.

    Called in kernels as ``pool(board, row_stride, cell_stride, height, width, sums, peaks)``:
    addresses of the first point's bytes and of 32-bit integers to write, strides in bytes.
    """

    @intrinsic
    def pool(typingctx, board, row_stride, cell_stride, height, width, sums, peaks):
        signature = types.void(*[types.int64] * 7)

        def codegen(context, builder, signature, values):
            _build_pool(builder, form.lanes, *values)
            return context.get_dummy_value()

        return signature, codegen

    return pool


def _build_pool(
    builder: ir.IRBuilder,
    lanes: int,
    board: ir.Value,
    row_stride: ir.Value,
    cell_stride: ir.Value,
    height: ir.Value,
    width: ir.Value,
    sums: ir.Value,
    peaks: ir.Value,
) -> None:
    bytes_, integers = ir.VectorType(I8, lanes), ir.VectorType(I32, lanes)
    registers = range(LINEAR_BLOCK // lanes)
    zero = ir.Constant(integers, None)
    totals = [_alloca(builder, integers, zero) for _ in registers]
    largest = [_alloca(builder, integers, zero) for _ in registers]
    with _loop(builder, height) as row:
        line = builder.add(board, builder.mul(row, row_stride))
        with _loop(builder, width) as column:
            cell = builder.add(line, builder.mul(column, cell_stride))
            for register in registers:
                place = builder.add(cell, ir.Constant(I64, lanes * register))
                value = builder.zext(_load(builder, place, bytes_), integers)
                total, peak = builder.load(totals[register]), builder.load(largest[register])
                builder.store(builder.add(total, value), totals[register])
                above = builder.icmp_signed(">", value, peak)
                builder.store(builder.select(above, value, peak), largest[register])
    for slots, target in ((totals, sums), (largest, peaks)):
        for register, slot in enumerate(slots):
            place = builder.add(target, ir.Constant(I64, 4 * lanes * register))
            pointer = builder.inttoptr(place, integers.as_pointer())
            builder.store(builder.load(slot), pointer, align=1)


def make_weigh(form: Form) -> Any:
    """Return the intrinsic that weighs the bytes of a point: one number from all its channels.

    Called in kernels as ``weigh(cell, weights, count)``: addresses of bytes and of int16 weights,
    and how many blocks of :data:`LINEAR_BLOCK` there are; gives an int32.
    """

    @intrinsic
    def weigh(typingctx, cell, weights, count):
        signature = types.int32(*[types.int64] * 3)

        def codegen(context, builder, signature, values):
            return _build_weigh(builder, form.lanes, *values)

        return signature, codegen

    return weigh


def _build_weigh(
    builder: ir.IRBuilder, lanes: int, cell: ir.Value, weights: ir.Value, count: ir.Value
) -> ir.Value:
    integers = ir.VectorType(I32, lanes)
    total = _alloca(builder, integers, ir.Constant(integers, None))
    with _loop(builder, count) as k:
        at = builder.mul(k, ir.Constant(I64, LINEAR_BLOCK))
        for register in range(LINEAR_BLOCK // lanes):
            place = builder.add(at, ir.Constant(I64, lanes * register))
            value = _load(builder, builder.add(cell, place), ir.VectorType(I8, lanes))
            place = builder.add(weights, builder.shl(place, ir.Constant(I64, 1)))
            weight = _load(builder, place, ir.VectorType(I16, lanes))
            product = builder.mul(builder.zext(value, integers), builder.sext(weight, integers))
            builder.store(builder.add(builder.load(total), product), total)
    name = f"llvm.vector.reduce.add.v{lanes}i32"
    return builder.call(declare(builder, name, I32, [integers]), [builder.load(total)])


class _loop:  # noqa: N801
    """``with _loop(builder, count) as i``: counts in IR from 0, at least once."""

    def __init__(self, builder: ir.IRBuilder, count: ir.Value) -> None:
        self._builder, self._count = builder, count

    def __enter__(self) -> ir.Value:
        builder = self._builder
        before = builder.block
        self._body = builder.append_basic_block("tile.loop")
        builder.branch(self._body)
        builder.position_at_end(self._body)
        self._index = builder.phi(I64)
        self._index.add_incoming(ir.Constant(I64, 0), before)
        return self._index

    def __exit__(self, *exception: object) -> None:
        builder = self._builder
        following = builder.add(self._index, ir.Constant(I64, 1))
        self._index.add_incoming(following, builder.block)
        after = builder.append_basic_block("tile.after")
        builder.cbranch(builder.icmp_signed("<", following, self._count), self._body, after)
        builder.position_at_end(after)


def _alloca(builder: ir.IRBuilder, kind: ir.Type, start: ir.Value) -> ir.Value:
    """Allocate a variable in the entry block, which LLVM turns into a register."""
    with builder.goto_entry_block():
        slot = builder.alloca(kind)
    builder.store(start, slot)
    return slot


def _load(builder: ir.IRBuilder, address: ir.Value, kind: ir.Type) -> ir.Value:
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)


def reference_tile(
    source: np.ndarray,
    weights: np.ndarray,
    scale: np.ndarray,
    bias: np.ndarray,
    residual: np.ndarray,
    residual_scale: np.float32,
) -> np.ndarray:
    """Compute whole boards by the same arithmetic; return uint8 ``(n, height, width, out)``.

    Args:
        source: uint8 ``(n, height + 2 r, width + 2 r, in)``, padded with zeros by ``r``.
        weights: int8 ``(out, in, 2 r + 1, 2 r + 1)``.
        scale, bias: float32 ``(out,)``; bias may also be ``(n, out)``.
        residual: uint8 ``(n, height, width, out)``.
        residual_scale: float32, in units of the output.
    """
    size = weights.shape[2]
    n, high, wide, _ = source.shape
    height, width = high - size + 1, wide - size + 1
    total = np.zeros((n, height, width, len(weights)), np.int32)
    for dy in range(size):
        for dx in range(size):
            part = source[:, dy : dy + height, dx : dx + width].astype(np.int32)
            total += part @ weights[:, :, dy, dx].T.astype(np.int32)
    offset = np.broadcast_to(np.atleast_2d(bias), (n, len(weights)))[:, None, None]
    value = total.astype(np.float32) * scale.astype(np.float32) + offset.astype(np.float32)
    value = value + residual.astype(np.float32) * np.float32(residual_scale)
    return np.rint(np.clip(value, 0, LARGEST_BYTE)).astype(np.uint8)
