"""Gumbel search: policy improvement with any number of simulations.

Danihelka, Guez, Schrittwieser, Silver, "Policy improvement by planning with Gumbel", ICLR 2022. At
the root, the ``considered`` actions with the largest ``gumbel + logit`` share the budget by
sequential halving (section 3); below it, visits follow the improved policy deterministically
(section 5). Unvisited actions are completed with the mixed value (appendix D). ``sigma(q) =
(c_visit + max visits) * c_scale * q`` with q mapped to [0, 1] (section 3.4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel
from engine.random import ROOT_NOISE, address_bits, mix, unit_float
from engine.search.reading import RootEdges
from engine.search.rule import Rule, RuleSettings, bind
from engine.search.solver import least_bad_edge
from engine.search.tree import LOSS, ROOT, UNPROVEN, Tree, swap


@dataclass(frozen=True)
class GumbelSettings(RuleSettings):
    """How Gumbel search improves a policy."""

    considered: int = field(
        default=16, metadata={"min": 1, "max": 1024, "why": "root actions that Gumbel search tries"}
    )
    c_visit: float = field(default=50.0, metadata={"min": 0.0, "why": "Danihelka et al., 3.4"})
    c_scale: float = field(
        default=1.0,
        metadata={"min": 0.0, "why": "trust in q; 1 beat 0.25 by 160 Elo after 70 equal cycles"},
    )


SETTINGS: Final = np.dtype([("c_visit", np.float64), ("c_scale", np.float64)])
"""The fields of :class:`GumbelSettings` that the kernels read."""


@lru_cache(maxsize=256)
def considered_visits(considered: int, simulations: int) -> tuple[int, ...]:
    """Return for each simulation the visit count that the next action to try has so far.

    This is sequential halving as a sequence: among the actions with this visit count, the best by
    ``gumbel + logit + sigma(q)`` is next.
    """
    if considered <= 1:
        return tuple(range(simulations))
    phases = math.ceil(math.log2(considered))
    visits = [0] * considered
    sequence: list[int] = []
    survivors = considered
    while len(sequence) < simulations:
        extra = max(1, simulations // (phases * survivors))
        for _ in range(extra):
            sequence.extend(visits[:survivors])
            for k in range(survivors):
                visits[k] += 1
        survivors = max(2, survivors // 2)
    return tuple(sequence[:simulations])


def schedule_table(considered: int, simulations: int) -> NDArray[np.int32]:
    """Return sequences for 0 to ``considered`` actions: int32 ``(considered + 1, simulations)``."""
    return np.array(
        [considered_visits(m, simulations) for m in range(considered + 1)], np.int32
    ).reshape(considered + 1, simulations)


def schedule_tables(considered: int, budgets: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return one table per budget, int32 ``(budgets, considered + 1, largest budget)``.

    Beyond a budget its last entry is repeated.
    """
    tables = np.zeros((len(budgets), considered + 1, budgets.max(initial=1)), np.int32)
    for table, budget in zip(tables, budgets, strict=True):
        table[:, :budget] = schedule_table(considered, int(budget))
        table[:, budget:] = table[:, max(budget - 1, 0), None]
    return tables


@kernel
def draw_gumbel_rows(seeds, games, plies, purpose, scale, out):
    """Write Gumbel(0, scale) noise for every row and action, addressed by (seed, game, ply).

    Args:
        seeds, games, plies: uint64 ``(rows,)``; purpose: uint64.
        scale: float64 ``(rows,)``; 0 gives a deterministic root.
        out: float32 ``(rows, actions)``, written.
    """
    for i in range(len(games)):
        state = address_bits(seeds[i], games[i], plies[i], purpose)
        for action in range(out.shape[1]):
            state = mix(state)
            uniform = max(unit_float(state), 1e-12)
            out[i, action] = scale[i] * -np.log(-np.log(uniform) + 1e-12)


@helper
def _mixed_value(node, edges):
    """Return the value of an unvisited action (equation 33) and the largest visit count.

    The value mixes the node's own evaluation and the prior-weighted mean of the visited q, in the
    ratio of 1 to the number of visits.
    """
    first = node["first_edge"]
    visit_sum = 0
    most_visits = 0
    visited_mass = 0.0
    weighted_q = 0.0
    for e in range(first, first + node["seen"]):
        edge = edges[e]
        visits = edge["visits"]
        if visits > 0:
            visit_sum += visits
            most_visits = max(most_visits, visits)
            visited_mass += edge["prior"]
            weighted_q += edge["prior"] * edge["value_sum"] / visits
    mixed = np.float64(node["raw_q"])
    if visit_sum > 0 and visited_mass > 0.0:
        mixed = (mixed + visit_sum * weighted_q / visited_mass) / (1.0 + visit_sum)
    return mixed, most_visits


@helper
def _completed_q(edge, mixed):
    return edge["value_sum"] / edge["visits"] if edge["visits"] > 0 else mixed


@helper
def _trust(most_visits, c_visit, c_scale):
    """Return the factor of q: ``(c_visit + visits of the most visited) * c_scale``."""
    return (c_visit + most_visits) * c_scale


