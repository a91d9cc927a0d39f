"""PUCT selection and root noise against their formulas, written out in plain Python."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.games import GoSpec
from engine.search import Search, SearchConfig
from engine.search.noise import concentrations
from engine.search.reading import RootEdges, lower_bounds
from engine.search.rules.puct import Puct
from engine.search.tree import ROOT, Tree
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary, indifferent

SPEC = GoSpec(5, 5, 0.5)
CONFIG = SearchConfig(
    algorithm="puct",
    c_puct_init=1.1,
    c_puct_base=300.0,
    c_puct_stdev_scale=0.0,
    root_fpu_reduction=0.3,
    lcb_stdevs=0.0,
)


def begun(config: SearchConfig, rows: int, seed: int = 0, **more: int) -> tuple[Search, Any]:
    search = Search(SPEC, ScriptedEvaluator(arbitrary), rows, config, 300, **more)
    slots = np.arange(rows, dtype=np.int32)
    positions = random_positions(SPEC, rows, 10, seed=12)
    search.begin(slots, positions, np.full(rows, seed, np.uint64), slots.astype(np.uint64))
    return search, slots


def expected_choice(search: Search, slot: int, loss: float = 0.2) -> int:
    """The action that AlphaZero's formula with KataGo's first-play urgency tries next."""
    root = search.tree.nodes[slot, ROOT]
    edges = search.tree.edges[slot, root["first_edge"] : root["first_edge"] + root["edges"]]
    visits, flights = edges["visits"], edges["in_flight"].astype(int)
    total = (visits + flights).sum()
    seen = visits > 0
    urgency = root["value_sum"] / root["visits"] - 0.3 * math.sqrt(edges["prior"][seen].sum())
    counted = np.where(seen, visits + loss * flights, 1)
    q = np.where(seen, (edges["value_sum"] - loss * flights) / counted, max(urgency, -1))
    c = 1.1 + math.log((total + 300.0 + 1) / 300.0)
    u = c * edges["prior"] * math.sqrt(max(total, 1)) / (1 + visits + flights)
    return int(edges["action"][(q + u).argmax()])


def test_each_simulation_follows_the_formula() -> None:
    search, slots = begun(CONFIG, 6)
    search.run(slots, 1)
    for _ in range(60):
        before = search.read(slots).visits
        expected = [expected_choice(search, slot) for slot in slots]
        search.run(slots, 1)
        tried = search.read(slots).visits - before
        assert tried.argmax(axis=1).tolist() == expected
        assert (tried.sum(axis=1) == 1).all()


def test_the_policy_is_the_share_of_visits() -> None:
    search, slots = begun(CONFIG, 4)
    search.run(slots, 64)
    roots = search.read(slots)
    assert roots.policy == pytest.approx(roots.visits / 64)
    assert (roots.visits[np.arange(4), roots.action] == roots.visits.max(axis=1)).all()


def test_leaves_in_flight_spread_over_several_actions() -> None:
    """Without the loss counted for actions in flight, all eight would meet at the same leaf."""
    evaluator = ScriptedEvaluator(indifferent)
    search = Search(SPEC, evaluator, 1, CONFIG, 300, max_rows=8)
    slots = np.zeros(1, np.int32)
    search.begin(slots, SPEC.allocate(1), np.zeros(1, np.uint64), np.zeros(1, np.uint64))
    search.run(slots, 8, leaves=8)
    assert evaluator.batches == [1, 8]
    assert (search.read(slots).visits > 0).sum() == 8


@pytest.mark.parametrize("loss", [0.0, 0.2, 1.0])
def test_actions_in_flight_count_as_tried_and_partly_lost(loss: float) -> None:
    """With marks as other rows of the batch would have left them, the formula still holds."""
    search, slots = begun(replace(CONFIG, virtual_loss=loss), 6)
    search.run(slots, 60)
    before = search.read(slots).visits
    marks = np.random.default_rng(4)
    for slot in slots:
        root = search.tree.nodes[slot, ROOT]
        edges = search.tree.edges[slot, root["first_edge"] : root["first_edge"] + root["seen"]]
        edges["in_flight"] = marks.integers(0, 9, len(edges))
        root["tries"] += edges["in_flight"].sum()
    expected = [expected_choice(search, slot, loss) for slot in slots]
    search.run(slots, 1)
    assert (search.read(slots).visits - before).argmax(axis=1).tolist() == expected


def test_noise_is_mixed_into_the_root_and_nowhere_else() -> None:
    config = SearchConfig(algorithm="puct", noise_fraction=0.25)
    noisy, slots = begun(config, 8)
    quiet, _ = begun(CONFIG, 8)
    for search in (noisy, quiet):
        search.run(slots, 30)
    with_noise, without = noisy.read(slots).prior, quiet.read(slots).prior
    assert with_noise.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-5)
    noise = (with_noise - 0.75 * without) / 0.25
    assert (noise > -1e-5).all()
    assert noise.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-4)
    assert not noise[without == 0].any()
    assert noise.max(axis=1).min() > 2 / SPEC.actions
    noisy.advance(slots, noisy.read(slots).visits.argmax(axis=1))
    logits = ScriptedEvaluator(arbitrary).evaluate(SPEC, noisy.roots).policy_logits
    weights = np.exp(logits) * SPEC.candidates(noisy.roots)
    below = noisy.read(slots).prior
    assert below == pytest.approx(weights / weights.sum(axis=1, keepdims=True), abs=1e-5)


def test_noise_repeats_with_the_seed_and_only_with_it() -> None:
    config = SearchConfig(algorithm="puct", noise_fraction=0.25)
    priors = []
    for seed in (1, 1, 2):
        search, slots = begun(config, 3, seed=seed)
        search.run(slots, 1)
        priors.append(search.read(slots).prior)
    assert np.array_equal(priors[0], priors[1])
    assert not np.array_equal(priors[0], priors[2])
    assert not np.array_equal(priors[0][0], priors[0][1])


def test_noise_has_the_spread_of_its_dirichlet_distribution() -> None:
    """Dirichlet with 26 equal parameters a = 10.8 / 26: mean 1/26, variance as in textbooks."""
    rows = 1500
    config = SearchConfig(algorithm="puct", noise_fraction=1.0, noise_total=10.8)
    search = Search(SPEC, ScriptedEvaluator(indifferent), rows, config, 2)
    slots = np.arange(rows, dtype=np.int32)
    search.begin(slots, SPEC.allocate(rows), np.zeros(rows, np.uint64), slots.astype(np.uint64))
    search.run(slots, 1)
    noise = search.read(slots).prior
    share = 1 / SPEC.actions
    assert noise.mean() == pytest.approx(share)
    assert noise.var() == pytest.approx(share * (1 - share) / (10.8 + 1), rel=0.05)


def slow_concentrations(priors: list[float], total: float, shaped: float) -> list[float]:
    """KataGo's shaped Dirichlet noise, from its description."""
    logs = [math.log(min(prior, 0.01)) for prior in priors]
    above = [max(log - sum(logs) / len(logs), 0.0) for log in logs]
    share = shaped if sum(above) else 0.0
    return [total * (share * a / (sum(above) or 1) + (1 - share) / len(above)) for a in above]


