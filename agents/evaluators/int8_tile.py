"""One tile of an 8-bit convolution, in the instructions that this CPU has for it.

A tile is a run of up to :data:`LONGEST` neighbouring points of one board row, times a block of
output channels. Its sums stay in registers while it runs over the kernel's rows and all input
channels, four at a time: load four activation bytes, repeat them through a register, and
multiply-add them with the weights of all channels of the block in one instruction. The same code
then scales, adds bias and residual, clamps (which is the ReLU) and stores bytes.

Activations are unsigned, weights signed. Every form gives exactly the same sums, so an evaluation
does not depend on the machine. :func:`reference_tile` is the same arithmetic in NumPy.

Knows neither networks nor boards; checks nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

LONGEST: Final = 10
LINEAR_BLOCK: Final = 32
LARGEST_WEIGHT: Final = 127
LARGEST_ACTIVATION: Final = 255

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_F32 = ir.FloatType()


@dataclass(frozen=True)
class Form:
    """A way to multiply and add bytes."""

    name: str
    needs: tuple[str, ...]
    """Features that LLVM must find in the CPU."""
    lanes: int
    """32-bit sums in a register."""
    registers: int
    """Registers of sums per point: the block has ``lanes * registers`` channels."""
    dot: Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value], ir.Value]
    """Adds to sums ``<lanes x i32>`` the products of two ``<lanes x i32>`` full of bytes."""

    @property
    def block(self) -> int:
        """Output channels of a tile."""
        return self.lanes * self.registers


def _declare(
    builder: ir.IRBuilder, name: str, result: ir.Type, arguments: list[ir.Type]
) -> ir.Function:
    """A target intrinsic by its whole name: llvmlite cannot spell vector types itself."""
    module = builder.module
    if name in module.globals:
        return module.globals[name]
    return ir.Function(module, ir.FunctionType(result, arguments), name)


def _vnni(lanes: int) -> Callable[..., ir.Value]:
    vector = ir.VectorType(_I32, lanes)

    def dot(builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
        name = f"llvm.x86.avx512.vpdpbusd.{32 * lanes}"
        return builder.call(_declare(builder, name, vector, [vector] * 3), [sums, left, right])

    return dot


def _avx2(builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
    """Even and odd bytes apart, widened to 16 bits.

    The instruction that multiplies bytes, ``pmaddubsw``, saturates where two products exceed 16
    bits: with 8 bits on both sides it is quicker by half and sometimes wrong.
    """
    words = ir.VectorType(_I16, 16)
    multiply = _declare(builder, "llvm.x86.avx2.pmadd.wd", sums.type, [words, words])
    eight, low = ir.Constant(words, [8] * 16), ir.Constant(words, [0x00FF] * 16)
    left, right = builder.bitcast(left, words), builder.bitcast(right, words)
    even = builder.call(
        multiply,
        [builder.and_(left, low), builder.ashr(builder.shl(right, eight), eight)],
    )
    odd = builder.call(multiply, [builder.lshr(left, eight), builder.ashr(right, eight)])
    return builder.add(sums, builder.add(even, odd))


def _neon(builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
    bytes_ = ir.VectorType(_I8, 16)
    name = "llvm.aarch64.neon.usdot.v4i32.v16i8"
    function = _declare(builder, name, sums.type, [sums.type, bytes_, bytes_])
    return builder.call(
        function, [sums, builder.bitcast(left, bytes_), builder.bitcast(right, bytes_)]
    )


def _portable(builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
    """The same by shifts and products of 32 bits, which every CPU has."""
    vector = sums.type
    for byte in range(4):
        up = ir.Constant(vector, [24 - 8 * byte] * vector.count)
        down = ir.Constant(vector, [24] * vector.count)
        unsigned = builder.lshr(builder.shl(left, up), down)
        signed = builder.ashr(builder.shl(right, up), down)
        sums = builder.add(sums, builder.mul(unsigned, signed))
    return sums


FORMS: Final = (
    Form("avx512-vnni", ("avx512vnni", "avx512bw", "avx512vl"), 16, 2, _vnni(16)),
    Form("avx-vnni", ("avxvnni",), 8, 1, _vnni(8)),
    Form("avx2", ("avx2",), 8, 1, _avx2),
    Form("neon-i8mm", ("i8mm",), 4, 2, _neon),
    Form("portable", (), 8, 1, _portable),
)
"""Best first."""


def forms_of_this_cpu() -> list[Form]:
    """Return the forms that run here, best first; the last one runs everywhere."""
    features = llvm.get_host_cpu_features()
    return [form for form in FORMS if all(features.get(need, False) for need in form.needs)]


def make_tile(form: Form, points: int) -> Any:
    """Return the intrinsic for a run of ``points`` points.

    Called in kernels as ``tile(source, row_stride, cell_stride, rows, run, weights, scales, biases,
    residual, residual_scale, target, target_stride)``: addresses of bytes (of floats for scales and
    biases), strides in bytes, ``run`` in groups of four input bytes.
    """

    @intrinsic
    def tile(
        typingctx,
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
        arguments = [types.int64] * 9 + [types.float32] + [types.int64] * 2
        signature = types.void(*arguments)

        def codegen(context, builder, signature, values):
            _build_tile(builder, form, points, values)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def _build_tile(builder: ir.IRBuilder, form: Form, points: int, values: list[ir.Value]) -> None:
    source, row_stride, cell_stride, rows, run, weights = values[:6]
    sums = _multiply_add(builder, form, points, source, row_stride, cell_stride, rows, run, weights)
    _store(builder, form, sums, *values[6:])


def _multiply_add(
    builder: ir.IRBuilder,
    form: Form,
    points: int,
    source: ir.Value,
    row_stride: ir.Value,
    cell_stride: ir.Value,
    rows: ir.Value,
    run: ir.Value,
    weights: ir.Value,
) -> list[list[ir.Value]]:
    """Loop over kernel rows and runs of input bytes; return sums per point and register."""
    vector = ir.VectorType(_I32, form.lanes)
    zero = ir.Constant(vector, None)
    slots = [[_alloca(builder, vector, zero) for _ in range(form.registers)] for _ in range(points)]
    weight_at = _alloca(builder, _I64, weights)
    step = ir.Constant(_I64, 4 * form.block)
    with _loop(builder, rows) as row:
        line = builder.add(source, builder.mul(row, row_stride))
        with _loop(builder, run) as k:
            base = builder.add(line, builder.shl(k, ir.Constant(_I64, 2)))
            at = builder.load(weight_at)
            loaded = []
            for register in range(form.registers):
                offset = ir.Constant(_I64, 4 * form.lanes * register)
                loaded.append(_load(builder, builder.add(at, offset), vector))
            builder.store(builder.add(at, step), weight_at)
            for point in range(points):
                group = _load(builder, base, _I32)
                repeated = _repeat(builder, group, form.lanes)
                for register in range(form.registers):
                    slot = slots[point][register]
                    total = form.dot(builder, builder.load(slot), repeated, loaded[register])
                    builder.store(total, slot)
                base = builder.add(base, cell_stride)
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
    """Scale, add bias and residual, clamp to bytes, store."""
    lanes = form.lanes
    floats, bytes_ = ir.VectorType(_F32, lanes), ir.VectorType(_I8, lanes)
    integers = ir.VectorType(_I32, lanes)
    rint = _declare(builder, f"llvm.rint.v{lanes}f32", floats, [floats])
    low, high = (ir.Constant(floats, [float(v)] * lanes) for v in (0, LARGEST_ACTIVATION))
    weight_of_residual = _repeat(builder, residual_scale, lanes)
    for register in range(form.registers):
        wide, narrow = (ir.Constant(_I64, n * lanes * register) for n in (4, 1))
        scale = _load(builder, builder.add(scales, wide), floats)
        bias = _load(builder, builder.add(biases, wide), floats)
        for point, row in enumerate(sums):
            offset = builder.add(builder.mul(target_stride, ir.Constant(_I64, point)), narrow)
            passed = _load(builder, builder.add(residual, offset), bytes_)
            value = builder.fmul(builder.sitofp(row[register], floats), scale)
            value = builder.fadd(value, bias)
            extra = builder.fmul(builder.uitofp(passed, floats), weight_of_residual)
            value = builder.fadd(value, extra)
            value = builder.select(builder.fcmp_ordered(">", value, low), value, low)
            value = builder.select(builder.fcmp_ordered("<", value, high), value, high)
            rounded = builder.fptosi(builder.call(rint, [value]), integers)
            place = builder.inttoptr(builder.add(target, offset), bytes_.as_pointer())
            builder.store(builder.trunc(rounded, bytes_), place, align=1)


def make_linear(form: Form) -> Any:
    """Return the intrinsic that adds a small float matrix product to :data:`LINEAR_BLOCK` numbers.

    Called in kernels as ``linear(inputs, count, matrix, row_stride, target)``: addresses of floats,
    the stride of the matrix ``(count, outputs)`` in bytes. Each sum runs in order of the inputs,
    product and sum rounded apart, so every form gives the same.
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
    floats = ir.VectorType(_F32, lanes)
    places = [
        builder.add(target, ir.Constant(_I64, 4 * lanes * register))
        for register in range(LINEAR_BLOCK // lanes)
    ]
    sums = [_alloca(builder, floats, _load(builder, place, floats)) for place in places]
    with _loop(builder, count) as k:
        address = builder.add(inputs, builder.shl(k, ir.Constant(_I64, 2)))
        value = _repeat(builder, _load(builder, address, _F32), lanes)
        row = builder.add(matrix, builder.mul(k, row_stride))
        for register, slot in enumerate(sums):
            offset = ir.Constant(_I64, 4 * lanes * register)
            product = builder.fmul(value, _load(builder, builder.add(row, offset), floats))
            builder.store(builder.fadd(builder.load(slot), product), slot)
    for place, slot in zip(places, sums, strict=True):
        pointer = builder.inttoptr(place, floats.as_pointer())
        builder.store(builder.load(slot), pointer, align=1)


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
        self._index = builder.phi(_I64)
        self._index.add_incoming(ir.Constant(_I64, 0), before)
        return self._index

    def __exit__(self, *exception: object) -> None:
        builder = self._builder
        following = builder.add(self._index, ir.Constant(_I64, 1))
        self._index.add_incoming(following, builder.block)
        after = builder.append_basic_block("tile.after")
        builder.cbranch(builder.icmp_signed("<", following, self._count), self._body, after)
        builder.position_at_end(after)


def _alloca(builder: ir.IRBuilder, kind: ir.Type, start: ir.Value) -> ir.Value:
    """A variable in the entry block, which LLVM turns into a register."""
    with builder.goto_entry_block():
        slot = builder.alloca(kind)
    builder.store(start, slot)
    return slot


def _load(builder: ir.IRBuilder, address: ir.Value, kind: ir.Type) -> ir.Value:
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)


def _repeat(builder: ir.IRBuilder, value: ir.Value, lanes: int) -> ir.Value:
    vector = ir.VectorType(value.type, lanes)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(_I32, 0))
    zeros = ir.Constant(ir.VectorType(_I32, lanes), None)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)


def reference_tile(
    source: np.ndarray,
    weights: np.ndarray,
    scale: np.ndarray,
    bias: np.ndarray,
    residual: np.ndarray,
    residual_scale: np.float32,
) -> np.ndarray:
    """The same arithmetic for whole boards, in NumPy; returns uint8 ``(n, height, width, out)``.

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
    return np.rint(np.clip(value, 0, LARGEST_ACTIVATION)).astype(np.uint8)
