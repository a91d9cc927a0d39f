"""Gumbel search against mctx, its authors' own program, on random trees; runs where mctx is."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from engine.search import Search, SearchConfig
from tests.support.random_tree import RandomTree, TableEvaluator

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    mctx = pytest.importorskip("mctx")
    jax = pytest.importorskip("jax")

GAMES = 12


def tables(nodes: int, width: int, seed: int) -> tuple[Any, Any]:
    """Logits and q of every node."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (nodes, width)).astype(np.float32)
    return logits, random.uniform(-0.9, 0.9, nodes).astype(np.float32)


def by_mctx(logits: Any, q: Any, simulations: int, considered: int, c_scale: float) -> Any:
    """Search from the nodes 0 to ``GAMES - 1`` at once; two players, so the discount is -1."""
    jnp = jax.numpy
    table, values, width = jnp.asarray(logits), jnp.asarray(q), logits.shape[1]

    def step(params: Any, key: Any, action: Any, node: Any) -> Any:
        child = (node * width + 1 + action) % len(values)
        zero = jnp.zeros(len(child))
        output = mctx.RecurrentFnOutput(
            reward=zero, discount=zero - 1, prior_logits=table[child], value=values[child]
        )
        return output, child

    roots = jnp.arange(GAMES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mctx.gumbel_muzero_policy(
            params=(),
            rng_key=jax.random.PRNGKey(0),
            root=mctx.RootFnOutput(prior_logits=table[roots], value=values[roots], embedding=roots),
            recurrent_fn=step,
            num_simulations=simulations,
            max_num_considered_actions=considered,
            gumbel_scale=0.0,
            # We map q to [0, 1], they keep [-1, 1]: half the scale there is the whole here.
            qtransform=lambda tree, node: mctx.qtransform_completed_by_mix_value(
                tree, node, value_scale=c_scale / 2, maxvisit_init=50.0, rescale_values=False
            ),
        )


@pytest.mark.parametrize(
    "width, simulations, considered, c_scale",
    [(3, 2, 3, 1.0), (3, 20, 3, 0.2), (4, 33, 4, 0.1), (4, 60, 2, 0.05), (4, 16, 4, 1.0)],
)
def test_visits_policy_and_action_are_those_of_mctx(
    width: int, simulations: int, considered: int, c_scale: float
) -> None:
    spec = RandomTree(1, width)
    logits, q = tables(spec.nodes, width, seed=simulations)
    theirs = by_mctx(logits, q, simulations, considered, c_scale)
    config = SearchConfig(algorithm="gumbel", considered=considered, c_scale=c_scale)
    search = Search(spec, TableEvaluator(logits, q), GAMES, config, simulations + 2)
    slots, numbers = np.arange(GAMES, dtype=np.int32), np.arange(GAMES, dtype=np.uint64)
    positions = spec.allocate(GAMES)
    positions["node"] = numbers
    search.begin(slots, positions, numbers, numbers)
    search.run(slots, simulations)
    ours = search.read(slots)
    summary = theirs.search_tree.summary()
    assert np.array_equal(ours.visits[:, :width], np.asarray(summary.visit_counts))
    assert ours.action.tolist() == np.asarray(theirs.action).tolist()
    assert ours.policy[:, :width] == pytest.approx(np.asarray(theirs.action_weights), abs=1e-4)
    assert ours.value == pytest.approx(np.asarray(summary.value), abs=1e-4)
