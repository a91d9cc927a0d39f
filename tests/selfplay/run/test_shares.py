"""Shares that follow learning progress, on made curves."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from engine.games import make
from engine.search import SearchConfig
from selfplay.play.worker import SelfPlayConfig
from selfplay.run.shares import LEAST, MOST, Shares, Slope, bounded
from selfplay.run.tasks import Task

NAMES = ("learns", "done", "noisy")
SPEC = make("tic_tac_toe")
TASKS = [Task(name, SPEC, 1 / 3, SearchConfig(), SelfPlayConfig()) for name in NAMES]


def curves(cycle: int) -> list[dict[str, float]]:
    """One that falls steadily, one that is flat, and one that is flat behind a lot of noise."""
    noise = np.random.default_rng(cycle).normal(0.0, 1.0, 2)
    return [
        {"excess": 3.0 - 0.02 * cycle + 0.01 * noise[0]},
        {"excess": 0.5},
        {"excess": 1.0 + 0.5 * noise[1]},
    ]


def followed(cycles: int, found: dict[str, float]) -> tuple[Shares, list[str]]:
    shares, notes = Shares(TASKS, True, found), []
    for cycle in range(cycles):
        notes += shares.follow(curves(cycle), [300 * (cycle + 1)] * 3)
    return shares, notes


def test_slopes_are_those_of_a_weighted_fit() -> None:
    found: dict[str, float] = {}
    slope = Slope(found, "a")
    x = np.arange(40) * 0.25
    y = 2.0 - 0.3 * x + np.random.default_rng(0).normal(0, 0.1, 40)
    for point in zip(x, y, strict=True):
        slope.add(*point)
    weights = 0.98 ** np.arange(39, -1, -1)
    expected = np.polyfit(x, y, 1, w=np.sqrt(weights))[0]
    fit = slope.fit()
    assert fit is not None
    assert fit[0] == pytest.approx(expected, rel=1e-9)
    assert 0.001 < fit[1] < 0.02


def test_a_task_that_improves_gets_more_and_one_that_is_done_less() -> None:
    shares, notes = followed(60, {})
    learns, done, noisy = shares.factors
    assert learns > 1.4 and done < 0.7 and done < noisy < learns
    assert shares.now.sum() == pytest.approx(1.0)
    assert all(LEAST <= factor <= MOST for factor in shares.factors)
    assert any("learns: share now" in note and "a thousand rows" in note for note in notes)
    progress = shares.progress
    assert progress[0] == pytest.approx(0.02 / 0.3, rel=0.05)


def test_noise_alone_leaves_the_shares_near_the_settings() -> None:
    shares = Shares(TASKS, True, {})
    for cycle in range(200):
        noise = np.random.default_rng(cycle).normal(0.0, 0.3, 3)
        shares.follow([{"excess": 1.0 + each} for each in noise], [300 * (cycle + 1)] * 3)
        assert all(0.6 < factor < 1.6 for factor in shares.factors)


def test_shares_move_slowly_and_wait_for_measurements() -> None:
    shares, _ = followed(7, {})
    assert shares.factors == [1.0, 1.0, 1.0] and shares.progress == [None] * 3
    before = shares.factors
    shares.follow(curves(7), [2400] * 3)
    moved = np.array(shares.factors) / before
    assert moved.max() > 1.0 and moved.max() < 1.11


def test_a_task_without_new_rows_or_with_none_yet_is_left_alone() -> None:
    shares = Shares(TASKS, True, {})
    for cycle in range(30):
        shares.follow([{"excess": 3.0 - 0.02 * cycle}, {}, {}], [300 * cycle, 0, 0])
    assert shares.factors == pytest.approx([1.0, 1.0, 1.0])


def test_its_numbers_come_back_from_a_state() -> None:
    found: dict[str, float] = {}
    followed(30, found)
    again = json.loads(json.dumps(found))
    one, other = Shares(TASKS, True, found), Shares(TASKS, True, again)
    for cycle in range(30, 40):
        rows = [300 * (cycle + 1)] * 3
        assert one.follow(curves(cycle), rows) == other.follow(curves(cycle), rows)
    assert found == again


@pytest.mark.parametrize("factors", [[1.0, 1.0], [1e-6, 1.0], [0.05, 20.0], [3.0, 0.9]])
def test_bounds_hold_and_shares_add_up(factors: list[float]) -> None:
    shares = np.array([0.8, 0.2])
    found = bounded(np.array(factors), shares)
    assert shares @ found == pytest.approx(1.0)
    assert (found >= LEAST).all() and (found <= MOST).all()
    assert (np.diff(found) > 0) == (np.diff(factors) > 0)


def test_plies_follow_the_shares_and_a_task_may_play_none() -> None:
    shares, _ = followed(60, {})
    plies = shares.plies(16)
    assert plies[0] > 16 > plies[1] >= 8
    without = [TASKS[0], replace(TASKS[1], games=0.0), replace(TASKS[2], games=0.25)]
    fixed = Shares(without, False, {})
    assert fixed.plies(16) == [16, 0, 4] and fixed.played == pytest.approx(1.25 / 3)
    assert fixed.follow(curves(0), [1, 1, 1]) == [] and fixed.metrics() == [{}, {}, {}]
