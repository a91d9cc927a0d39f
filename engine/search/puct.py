"""PUCT: walk down by value plus prior-weighted exploration.

AlphaZero's rule (Silver et al., Science 2018, supplement: ``c`` grows with the logarithm of the
visits) with KataGo's first-play-urgency reduction (KataGoMethods.md): an unvisited action is worth
the node's value less ``fpu_reduction * sqrt(prior mass already visited)``. Actions in flight count
as lost, so that several leaves of one tree can be evaluated together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine._kernel import kernel
from engine.search.reading import RootEdges
from engine.search.solver import least_bad_edge
from engine.search.tree import LOSS, NO_CHILD, ROOT, UNPROVEN


@kernel
def _best_edge(node, edges, c_init, c_base, fpu_reduction):
    """Return the edge with the largest q + u of those that are not proven."""
    first = node["first_edge"]
    last = first + node["edges"]
    parent_visits = 0
    visited_mass = 0.0
    for e in range(first, last):
        tries = edges[e]["visits"] + edges[e]["in_flight"]
        parent_visits += tries
        if tries > 0:
            visited_mass += edges[e]["prior"]
    own_q = node["value_sum"] / max(node["visits"], 1)
    unvisited_q = max(own_q - fpu_reduction * np.sqrt(visited_mass), -1.0)
    c = c_init + np.log((parent_visits + c_base + 1.0) / c_base)
    exploration = c * np.sqrt(max(parent_visits, 1))
    best = -1
    best_score = -np.inf
    for e in range(first, last):
        edge = edges[e]
        if edge["proof"] != UNPROVEN:
            continue
        tries = edge["visits"] + edge["in_flight"]
        q = unvisited_q
        if tries > 0:
            q = (edge["value_sum"] - edge["in_flight"]) / tries
        score = q + exploration * edge["prior"] / (1.0 + tries)
        if score > best_score:
            best_score = score
            best = e
    return best if best >= 0 else least_bad_edge(node, edges)


@kernel
def select_rows(nodes, edges, slots, row_slot, settings, path_edges, path_actions, lengths):
    """Walk each row's tree from the root to a leaf; mark the path as in flight.

    Rows of one slot walk one after the other, each seeing the others in flight.

    Args:
        nodes, edges, slots: the arrays of :class:`~engine.search.tree.Tree`.
        row_slot: int32 ``(rows,)``.
        settings: float64 ``(4,)``: c_init, c_base, fpu_reduction, the same at the root.
        path_edges: int32 ``(rows, MAX_DEPTH)``, written up to lengths.
        path_actions: int16 ``(rows, MAX_DEPTH)``, written up to lengths.
        lengths: int32 ``(rows,)``, written.
    """
    for i in range(len(row_slot)):
        s = row_slot[i]
        node = ROOT
        depth = 0
        if slots[s]["nodes"] > 0:
            while depth < path_edges.shape[1] and nodes[s, node]["proof"] == UNPROVEN:
                fpu_reduction = settings[3] if depth == 0 else settings[2]
                e = _best_edge(nodes[s, node], edges[s], settings[0], settings[1], fpu_reduction)
                edges[s, e]["in_flight"] += 1
                path_edges[i, depth] = e
                path_actions[i, depth] = edges[s, e]["action"]
                depth += 1
                node = edges[s, e]["child"]
                if node == NO_CHILD:
                    break
        lengths[i] = depth
        slots[s]["in_flight"] += 1


def choose(edges: RootEdges) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Return the share of visits ``(rows, actions)`` and the most visited action ``(rows,)``.

    Without visits the policy is the prior; equal visits are decided by the prior, which is below 1.
    Actions that are proven lost are chosen last.
    """
    visits, prior = edges.visits, edges.prior
    total = visits.sum(axis=1, keepdims=True)
    policy = np.where(total > 0, visits / np.maximum(total, 1), prior).astype(np.float32)
    hope = np.where(edges.proof == LOSS, -1.0, visits + prior)
    action = np.where(edges.exists, hope, -2.0).argmax(axis=1).astype(np.int16)
    action[~edges.exists.any(axis=1)] = -1
    return policy, action
