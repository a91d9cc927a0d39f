"""Exact endings: proofs against exhaustive reading, and what a search makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents.evaluators.rollout import RolloutEvaluator
from engine.games import BLACK, GameSpec, GoSpec
from engine.search import Search, SearchConfig, SearchResult
from engine.search.solver import correct_policy, decide
from engine.search.tree import DRAW, LOSS, UNPROVEN, WIN
from tests.support.positions import random_positions
from tests.support.proofs import ALGORITHMS, proven, searched, set_up
from tests.support.scripted import ScriptedEvaluator, arbitrary, indifferent

VALUE = {WIN: 1.0, DRAW: 0.0, LOSS: -1.0}
EVERY_RULE = pytest.mark.parametrize("algorithm", ALGORITHMS)


@EVERY_RULE
@pytest.mark.parametrize("komi, proof", [(0.5, WIN), (1.0, DRAW), (1.5, LOSS)])
def test_two_by_two_is_solved(algorithm: str, komi: float, proof: int) -> None:
    """Black is a point ahead, as John Tromp solved it under area scoring and positional superko."""
    spec = GoSpec(2, 2, komi)
    result = searched(
        spec, spec.allocate(1), 20_000, algorithm, RolloutEvaluator(), prune_candidates=False
    )
    assert result.proven == proof
    assert result.value == VALUE[proof]
    assert result.simulations < 20_000
    if proof != LOSS:
        assert result.proof[result.action] == proof


def solved_line(spec: GameSpec, position: Any, result: SearchResult) -> float:
    """The outcome for the root's side of a variation that has to end the game."""
    line = position.copy()
    for action in result.variation:
        spec.play(line, np.array([action]))
    assert spec.finished(line)[0]
    mover = 1 if spec.to_move(position)[0] == BLACK else -1
    return float(spec.outcome(line)[0] * mover)


@EVERY_RULE
@pytest.mark.parametrize("prune", [True, False])
@pytest.mark.parametrize("komi", [0.5, -0.5, 1.0])
def test_proofs_are_what_exhaustive_reading_finds(algorithm: str, prune: bool, komi: float) -> None:
    """With own eyes left out of the search too: then reading considers them and the search asks."""
    spec = GoSpec(2, 2, komi)
    positions = random_positions(spec, 50, 10, seed=5)
    compared = 0
    for i in range(len(positions)):
        position = positions[i : i + 1]
        result = searched(
            spec, position, 400, algorithm, ScriptedEvaluator(arbitrary), prune_candidates=prune
        )
        for action in np.flatnonzero(result.proof):
            worth = proven(spec, position, int(action), 5)
            if worth is not None:
                assert worth == VALUE[int(result.proof[action])], (i, action)
                compared += 1
        if result.proven and len(result.variation) < 16:
            assert solved_line(spec, position, result) == VALUE[result.proven] == result.value
    assert compared >= 20


def ahead_after_a_pass() -> tuple[GoSpec, Any]:
    """Black owns the board, White has passed: Black's pass wins at once."""
    spec = GoSpec(3, 3, 0.5)
    position = set_up(spec, ". X .\nX X X\n. X .", 2)
    spec.play(position, np.array([spec.pass_action]))
    return spec, position


@EVERY_RULE
def test_a_proven_root_ends_the_search(algorithm: str) -> None:
    spec, position = ahead_after_a_pass()
    evaluator = ScriptedEvaluator(indifferent)
    result = searched(spec, position, 500, algorithm, evaluator)
    assert result.proven == WIN
    assert result.action == spec.pass_action
    assert result.variation == (spec.pass_action,)
    assert result.simulations < 10
    assert sum(evaluator.batches) <= result.simulations
    assert result.policy.argmax() == result.action