@kernel
def _improved_logits(node, edges, c_visit, c_scale, out):
    """Write ``logit + sigma(completed q)`` of each edge to ``out[:edges]``."""
    mixed, most_visits = _mixed_value(node, edges)
    scale = _trust(most_visits, c_visit, c_scale)
    for k in range(node["edges"]):
        edge = edges[node["first_edge"] + k]
        q = _completed_q(edge, mixed)
        out[k] = np.log(max(edge["prior"], 1e-12)) + scale * (q + 1.0) * 0.5


@kernel
def _softmax(values, count):
    """Turn ``values[:count]`` into probabilities, in place."""
    largest = values[0]
    for k in range(1, count):
        largest = max(largest, values[k])
    total = 0.0
    for k in range(count):
        values[k] = np.exp(values[k] - largest)
        total += values[k]
    for k in range(count):
        values[k] /= total


@kernel
def _inner_edge(node, edges, c_visit, c_scale, scratch):
    """Return the unproven edge whose visits lag most behind the improved policy (equation 14).

    All edges never selected share the mixed value, so one term of the policy's sum covers them.
    Only the one with the largest prior can be next; it lies directly behind the selected edges.
    """
    first = node["first_edge"]
    seen = node["seen"]
    mixed, most_visits = _mixed_value(node, edges)
    scale = _trust(most_visits, c_visit, c_scale) * 0.5
    highest = mixed
    for k in range(seen):
        highest = max(highest, _completed_q(edges[first + k], mixed))
    unseen_weight = np.exp(scale * (mixed - highest))
    total = max(1.0 - node["seen_prior"], 0.0) * unseen_weight
    for k in range(seen):
        edge = edges[first + k]
        scratch[k] = edge["prior"] * np.exp(scale * (_completed_q(edge, mixed) - highest))
        total += scratch[k]
    best = -1
    best_score = -np.inf
    if seen < node["edges"]:
        best = first + seen
        best_score = edges[best]["prior"] * unseen_weight / total
    for k in range(seen):
        edge = edges[first + k]
        if edge["proof"] != UNPROVEN:
            continue
        score = scratch[k] / total - (edge["visits"] + edge["in_flight"]) / (1.0 + node["tries"])
        if score > best_score or (score == best_score and edge["action"] < edges[best]["action"]):
            best_score = score
            best = first + k
    return best if best >= 0 else least_bad_edge(node, edges)


@kernel
def _untried_edge(node, edges, gumbels, known):
    """Return the edge with the largest ``gumbel + logit`` that has no visit in this search, or -1.

    If the edge was never selected, it changes places with the first such edge.
    """
    first = node["first_edge"]
    best = -1
    best_score = -np.inf
    for e in range(first, first + node["edges"]):
        edge = edges[e]
        action = edge["action"]
        tried = edge["visits"] + edge["in_flight"] - known[action]
        if tried > 0 or edge["proof"] != UNPROVEN:
            continue
        score = gumbels[action] + np.log(max(edge["prior"], 1e-12))
        if score > best_score or (score == best_score and action < edges[best]["action"]):
            best_score = score
            best = e
    start = first + node["seen"]
    if best > start:
        swap(edges, start, best)
        return start
    return best


@kernel
def _root_edge(node, edges, gumbels, known, schedule, c_visit, c_scale):
    """Return the unproven edge that sequential halving tries next.

    If all edges with the scheduled visit count are proven, the best edge tried in this search is
    next, and otherwise any unproven edge.
    """
    first = node["first_edge"]
    tries = 0
    for e in range(first, first + node["seen"]):
        tries += edges[e]["visits"] + edges[e]["in_flight"] - known[edges[e]["action"]]
    row = min(node["edges"], schedule.shape[0] - 1)
    wanted = schedule[row, min(tries, schedule.shape[1] - 1)]
    if wanted == 0:
        best = _untried_edge(node, edges, gumbels, known)
        if best >= 0:
            return best
    mixed, most_visits = _mixed_value(node, edges)
    scale = _trust(most_visits, c_visit, c_scale)
    best = -1
    best_exact = False
    best_score = -np.inf
    for e in range(first, first + node["seen"]):
        edge = edges[e]
        action = edge["action"]
        tried = edge["visits"] + edge["in_flight"] - known[action]
        if edge["proof"] != UNPROVEN or tried == 0:
            continue
        exact = tried == wanted
        score = gumbels[action] + np.log(max(edge["prior"], 1e-12))
        score += scale * (_completed_q(edge, mixed) + 1.0) * 0.5
        better = score > best_score or (score == best_score and action < edges[best]["action"])
        if (exact and not best_exact) or (exact == best_exact and better):
            best_exact = exact
            best_score = score
            best = e
    if best < 0:
        best = _untried_edge(node, edges, gumbels, known)
    return best if best >= 0 else least_bad_edge(node, edges)


