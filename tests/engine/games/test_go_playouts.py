"""Random games of Go: statistics that two independent programs agree on, and their rules."""

from __future__ import annotations

import numpy as np
import pytest

from engine.games import GoSpec

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
    """Random play gives the first move about 2.5 points, so komi 0.5 leaves Black the favourite."""
    scores = GoSpec(9, 9, komi=0.5).score(games)
    assert 0.52 < (scores > 0).mean() < 0.60
    assert 1.0 < scores.mean() + 0.5 < 5.0


def test_only_eyes_are_left(games: np.ndarray) -> None:
    """Every empty point belongs to somebody, and neither side has a sensible action."""
    spec = GoSpec(9, 9, komi=0.5, ko="simple")
    ended = games[games["passes"] >= 2].copy()
    assert len(ended) > 0.99 * GAMES
    assert (spec.ownership(ended) != 0).mean() > 0.999
    ended["finished"] = 0
    ended["positional_superko"] = 0
    for to_move in (1, 2):
        ended["to_move"] = to_move
        ended["ko"] = 0
        assert spec.candidates(ended)[:, :-1].mean() < 0.002


def test_first_plies_are_spread_evenly() -> None:
    """Each point is as likely as any other to hold the first stone: chi-squared, 80 degrees."""
    spec = GoSpec(9, 9)
    positions = spec.allocate(GAMES)
    positions["plies"] = spec.max_plies - 1  # one ply is left
    spec.playout(positions, np.arange(GAMES, dtype=np.uint64))
    counts = (spec.stones(positions) > 0).sum(axis=0)
    assert counts.sum() == GAMES
    expected = GAMES / spec.points
    assert ((counts - expected) ** 2 / expected).sum() < 130
