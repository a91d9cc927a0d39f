"""The instruction forms by which CPUs multiply and add bytes, and those that this CPU has.

Every form adds products of unsigned activations and signed weights to sums of 32 bits, exactly. So
a result does not depend on the form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import llvmlite.binding as llvm
import numba
from llvmlite import ir

from agents.network.folded import LARGEST_BYTE

I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
F32 = ir.FloatType()

Dot = Callable[[ir.IRBuilder, ir.Value, ir.Value, ir.Value], ir.Value]
Round = Callable[[ir.IRBuilder, ir.Value], ir.Value]


@dataclass(frozen=True)
class Form:
    """The instructions and register layout of one way to multiply and add bytes."""

    name: str
    needs: tuple[tuple[str, ...], ...]
    """Alternative sets of CPU features in LLVM's names; the CPU must have all of one set."""
    lanes: int
    """Number of 32-bit sums in a register."""
    registers: int
    """Number of sum registers per point: the block has ``lanes * registers`` channels."""
    longest: int
    """Number of points of the longest tile, whose sums fill the registers."""
    dot: Dot
    """Adds to sums ``<lanes x i32>`` the products of two ``<lanes x i32>`` full of numbers."""
    round: Round
    """Rounds non-negative ``<lanes x float>`` to bytes as ``<lanes x i32>``, at most 255."""
    number_bytes: int = 1
    """Bytes per number that ``dot`` multiplies: 2 where the CPU has products of 16 bits."""

    @property
    def block(self) -> int:
        """Number of output channels of a tile."""
        return self.lanes * self.registers

    @property
    def group(self) -> int:
        """Number of input channels in one 32-bit lane."""
        return 4 // self.number_bytes

    def runs_on(self, features: dict[str, bool]) -> bool:
        """Return whether a CPU with these features, in LLVM's names, has the instructions."""
        return any(all(features.get(need, False) for need in needs) for needs in self.needs)


def declare(
    builder: ir.IRBuilder, name: str, result: ir.Type, arguments: list[ir.Type]
) -> ir.Function:
    """Declare a target intrinsic by its full name: llvmlite cannot name vector types itself."""
    module = builder.module
    if name in module.globals:
        return module.globals[name]
    return ir.Function(module, ir.FunctionType(result, arguments), name)


