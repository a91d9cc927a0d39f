"""Roots judged in all turns of the board: against turned games, and what a search makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import SearchError
from engine.games import ConnectFourSpec, GameSpec, GoSpec, HexSpec
from engine.games.spec import Positions
from engine.search import Evaluation, Search, SearchConfig
from engine.search.rules import RULES
from engine.search.symmetric import AllSymmetries, turned
from engine.symmetry import action_permutations, permutations
from tests.support.evaluators import ByInputs, same
from tests.support.evaluators import turned as played_turned
from tests.support.tree_checks import check_invariants

GAMES = pytest.mark.parametrize(
    "spec, actions",
    [
        (GoSpec(5, 5, 0.5), [7, 13, 3]),
        (GoSpec(4, 5, 0.5), [7, 13, 3]),
        (ConnectFourSpec(4, 5, 3), [15, 16, 10]),
        (HexSpec(4, 4), [1, 6, 8]),
    ],
    ids=str,
)
EVERY_RULE = pytest.mark.parametrize("algorithm", list(RULES))


def turns_of(spec: GameSpec) -> NDArray[np.int16]:
    return action_permutations(spec.height, spec.width, spec.symmetries)


def probabilities(spec: GameSpec, positions: Positions, logits: Any) -> NDArray[Any]:
    weights = np.exp(logits) * spec.legal(positions)
    return weights / weights.sum(axis=1, keepdims=True)


@GAMES
def test_a_turned_spec_shows_the_board_that_turned_moves_give(
    spec: GameSpec, actions: list[int]
) -> None:
    here = played_turned(spec, actions, 0)
    for k in range(len(turns_of(spec))):
        shown, globals_ = turned(spec, k).features(here)
        planes, expected = spec.features(played_turned(spec, actions, k))
        assert np.array_equal(shown, planes)
        assert np.array_equal(globals_, expected)
    assert turned(spec, 0) == spec
    assert hash(turned(spec, 1)) == hash(spec)


@GAMES
def test_the_answer_is_the_mean_of_those_to_turned_games(
    spec: GameSpec, actions: list[int]
) -> None:
    here = played_turned(spec, actions, 0)
    found = AllSymmetries(ByInputs()).evaluate(spec, here)
    policies, values, ownerships = [], [], []
    for k, to in enumerate(turns_of(spec)):
        position = played_turned(spec, actions, k)
        answer = ByInputs().evaluate(spec, position)
        policy = np.empty((1, spec.actions))
        policy[:, to] = probabilities(spec, position, answer.policy_logits)
        policies.append(policy)
        values.append(answer.value)
        ownership = np.empty((1, spec.points))
        ownership[:, permutations(spec.height, spec.width, spec.symmetries)[k]] = answer.ownership
        ownerships.append(ownership)
    mean = np.mean(policies, axis=0)
    assert probabilities(spec, here, found.policy_logits) == pytest.approx(mean, abs=1e-5)
    assert found.value == pytest.approx(np.mean(values, axis=0), abs=1e-6)
    assert found.ownership == pytest.approx(np.mean(ownerships, axis=0), abs=1e-6)


@GAMES
def test_turned_positions_get_turned_answers(spec: GameSpec, actions: list[int]) -> None:
    """What a single network's answers do not do."""
    judge = AllSymmetries(ByInputs())
    first = judge.evaluate(spec, played_turned(spec, actions, 0))
    for k, to in enumerate(turns_of(spec)):
        position = played_turned(spec, actions, k)
        answer = judge.evaluate(spec, position)
        points = permutations(spec.height, spec.width, spec.symmetries)[k]
        same(
            answer,
            replace(
                first,
                policy_logits=first.policy_logits[:, to],
                ownership=first.ownership[:, points],
            ),
        )


@EVERY_RULE
def test_new_and_kept_roots_get_the_mean_and_other_nodes_do_not(algorithm: str) -> None:
    spec = GoSpec(5, 5, 0.5)
    config = SearchConfig(algorithm=algorithm, root_symmetries=True, prune_candidates=False)
    search = Search(spec, ByInputs(), 2, config, 400)
    slots, numbers = np.arange(2, dtype=np.int32), np.arange(2, dtype=np.uint64)
    position = played_turned(spec, [7, 13, 3], 0)
    search.begin(slots, np.repeat(position, 2), numbers, numbers)
    search.run(slots, 200)
    judge = AllSymmetries(ByInputs())
    for kept in (False, True):
        roots = search.read(slots)
        logits = judge.evaluate(spec, search.roots).policy_logits
        expected = probabilities(spec, search.roots, logits)
        assert roots.prior == pytest.approx(expected, abs=1e-5)
        for slot in slots:
            check_invariants(search, slot)
        if kept:
            break
        action = int(roots.visits[0].argmax())
        for slot in slots:
            assert search.advance(np.array([slot], np.int32), np.array([action]))[0]
        plain = ByInputs().evaluate(spec, search.roots).policy_logits
        below = search.read(slots).prior
        assert below == pytest.approx(probabilities(spec, search.roots, plain), abs=1e-5)
        search.run(slots, 30)


@EVERY_RULE
def test_a_root_whose_answer_is_no_number_is_named(algorithm: str) -> None:
    class Broken(ByInputs):
        def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
            good = super().evaluate(spec, positions)
            logits = good.policy_logits.copy()
            logits[positions["komi_half_points"] == 3] = np.nan
            return replace(good, policy_logits=logits)

    spec = GoSpec(5, 5, 0.5)
    positions = spec.allocate(2)
    positions["komi_half_points"][1] = 3
    config = SearchConfig(algorithm=algorithm, root_symmetries=True)
    search = Search(spec, Broken(), 2, config, 100)
    slots, numbers = np.arange(2, dtype=np.int32), np.arange(2, dtype=np.uint64)
    search.begin(slots, positions, numbers, numbers)
    with pytest.raises(SearchError, match="slot 1: expected finite policy logits"):
        search.run(slots, 20)
    assert search.read(slots).simulations.tolist() == [20, 0]