@EVERY_RULE
def test_a_proven_slot_leaves_the_others_their_budget(algorithm: str) -> None:
    spec, position = ahead_after_a_pass()
    positions = np.concatenate([position, spec.allocate(2)])
    search = Search(
        spec, ScriptedEvaluator(arbitrary), 3, SearchConfig(algorithm=algorithm), 202, max_rows=12
    )
    slots, numbers = np.arange(3, dtype=np.int32), np.arange(3, dtype=np.uint64)
    search.begin(slots, positions, numbers, numbers)
    search.run(slots, 200, leaves=4)
    roots = search.read(slots)
    assert roots.proven.tolist() == [WIN, UNPROVEN, UNPROVEN]
    assert roots.simulations[0] < 20
    assert roots.simulations[1:].tolist() == [200, 200]
    search.run(slots, 10)
    assert search.read(slots).simulations[0] == roots.simulations[0]


@EVERY_RULE
def test_what_is_proven_lost_is_not_tried_again(algorithm: str) -> None:
    """White may pass and lose, or play on: after one look the pass gets no more visits."""
    spec = GoSpec(3, 3, 0.5)
    position = set_up(spec, ". X .\n. X .\n. X .", 1)
    spec.play(position, np.array([spec.pass_action]))
    for simulations in (60, 120):
        result = searched(spec, position, simulations, algorithm, prune_candidates=False)
        assert result.proof[spec.pass_action] == LOSS
        assert result.visits[spec.pass_action] == 1
        assert result.policy[spec.pass_action] == 0
        assert result.action != spec.pass_action


def test_without_exact_endings_nothing_is_proven() -> None:
    spec, position = ahead_after_a_pass()
    result = searched(spec, position, 100, "puct", exact_endings=False)
    assert not result.proof.any()
    assert result.proven == UNPROVEN
    assert result.simulations == 100


@pytest.mark.parametrize(
    "choice, proof, plies, q, expected, why",
    [
        (0, [0, 0, 0], [0, 0, 0], [0.1, 0, 0], 0, "nothing proven"),
        (0, [0, WIN, WIN], [0, 5, 3], [0.9, 1, 1], 2, "the shortest win"),
        (1, [LOSS, LOSS, LOSS], [2, 4, 6], [-1, -1, -1], 2, "the longest defence"),
        (0, [0, DRAW, LOSS], [0, 2, 2], [-0.1, 0, -1], 1, "rather a draw than a likely loss"),
        (0, [0, DRAW, LOSS], [0, 2, 2], [0.1, 0, -1], 0, "rather a likely win than a draw"),
        (2, [LOSS, DRAW, LOSS], [2, 2, 8], [-1, 0, -1], 1, "a draw if that is the best"),
        (1, [LOSS, 0, 0], [2, 0, 0], [-1, -0.9, 0], 1, "rather unlikely than lost"),
    ],
)
def test_proofs_decide(
    choice: int, proof: list[int], plies: list[int], q: list[float], expected: int, why: str
) -> None:
    decided = decide(
        np.array([choice], np.int16),
        np.array([proof], np.int8),
        np.array([plies], np.int16),
        np.ones((1, 3), bool),
        np.array([q], np.float32),
    )
    assert decided.tolist() == [expected], why


@pytest.mark.parametrize(
    "chosen, proof, expected",
    [
        (0, [0, 0, 0], [0.5, 0.3, 0.2]),
        (0, [0, LOSS, 0], [0.5 / 0.7, 0, 0.2 / 0.7]),
        (1, [0, WIN, WIN], [0, 0.6, 0.4]),
        (1, [0, DRAW, LOSS], [0, 1, 0]),
        (1, [LOSS, LOSS, LOSS], [0.5, 0.3, 0.2]),
    ],
)
def test_the_policy_teaches_nothing_that_is_proven_worse(
    chosen: int, proof: list[int], expected: list[float]
) -> None:
    policy = np.array([[0.5, 0.3, 0.2]], np.float32)
    corrected = correct_policy(policy, np.array([proof], np.int8), np.array([chosen], np.int16))
    assert corrected[0] == pytest.approx(expected)