@pytest.mark.parametrize("shaped", [0.0, 0.5, 1.0])
def test_shaped_noise_leans_towards_likely_actions(shaped: float) -> None:
    priors = [0.6, 0.3, 0.05, 0.04, 0.005, 0.004, 0.001]
    out = np.empty(len(priors))
    concentrations(np.array(priors), 10.8, shaped, out)
    assert out == pytest.approx(slow_concentrations(priors, 10.8, shaped))
    assert out.sum() == pytest.approx(10.8)
    assert (out[0] > out[-1]) == (shaped > 0)


def test_noise_that_leaves_actions_out_is_noise() -> None:
    """Shaped wholly, actions below the mean have no share: a division by zero, once."""
    config = replace(CONFIG, noise_fraction=0.25, noise_shaped=1.0)
    search, slots = begun(config, 1)
    search.run(slots, 50)
    prior = search.read(slots).prior[0]
    assert np.isfinite(prior).all() and prior.sum() == pytest.approx(1.0, abs=1e-5)


def test_noise_of_an_action_does_not_depend_on_where_its_edge_stands() -> None:
    """A kept subtree has its edges in another order than a fresh root, and gets the same noise."""
    config = replace(CONFIG, noise_fraction=0.25)
    kept, slots = begun(config, 1)
    kept.run(slots, 200)
    kept.advance(slots, kept.read(slots).visits.argmax(axis=1))
    fresh = Search(SPEC, ScriptedEvaluator(arbitrary), 1, config, 300)
    fresh.begin(slots, kept.roots, np.zeros(1, np.uint64), np.zeros(1, np.uint64))
    order = [search.tree.edges[0]["action"][:20].tolist() for search in (kept, fresh)]
    for search in (kept, fresh):
        search.run(slots, 1)
    assert kept.read(slots).prior[0] == pytest.approx(fresh.read(slots).prior[0], abs=1e-6)
    assert order[0] != order[1]
    once = kept.read(slots).prior
    kept.run(slots, 20)
    assert np.array_equal(kept.read(slots).prior, once), "noise is added once"


