"""The search against its twin in plain Python, visit by visit, and one slot beside others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.games import ConnectFourSpec, GameSpec, GoSpec
from engine.search import Search, SearchConfig
from engine.search.tree import ROOT
from tests.support import slow_search
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary, first_action
from tests.support.twins import PROOFS, SPEC, begun, compare

PUCT = SearchConfig(algorithm="puct")
GUMBEL = SearchConfig(algorithm="gumbel")
NOISY = SearchConfig(algorithm="puct", noise_fraction=0.25)
BOTH = pytest.mark.parametrize("config", [PUCT, GUMBEL], ids=["puct", "gumbel"])


@BOTH
@pytest.mark.parametrize("simulations", [2, 16, 60, 200])
def test_the_tree_is_the_one_that_plain_python_grows(
    config: SearchConfig, simulations: int
) -> None:
    positions = random_positions(SPEC, 5, 24, seed=simulations)
    search = begun(positions, config, range(5))
    slots = np.arange(5, dtype=np.int32)
    search.run(slots, simulations)
    for slot in slots:
        here = positions[slot : slot + 1]
        twin = slow_search.search(SPEC, arbitrary, here, simulations, config)
        compare(search, slot, ROOT, twin)


REFINEMENTS = {
    "plain": {"c_puct_stdev_scale": 0.0, "lcb_stdevs": 0.0},
    "katago": {"c_puct_init": 1.0, "c_puct_log": 0.45, "root_fpu_reduction": 0.0},
    "temperature": {"root_temperature": 1.4, "lcb_min_share": 0.6},
    "forced": {"forced_playouts": 2.0},
    "forced, cold": {"forced_playouts": 6.0, "root_temperature": 0.5, "c_puct_stdev_prior": 0.1},
}


@pytest.mark.parametrize("name", REFINEMENTS)
def test_every_refinement_of_puct_is_the_one_in_plain_python(name: str) -> None:
    """The tree, the choice and the policy to teach."""
    config = SearchConfig(algorithm="puct", **REFINEMENTS[name])
    positions = random_positions(SPEC, 8, 14, seed=9)
    search = begun(positions, config, range(8))
    slots = np.arange(8, dtype=np.int32)
    search.run(slots, 120)
    roots = search.read(slots)
    compared = 0
    for slot in slots:
        here = positions[slot : slot + 1]
        twin = slow_search.search(SPEC, arbitrary, here, 120, config)
        compare(search, slot, ROOT, twin)
        for action, prior in twin.priors.items():
            assert roots.prior[slot, action] == pytest.approx(prior, rel=1e-4)
        if not roots.proof[slot].any():
            policy = slow_search.puct_policy(twin, config)
            assert roots.policy[slot, list(policy)] == pytest.approx(list(policy.values()))
            assert roots.action[slot] == slow_search.puct_choice(twin, config)
            compared += 1
    assert compared >= 4


@pytest.mark.parametrize("spec", [SPEC, ConnectFourSpec(4, 5, 3)], ids=str)
@BOTH
def test_a_kept_subtree_is_searched_on(config: SearchConfig, spec: GameSpec) -> None:
    """After an action, the tree grows as if its subtree had been searched all along."""
    positions = random_positions(spec, 6, 4, seed=10)
    search = begun(positions, config, range(6), spec=spec)
    slots = np.arange(6, dtype=np.int32)
    search.run(slots, 150)
    roots = search.read(slots)
    for slot in slots:
        here = positions[slot : slot + 1]
        twin = slow_search.search(spec, arbitrary, here, 150, config)
        action = int(roots.visits[slot].argmax())
        assert search.advance(np.array([slot], np.int32), np.array([action]))[0]
        compare(search, slot, ROOT, twin.children[action])
        search.run(slots[slot : slot + 1], 60)
        compare(
            search,
            slot,
            ROOT,
            slow_search.search_on(spec, arbitrary, twin.children[action], 60, config),
        )


@BOTH
@pytest.mark.parametrize("prune", [True, False])
@pytest.mark.parametrize("komi", [0.0, 1.0])
def test_proofs_climb_as_in_plain_python(config: SearchConfig, prune: bool, komi: float) -> None:
    """Boards so small that many games end within the tree; whole komi, so that some are drawn."""
    spec = GoSpec(2, 2, komi)
    positions = random_positions(spec, 12, 8, seed=7)
    config = replace(config, prune_candidates=prune)
    search = begun(positions, config, range(12), spec=spec)
    slots = np.arange(12, dtype=np.int32)
    search.run(slots, 200)
    for slot in slots:
        here = positions[slot : slot + 1]
        twin = slow_search.search(spec, arbitrary, here, 200, config)
        compare(search, slot, ROOT, twin)
    assert {1, -1} <= {PROOFS[int(proof)] for proof in search.tree.nodes["proof"].flat}


@pytest.mark.parametrize("config", [PUCT, GUMBEL, NOISY], ids=["puct", "gumbel", "noisy puct"])
def test_a_slot_with_its_own_budget_searches_as_it_does_alone(config: SearchConfig) -> None:
    positions = random_positions(SPEC, 8, 20, seed=3)
    slots = np.arange(8, dtype=np.int32)
    budgets = np.array([24, 57, 3, 16, 57, 1, 30, 24])
    together = begun(positions, config, slots, scale=1.0)
    together.run(slots, budgets)
    crowd = together.read(slots)
    first = np.zeros(1, np.int32)
    for game in slots:
        alone = begun(positions[game : game + 1], config, [game], scale=1.0)
        alone.run(first, int(budgets[game]))
        single = alone.read(first)
        assert single.visits[0].tolist() == crowd.visits[game].tolist()
        assert single.policy[0].tolist() == crowd.policy[game].tolist()
        assert single.action[0] == crowd.action[game]


def test_slots_that_are_not_searched_keep_every_byte() -> None:
    search = begun(random_positions(SPEC, 4, 12, seed=4), PUCT, range(4))
    search.run(np.arange(4, dtype=np.int32), 30)
    pools = (search.tree.nodes, search.tree.edges, search.tree.slots, search.roots)

    def idle_bytes() -> list[bytes]:
        return [pool.view(np.uint8).reshape(4, -1)[[1, 3]].tobytes() for pool in pools]

    before = idle_bytes()
    search.run(np.array([2, 0], np.int32), 50, leaves=2)
    assert idle_bytes() == before


@pytest.mark.parametrize("simulations", [2, 4, 8, 16, 32])
def test_gumbel_search_improves_a_policy_on_average(simulations: int) -> None:
    """Danihelka et al. 2022, section 3.1: the chosen action is worth at least what the prior is.

    A game that the first action decides, 3,000 times; the bound allows for the mean's error.
    """
    random = np.random.default_rng(simulations)
    values, logits = random.uniform(-0.9, 0.9, SPEC.actions), random.normal(0, 2, SPEC.actions)
    evaluator = ScriptedEvaluator(first_action(values, logits))
    games = 3000
    config = SearchConfig(algorithm="gumbel", considered=min(simulations, 8))
    search = Search(SPEC, evaluator, games, config, simulations + 2)
    slots, numbers = np.arange(games, dtype=np.int32), np.arange(games, dtype=np.uint64)
    search.begin(slots, SPEC.allocate(games), 0 * numbers, numbers, 1.0)
    search.run(slots, simulations)
    roots = search.read(slots)
    prior = np.exp(logits) / np.exp(logits).sum()
    chosen = values[roots.action]
    assert chosen.mean() > prior @ values + 0.05 - 3 * chosen.std() / np.sqrt(games)
    assert (roots.policy @ values).mean() > prior @ values
    visited = roots.visits > 0
    assert roots.q[visited] == pytest.approx(np.broadcast_to(values, visited.shape)[visited])
