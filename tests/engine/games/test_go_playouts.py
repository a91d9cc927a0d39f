"""Random games of Go: statistics that two independent programs agree on, and their rules."""

from __future__ import annotations

import numpy as np
import pytest

from engine.games import EMPTY, GoSpec
from tests.support.positions import random_positions

GAMES = 20_000


@pytest.fixture(scope="module")
def games() -> np.ndarray:
    spec = GoSpec(9, 9, komi=0.5)
    positions = spec.allocate(GAMES)
    spec.playout(positions, np.arange(GAMES, dtype=np.uint64))
    return positions


def test_mean_plies_are_those_of_other_programs(games: np.ndarray) -> None:
    """Own eyes kept, to two passes: libEGO has 110.8 plies too; the standard error is 0.1."""
    assert games["plies"].mean() == pytest.approx(110.8, abs=0.5)


def test_black_is_ahead_a_little(games: np.ndarray) -> None:
    """Played with NumPy over ``candidates`` instead, 6,000 games gave Black 52.0 % (error 0.6)."""
    scores = GoSpec(9, 9, komi=0.5).score(games)
    assert (scores > 0).mean() == pytest.approx(0.522, abs=0.015)


def test_only_eyes_are_left(games: np.ndarray) -> None:
    """Every empty point belongs to somebody, and neither side has a sensible action."""
    spec = GoSpec(9, 9, komi=0.5, ko="simple")
    ended = games[games["passes"] >= 2].copy()
    assert len(ended) > 0.99 * GAMES
    assert (spec.ownership(ended) != 0).mean() > 0.999
    ended["finished"] = 0
    ended["superko"] = 0
    for to_move in (1, 2):
        ended["to_move"] = to_move
        ended["ko"] = 0
        assert spec.candidates(ended)[:, :-1].mean() < 0.002


@pytest.mark.parametrize("plies, seed", [(0, 0), (60, 1), (90, 2), (100, 3)])
def test_each_sensible_point_is_as_likely_as_any_other(plies: int, seed: int) -> None:
    """Chi-squared of the next ply from one position, where many points are refused or eyes."""
    spec = GoSpec(9, 9, ko="simple")
    start = random_positions(spec, 20, plies, seed)
    start = start[start["plies"].argmax()][None]
    candidates = np.flatnonzero(spec.candidates(start)[0, :-1])
    assert len(candidates) >= 3
    positions = np.repeat(start, GAMES)
    positions["plies"] = spec.max_plies - 1  # one ply is left
    before = spec.stones(start)
    spec.playout(positions, np.arange(GAMES, dtype=np.uint64))
    placed = (before == EMPTY) & (spec.stones(positions) != EMPTY)
    counts = placed.sum(axis=0)
    assert set(np.flatnonzero(counts)) == set(candidates)
    expected = GAMES / len(candidates)
    freedom = len(candidates) - 1
    chi_squared = ((counts[candidates] - expected) ** 2 / expected).sum()
    assert chi_squared < freedom + 4.5 * np.sqrt(2 * freedom)
