"""The replay window: how it grows, what it forgets, and that symmetries move all targets alike."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import RunError
from engine.games.go import GoSpec
from engine.symmetry import permutations
from selfplay.data.replay import ReplayConfig, ReplayWindow, make_batch
from tests.support.small import some_rows

SPEC = GoSpec(5, 5)


def test_the_window_grows_by_a_share_and_stops_at_its_capacity() -> None:
    window = ReplayWindow(SPEC, ReplayConfig(first_rows=100, growth=0.5, capacity=200))
    sizes = []
    for _ in range(6):
        window.add(some_rows(SPEC, 80))
        sizes.append((window.total_rows, window.size))
    assert sizes == [(80, 80), (160, 130), (240, 170), (320, 200), (400, 200), (480, 200)]


def test_only_the_newest_rows_are_drawn_and_all_of_them() -> None:
    window = ReplayWindow(SPEC, ReplayConfig(first_rows=10, growth=0.0, capacity=64))
    for number in range(50):
        rows = some_rows(SPEC, 1, seed=number)
        rows.score[:] = number
        window.add(rows)
    batch = window.sample(np.random.default_rng(0), 400)
    assert set(batch.score.astype(int)) == set(range(40, 50))


def test_rows_of_another_board_are_refused() -> None:
    window = ReplayWindow(SPEC, ReplayConfig())
    with pytest.raises(RunError, match="expected rows"):
        window.add(some_rows(GoSpec(6, 6), 3))


def test_symmetry_moves_planes_policy_and_ownership_alike() -> None:
    rows = some_rows(SPEC, 64)
    plain = make_batch(rows, None)
    moved = make_batch(rows, np.random.default_rng(1))
    used = set()
    for i in range(64):
        matches = [
            k
            for k, perm in enumerate(permutations(5, 5))
            if np.array_equal(moved.policy[i, :-1], plain.policy[i, perm])
            and np.array_equal(moved.planes[i], plain.planes[i, perm])
            and np.array_equal(moved.ownership[i], plain.ownership[i, perm])
        ]
        assert matches, f"row {i} was torn apart"
        used.update(matches if len(matches) == 1 else [])
    assert used == set(range(8))
    np.testing.assert_array_equal(moved.policy[:, -1], plain.policy[:, -1])


def test_without_symmetries_rows_are_drawn_as_they_are() -> None:
    rows = some_rows(SPEC, 40)
    rows.score[:] = np.arange(40)
    plain = make_batch(rows, None)
    for symmetries in (False, True):
        window = ReplayWindow(SPEC, ReplayConfig(symmetries=symmetries))
        window.add(rows)
        drawn = window.sample(np.random.default_rng(3), 64)
        at = drawn.score.astype(int)
        assert np.array_equal(drawn.planes, plain.planes[at]) != symmetries
        assert np.array_equal(drawn.policy, plain.policy[at]) != symmetries


def test_the_same_generator_draws_the_same_batch() -> None:
    window = ReplayWindow(SPEC, ReplayConfig(first_rows=100, capacity=200))
    window.add(some_rows(SPEC, 150))
    first = window.sample(np.random.default_rng(4), 32)
    again = window.sample(np.random.default_rng(4), 32)
    np.testing.assert_array_equal(first.policy, again.policy)
    np.testing.assert_array_equal(first.planes, again.planes)
