"""Randomness by address: a number is a function of (seed, game, ply, purpose), never of a stream.

A game therefore does not depend on which other games share its batch, in what order they finish, or
how many threads run. The mixer is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) applied once per
part of the address. Every literal is a ``uint64``: compiled ``uint64 + 1`` would be a signed
number.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np

from engine._kernel import kernel

# The purposes, all of them: two that were equal would give equal numbers.
OPENING: Final = 1
ROOT_NOISE: Final = 2  # a number for each root action
PRIOR_NOISE: Final = 3
MOVE: Final = 4
PLAYOUT: Final = 5
SYMMETRY: Final = 6
KOMI: Final = 7
BUDGET: Final = 8
SLIP: Final = 9
EFFORT: Final = 101  # which plies of self-play are searched well
LEAGUE: Final = 102  # which games meet an earlier checkpoint, and which one
AUDIT: Final = 0x617564  # which games are played on after they would have been adjudicated


class CyclePart(IntEnum):
    """What a training cycle draws numbers for; each part has an address of its own."""

    LEARNING = 0
    CALIBRATING = 1
    COMPARING = 2


_MASK = (1 << 64) - 1
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_TO_UNIT = 1.0 / 9007199254740992.0  # 2**-53


@kernel
def mix(state: np.uint64) -> np.uint64:
    """One SplitMix64 step: a bijection of 64-bit numbers that scatters every bit."""
    z = np.uint64(state + _GAMMA)
    z = np.uint64((z ^ (z >> _S30)) * _MIX_1)
    z = np.uint64((z ^ (z >> _S27)) * _MIX_2)
    return np.uint64(z ^ (z >> _S31))


@kernel
def address_bits(seed: np.uint64, game: np.uint64, ply: np.uint64, purpose: np.uint64) -> np.uint64:
    """64 random bits of an address; all arguments are ``uint64``."""
    return mix(mix(mix(mix(seed) ^ game) ^ ply) ^ purpose)


@kernel
def unit_float(bits: np.uint64) -> float:
    """Map 64 bits to a float in [0, 1)."""
    return np.float64(bits >> _S11) * _TO_UNIT


@kernel
def below(bits: np.uint64, bound: np.uint64) -> np.uint64:
    """Map 64 bits to an integer in [0, bound), bound below 2**32, by multiply and shift."""
    return np.uint64(((bits >> np.uint64(32)) * bound) >> np.uint64(32))


def bits(seed: int, game: int, ply: int, purpose: int) -> int:
    """Plain-Python twin of :func:`address_bits`, for use outside kernels."""
    state = _mix_int(seed & _MASK)
    for part in (game, ply, purpose):
        state = _mix_int(state ^ (part & _MASK))
    return state


def generator(seed: int, game: int, ply: int, purpose: int) -> np.random.Generator:
    """A NumPy generator seeded by an address, where many numbers are needed at once."""
    return np.random.Generator(np.random.PCG64(bits(seed, game, ply, purpose)))


def cycle_generator(seed: int, cycle: int, part: CyclePart) -> np.random.Generator:
    """A NumPy generator for a part of a training cycle, which has neither game nor ply."""
    return generator(seed, cycle, part, SYMMETRY)


def _mix_int(state: int) -> int:
    z = (state + int(_GAMMA)) & _MASK
    z = ((z ^ (z >> 30)) * int(_MIX_1)) & _MASK
    z = ((z ^ (z >> 27)) * int(_MIX_2)) & _MASK
    return z ^ (z >> 31)
