"""What ``engine.search.tree`` promises of a slot at rest, under both ways to select."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from engine.errors import SearchError
from engine.games import GoSpec
from engine.search import Search, SearchConfig
from engine.search.tree import ROOT
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary, indifferent
from tests.support.tree_checks import check_invariants, edges_of, walk

SPEC = GoSpec(5, 5, 0.5)
CONFIGS = {
    "puct": SearchConfig(algorithm="puct"),
    "gumbel": SearchConfig(algorithm="gumbel"),
    "noisy puct": SearchConfig(algorithm="puct", noise_fraction=0.25),
}


def begun(
    config: SearchConfig, positions: Any, nodes: int = 400, games: Any = None, **more: Any
) -> tuple[Search, Any]:
    """A search with one slot per position, not yet run."""
    count = len(positions)
    search = Search(
        more.pop("spec", SPEC), ScriptedEvaluator(arbitrary), count, config, nodes, **more
    )
    slots = np.arange(count, dtype=np.int32)
    numbers = np.arange(count) if games is None else np.asarray(games)
    search.begin(slots, positions, np.full(count, 7, np.uint64), numbers.astype(np.uint64), 1.0)
    return search, slots


@pytest.mark.parametrize("leaves", [1, 4])
@pytest.mark.parametrize("name", CONFIGS)
def test_slots_at_rest_keep_the_invariants(name: str, leaves: int) -> None:
    positions = random_positions(SPEC, 6, 30, seed=1)
    search, slots = begun(CONFIGS[name], positions, max_rows=6 * leaves)
    search.run(slots, 100, leaves=leaves)
    for slot in slots:
        check_invariants(search, slot, leaves)


@pytest.mark.parametrize("name", CONFIGS)
def test_visits_sum_to_the_budget_of_each_slot(name: str) -> None:
    positions = random_positions(SPEC, 5, 20, seed=2)
    search, slots = begun(CONFIGS[name], positions, max_rows=20)
    budgets = np.array([1, 3, 17, 50, 96])
    search.run(slots, budgets, leaves=4)
    roots = search.read(slots)
    assert roots.visits.sum(axis=1).tolist() == budgets.tolist()
    assert roots.simulations.tolist() == budgets.tolist()
    assert search.tree.nodes["visits"][:, ROOT].tolist() == (budgets + 1).tolist()
    assert not search.tree.edges["in_flight"].any()


@pytest.mark.parametrize("name", CONFIGS)
def test_values_follow_from_the_evaluators_opinions(name: str) -> None:
    """A node's raw q is the evaluator's own or, of a finished game, the result."""
    search, slots = begun(CONFIGS[name], random_positions(SPEC, 2, 40, seed=3))
    search.run(slots, 150)
    for node, position in walk(search, 0) + walk(search, 1):
        if search.spec.finished(position)[0]:
            mover = 1 if position["to_move"][0] == 1 else -1
            assert node["raw_q"] == mover * search.spec.outcome(position)[0]
        else:
            q = ScriptedEvaluator(arbitrary).evaluate(search.spec, position).q[0]
            assert node["raw_q"] == pytest.approx(q)


@pytest.mark.parametrize("prune", [True, False])
@pytest.mark.parametrize("name", CONFIGS)
def test_only_what_the_rules_allow_is_considered(name: str, prune: bool) -> None:
    positions = random_positions(SPEC, 8, 40, seed=4)
    config = SearchConfig(algorithm=CONFIGS[name].algorithm, prune_candidates=prune)
    search, slots = begun(config, positions)
    search.run(slots, 60)
    roots = search.read(slots)
    allowed = SPEC.candidates(positions) if prune else SPEC.legal(positions)
    for spread in (roots.visits, roots.prior, roots.policy, roots.q):
        assert not spread[~allowed].any()
    assert allowed[np.arange(8), roots.action].all()
    assert roots.policy.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-5)
    assert roots.prior.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-5)


def same_tree(one: Search, slot: int, other: Search, other_slot: int) -> None:
    nodes, edges = one.tree.slots[slot]["nodes"], one.tree.slots[slot]["edges"]
    assert nodes == other.tree.slots[other_slot]["nodes"]
    for mine, theirs, count in (
        (one.tree.nodes[slot], other.tree.nodes[other_slot], nodes),
        (one.tree.edges[slot], other.tree.edges[other_slot], edges),
    ):
        for field in mine.dtype.names:
            assert np.array_equal(mine[field][:count], theirs[field][:count]), field


@pytest.mark.parametrize("leaves", [1, 3])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_tree_does_not_depend_on_the_company_of_its_slot(name: str, leaves: int) -> None:
    """64 slots together, 7 of them, and each of those alone."""
    positions = random_positions(SPEC, 64, 20, seed=5)
    crowd, slots = begun(CONFIGS[name], positions, max_rows=64 * leaves)
    crowd.run(slots, 50, leaves=leaves)
    some = np.array([40, 7, 63, 0, 21, 22, 5])
    few, seven = begun(CONFIGS[name], positions[some], games=some, max_rows=7 * leaves)
    few.run(seven, 50, leaves=leaves)
    for i, slot in enumerate(some):
        same_tree(few, i, crowd, slot)
        one = positions[slot : slot + 1]
        alone, only = begun(CONFIGS[name], one, games=[slot], max_rows=leaves)
        alone.run(only, 50, leaves=leaves)
        same_tree(alone, 0, crowd, slot)


@pytest.mark.parametrize("name", CONFIGS)
def test_slots_take_turns_where_the_rows_do_not_suffice(name: str) -> None:
    """Batches stay full, and each tree is the one that its slot grows alone."""
    positions = random_positions(SPEC, 5, 20, seed=5)
    evaluator = ScriptedEvaluator(arbitrary)
    crowd, slots = begun(CONFIGS[name], positions, max_rows=7)
    crowd.evaluator = evaluator
    crowd.run(slots, np.array([50, 50, 20, 50, 35]), leaves=3)
    assert max(evaluator.batches) <= 7
    assert evaluator.batches.count(6) >= 20
    for slot, budget in enumerate([50, 50, 20, 50, 35]):
        one = positions[slot : slot + 1]
        alone, only = begun(CONFIGS[name], one, games=[slot], max_rows=3)
        alone.run(only, budget, leaves=3)
        same_tree(alone, 0, crowd, slot)


@pytest.mark.parametrize("name", CONFIGS)
def test_threads_that_share_an_evaluator_grow_the_trees_that_one_thread_grows(name: str) -> None:
    positions = random_positions(SPEC, 4, 20, seed=6)
    one, slots = begun(CONFIGS[name], positions)
    one.run(slots, 60)
    several = [begun(CONFIGS[name], positions[i : i + 1], games=[i])[0] for i in range(4)]
    for search in several:
        search.evaluator = one.evaluator
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda search: search.run(slots[:1], 60), several))
    for slot, search in enumerate(several):
        same_tree(search, 0, one, slot)


@pytest.mark.parametrize("name", ["gumbel", "noisy puct"])
def test_randomness_belongs_to_the_game_and_the_seed(name: str) -> None:
    position = SPEC.allocate(1)
    reads = []
    for game in (1, 1, 2):
        search, slots = begun(CONFIGS[name], position, games=[game])
        search.run(slots, 30)
        reads.append(search.read(slots))
    assert np.array_equal(reads[0].visits, reads[1].visits)
    assert not np.array_equal(reads[0].visits, reads[2].visits)


@pytest.mark.parametrize("name", CONFIGS)
def test_advance_keeps_what_was_known_below_the_action(name: str) -> None:
    search, slots = begun(CONFIGS[name], random_positions(SPEC, 1, 6, seed=6))
    search.run(slots, 200)
    roots = search.read(slots)
    action = int(roots.visits[0].argmax())
    root = search.tree.nodes[0, ROOT]
    edge = next(edge for edge in edges_of(search, 0, root) if edge["action"] == action)
    below = edges_of(search, 0, search.tree.nodes[0, edge["child"]]).copy()
    after = search.roots[:1].copy()
    SPEC.play(after, np.array([action]))

    assert search.advance(np.zeros(1, np.int32), np.array([action]))[0]

    assert np.array_equal(search.roots[:1], after)
    kept = search.read(slots)
    assert kept.visits[0, below["action"]].tolist() == below["visits"].tolist()
    assert kept.value[0] == pytest.approx(-roots.q[0, action])
    assert search.tree.nodes[0, ROOT]["visits"] == roots.visits[0, action]
    assert kept.prior[0, below["action"]] == pytest.approx(below["prior"])
    check_invariants(search, 0)
    search.run(slots, 50)
    check_invariants(search, 0)
    assert search.read(slots).visits.sum() == below["visits"].sum() + 50


def test_advance_into_the_unknown_leaves_an_empty_tree() -> None:
    search, slots = begun(CONFIGS["puct"], SPEC.allocate(1))
    search.run(slots, 1)
    unseen = int(np.flatnonzero(search.read(slots).visits[0] == 0)[0])
    assert not search.advance(np.zeros(1, np.int32), np.array([unseen]))[0]
    assert search.tree.slots["nodes"][0] == 0
    assert search.roots["plies"][0] == 1
    search.run(slots, 20)
    check_invariants(search, 0)


@pytest.mark.parametrize("leaves", [1, 4])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_full_pool_ends_the_search_with_a_note(name: str, leaves: int) -> None:
    positions = random_positions(SPEC, 2, 4, seed=8)
    search, slots = begun(CONFIGS[name], positions, nodes=20, max_rows=2 * leaves)
    search.run(slots, 1000, leaves=leaves)
    for slot, result in zip(slots, search.results(slots), strict=True):
        check_invariants(search, slot, leaves, exact=False)
        assert 19 < result.simulations < 20 + leaves + 1
        assert any("memory cap" in note for note in result.notes)
        assert SPEC.legal(positions)[slot, result.action]
    roomy, _ = begun(CONFIGS[name], positions, nodes=30)
    roomy.run(slots, 20)
    assert [result.notes for result in roomy.results(slots)] == [(), ()]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_finished_game_has_no_action(name: str) -> None:
    positions = SPEC.allocate(2)
    for _ in range(2):
        SPEC.play(positions, np.array([SPEC.pass_action, -1]))
    search, slots = begun(CONFIGS[name], positions)
    with pytest.raises(SearchError, match="slot 0: expected a game that is not over"):
        search.run(slots, 10)
    roots = search.read(slots)
    assert roots.action[0] == -1
    assert roots.action[1] >= 0
    assert not roots.visits[0].any()
    assert roots.simulations[1] == 10


def test_take_over_carries_every_tree_into_a_larger_search() -> None:
    positions = random_positions(SPEC, 3, 10, seed=9)
    small, slots = begun(CONFIGS["noisy puct"], positions, nodes=60)
    small.run(slots, 40)
    large = Search(SPEC, ScriptedEvaluator(arbitrary), 5, CONFIGS["noisy puct"], 200)
    large.take_over(small)
    for slot in slots:
        same_tree(small, slot, large, slot)
    large.run(slots, 60)
    for slot in slots:
        check_invariants(large, slot)


def test_the_search_stops_when_told_to() -> None:
    search, slots = begun(CONFIGS["puct"], SPEC.allocate(1))
    rounds = []

    def enough() -> bool:
        rounds.append(1)
        return len(rounds) < 5

    search.run(slots, 100, on_round=enough)
    assert search.read(slots).simulations[0] == 5
    search.run(slots, 100, deadline_s=0.0)
    assert search.read(slots).simulations[0] == 6


def test_passing_waits_as_long_as_the_settings_say() -> None:
    config = SearchConfig(algorithm="puct", no_pass_before=10)
    early, late = SPEC.allocate(1), random_positions(SPEC, 40, 14, seed=3)
    late = late[late["plies"] >= 10][:1]
    search, slots = begun(config, early)
    search.run(slots, 40)
    assert search.read(slots).prior[0, SPEC.pass_action] == 0
    search, slots = begun(config, late)
    search.run(slots, 40)
    assert search.read(slots).prior[0, SPEC.pass_action] > 0


def test_one_evaluation_per_simulation_and_one_for_the_root() -> None:
    evaluator = ScriptedEvaluator(indifferent)
    search = Search(SPEC, evaluator, 4, CONFIGS["puct"], 100)
    slots = np.arange(4, dtype=np.int32)
    numbers = np.arange(4, dtype=np.uint64)
    search.begin(slots, SPEC.allocate(4), numbers, numbers)
    search.run(slots, 20)
    assert evaluator.batches == [4] * 21
