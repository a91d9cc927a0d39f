"""Elo, intervals, pentanomial counts and sequential tests of one pairing.

Expected numbers marked "fishtest" were computed with fishtest's own code.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena.stats.elo import (
    ELO_PER_NAT,
    LARGEST_ELO,
    clamped_elo_difference,
    elo_difference,
    expected_score,
)
from arena.stats.intervals import normal_cdf, superiority, wilson
from arena.stats.pentanomial import count_pairs, moments, pair_statistics
from arena.stats.sprt import (
    Hypotheses,
    _with_mean,
    _with_t_value,
    bounds,
    llr_logistic,
    llr_normalised,
)
from arena.stats.stopping import _early, _late, estimate_after_stopping, exit_cdf
from tests.support.exact import clopper_pearson

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


def test_what_no_test_has_stopped_yet_is_estimated_as_fishtest_does() -> None:
    estimate = estimate_after_stopping(SMALL, Hypotheses(0, 5))
    assert Hypotheses(0, 5).bounds[0] == pytest.approx(-2.94444, abs=1e-5)
    assert estimate.elo == pytest.approx(49.42488, abs=1e-5)
    assert (estimate.lower, estimate.upper) == pytest.approx((-2.89029, 104.08446), abs=1e-5)


def test_both_laws_of_the_exit_from_a_strip_agree_and_are_those_of_a_walk() -> None:
    lower, upper, sigma = -2.9, 2.5, 0.5
    for drift in (-0.3, 0.0, 0.02, 0.5):
        for level in (lower, -1.0, 1.0, upper):
            where = (lower, upper, drift, sigma, 22.0, level)
            assert _early(*where) == pytest.approx(_late(*where), abs=1e-12)
    random = np.random.default_rng(5)
    steps = random.normal(0.02 / 64, sigma / 8, (6000, 22 * 64)).astype(np.float32)
    walks = steps.cumsum(axis=1)
    first = np.where((walks <= lower).any(axis=1), (walks <= lower).argmax(axis=1), 10**6)
    at_top = np.where((walks >= upper).any(axis=1), (walks >= upper).argmax(axis=1), 10**6)
    low = first < at_top
    inside = (first == at_top) & (walks[:, -1] <= 1.0)
    expected = exit_cdf(lower, upper, 0.02, sigma, 22.0, 1.0)
    assert np.mean(low | inside) == pytest.approx(expected, abs=0.03)


SHARES = [0.08, 0.17, 0.35, 0.25, 0.15]


@pytest.mark.parametrize("true_side", [0, 1])
@pytest.mark.parametrize(
    "test",
    [
        Hypotheses(0.0, 80.0, model="logistic"),
        pytest.param(Hypotheses(0.0, 120.0), marks=pytest.mark.slow),
    ],
    ids=["logistic", "normalised"],
)
def test_a_thousand_simulated_tests_keep_their_error_rates(
    test: Hypotheses, true_side: int
) -> None:
    """Half of them at either hypothesis; the estimate is too high as often as too low."""
    elo, scores = (test.elo0, test.elo1)[true_side], [0.0, 0.25, 0.5, 0.75, 1.0]
    if test.model == "logistic":
        shares = np.array(_with_mean(scores, SHARES, expected_score(elo)))
    else:
        t_value = math.sqrt(2.0) * elo / (2.0 * ELO_PER_NAT)
        shares = np.array(_with_t_value(scores, SHARES, t_value))
    true_elo = elo_difference(float(shares @ scores))
    random = np.random.default_rng(true_side)
    wrong, above, covered = 0, 0, 0
    for _ in range(500):
        counts = np.zeros(5)
        decision = ""
        while not decision:
            counts[random.choice(5, p=shares)] += 1
            decision = test.decision(counts.tolist())
        wrong += decision != ("elo0", "elo1")[true_side]
        estimate = estimate_after_stopping(counts.tolist(), test)
        above += estimate.elo > true_elo
        covered += estimate.lower <= true_elo <= estimate.upper
    assert wrong / 500 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 500)
    assert 0.44 < above / 500 < 0.56
    assert 0.93 <= covered / 500 <= 0.98


@given(st.lists(st.integers(0, 50), min_size=5, max_size=5))
def test_no_counts_give_a_nonsensical_estimate(counts: list[int]) -> None:
    for test in (Hypotheses(0, 50), Hypotheses(-3, 1, model="logistic")):
        estimate = estimate_after_stopping(counts, test)
        assert -1000.0 <= estimate.lower <= estimate.elo <= estimate.upper <= 1000.0
        assert 0.0 <= estimate.superiority <= 1.0
        assert test.decision(counts) in ("", "elo0", "elo1")
