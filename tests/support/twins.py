"""A search and its slow twin, compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.games import GameSpec, GoSpec
from engine.search import Search, SearchConfig
from engine.search.tree import DRAW, LOSS, NO_CHILD, UNPROVEN, WIN
from tests.support import slow_search
from tests.support.scripted import ScriptedEvaluator, arbitrary

SPEC = GoSpec(4, 4, komi=0.5)
PROOFS = {UNPROVEN: None, WIN: 1, DRAW: 0, LOSS: -1}


def begun(
    positions: Any, config: SearchConfig, games: Any, scale: float = 0.0, spec: GameSpec = SPEC
) -> Search:
    """A search with a slot per position, not yet run."""
    count = len(positions)
    search = Search(spec, ScriptedEvaluator(arbitrary), count, config, 400, max_rows=4 * count)
    numbers = np.asarray(games, np.uint64)
    search.begin(np.arange(count, dtype=np.int32), positions, 0 * numbers, numbers, scale)
    return search


def compare(search: Search, slot: int, index: int, twin: slow_search.Node) -> None:
    """A node and all below it, visits exactly and values up to rounding."""
    node = search.tree.nodes[slot, index]
    assert node["visits"] == twin.visits
    assert node["value_sum"] == pytest.approx(twin.value_sum, abs=1e-4)
    assert node["square_sum"] == pytest.approx(twin.square_sum, abs=1e-4)
    assert PROOFS[int(node["proof"])] == twin.proof
    if twin.proof is not None:
        assert node["plies_to_end"] == twin.plies_to_end
    edges = search.tree.edges[slot, node["first_edge"] : node["first_edge"] + node["edges"]]
    assert sorted(edges["action"].tolist()) == sorted(twin.priors)
    for edge in edges:
        assert edge["visits"] == twin.tries(int(edge["action"]))
        if edge["child"] != NO_CHILD:
            compare(search, slot, int(edge["child"]), twin.children[int(edge["action"])])
