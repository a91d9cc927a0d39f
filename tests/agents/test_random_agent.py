"""The random agent: sensible, fair, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from agents.protocol import Turn
from agents.random_agent import RandomAgent
from engine.games import GoSpec
from tests.support.positions import random_positions

SPEC = GoSpec(5, 5, 0.5)


def turns(count: int = 30, plies: int = 60) -> list[Turn]:
    positions = random_positions(SPEC, count, plies, seed=21)
    return [Turn(game, SPEC, positions[game : game + 1], (), 9) for game in range(count)]


def test_only_sensible_actions_and_the_pass_when_nothing_is_left() -> None:
    asked = turns(80)
    passes = 0
    for turn, decision in zip(asked, RandomAgent().choose(asked), strict=True):
        candidates = SPEC.candidates(turn.position)[0]
        assert candidates[decision.action]
        assert (decision.resign, decision.forfeit, decision.thought) == (False, "", None)
        if decision.action == SPEC.pass_action:
            assert not candidates[:-1].any()
            passes += 1
    assert 0 < passes < 80


def test_the_same_turn_gets_the_same_answer_in_any_company() -> None:
    asked = turns()
    whole = [decision.action for decision in RandomAgent().choose(asked)]
    single = [RandomAgent("other").choose([turn])[0].action for turn in asked[::-1]]
    assert whole == single[::-1]


@pytest.mark.parametrize("change", [{"seed": 10}, {"game": 500}, {"actions": (1, 2)}])
def test_seed_game_and_ply_each_change_the_answers(change: dict) -> None:
    asked = turns()
    before = [decision.action for decision in RandomAgent().choose(asked)]
    others = [replace(turn, **change) for turn in asked]
    assert before != [RandomAgent().choose([turn])[0].action for turn in others]


def test_every_action_has_the_same_chance() -> None:
    start = SPEC.allocate(1)
    asked = [Turn(game, SPEC, start, (), 1) for game in range(5000)]
    counts = Counter(decision.action for decision in RandomAgent().choose(asked))
    assert set(counts) == set(range(SPEC.points))
    expected = 5000 / SPEC.points
    chi_squared = sum((n - expected) ** 2 / expected for n in counts.values())
    assert chi_squared < 51.2  # 24 degrees of freedom, one in a thousand


def test_it_has_a_name_and_nothing_to_forget() -> None:
    agent = RandomAgent("chance")
    assert agent.name == "chance"
    agent.end_game(77)
    agent.close()
    assert np.isscalar(agent.choose(turns(1))[0].action)
