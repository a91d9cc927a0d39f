"""Openings, the schedule, and the count of distinct games."""

from __future__ import annotations

import numpy as np
import pytest

from arena.openings import canonical_stones, distinct_games, make_openings
from arena.schedule import Fixture, make_schedule, pairings
from engine.errors import ConfigError
from engine.games.go import GoSpec
from engine.symmetry import action_permutations

SPEC = GoSpec(9, 9, 7.0)


def board_after(spec: GoSpec, opening: tuple[int, ...]) -> tuple[int, bytes]:
    position = spec.allocate(1)
    for action in opening:
        spec.play(position, np.array([action]))
    return int(spec.to_move(position)[0]), canonical_stones(spec, spec.stones(position)[0])


def test_openings_are_distinct_up_to_symmetry_and_off_the_edge() -> None:
    openings = make_openings(SPEC, 300, (2, 4), seed=1)
    assert len({board_after(SPEC, opening) for opening in openings}) == 300
    assert {len(opening) for opening in openings} == {2, 3, 4}
    for opening in openings:
        for action in opening:
            row, column = divmod(action, 9)
            assert 1 <= row <= 7 and 1 <= column <= 7


def test_openings_are_a_function_of_the_seed_and_grow_at_the_end() -> None:
    openings = make_openings(SPEC, 20, (2, 4), seed=1)
    assert make_openings(SPEC, 50, (2, 4), seed=1)[:20] == openings
    assert make_openings(SPEC, 20, (2, 4), seed=2) != openings


def test_too_few_distinct_openings_are_an_error() -> None:
    assert len(make_openings(GoSpec(3, 3), 3, (1, 1), seed=1)) == 3
    with pytest.raises(ConfigError, match="found 3"):
        make_openings(GoSpec(3, 3), 4, (1, 1), seed=1)
    for plies in ((3, 2), (-1, 2), (0, 99)):
        with pytest.raises(ConfigError, match="opening plies"):
            make_openings(SPEC, 1, plies, seed=1)


def test_no_plies_mean_the_start_position() -> None:
    assert make_openings(SPEC, 3, (0, 0), seed=1) == [(), (), ()]


def test_rotated_games_are_the_same_game() -> None:
    game = [10, 34, 81, 5, 5 + 9]
    turned = [[int(row[action]) for action in game] for row in action_permutations(9, 9)]
    assert len({tuple(actions) for actions in turned}) == 8
    assert distinct_games(SPEC, turned) == 1
    assert distinct_games(SPEC, [*turned, game[:-1], [*game[:-1], 16]]) == 3


def test_everybody_meets_everybody_or_the_first() -> None:
    assert pairings(3, "round-robin") == [(0, 1), (0, 2), (1, 2)]
    assert pairings(3, "gauntlet") == [(0, 1), (0, 2)]
    with pytest.raises(ConfigError, match="knockout"):
        pairings(3, "knockout")
    with pytest.raises(ConfigError, match="two agents"):
        pairings(1, "gauntlet")


def test_the_schedule_swaps_colours_within_a_pair_and_grows_at_the_end() -> None:
    meetings = [(0, 1), (0, 2)]
    fixtures = make_schedule(meetings, [(1, 2), (3,)])
    assert fixtures[:2] == [Fixture(0, 0, 0, 1, (1, 2)), Fixture(1, 0, 1, 0, (1, 2))]
    assert [fixture.game for fixture in fixtures] == list(range(8))
    for first, second in zip(fixtures[::2], fixtures[1::2], strict=True):
        assert first.pair == second.pair and first.opening == second.opening
        assert (first.black, first.white) == (second.white, second.black)
    assert make_schedule(meetings, [(1, 2), (3,), (4,)])[:8] == fixtures
