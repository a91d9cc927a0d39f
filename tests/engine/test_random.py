"""Numbers by address: the kernels' mixer, its plain-Python twin, and what they look like."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import random
from engine.random import address_bits, below, bits, generator, mix, unit_float

words = st.integers(0, 2**64 - 1)


def test_the_mixer_is_splitmix64() -> None:
    """The first numbers of the reference program (Vigna, splitmix64.c), seeded with 1234567."""
    reference = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    gamma = 0x9E3779B97F4A7C15
    states = [np.uint64((1234567 + k * gamma) % 2**64) for k in range(5)]
    assert [int(mix(state)) for state in states] == reference


@given(words, words, words, st.integers(1, 8))
def test_kernels_and_python_agree(seed: int, game: int, ply: int, purpose: int) -> None:
    compiled = address_bits(np.uint64(seed), np.uint64(game), np.uint64(ply), np.uint64(purpose))
    assert int(compiled) == bits(seed, game, ply, purpose)


@given(words)
def test_a_unit_float_is_below_one(word: int) -> None:
    assert 0 <= unit_float(np.uint64(word)) < 1


@given(words, st.integers(1, 2**32 - 1))
def test_a_bounded_number_is_below_its_bound(word: int, bound: int) -> None:
    number = below(np.uint64(word), np.uint64(bound))
    assert 0 <= number < bound


def test_the_extremes_map_to_the_ends() -> None:
    largest = np.uint64(2**64 - 1)
    assert unit_float(np.uint64(0)) == 0.0
    assert unit_float(largest) == 1 - 2**-53
    assert (below(np.uint64(0), np.uint64(7)), below(largest, np.uint64(7))) == (0, 6)


def test_addresses_that_differ_in_one_part_share_nothing() -> None:
    table = [value for name, value in vars(random).items() if name.isupper() and name[0] != "_"]
    assert len(table) == len(set(table)) == 12
    purposes = table[:8]
    addresses = list(product(range(6), range(6), range(6), purposes))
    assert len({bits(*address) for address in addresses}) == len(addresses)


def test_every_bit_is_as_often_set_as_not() -> None:
    drawn = np.array([bits(1, game, 0, random.MOVE) for game in range(4000)], np.uint64)
    ones = np.unpackbits(drawn.view(np.uint8)).reshape(4000, 64).mean(axis=0)
    assert ones == pytest.approx(np.full(64, 0.5), abs=0.05)
    bounded = np.array([below(word, np.uint64(10)) for word in drawn])
    assert np.bincount(bounded, minlength=10) == pytest.approx(np.full(10, 400), abs=100)


def test_a_generator_repeats_with_its_address() -> None:
    assert generator(1, 2, 3, 4).random(5).tolist() == generator(1, 2, 3, 4).random(5).tolist()
    assert generator(1, 2, 3, 4).random() != generator(1, 2, 4, 4).random()


def test_a_negative_seed_is_an_address_too() -> None:
    assert bits(-1, 0, 0, 1) == bits(2**64 - 1, 0, 0, 1)
