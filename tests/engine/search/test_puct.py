"""PUCT selection and root noise against their formulas, written out in plain Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from engine.games import GoSpec
from engine.search import Search, SearchConfig
from engine.search.tree import ROOT
from tests.support.positions import random_positions
from tests.support.scripted import ScriptedEvaluator, arbitrary, indifferent

SPEC = GoSpec(5, 5, 0.5)
CONFIG = SearchConfig(algorithm="puct", c_puct_init=1.1, c_puct_base=300.0, root_fpu_reduction=0.3)


def begun(config: SearchConfig, rows: int, seed: int = 0, **more: int) -> tuple[Search, Any]:
    search = Search(SPEC, ScriptedEvaluator(arbitrary), rows, config, 300, **more)
    slots = np.arange(rows, dtype=np.int32)
    positions = random_positions(SPEC, rows, 10, seed=12)
    search.begin(slots, positions, np.full(rows, seed, np.uint64), slots.astype(np.uint64))
    return search, slots


def expected_choice(search: Search, slot: int) -> int:
    """The action that AlphaZero's formula with KataGo's first-play urgency tries next."""
    root = search.tree.nodes[slot, ROOT]
    edges = search.tree.edges[slot, root["first_edge"] : root["first_edge"] + root["edges"]]
    total = edges["visits"].sum()
    seen = edges["visits"] > 0
    urgency = root["value_sum"] / root["visits"] - 0.3 * math.sqrt(edges["prior"][seen].sum())
    q = np.where(seen, edges["value_sum"] / np.maximum(edges["visits"], 1), max(urgency, -1))
    c = 1.1 + math.log((total + 300.0 + 1) / 300.0)
    u = c * edges["prior"] * math.sqrt(max(total, 1)) / (1 + edges["visits"])
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
    for slot in slots:
        noisy.advance(int(slot), int(noisy.read(slots).visits[slot].argmax()))
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
