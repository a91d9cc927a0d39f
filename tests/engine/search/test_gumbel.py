"""Gumbel search against its paper: Danihelka et al., ICLR 2022."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.evaluators.rollout import RolloutEvaluator
from engine.games import GoSpec
from engine.random import ROOT_NOISE
from engine.search import Search, SearchConfig
from engine.search.reading import RootEdges
from engine.search.rules.gumbel import (
    Gumbel,
    GumbelSettings,
    considered_visits,
    draw_gumbel_rows,
    schedule_table,
)
from engine.search.tree import Tree
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary, first_action

SPEC = GoSpec(5, 5, 0.5)


def tries(considered: int, simulations: int) -> list[int]:
    """Visits per considered action, most visited first, when the sequence is followed."""
    visits = [0] * considered
    for wanted in considered_visits(considered, simulations):
        visits[visits.index(wanted)] += 1
    return sorted(visits, reverse=True)


@pytest.mark.parametrize(
    "considered, simulations, visits",
    [
        (16, 16, [1] * 16),
        (4, 4, [1] * 4),
        # Two phases of 16: 4 actions 4 times, then 2 actions 8 times more.
        (4, 32, [12, 12, 4, 4]),
        # Four phases of 50: 16 x 3, 8 x 6, 4 x 12, 2 x 25, and the 6 left over to the last two.
        (16, 200, [49, 49, 21, 21, 9, 9, 9, 9, 3, 3, 3, 3, 3, 3, 3, 3]),
        (2, 10, [5, 5]),
        (1, 5, [5]),
        (16, 5, [1] * 5 + [0] * 11),
    ],
)
def test_the_budget_is_halved_as_in_the_paper(
    considered: int, simulations: int, visits: list[int]
) -> None:
    assert tries(considered, simulations) == visits


@given(st.integers(1, 40), st.integers(1, 300))
def test_every_sequence_can_be_followed(considered: int, simulations: int) -> None:
    counts = tries(considered, simulations)  # raises if an action with such a count is missing
    assert sum(counts) == simulations
    if considered > 1:
        assert counts[0] - counts[1] <= 1, "the last two are compared on equal terms"
        phases = math.ceil(math.log2(considered))
        assert counts[-1] <= max(1, simulations // (phases * considered))


def test_the_table_holds_every_number_of_actions() -> None:
    table = schedule_table(16, 40)
    assert table.shape == (17, 40)
    for considered in range(17):
        assert tuple(table[considered]) == considered_visits(considered, 40)


def test_noise_has_the_gumbel_distribution() -> None:
    noise = np.empty((2000, 50), np.float32)
    numbers = np.arange(2000, dtype=np.uint64)
    seeds, scale = np.zeros(2000, np.uint64), np.ones(2000)
    draw_gumbel_rows(seeds, numbers, seeds, np.uint64(ROOT_NOISE), scale, noise)
    assert noise.mean() == pytest.approx(np.euler_gamma, abs=0.02)
    assert noise.var() == pytest.approx(math.pi**2 / 6, rel=0.03)
    assert np.quantile(noise, 0.5) == pytest.approx(-math.log(math.log(2)), abs=0.02)
    correlation = np.corrcoef(noise[:, 0], noise[:, 1])[0, 1]
    assert abs(correlation) < 0.1


def search_once(
    considered: int, simulations: int, scale: float, rows: int = 8, **more: float | bool
):
    """As the paper has it: without proofs, which keep to no schedule."""
    config = SearchConfig(algorithm="gumbel", considered=considered, exact_endings=False, **more)
    positions = random_positions(SPEC, rows, 8, seed=11)
    search = Search(SPEC, ScriptedEvaluator(arbitrary), rows, config, simulations + 2)
    slots = np.arange(rows, dtype=np.int32)
    seeds = np.full(rows, 3, np.uint64)
    search.begin(slots, positions, seeds, slots.astype(np.uint64), scale)
    search.run(slots, simulations)
    return search, search.read(slots)


@pytest.mark.parametrize("considered, simulations", [(16, 16), (4, 32), (8, 50), (16, 200)])
def test_root_visits_follow_the_schedule(considered: int, simulations: int) -> None:
    _, roots = search_once(considered, simulations, scale=1.0)
    for visits, prior in zip(roots.visits, roots.prior, strict=True):
        m = min(considered, int((prior > 0).sum()))
        assert sorted(visits[visits > 0].tolist(), reverse=True) == [
            count for count in tries(m, simulations) if count
        ]


def test_without_noise_the_likeliest_actions_are_considered() -> None:
    _, roots = search_once(4, 8, scale=0.0)
    for visits, prior in zip(roots.visits, roots.prior, strict=True):
        assert set(np.flatnonzero(visits)) == set(np.argsort(prior)[-4:])


def test_with_noise_others_are_considered_too() -> None:
    _, quiet = search_once(4, 8, scale=0.0)
    _, noisy = search_once(4, 8, scale=1.0)
    assert ((quiet.visits > 0) != (noisy.visits > 0)).any(axis=1).sum() >= 4


def completed_q(roots, row: int) -> np.ndarray:
    """Equation 33 and section 3.3, in plain NumPy."""
    visits, prior, q = roots.visits[row], roots.prior[row], roots.q[row]
    seen = visits > 0
    mean = (prior * q)[seen].sum() / prior[seen].sum()
    mixed = (roots.raw_q[row] + visits.sum() * mean) / (1 + visits.sum())
    return np.where(seen, q, mixed)


@pytest.mark.parametrize("c_visit, c_scale", [(50.0, 1.0), (50.0, 0.1), (10.0, 0.5)])
def test_the_improved_policy_is_the_papers(c_visit: float, c_scale: float) -> None:
    _, roots = search_once(8, 40, scale=1.0, c_visit=c_visit, c_scale=c_scale)
    for row in range(len(roots.action)):
        legal = roots.prior[row] > 0
        sigma = (c_visit + roots.visits[row].max()) * c_scale * (completed_q(roots, row) + 1) / 2
        logits = np.log(roots.prior[row][legal]) + sigma[legal]
        weights = np.exp(logits - logits.max())
        assert roots.policy[row][legal] == pytest.approx(weights / weights.sum(), abs=1e-4)


def test_the_improved_policy_is_no_worse_than_the_prior() -> None:
    """Section 4: by the completed q that the search found, its policy expects at least as much."""
    _, roots = search_once(8, 40, scale=1.0)
    for row in range(len(roots.action)):
        q = completed_q(roots, row)
        assert roots.policy[row] @ q >= roots.prior[row] @ q - 1e-6
        assert roots.policy[row].sum() == pytest.approx(1, abs=1e-5)


def test_the_action_is_the_best_of_the_most_visited() -> None:
    search, roots = search_once(8, 40, scale=1.0)
    for row, action in enumerate(roots.action):
        most = np.flatnonzero(roots.visits[row] == roots.visits[row].max())
        with np.errstate(divide="ignore"):
            score = np.log(roots.prior[row]) + search._rule.gumbels[row]
        score += (50 + roots.visits[row].max()) * (completed_q(roots, row) + 1) / 2
        assert action == most[score[most].argmax()]


def test_the_improved_policy_of_an_example_worked_out_by_hand() -> None:
    """Priors 0.5, 0.3, 0.2; visits 2, 1, 0 with mean q 0.4 and -0.2; the node's own value 0.1.

    Mixed value: (0.1 + 3 * (0.5 * 0.4 - 0.3 * 0.2) / 0.8) / 4 = 0.15625. With c_visit 50 and
    c_scale 0.1, sigma(q) = 5.2 * (q + 1) / 2: 3.64, 2.08 and 3.00625. Plus the logarithms of the
    priors: 2.94685, 0.87603, 1.39681; softmax: 0.74721, 0.09421, 0.15859.
    """
    tree = Tree.allocate(1, 1, 3)
    root, edges = tree.nodes[0, :1], tree.edges[0]
    root["edges"], root["seen"], root["visits"], root["raw_q"] = 3, 2, 4, 0.1
    edges["action"], edges["prior"] = [2, 0, 1], [0.5, 0.3, 0.2]
    edges["visits"], edges["value_sum"] = [2, 1, 0], [0.8, -0.2, 0]
    slots = np.zeros(1, np.int32)
    rule = Gumbel(GumbelSettings("gumbel", c_visit=50.0, c_scale=0.1), 1, 4)
    policy, action = rule.choose(tree, slots, RootEdges.of(tree, slots, 4))
    assert policy[0] == pytest.approx([0.09421, 0.15859, 0.74721, 0], abs=1e-5)
    assert action[0] == 2
    rule.gumbels[0, 0] = 3.0
    rule.known[0, 2] = 2
    _, action = rule.choose(tree, slots, RootEdges.of(tree, slots, 4))
    assert action[0] == 0, "the one new visit"


@pytest.mark.parametrize("algorithm", ["gumbel", "puct"])
def test_a_search_does_not_see_what_was_searched_before_it(algorithm: Literal["gumbel"]) -> None:
    """In pools that hold an older tree, ``begin`` gives the search that fresh pools give."""
    spec = GoSpec(5, 5)
    slots, seeds = np.arange(6, dtype=np.int32), np.full(6, 5, np.uint64)
    fresh, used = (
        Search(spec, RolloutEvaluator(), 6, SearchConfig(algorithm=algorithm), 12) for _ in range(2)
    )
    used.begin(slots, spec.allocate(6), seeds, np.arange(6, 12, dtype=np.uint64), 1.0)
    used.run(slots, 10)
    found = []
    for search in (fresh, used):
        search.begin(slots, random_positions(spec, 6, 9, 3)[:6], seeds, seeds, 1.0)
        search.run(slots, 8)
        found.append(search.read(slots))
    for name in ("visits", "q", "policy", "action"):
        np.testing.assert_array_equal(*(getattr(roots, name) for roots in found))


def test_one_simulation_plays_a_sample_of_the_prior() -> None:
    """Section 2: the largest ``gumbel + logit`` is an action drawn from the policy."""
    games = 4000
    logits = np.random.default_rng(1).normal(0, 1.5, SPEC.actions)
    evaluator = ScriptedEvaluator(first_action(np.zeros(SPEC.actions), logits))
    search = Search(SPEC, evaluator, games, SearchConfig(algorithm="gumbel"), 3)
    slots, numbers = np.arange(games, dtype=np.int32), np.arange(games, dtype=np.uint64)
    search.begin(slots, SPEC.allocate(games), 0 * numbers, numbers, 1.0)
    search.run(slots, 1)
    roots = search.read(slots)
    assert (roots.visits.sum(axis=1) == 1).all()
    assert (roots.visits[slots, roots.action] == 1).all()
    expected = roots.prior[0] * games
    seen = np.bincount(roots.action, minlength=SPEC.actions)
    # Pearson's chi-squared with 25 degrees of freedom: above 52.6 in one of a thousand worlds.
    assert ((seen - expected) ** 2 / expected).sum() < 52.6
