"""What holds of every tree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.search import Search
from engine.search.tree import DRAW, LOSS, NO_CHILD, ROOT, UNPROVEN, WIN, flip_proof


def edges_of(search: Search, slot: int, node: Any) -> Any:
    return search.tree.edges[slot, node["first_edge"] : node["first_edge"] + node["edges"]]


def check_the_order_of_edges(node: Any, edges: Any) -> None:
    """Selected ones first, then the likeliest of the others."""
    seen = int(node["seen"])
    assert node["tries"] == edges["visits"].sum()
    assert node["seen_prior"] == pytest.approx(edges["prior"][:seen].sum(), abs=1e-5)
    assert not edges["visits"][seen:].any()
    if 0 < seen < len(edges):
        rest = edges[seen:]
        likeliest = rest[rest["prior"] == rest["prior"].max()]
        assert edges["action"][seen] == likeliest["action"].min()


def walk(search: Search, slot: int) -> list[tuple[Any, Any]]:
    """Every node of a slot with its position, replayed by the rules from the root."""
    found = []
    open_nodes = [(ROOT, search.roots[slot : slot + 1].copy())]
    while open_nodes:
        index, position = open_nodes.pop()
        node = search.tree.nodes[slot, index]
        found.append((node, position))
        for edge in edges_of(search, slot, node):
            if edge["child"] == NO_CHILD:
                continue
            assert edge["child"] > index
            after = position.copy()
            search.spec.play(after, np.array([edge["action"]]))
            open_nodes.append((int(edge["child"]), after))
    return found


def check_invariants(search: Search, slot: int, leaves: int = 1, exact: bool = True) -> None:
    """``exact`` is for trees whose pool never overflowed."""
    state = search.tree.slots[slot]
    assert state["in_flight"] == 0
    nodes = walk(search, slot)
    assert len(nodes) == state["nodes"]
    for i, (node, position) in enumerate(nodes):
        edges = edges_of(search, slot, node)
        if i > 0 or search.config.algorithm == "puct":
            check_the_order_of_edges(node, edges)
        assert not edges["in_flight"].any()
        assert (edges["visits"] >= 0).all()
        allowed = search._candidates._sensible(position)[0]
        assert sorted(edges["action"].tolist()) == np.flatnonzero(allowed).tolist()
        if not len(edges):
            assert search.spec.finished(position)[0]
            assert node["value_sum"] == pytest.approx(node["visits"] * node["raw_q"])
            continue
        assert edges["prior"].sum() == pytest.approx(1, abs=1e-5)
        own = node["visits"] - edges["visits"].sum()
        assert own == 1 if leaves == 1 else own >= 1
        expected = own * node["raw_q"] + edges["value_sum"].sum()
        if node["proof"] != UNPROVEN:
            expected = node["visits"] * {WIN: 1, LOSS: -1, DRAW: 0}[int(node["proof"])]
        assert node["value_sum"] == pytest.approx(expected)
        for edge in edges[edges["child"] != NO_CHILD]:
            child = search.tree.nodes[slot, edge["child"]]
            if exact:
                assert edge["visits"] == child["visits"]
                assert edge["value_sum"] == pytest.approx(-child["value_sum"])
            assert edge["proof"] == flip_proof(child["proof"])
        unseen = edges[edges["child"] == NO_CHILD]
        if exact:
            assert not unseen["visits"].any()
