"""The bare network: one evaluation, the likeliest sensible action."""

from __future__ import annotations

import numpy as np
import pytest

from agents.policy_agent import PolicyAgent
from agents.protocol import Turn
from engine.games import GoSpec
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary

SPECS = [GoSpec(5, 5, 0.5), GoSpec(4, 6, 1.5)]


def turns(plies: int = 40) -> list[Turn]:
    """Two games at once, their turns interleaved."""
    rows = [random_positions(spec, 10, plies, seed=31) for spec in SPECS]
    return [
        Turn(2 * i + k, spec, rows[k][i : i + 1], (), 0)
        for i in range(10)
        for k, spec in enumerate(SPECS)
    ]


def test_the_likeliest_sensible_action_is_played() -> None:
    for turn, decision in zip(
        turns(), PolicyAgent("net", ScriptedEvaluator(arbitrary)).choose(turns()), strict=True
    ):
        logits = ScriptedEvaluator(arbitrary).evaluate(turn.spec, turn.position).policy_logits[0]
        sensible = turn.spec.candidates(turn.position)[0]
        assert decision.action == np.where(sensible, logits, -np.inf).argmax()


def test_the_thought_is_what_the_network_said() -> None:
    for turn, decision in zip(
        turns(), PolicyAgent("net", ScriptedEvaluator(arbitrary)).choose(turns()), strict=True
    ):
        evaluation = ScriptedEvaluator(arbitrary).evaluate(turn.spec, turn.position)
        thought = decision.thought
        assert thought is not None
        assert thought.action == decision.action
        assert thought.simulations == 0 and not thought.visits.any()
        assert thought.policy.sum() == pytest.approx(1, abs=1e-5)
        assert not thought.policy[~turn.spec.candidates(turn.position)[0]].any()
        assert thought.value == pytest.approx(float(evaluation.q[0]))
        assert thought.score == pytest.approx(float(evaluation.score[0]))
        assert np.array_equal(thought.ownership, evaluation.ownership[0])


def test_one_call_of_the_network_serves_all_games_of_a_spec() -> None:
    evaluator = ScriptedEvaluator(arbitrary)
    together = PolicyAgent("net", evaluator).choose(turns())
    assert evaluator.batches == [10, 10]
    alone = [PolicyAgent("net", ScriptedEvaluator(arbitrary)).choose([turn])[0] for turn in turns()]
    assert [d.action for d in together] == [d.action for d in alone]
