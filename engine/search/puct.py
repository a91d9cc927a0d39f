"""PUCT: walk down by value plus prior-weighted exploration, as the record programs do.

AlphaZero's rule (Silver et al., Science 2018, supplement: ``c`` grows with the logarithm of the
visits) with KataGo's refinements (Wu, "Accelerating Self-Play Learning in Go", 2019, section 3.2;
KataGoMethods.md):

- first-play urgency: an unvisited action is worth the node's value less ``fpu_reduction *
  sqrt(prior mass already visited)``;
- dynamic c: more exploration where the values below a node differ much, less where they agree;
- forced playouts at the root and the pruning of what they add from the policy to be taught;
- the choice by lower confidence bound.

Actions in flight count as tried and, by ``virtual_loss``, as partly lost, so that several leaves of
one tree can be evaluated together; one without a value yet is lost, or two rows would meet there.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel
from engine.search.config import SearchConfig
from engine.search.reading import RootEdges, lower_bounds
from engine.search.solver import least_bad_edge
from engine.search.tree import LOSS, NO_CHILD, ROOT, UNPROVEN, Tree, take

SETTINGS: Final = np.dtype(
    [
        ("c_init", np.float64),
        ("c_log", np.float64),
        ("c_base", np.float64),
        ("stdev_scale", np.float64),
        ("stdev_prior", np.float64),
        ("fpu_reduction", np.float64),
        ("root_fpu_reduction", np.float64),
        ("forced_playouts", np.float64),
        ("virtual_loss", np.float64),
    ]
)
"""What the kernels need of :class:`SearchConfig`."""

_STDEV_PRIOR_WEIGHT: Final = 2.0  # visits; as KataGo


def settings_of(config: SearchConfig) -> NDArray[np.void]:
    """Return one record of :data:`SETTINGS`, shape ``(1,)``."""
    settings = np.zeros(1, SETTINGS)
    settings["c_init"] = config.c_puct_init
    settings["c_log"] = config.c_puct_log
    settings["c_base"] = config.c_puct_base
    settings["stdev_scale"] = config.c_puct_stdev_scale
    settings["stdev_prior"] = config.c_puct_stdev_prior
    settings["fpu_reduction"] = config.fpu_reduction
    settings["root_fpu_reduction"] = config.root_fpu_reduction
    settings["forced_playouts"] = config.forced_playouts
    settings["virtual_loss"] = config.virtual_loss
    return settings


@helper
def _spread_factor(node, settings):
    """How much more to explore a node because its values differ: KataGo's dynamic cPUCT.

    The standard deviation of all values below, with a prior of a few visits, relative to the usual.
    """
    visits = node["visits"]
    if settings["stdev_scale"] == 0.0 or visits <= 1:
        return 1.0
    mean = node["value_sum"] / visits
    square = max(node["square_sum"] / visits, mean * mean)
    usual = settings["stdev_prior"]
    weight = _STDEV_PRIOR_WEIGHT
    variance = (weight * (mean * mean + usual * usual) + visits * square) / (
        weight + visits - 1.0
    ) - mean * mean
    return 1.0 + settings["stdev_scale"] * (np.sqrt(max(variance, 0.0)) / usual - 1.0)


@helper
def _exploration(node, tries, settings):
    """The factor of ``prior / (1 + tries of the edge)``."""
    base = settings["c_base"]
    c = settings["c_init"] + settings["c_log"] * np.log((tries + base + 1.0) / base)
    return c * _spread_factor(node, settings) * np.sqrt(max(tries, 1))


@kernel
def _best_edge(node, edges, settings, is_root):
    """Return the edge with the largest q + u of those that are not proven.

    Of the edges never selected only the likeliest can be it, which stands behind the selected ones.
    """
    first = node["first_edge"]
    last = first + node["seen"]
    tries = node["tries"]
    reduction = settings["root_fpu_reduction"] if is_root else settings["fpu_reduction"]
    unseen_q = max(
        node["value_sum"] / node["visits"] - reduction * np.sqrt(node["seen_prior"]), -1.0
    )
    exploration = _exploration(node, tries, settings)
    forced = settings["forced_playouts"] * tries if is_root else 0.0
    best = -1
    best_score = -np.inf
    for e in range(first, min(last + 1, first + node["edges"])):
        edge = edges[e]
        if edge["proof"] != UNPROVEN:
            continue
        edge_tries = edge["visits"] + edge["in_flight"]
        q = unseen_q
        if edge_tries > 0:
            q = -1.0
            if edge["visits"] > 0:
                doubt = settings["virtual_loss"] * edge["in_flight"]
                q = (edge["value_sum"] - doubt) / (edge["visits"] + doubt)
            if edge_tries * edge_tries < forced * edge["prior"]:
                q = np.inf
        score = q + exploration * edge["prior"] / (1.0 + edge_tries)
        if score > best_score or (score == best_score and edge["action"] < edges[best]["action"]):
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
        settings: one record of :data:`SETTINGS`, ``(1,)``.
        path_edges: int32 ``(rows, MAX_DEPTH)``, written up to lengths.
        path_actions: int16 ``(rows, MAX_DEPTH)``, written up to lengths.
        lengths: int32 ``(rows,)``, written.
    """
    for i in range(len(row_slot)):
        s = row_slot[i]
        index = ROOT
        depth = 0
        if slots[s]["nodes"] > 0:
            while depth < path_edges.shape[1] and nodes[s, index]["proof"] == UNPROVEN:
                e = _best_edge(nodes[s, index], edges[s], settings[0], depth == 0)
                take(nodes[s, index], edges[s], e)
                path_edges[i, depth] = e
                path_actions[i, depth] = edges[s, e]["action"]
                depth += 1
                index = edges[s, e]["child"]
                if index == NO_CHILD:
                    break
        lengths[i] = depth
        slots[s]["in_flight"] += 1