@helper
def next_edge(node, edges, depth, slot, state):
    """Return the edge to take: by sequential halving at the root, by equation 14 below it."""
    # The tuple is indexed because unpacking it counts references to its arrays at each node.
    c_visit, c_scale = state[0][0]["c_visit"], state[0][0]["c_scale"]
    if depth > 0:
        return _inner_edge(node, edges, c_visit, c_scale, state[1])
    gumbels, known, schedule = state[2][slot], state[3][slot], state[4][state[5][slot]]
    return _root_edge(node, edges, gumbels, known, schedule, c_visit, c_scale)


@kernel
def _improve_rows(nodes, edges, row_slot, settings, gumbels, known, policy, chosen):
    """Read the outcome at the root.

    Args:
        policy: float32 ``(rows, actions)``, zeroed before, written: the improved policy.
        known: int32 ``(slots, actions)``, root visits from before this search.
        chosen: int16 ``(rows,)``, written: among the actions most visited in this search, the one
            with the largest ``gumbel + logit + sigma(q)``; lost actions last; -1 if there is none.
    """
    scratch = np.empty(policy.shape[1], np.float64)
    for i in range(len(row_slot)):
        s = row_slot[i]
        root = nodes[s, ROOT]
        first = root["first_edge"]
        count = root["edges"]
        chosen[i] = -1
        if count == 0:
            continue
        _improved_logits(root, edges[s], settings[0]["c_visit"], settings[0]["c_scale"], scratch)
        most = -1
        best_score = -np.inf
        for k in range(count):
            edge = edges[s, first + k]
            action = edge["action"]
            visits = -1 if edge["proof"] == LOSS else edge["visits"] - known[s, action]
            score = gumbels[s, action] + scratch[k]
            better = score > best_score or (score == best_score and action < chosen[i])
            if visits > most or (visits == most and better):
                most = visits
                best_score = score
                chosen[i] = action
        _softmax(scratch, count)
        for k in range(count):
            policy[i, edges[s, first + k]["action"]] = scratch[k]


class Gumbel(Rule[GumbelSettings]):
    """The Gumbel rule: sequential halving at the root, deterministic selection below it."""

    name = "gumbel"
    summary = "improves the policy even with 16 simulations"
    settings = GumbelSettings
    walk = staticmethod(bind(next_edge))
    needs_budget = True
    fresh_share = 0.25  # halving compares only what it tries itself
    pinned: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)

    def __init__(self, config: GumbelSettings, slots: int, actions: int) -> None:
        super().__init__(config, slots, actions)
        self.gumbels = np.zeros((slots, actions), np.float32)
        """Noise of each root action."""
        self.known = np.zeros((slots, actions), np.int32)
        """Root visits from before the present search (of a kept subtree). They contribute to q but
        do not count in the schedule."""
        self._record = np.zeros(1, SETTINGS)
        self._record["c_visit"] = config.c_visit
        self._record["c_scale"] = config.c_scale
        self._schedules = np.zeros((1, 1, 1), np.int32)  # of schedule_tables
        self._plans = np.zeros(slots, np.int32)  # which of the schedules a slot follows
        self._scratch = np.zeros(actions, np.float64)

    @property
    def state(self) -> tuple[Any, ...]:
        """Settings, scratch memory, gumbels, known visits, schedules and plans, in this order."""
        roots = (self.gumbels, self.known, self._schedules, self._plans)
        return self._record, self._scratch, *roots

    def slot_arrays(self) -> tuple[NDArray[Any], ...]:
        """Return the noise and the visits from before."""
        return self.gumbels, self.known

    def reset_roots(self, slots: NDArray[np.int32]) -> None:
        """Draw the noise of new roots, which have no visits from before."""
        self.known[slots] = 0
        drawn = np.empty((len(slots), self.actions), np.float32)
        purpose = np.uint64(ROOT_NOISE)
        draw_gumbel_rows(*self.addresses(slots), purpose, self.noise_scale[slots], drawn)
        self.gumbels[slots] = drawn

    def keep_roots(self, tree: Tree, slots: NDArray[np.int32]) -> None:
        """Record the present root visits; a cleared slot still holds an old tree."""
        visits = RootEdges.of(tree, slots, self.actions).visits
        visits[tree.slots["nodes"][slots] == 0] = 0
        self.known[slots] = visits

    def divide(self, tree: Tree, slots: NDArray[np.int32], budget: NDArray[np.int64]) -> None:
        """Give each slot the schedule of its budget; visits found in the tree count as known."""
        self.keep_roots(tree, slots)
        budgets, self._plans[slots] = np.unique(budget, return_inverse=True)
        self._schedules = schedule_tables(self.config.considered, budgets)

    def choose(
        self, tree: Tree, slots: NDArray[np.int32], edges: RootEdges
    ) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
        """Return each root's improved policy and its action, as :meth:`Rule.choose`."""
        policy = np.zeros((len(slots), self.actions), np.float32)
        chosen = np.full(len(slots), -1, np.int16)
        noted = (self._record, self.gumbels, self.known)
        _improve_rows(tree.nodes, tree.edges, slots, *noted, policy, chosen)
        return policy, chosen
