"""Who meets whom: ladders and Swiss rounds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from arena.play.sequence import PairCounter
from arena.schedule import Fixture, meetings_in_all, most_rounds, pairings, swiss_schedule
from arena.stats.sprt import Hypotheses


def test_a_ladder_connects_all_with_few_meetings() -> None:
    meetings = pairings(9, "ladder")
    assert {(a, b) for a, b in meetings if a == 8} == {(8, 7), (8, 6), (8, 4), (8, 0)}
    assert len(meetings) == len(set(meetings)) == 8 + 7 + 5 + 1
    assert all(later > earlier for later, earlier in meetings)


def played(fixtures: list[Fixture], strength: list[float]) -> dict[int, float]:
    """The stronger wins every game."""
    return {f.game: float(strength[f.black] > strength[f.white]) for f in fixtures}


@pytest.mark.parametrize("agents", [4, 7, 16])
def test_swiss_rounds_pair_equals_never_twice_and_find_the_best(agents: int) -> None:
    strength = [float((i * 5) % agents) for i in range(agents)]
    rounds = min((agents - 1).bit_length() + 1, agents - 1)
    openings = [(i,) for i in range(2 * rounds)]
    results: dict[int, float] = {}
    for number in range(1, rounds + 1):
        fixtures = swiss_schedule(agents, rounds, openings, results)
        assert len(fixtures) == number * (agents // 2) * 4
        assert [f.game for f in fixtures] == list(range(len(fixtures)))
        results |= played(fixtures[len(results) :], strength)
    assert swiss_schedule(agents, rounds, openings, results) == fixtures
    assert meetings_in_all(agents, "swiss", rounds) * 4 == len(fixtures)
    points = [0.0] * agents
    for f in fixtures:
        points[f.black] += results[f.game]
        points[f.white] += 1 - results[f.game]
    best = strength.index(agents - 1)
    assert points[best] == sum(best in (f.black, f.white) for f in fixtures)
    each = agents // 2 * 4
    per_round = [fixtures[i : i + each] for i in range(0, len(fixtures), each)]
    meetings = [{frozenset((f.black, f.white)) for f in games} for games in per_round]
    assert len(set.union(*meetings)) == sum(map(len, meetings)) == rounds * (agents // 2)
    byes = [set(range(agents)) - set(itertools.chain(*pairs)) for pairs in meetings]
    assert len(set.union(*byes)) == sum(map(len, byes)) == (agents % 2) * rounds


def test_a_round_waits_for_the_one_before() -> None:
    openings = [(1,), (2,), (3,)]
    first = swiss_schedule(4, 3, openings, {})
    assert len(first) == 4
    unfinished = dict.fromkeys(range(3), 1.0)
    assert swiss_schedule(4, 3, openings, unfinished) == first
    assert len(swiss_schedule(4, 3, openings, dict.fromkeys(range(4), 1.0))) == 8


def test_more_rounds_than_opponents_meet_again() -> None:
    openings = [(1,), (2,), (3,)]
    everything = dict.fromkeys(range(100), 0.5)
    assert len(swiss_schedule(2, 3, openings, everything)) == 6


def test_pairs_count_in_the_order_of_the_schedule_whichever_end_first() -> None:
    counter = PairCounter(Hypotheses(0, 200))
    for game in (2, 3, 5, 1):
        counter.add(game, 1.0, [game])
    assert counter.counted == []
    counter.add(0, 0.5, [0])
    assert counter.counts == [0, 0, 0, 1, 1] and counter.counted == [0, 1]
    late = {game: float(game % 7 != 0) for game in range(6, 400)}
    forwards, backwards = PairCounter(Hypotheses(0, 200)), PairCounter(Hypotheses(0, 200))
    for game in range(6, 400):
        forwards.add(game - 6, late[game], [game])
    for game in reversed(range(6, 400)):
        backwards.add(game - 6, late[game], [game])
    assert forwards.decision == backwards.decision == "elo1"
    assert forwards.counts == backwards.counts and len(forwards.counted) < 190


def test_pairs_that_repeat_earlier_ones_are_no_evidence() -> None:
    """Two openings again and again: 40 points would be a decision, the first 4 are none."""
    repeating, varied = PairCounter(Hypotheses(0, 200)), PairCounter(Hypotheses(0, 200))
    for game in range(40):
        repeating.add(game, 1.0, [game % 4])
        varied.add(game, 1.0, [game])
    assert varied.decision == "elo1"
    assert not repeating.decision and not repeating.over
    assert repeating.counted == [0, 1] and repeating.counts == [0, 0, 0, 0, 2]
    assert repeating.repeated == 18


def test_players_that_only_repeat_themselves_have_played_enough() -> None:
    counter = PairCounter(Hypotheses(0, 200))
    for game in range(42):
        counter.add(game, 0.5, [game % 2])
        assert counter.over == (game >= 41)
    assert counter.counted == [0] and not counter.decision
    mirrored = PairCounter(Hypotheses(0, 200))
    for game in range(100):  # the same two games, but of the other colours
        mirrored.add(game, 0.5, [game // 2 % 2 ^ game % 2])
    assert mirrored.counted == [0, 1]


@pytest.mark.parametrize("agents", range(2, 13))
def test_in_so_many_rounds_nobody_meets_anybody_twice(agents: int) -> None:
    rounds = most_rounds(agents)
    openings = [(i,) for i in range(rounds)]
    for seed in range(60):
        random = np.random.default_rng(seed)
        results: dict[int, float] = {}
        for _ in range(rounds):
            fixtures = swiss_schedule(agents, rounds, openings, results)
            met = {frozenset((f.black, f.white)) for f in fixtures}
            assert 2 * len(met) == len(fixtures), (seed, fixtures)
            results |= {f.game: float(random.random()) for f in fixtures[len(results) :]}