@kernel
def _prune_rows(nodes, edges, row_slot, settings, weights):
    """Take from the root visits what only the forced playouts wanted (Wu 2019, section 3.2).

    Args:
        weights: float64 ``(rows, actions)``, zeroed before, written. The most visited action keeps
            its visits; another loses up to its forced ones, as long as its q + u stays below that
            of the most visited, and the last one with them.
    """
    for i in range(len(row_slot)):
        s = row_slot[i]
        root = nodes[s, ROOT]
        first = root["first_edge"]
        last = first + root["edges"]
        tries = 0
        most = first
        for e in range(first, last):
            visits = edges[s, e]["visits"]
            tries += visits
            weights[i, edges[s, e]["action"]] = visits
            if visits > edges[s, most]["visits"]:
                most = e
        if tries == 0:
            continue
        exploration = _exploration(root, tries, settings[0])
        top = edges[s, most]
        goal = top["value_sum"] / top["visits"] + exploration * top["prior"] / (1.0 + top["visits"])
        for e in range(first, last):
            edge = edges[s, e]
            visits = edge["visits"]
            if e == most or visits == 0:
                continue
            forced = np.floor(np.sqrt(settings[0]["forced_playouts"] * edge["prior"] * tries))
            kept = visits
            q = edge["value_sum"] / visits
            while kept > max(visits - forced, 0) and q + exploration * edge["prior"] / kept < goal:
                kept -= 1
            if kept <= 1 and kept < visits:
                kept = 0
            weights[i, edge["action"]] = kept


def choose(
    trees: Tree,
    slots: NDArray[np.int32],
    edges: RootEdges,
    settings: NDArray[np.void],
    config: SearchConfig,
) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Return the policy to teach, ``(rows, actions)``, and the action, ``(rows,)``, -1 for none.

    The policy is the share of visits, less what forced playouts added; without visits the prior.
    The action is the most visited, equal visits decided by the prior; with ``lcb_stdevs``, of those
    with at least ``lcb_min_share`` of the most visits the one with the best lower bound. Actions
    that are proven lost are chosen last.
    """
    weights = edges.visits.astype(np.float64)
    if config.forced_playouts > 0.0:
        _prune_rows(trees.nodes, trees.edges, slots, settings, weights)
    total = weights.sum(axis=1, keepdims=True)
    policy = np.where(total > 0, weights / np.maximum(total, 1), edges.prior).astype(np.float32)
    hope = np.where(edges.proof == LOSS, -1.0, edges.visits + edges.prior)
    if config.lcb_stdevs > 0.0:
        most = hope.max(axis=1, keepdims=True)
        enough = (edges.visits > 0) & (edges.visits >= config.lcb_min_share * most)
        enough &= edges.proof != LOSS
        bounds = lower_bounds(edges, config.lcb_stdevs)
        # Bounds are -1 - lcb_stdevs at least: all that are compared come before all others.
        hope = np.where(enough, most + 2.0 + config.lcb_stdevs + bounds, hope)
    action = np.where(edges.exists, hope, -2.0).argmax(axis=1).astype(np.int16)
    action[~edges.exists.any(axis=1)] = -1
    return policy, action
