"""The end of a simulation: the leaf becomes a node, its value goes up the path."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine._kernel import helper, kernel
from engine.search.solver import NOTHING_TO_ASK, climb
from engine.search.tree import NO_CHILD, NO_PROOFS, ROOT, UNPROVEN, expand_row, flip, proven_value

_Q_SLACK: Final = 1e-3  # probabilities of a network need not sum to 1 exactly


@helper
def _fault(candidates, logits, q, score, finished):
    """Return the fault of an evaluation as an index of ``leaves.FAULTS``, 0 for none."""
    actions = 0
    unfit = 0
    for action in range(len(candidates)):
        actions += candidates[action]
        unfit += candidates[action] & (not np.isfinite(logits[action]))
    if unfit > 0:
        return 2
    if actions == 0 and not finished:
        return 1
    if not abs(q) <= 1.0 + _Q_SLACK:
        return 3
    return 0 if np.isfinite(score) else 4


@kernel
def _give_up(nodes, edges, slot, path, length):
    """Take back the marks that selection left on a path."""
    index = ROOT
    for depth in range(length):
        nodes[index]["tries"] -= 1
        edges[path[depth]]["in_flight"] -= 1
        index = edges[path[depth]]["child"]
    slot["in_flight"] -= 1


@kernel
def expand_and_back_up_rows(
    nodes,
    edges,
    slots,
    row_slot,
    path_edges,
    lengths,
    candidates,
    logits,
    q,
    score,
    finished,
    plies,
    complete,
    questions,
    faults,
):
    """Create each row's leaf and push its value up the path that a rule chose.

    Rows that reached the same leaf count as further visits of it. The end of a game proves the
    nodes above it where possible (:mod:`solver`). A faulty row is given up. Returns whether any row
    has a question, and whether any is faulty.

    Args:
        nodes, edges, slots: the arrays of :class:`~engine.search.tree.Tree`.
        row_slot: int32 ``(rows,)``.
        path_edges: int32 ``(rows, MAX_DEPTH)``; lengths: int32 ``(rows,)``.
        candidates: bool ``(rows, actions)``; logits: float32 ``(rows, actions)``.
        q, score: float32 ``(rows,)`` for the leaf's side to move.
        finished: bool ``(rows,)``, whether the game is over there or its result known.
        plies: int16 ``(rows,)`` to the end of the game where the result is known, else 0.
        complete: whether candidates are known to be all legal actions; ``NO_PROOFS`` to prove
            nothing.
        questions: int32 ``(rows,)``, written: depth on the row's path of a node that is proven if
            its edges are all its legal actions, or ``NOTHING_TO_ASK``.
        faults: uint8 ``(rows,)``, written: an index of ``leaves.FAULTS``.
    """
    asked = False
    faulty = False
    for i in range(len(row_slot)):
        s = row_slot[i]
        length = lengths[i]
        questions[i] = NOTHING_TO_ASK
        faults[i] = _fault(candidates[i], logits[i], q[i], score[i], finished[i])
        if faults[i] != 0:
            faulty = True
            _give_up(nodes[s], edges[s], slots[s], path_edges[i], length)
            continue
        made = False
        if length == 0:
            leaf = ROOT
            made = slots[s]["nodes"] == 0
        else:
            leaf = edges[s, path_edges[i, length - 1]]["child"]
            made = leaf == NO_CHILD
        if made:
            leaf = expand_row(
                nodes[s], edges[s], slots[s], candidates[i], logits[i], q[i], complete
            )
            if length > 0:
                edges[s, path_edges[i, length - 1]]["child"] = leaf
            if leaf != NO_CHILD:
                nodes[s, leaf]["plies_to_end"] = plies[i]
            if leaf == NO_CHILD:
                slots[s]["full"] += 1
        _back_up(nodes[s], edges[s], path_edges[i], length, leaf, q[i], score[i])
        proven = made and leaf != NO_CHILD and nodes[s, leaf]["proof"] != UNPROVEN
        if proven and complete != NO_PROOFS:
            questions[i] = climb(nodes[s], edges[s], path_edges[i], length)
            asked = asked or questions[i] != NOTHING_TO_ASK
        slots[s]["in_flight"] -= 1
    return asked, faulty


@kernel
def give_up_rows(nodes, edges, slots, row_slot, path_edges, lengths):
    """Take back the marks of rows that will not be evaluated; arguments as above."""
    for i in range(len(row_slot)):
        s = row_slot[i]
        _give_up(nodes[s], edges[s], slots[s], path_edges[i], lengths[i])


@kernel
def _back_up(nodes, edges, path, length, leaf, q, score):
    """Count one visit on the leaf and on every edge and node above it."""
    value = np.float64(q)
    points = np.float64(score)
    if leaf != NO_CHILD:
        value = _visit(nodes[leaf], value, points)
    for depth in range(length - 1, -1, -1):
        value = flip(value)
        points = flip(points)
        edge = edges[path[depth]]
        edge["visits"] += 1
        edge["in_flight"] -= 1
        edge["value_sum"] += value
        parent = ROOT if depth == 0 else edges[path[depth - 1]]["child"]
        value = _visit(nodes[parent], value, points)


@helper
def _visit(node, value, points):
    """Count a visit and return its value, which for a proven node is the proven value."""
    if node["proof"] != UNPROVEN:
        value = proven_value(node["proof"])
    node["visits"] += 1
    node["value_sum"] += value
    node["square_sum"] += value * value
    node["score_sum"] += points
    return value
