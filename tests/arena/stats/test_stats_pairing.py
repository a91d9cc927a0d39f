"""Elo, intervals, pentanomial counts and sequential tests of one pairing.

Expected numbers marked "fishtest" were computed with fishtest's own code.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.stats.elo import LARGEST_ELO, clamped_elo_difference, elo_difference, expected_score
from arena.stats.intervals import clopper_pearson, normal_cdf, superiority, wilson
from arena.stats.pentanomial import count_pairs, moments, pair_statistics
from arena.stats.sprt import bounds, llr_logistic, llr_normalised

BIG = [10789, 19328, 33806, 19402, 10543]
SMALL = [3, 5, 20, 12, 6]


def test_elo_and_score_are_inverse() -> None:
    assert expected_score(0.0) == 0.5
    assert expected_score(400.0) == pytest.approx(10 / 11)
    for elo in (-1500.0, -3.0, 0.0, 120.0, 900.0):
        assert elo_difference(expected_score(elo)) == pytest.approx(elo, abs=1e-6)
    assert elo_difference(1.0) == math.inf and elo_difference(0.0) == -math.inf
    assert clamped_elo_difference(1.0) == LARGEST_ELO
    with pytest.raises(ValueError, match=r"1\.5"):
        elo_difference(1.5)


@pytest.mark.parametrize(
    ("counts", "low", "high", "logistic", "normalised"),
    [
        (BIG, -3, 1, 2.131068, 0.300870),
        (SMALL, 0, 5, 0.297872, 0.232172),
        ([0, 1, 8, 6, 5], 0, 5, 0.285682, 0.245622),
        ([0, 0, 0, 0, 10], 0, 5, 0.142904, 0.201447),
        ([10, 15, 25], 0, 5, 0.301379, 0.252898),
    ],
)
def test_likelihood_ratios_agree_with_fishtest(
    counts: list[int], low: float, high: float, logistic: float, normalised: float
) -> None:
    assert llr_logistic(counts, low, high) == pytest.approx(logistic, abs=1e-6)
    assert llr_normalised(counts, low, high) == pytest.approx(normalised, abs=1e-6)


@pytest.mark.parametrize(
    ("counts", "ratio"),
    [(SMALL, 1.498839), ([0, 1, 8, 6, 5], 2.142439), ([0, 0, 0, 0, 10], 1.818531)],
)
def test_wide_bounds_agree_with_fishtest(counts: list[int], ratio: float) -> None:
    assert llr_normalised(counts, 0, 50) == pytest.approx(ratio, abs=1e-6)


def test_pair_statistics_agree_with_fishtest() -> None:
    big = pair_statistics(BIG)
    assert big.elo == pytest.approx(-0.773577, abs=1e-6)
    assert big.margin == pytest.approx(1.277580, abs=1e-6)
    assert big.superiority == pytest.approx(0.117659, abs=1e-6)
    small = pair_statistics(SMALL)
    assert small.elo == pytest.approx(49.4249, abs=1e-4)
    assert small.margin == pytest.approx(53.4874, abs=1e-4)
    assert small.superiority == pytest.approx(0.9679, abs=1e-4)
    games = pair_statistics([10, 15, 25])
    assert games.elo == pytest.approx(107.5381, abs=1e-4)
    assert games.margin == pytest.approx(84.7438, abs=1e-4)
    assert pair_statistics([0, 0, 0, 0, 10]).elo == pytest.approx(1199.8, abs=0.05)


def test_bounds_of_the_usual_error_rates() -> None:
    lower, upper = bounds()
    assert (lower, upper) == (pytest.approx(-2.94444, abs=1e-5), pytest.approx(2.94444, abs=1e-5))


def test_the_ratio_is_antisymmetric_and_decides_the_right_way() -> None:
    assert llr_logistic(SMALL, 0, 5) == pytest.approx(-llr_logistic(SMALL, 5, 0))
    assert llr_normalised(SMALL[::-1], -5, 0) == pytest.approx(
        -llr_normalised(SMALL, 0, 5), abs=1e-6
    )
    assert llr_normalised([0, 0, 10, 40, 150], 0, 50) > bounds()[1]
    assert llr_normalised([150, 40, 10, 0, 0], 0, 50) < bounds()[0]


@given(st.lists(st.integers(0, 50), min_size=5, max_size=5))
def test_no_counts_give_nonsense(counts: list[int]) -> None:
    statistics = pair_statistics(counts)
    numbers = [statistics.elo, statistics.lower, statistics.upper, statistics.superiority]
    numbers += [llr_logistic(counts, 0, 50), llr_normalised(counts, 0, 50)]
    assert all(math.isfinite(number) for number in numbers)
    assert statistics.lower <= statistics.elo <= statistics.upper


def test_counts_that_cannot_be_are_refused() -> None:
    for counts in ([1.0], [-1.0, 2.0], [math.nan, 1.0]):
        with pytest.raises(ValueError, match="counts"):
            moments(counts)


def test_pairs_are_counted_and_incomplete_ones_left_out() -> None:
    pairs = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 0.5), (1.0, 1.0), (0.5, 0.0), (1.0,)]
    assert count_pairs(pairs) == [1, 1, 2, 1, 1]


def test_intervals_of_a_proportion() -> None:
    assert wilson(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson(0, 0) == (0.0, 1.0)
    assert clopper_pearson(8, 10) == pytest.approx((0.4439045, 0.9747893), abs=1e-6)
    assert clopper_pearson(100, 100) == pytest.approx((0.025 ** (1 / 100), 1.0))
    assert clopper_pearson(0, 100)[0] == 0.0
    with pytest.raises(ValueError, match="games"):
        wilson(11, 10)


def test_intervals_cover_the_truth() -> None:
    random = np.random.default_rng(7)
    wins = random.binomial(60, 0.7, size=4000)
    inside = [low <= 0.7 <= high for low, high in (wilson(float(w), 60) for w in wins)]
    assert 0.93 < np.mean(inside) < 0.97
    exact = [low <= 0.7 <= high for low, high in (clopper_pearson(float(w), 60) for w in wins)]
    assert np.mean(exact) >= 0.95


def test_superiority() -> None:
    assert superiority(0, 0) == pytest.approx(0.5)
    assert superiority(4, 0) == pytest.approx(1 - 0.5**5)
    assert superiority(3, 9) == pytest.approx(1 - superiority(9, 3))
    assert normal_cdf(1.959964) == pytest.approx(0.975, abs=1e-6)