def test_forced_playouts_try_what_noise_suggests_and_teach_only_what_is_good() -> None:
    """Equation and pruning of Wu 2019, section 3.2, on a root with noise."""
    config = replace(CONFIG, noise_fraction=0.25, forced_playouts=2.0)
    forced, slots = begun(config, 8)
    free, _ = begun(replace(config, forced_playouts=0.0), 8)
    for search in (forced, free):
        search.run(slots, 200)
    roots, without = forced.read(slots), free.read(slots)
    visited = roots.visits > 0
    least = np.sqrt(2 * roots.prior * roots.visits.sum(axis=1, keepdims=True))
    # The total may have grown by one since the last chance to catch up.
    assert (roots.visits[visited] >= np.floor(least[visited]) - 1).all()
    assert (without.visits[visited] < np.floor(least[visited]) - 1).any()
    share = roots.visits / roots.visits.sum(axis=1, keepdims=True)
    top = roots.visits.argmax(axis=1)
    rows = np.arange(8)
    assert (roots.policy[rows, top] > share[rows, top]).all()
    assert ((roots.policy == 0) & visited).any()
    assert roots.policy.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-5)


def test_the_sure_action_is_chosen_before_the_doubtful_one() -> None:
    """Equal means; the values of one differ widely. Numbers worked out by hand."""
    edges = RootEdges(
        exists=np.ones((1, 3), bool),
        visits=np.array([[102, 100, 5]], np.int32),
        value_sums=np.array([[10.2, 10.0, 4.5]]),
        square_sums=np.array([[102.0, 2.0, 4.05]]),
        score=np.zeros((1, 3), np.float32),
        prior=np.full((1, 3), 1 / 3, np.float32),
        proof=np.zeros((1, 3), np.int8),
        plies_to_end=np.zeros((1, 3), np.int16),
    )
    bounds = lower_bounds(edges, 2.0)[0]
    # Variances 1 - 0.01 and 0.02 - 0.01, over 102 and 100 visits; of the third 0 and a prior.
    assert bounds[0] == pytest.approx(0.1 - 2 * math.sqrt(0.99 / 102), abs=1e-4)
    assert bounds[1] == pytest.approx(0.1 - 2 * math.sqrt(0.01 / 100), abs=1e-4)
    assert bounds[2] == pytest.approx(0.9 - 2 * math.sqrt(1 / 625 / 5), abs=1e-3)
    trees = Tree.allocate(1, 1, 1)
    slots = np.zeros(1, np.int32)
    for config, expected in ((CONFIG, 0), (replace(CONFIG, lcb_stdevs=2.0), 1)):
        _, action = Puct(config, 1, 3).choose(trees, slots, edges)
        assert action.tolist() == [expected]
    bold = replace(CONFIG, lcb_stdevs=2.0, lcb_min_share=0.01)
    assert Puct(bold, 1, 3).choose(trees, slots, edges)[1].tolist() == [2]


def test_a_flat_root_temperature_brings_priors_together() -> None:
    config = replace(CONFIG, root_temperature=2.0)
    flat, slots = begun(config, 4)
    plain, _ = begun(CONFIG, 4)
    for search in (flat, plain):
        search.run(slots, 1)
    tempered, before = flat.read(slots).prior, plain.read(slots).prior
    roots = np.sqrt(before)
    assert tempered == pytest.approx(roots / roots.sum(axis=1, keepdims=True), abs=1e-5)