def _vnni(lanes: int) -> Dot:
    vector = ir.VectorType(I32, lanes)

    def dot(builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
        name = f"llvm.x86.avx512.vpdpbusd.{32 * lanes}"
        return builder.call(declare(builder, name, vector, [vector] * 3), [sums, left, right])

    return dot


def _avx2(builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
    """Multiply words and add neighbouring products.

    The instruction that multiplies bytes, ``pmaddubsw``, saturates where two products exceed 16
    bits. It also needs a second instruction to reach 32 bits, so it is no faster.
    """
    words = ir.VectorType(I16, 16)
    multiply = declare(builder, "llvm.x86.avx2.pmadd.wd", sums.type, [words, words])
    products = builder.call(multiply, [builder.bitcast(left, words), builder.bitcast(right, words)])
    return builder.add(sums, products)


def _neon_mixed(builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
    return _neon(builder, "usdot", sums, left, right)


def _neon_signed(
    builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value
) -> ir.Value:
    return _neon(builder, "sdot", sums, left, right)


def _neon(
    builder: ir.IRBuilder, name: str, sums: ir.Value, left: ir.Value, right: ir.Value
) -> ir.Value:
    sixteen = ir.VectorType(I8, 16)
    name = f"llvm.aarch64.neon.{name}.v4i32.v16i8"
    function = declare(builder, name, sums.type, [sums.type, sixteen, sixteen])
    return builder.call(
        function, [sums, builder.bitcast(left, sixteen), builder.bitcast(right, sixteen)]
    )


def from_signed(dot: Dot) -> Dot:
    """Make a dot product of unsigned and signed bytes from one of signed bytes.

    ``a w = (a - 128) w + 127 w + w``. The last two terms depend on the weights alone, so that the
    compiler computes them once for all points of a tile.
    """

    def mixed(builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
        vector = sums.type

        def bytes_of(value: int) -> ir.Constant:
            whole = int.from_bytes(bytes([value] * 4), "little")
            return ir.Constant(vector, [whole] * vector.count)

        most = dot(builder, ir.Constant(vector, None), bytes_of(127), right)
        offset = dot(builder, most, bytes_of(1), right)
        shifted = builder.xor(left, bytes_of(0x80))
        return builder.add(dot(builder, sums, shifted, right), offset)

    return mixed


def portable_dot(signed: bool) -> Dot:
    """Return a dot product by shifts and 32-bit products, which every CPU has."""

    def dot(builder: ir.IRBuilder, sums: ir.Value, left: ir.Value, right: ir.Value) -> ir.Value:
        vector = sums.type
        down = ir.Constant(vector, [24] * vector.count)
        for byte in range(4):
            up = ir.Constant(vector, [24 - 8 * byte] * vector.count)
            first = builder.shl(left, up)
            first = builder.ashr(first, down) if signed else builder.lshr(first, down)
            second = builder.ashr(builder.shl(right, up), down)
            sums = builder.add(sums, builder.mul(first, second))
        return sums

    return dot


def _round_512(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    integers, mask = ir.VectorType(I32, 16), I16
    name = "llvm.x86.avx512.mask.cvtps2dq.512"
    function = declare(builder, name, integers, [value.type, integers, mask, I32])
    none, all_lanes, current = (
        ir.Constant(integers, None),
        ir.Constant(mask, -1),
        ir.Constant(I32, 4),
    )
    return _at_most_255(builder, builder.call(function, [value, none, all_lanes, current]))


def _round_256(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    function = declare(builder, "llvm.x86.avx.cvt.ps2dq.256", ir.VectorType(I32, 8), [value.type])
    return _at_most_255(builder, builder.call(function, [value]))


def _at_most_255(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """Clamp to 255. A float out of range has become ``1 << 31``, which is large if unsigned too."""
    largest = ir.Constant(value.type, [LARGEST_BYTE] * value.type.count)
    return builder.select(builder.icmp_unsigned("<", value, largest), value, largest)


def _round_portable(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    lanes = value.type.count
    high = ir.Constant(value.type, [float(LARGEST_BYTE)] * lanes)
    value = builder.select(builder.fcmp_ordered("<", value, high), value, high)
    rint = declare(builder, f"llvm.rint.v{lanes}f32", value.type, [value.type])
    return builder.fptosi(builder.call(rint, [value]), ir.VectorType(I32, lanes))


FORMS: Final = (
    Form(
        "avx512-vnni",
        (("avx512vnni", "avx512bw", "avx512vl"),),
        lanes=16,
        registers=2,
        longest=10,
        dot=_vnni(16),
        round=_round_512,
    ),
    Form(
        "avx-vnni",
        (("avxvnni",), ("avx512vnni", "avx512vl")),
        lanes=8,
        registers=1,
        longest=10,
        dot=_vnni(8),
        round=_round_256,
    ),
    Form(
        "avx2",
        (("avx2",),),
        lanes=8,
        registers=2,
        longest=5,
        dot=_avx2,
        round=_round_256,
        number_bytes=2,
    ),
    Form(
        "neon-i8mm",
        (("i8mm",),),
        lanes=4,
        registers=2,
        longest=10,
        dot=_neon_mixed,
        round=_round_portable,
    ),
    Form(
        "neon-dotprod",
        (("dotprod",),),
        lanes=4,
        registers=2,
        longest=10,
        dot=from_signed(_neon_signed),
        round=_round_portable,
    ),
    Form(
        "portable",
        ((),),
        lanes=8,
        registers=1,
        longest=4,
        dot=portable_dot(signed=False),
        round=_round_portable,
    ),
)
"""All forms, the fastest first."""


def forms_of_this_cpu() -> list[Form]:
    """Return the forms that run here, best first; the last one runs everywhere.

    If ``NUMBA_CPU_FEATURES`` is set, Numba compiles for those features instead of this CPU's. So
    forms that need other features are left out.
    """
    wanted = numba.config.CPU_FEATURES  # type: ignore[attr-defined]
    features = llvm.get_host_cpu_features()
    if wanted is not None:
        features = {name[1:]: name[0] == "+" for name in wanted.split(",") if name}
    return [form for form in FORMS if form.runs_on(features)]


def repeat(builder: ir.IRBuilder, value: ir.Value, lanes: int) -> ir.Value:
    """Return a register with ``value`` in every lane."""
    vector = ir.VectorType(value.type, lanes)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, lanes), None)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)
