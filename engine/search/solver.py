"""Exact endings: the end of a game can prove its parents, which are then not searched again.

MCTS-Solver (Winands, Björnsson, Saito, "Monte-Carlo Tree Search Solver", CG 2008) with draws. One
winning edge proves a node won. If all legal actions are lost or drawn, the node is proven lost or
drawn. A search that leaves out actions must first ask the rules whether the edges are all legal
actions; the kernels return this question to the conductor. A proven node's earlier visits take the
proven value too, on the whole path (as in Leela Chess Zero's sticky endgames).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel
from engine.search.tree import (
    COMPLETE,
    DRAW,
    INCOMPLETE,
    LOSS,
    NOT_ASKED,
    ROOT,
    UNPROVEN,
    WIN,
    flip,
    flip_proof,
    proven_value,
)

NOTHING_TO_ASK: Final = -1


@kernel
def _prove(nodes, edges, index):
    """Prove a node from its edges if possible; return whether that waits for a question.

    The first winning edge proves a win and gives its length. The length of a loss is that of the
    longest defence.
    """
    node = nodes[index]
    longest_draw = -1
    longest_loss = -1
    settled = node["seen"] == node["edges"]
    for e in range(node["first_edge"], node["first_edge"] + node["seen"]):
        proof = edges[e]["proof"]
        if proof == UNPROVEN:
            settled = False
            continue
        plies = nodes[edges[e]["child"]]["plies_to_end"] + 1
        if proof == WIN:
            node["proof"] = WIN
            node["plies_to_end"] = plies
            return False
        if proof == DRAW:
            longest_draw = max(longest_draw, plies)
        else:
            longest_loss = max(longest_loss, plies)
    if settled and node["complete"] == NOT_ASKED:
        return True
    if settled and node["complete"] == COMPLETE:
        drawn = longest_draw >= 0
        node["proof"] = DRAW if drawn else LOSS
        node["plies_to_end"] = longest_draw if drawn else longest_loss
    return False


@helper
def _settle(node, change, change_of_squares):
    """Change the sums of a node, or replace those of a proven one; return both differences."""
    if node["proof"] != UNPROVEN:
        value = proven_value(node["proof"])
        change = value * node["visits"] - node["value_sum"]
        change_of_squares = value * value * node["visits"] - node["square_sum"]
    node["value_sum"] += change
    node["square_sum"] += change_of_squares
    return change, change_of_squares


@kernel
def climb(nodes, edges, path, length):
    """Propagate the proof of the node at the end of ``path[:length]`` as far up as possible.

    Returns the depth of a node that is proven if its edges are all its legal actions, or
    ``NOTHING_TO_ASK``.
    """
    index = ROOT if length == 0 else edges[path[length - 1]]["child"]
    change, squares = _settle(nodes[index], 0.0, 0.0)
    question = NOTHING_TO_ASK
    for depth in range(length - 1, -1, -1):
        edge = edges[path[depth]]
        proof = nodes[index]["proof"]
        if proof == UNPROVEN and change == 0.0 and squares == 0.0:
            break
        change = flip(change)
        edge["value_sum"] += change
        index = ROOT if depth == 0 else edges[path[depth - 1]]["child"]
        if proof != UNPROVEN:
            edge["proof"] = flip_proof(proof)
            if nodes[index]["proof"] == UNPROVEN and _prove(nodes, edges, index):
                question = depth
        change, squares = _settle(nodes[index], change, squares)
    return question


@kernel
def answer_rows(nodes, edges, row_slot, path_edges, questions, complete):
    """Record for each question whether the node has all its actions, and continue the proof.

    Args:
        nodes, edges: the arrays of :class:`~engine.search.tree.Tree`.
        row_slot: int32 ``(rows,)``; path_edges: int32 ``(rows, MAX_DEPTH)``.
        questions: int32 ``(rows,)``, depths on the paths; written with what to ask next.
        complete: bool ``(rows,)``.
    """
    for i in range(len(row_slot)):
        s = row_slot[i]
        depth = questions[i]
        index = ROOT if depth == 0 else edges[s, path_edges[i, depth - 1]]["child"]
        questions[i] = NOTHING_TO_ASK
        nodes[s, index]["complete"] = COMPLETE if complete[i] else INCOMPLETE
        if nodes[s, index]["proof"] == UNPROVEN:
            _prove(nodes[s], edges[s], index)
            if nodes[s, index]["proof"] != UNPROVEN:
                questions[i] = climb(nodes[s], edges[s], path_edges[i], depth)


@kernel
def least_bad_edge(node, edges):
    """Return a drawn edge if there is one, or the first: for nodes without an unproven edge.

    Such a node is itself unproven only because it left out legal actions.
    """
    first = node["first_edge"]
    for e in range(first, first + node["edges"]):
        if edges[e]["proof"] == DRAW:
            return e
    return first


def decide(
    choice: NDArray[np.int16],
    proof: NDArray[np.int8],
    plies: NDArray[np.int16],
    exists: NDArray[np.bool_],
    q: NDArray[np.float32],
) -> NDArray[np.int16]:
    """Correct a search's choice by the proofs.

    The shortest proven win comes first. If every action is proven, a draw or else the longest
    defence follows. A proven draw also replaces a choice with a lower value. Otherwise the choice
    stays; it must not be an action that is proven lost unless all are.

    Args:
        choice: ``(rows,)`` action, -1 for none.
        proof, plies, exists, q: ``(rows, actions)``; ``plies`` to the end after a proven action,
            ``exists`` where the tree has an edge.
    """
    decided = choice.copy()
    for row in np.flatnonzero((proof != UNPROVEN).any(axis=1)):
        wins, draws, losses = (np.flatnonzero(proof[row] == kind) for kind in (WIN, DRAW, LOSS))
        if len(wins):
            decided[row] = wins[plies[row, wins].argmin()]
        elif len(losses) == exists[row].sum():
            decided[row] = losses[plies[row, losses].argmax()]
        elif len(draws):
            all_settled = len(draws) + len(losses) == exists[row].sum()
            if all_settled or q[row, choice[row]] < 0.0:
                decided[row] = draws[plies[row, draws].argmax()]
    return decided


def correct_policy(
    policy: NDArray[np.float32], proof: NDArray[np.int8], chosen: NDArray[np.int16]
) -> NDArray[np.float32]:
    """Return a policy to teach, ``(rows, actions)``, without actions proven worse than the choice.

    If the chosen action is proven, only actions proven equally good keep their share.
    """
    corrected = policy.copy()
    for row in np.flatnonzero((proof != UNPROVEN).any(axis=1)):
        kind = proof[row, chosen[row]]
        kept = proof[row] != LOSS if kind == UNPROVEN else proof[row] == kind
        corrected[row] *= kept
        if corrected[row].sum() > 0.0:
            corrected[row] /= corrected[row].sum()
        else:
            corrected[row, chosen[row]] = 1.0
    return corrected
