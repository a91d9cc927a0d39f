"""The tree: record arrays of nodes and edges, one private pool per slot, for any game.

A node is a position after an action. Its edges are the actions considered there, contiguous in the
slot's edge pool. All values are stored from the side to move of their node; an edge belongs to the
node it leaves. :func:`flip` is the one place where a value changes sides.

Invariants, for a slot at rest (nothing in flight):
- node 0 is the root; a child's index is larger than its parent's;
- an expanded node's ``visits`` is 1 (its own evaluation) plus the visits of its edges, and 1 more
  for every further leaf in flight that reached it;
- the first ``seen`` edges of a node are those that were ever selected. The next edge has the
  largest prior of the others (ties: the lower action), unless the rule swapped in its own choice;
- an edge with a child has as many visits as the child, the negated value sum and the other side's
  proof;
- the value sum of a proven node is its visits times the proven value; of any other node it is what
  its own evaluations and its edges sum to.
Visits to a child that did not fit into the full pool are counted on the edge alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel

ROOT: Final = 0
NO_CHILD: Final = -1
MAX_DEPTH: Final = 120
MOST_IN_FLIGHT: Final = 200
"""Most leaves of one tree in flight at once: an edge counts them in eight bits."""

# Proven outcome of a node or an edge, for the side to move there.
UNPROVEN: Final = 0
WIN: Final = 1
LOSS: Final = -1
DRAW: Final = 2

# Whether a node's edges are all the legal actions: only then can it be proven lost or drawn.
NOT_ASKED: Final = 0
COMPLETE: Final = 1
INCOMPLETE: Final = 2
NO_PROOFS: Final = 3

NODE: Final = np.dtype(
    [
        ("value_sum", np.float64),  # sum of q of all visits, for the node's side to move
        ("square_sum", np.float64),  # sum of q * q: how much the values differ
        ("score_sum", np.float64),  # sum of expected points, for the node's side to move
        ("visits", np.int32),
        ("first_edge", np.int32),
        ("edges", np.int16),  # 0: terminal
        ("seen", np.int16),  # edges that were ever selected
        ("seen_prior", np.float32),  # sum of their priors
        ("tries", np.int32),  # visits of all edges, those in flight included
        ("raw_q", np.float32),  # the evaluator's own q
        ("plies_to_end", np.int16),  # of a proven node, along the line that proves it
        ("proof", np.int8),
        ("complete", np.int8),
    ],
    align=True,
)
EDGE: Final = np.dtype(
    [
        ("value_sum", np.float64),  # for the side that plays the edge
        ("visits", np.int32),
        ("child", np.int32),
        ("prior", np.float32),
        ("action", np.int16),
        ("in_flight", np.uint8),  # selected, not yet backed up
        ("proof", np.int8),
    ],
    align=True,
)
SLOT: Final = np.dtype(
    [
        ("nodes", np.int32),  # used entries of the node pool
        ("edges", np.int32),  # used entries of the edge pool
        ("full", np.int32),  # visits whose node did not fit into the pool
        ("in_flight", np.int32),
    ],
    align=True,
)


@dataclass(frozen=True)
class Tree:
    """Preallocated pools of all slots."""

    nodes: NDArray[Any]
    """Records ``(slots, node_capacity)`` of dtype :data:`NODE`."""
    edges: NDArray[Any]
    """Records ``(slots, edge_capacity)`` of dtype :data:`EDGE`."""
    slots: NDArray[Any]
    """Records ``(slots,)`` of dtype :data:`SLOT`."""

    @classmethod
    def allocate(cls, slots: int, node_capacity: int, edge_capacity: int) -> Tree:
        """Reserve the pools; memory is touched only as trees grow."""
        return cls(
            np.zeros((slots, node_capacity), NODE),
            np.zeros((slots, edge_capacity), EDGE),
            np.zeros(slots, SLOT),
        )

    @cached_property
    def _spare(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return scratch pools of one slot; ``zeros_like`` would touch the memory of all slots."""
        return np.zeros(self.nodes.shape[1], NODE), np.zeros(self.edges.shape[1], EDGE)

    def keep_subtrees(
        self, slots: NDArray[np.int32], actions: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Move each slot's root to the child under its action; return where there was one.

        The other trees stay as they are.
        """
        kept = np.zeros(len(slots), np.bool_)
        keep_subtree_rows(self.nodes, self.edges, self.slots, slots, actions, *self._spare, kept)
        return kept

    def take_over(self, other: Tree) -> None:
        """Copy the trees of ``other``, which must have no more slots and no larger pools."""
        count = len(other.slots)
        self.slots[:count] = other.slots
        self.slots["full"][:count] = 0
        for slot in range(count):
            nodes, edges = (int(other.slots[name][slot]) for name in ("nodes", "edges"))
            self.nodes[slot, :nodes] = other.nodes[slot, :nodes]
            self.edges[slot, :edges] = other.edges[slot, :edges]


@helper
def flip(value):
    """Return a value from the other side's point of view."""
    return -value


@helper
def flip_proof(proof):
    """Return a proof from the other side's point of view."""
    return proof if proof == DRAW else -proof


@helper
def proven_value(proof):
    """Return the exact q of a proven node: 1, 0 or -1."""
    return 0.0 if proof == DRAW else np.float64(proof)


@kernel
def swap(edges, one, other):
    """Exchange two edges of a node; neither may lie on a path that is in flight."""
    value_sum, visits, child = (
        edges[one]["value_sum"],
        edges[one]["visits"],
        edges[one]["child"],
    )
    prior, action = edges[one]["prior"], edges[one]["action"]
    in_flight, proof = edges[one]["in_flight"], edges[one]["proof"]
    edges[one] = edges[other]
    edges[other]["value_sum"] = value_sum
    edges[other]["visits"] = visits
    edges[other]["child"] = child
    edges[other]["prior"] = prior
    edges[other]["action"] = action
    edges[other]["in_flight"] = in_flight
    edges[other]["proof"] = proof


@kernel
def line_up(node, edges):
    """Put the unselected edge with the largest prior directly behind the selected edges."""
    start = node["first_edge"] + node["seen"]
    best = start
    for e in range(start + 1, node["first_edge"] + node["edges"]):
        edge = edges[e]
        if edge["prior"] > edges[best]["prior"] or (
            edge["prior"] == edges[best]["prior"] and edge["action"] < edges[best]["action"]
        ):
            best = e
    if best != start:
        swap(edges, start, best)


@helper
def take(node, edges, e):
    """Mark edge ``e`` as selected; at its first selection, line up the next unselected edge."""
    node["tries"] += 1
    edges[e]["in_flight"] += 1
    if e == node["first_edge"] + node["seen"]:
        node["seen"] += 1
        node["seen_prior"] += edges[e]["prior"]
        line_up(node, edges)


@kernel
def clear_rows(slots, row_slot):
    """Forget the trees of these slots."""
    for i in range(len(row_slot)):
        slot = slots[row_slot[i]]
        slot["nodes"] = 0
        slot["edges"] = 0
        slot["full"] = 0
        slot["in_flight"] = 0


@kernel
def expand_row(nodes, edges, slot, candidates, logits, q, complete):
    """Add a node with an edge per candidate, priors by softmax; return its index, -1 if full.

    Args:
        nodes, edges, slot: one slot's pools.
        candidates: bool ``(actions,)``; all False makes a terminal node, proven by its ``q``.
        logits: float32 ``(actions,)``.
        q: value of the position for its side to move.
        complete: whether the candidates are known to be all legal actions.
    """
    count = 0
    likeliest = 0
    largest = np.float32(-np.inf)
    for action in range(len(candidates)):
        if candidates[action]:
            if logits[action] > largest:
                largest = logits[action]
                likeliest = count
            count += 1
    if slot["nodes"] == len(nodes) or slot["edges"] + count > len(edges):
        return -1
    index = slot["nodes"]
    slot["nodes"] = index + 1
    first = slot["edges"]
    slot["edges"] = first + count
    node = nodes[index]
    node["value_sum"] = 0.0
    node["square_sum"] = 0.0
    node["score_sum"] = 0.0
    node["visits"] = 0
    node["first_edge"] = first
    node["edges"] = count
    node["seen"] = 0
    node["seen_prior"] = 0.0
    node["tries"] = 0
    node["raw_q"] = q
    node["plies_to_end"] = 0
    node["proof"] = UNPROVEN
    node["complete"] = complete
    if count == 0:
        node["proof"] = WIN if q > 0.0 else LOSS if q < 0.0 else DRAW
    total = 0.0
    e = first
    for action in range(len(candidates)):
        if candidates[action]:
            edge = edges[e]
            edge["value_sum"] = 0.0
            edge["visits"] = 0
            edge["child"] = NO_CHILD
            edge["in_flight"] = 0
            edge["proof"] = UNPROVEN
            edge["action"] = action
            weight = np.exp(logits[action] - largest)
            edge["prior"] = weight
            total += weight
            e += 1
    for e in range(first, first + count):
        edges[e]["prior"] /= total
    if likeliest > 0:
        swap(edges, first, first + likeliest)
    return index


@helper
def _keep_subtree(nodes, edges, slot, action, spare_nodes, spare_edges):
    """Make the child under ``action`` the root and drop the rest; return False if there is none.

    The copy runs breadth first, so that children keep larger indices than parents.
    """
    new_root = NO_CHILD
    root = nodes[ROOT]
    if slot["nodes"] > 0:
        for e in range(root["first_edge"], root["first_edge"] + root["edges"]):
            if edges[e]["action"] == action:
                new_root = edges[e]["child"]
    if new_root == NO_CHILD:
        return False
    spare_nodes[0] = nodes[new_root]
    kept_nodes = 1
    kept_edges = 0
    n = 0
    while n < kept_nodes:
        node = spare_nodes[n]
        first = node["first_edge"]
        node["first_edge"] = kept_edges
        for e in range(first, first + node["edges"]):
            spare_edges[kept_edges] = edges[e]
            child = edges[e]["child"]
            if child != NO_CHILD:
                spare_nodes[kept_nodes] = nodes[child]
                spare_edges[kept_edges]["child"] = kept_nodes
                kept_nodes += 1
            kept_edges += 1
        n += 1
    for i in range(kept_nodes):
        nodes[i] = spare_nodes[i]
    for i in range(kept_edges):
        edges[i] = spare_edges[i]
    slot["nodes"] = kept_nodes
    slot["edges"] = kept_edges
    slot["full"] = 0
    return True


@kernel
def keep_subtree_rows(nodes, edges, slots, row_slot, actions, spare_nodes, spare_edges, kept):
    """Move the root of each row's slot to the child under its action, if there is one.

    Args:
        nodes, edges, slots: the arrays of :class:`Tree`.
        row_slot: int32 ``(rows,)``; actions: int64 ``(rows,)``.
        spare_nodes, spare_edges: scratch pools as large as a slot's.
        kept: bool ``(rows,)``, written: whether there was a child. If not, the tree is unchanged.
    """
    for i in range(len(row_slot)):
        s = row_slot[i]
        kept[i] = _keep_subtree(nodes[s], edges[s], slots[s], actions[i], spare_nodes, spare_edges)
