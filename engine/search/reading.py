"""The roots after a search, as plain arrays and as one :class:`SearchResult` per slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine._kernel import helper, kernel
from engine.search import solver, tree
from engine.search.budget import Change
from engine.search.evaluation import Evaluation
from engine.search.result import SearchResult
from engine.search.tree import LOSS, NO_CHILD, ROOT, UNPROVEN, WIN, flip

_VARIATION_LENGTH = 16
_VARIATIONS = 8


@kernel
def _root_rows(
    nodes, edges, row_slot, exists, visits, value_sums, squares, scores, priors, proof, plies
):
    """Spread the root edges over actions: all outputs ``(rows, actions)``, zeroed before."""
    for i in range(len(row_slot)):
        s = row_slot[i]
        root = nodes[s, ROOT]
        for e in range(root["first_edge"], root["first_edge"] + root["edges"]):
            edge = edges[s, e]
            action = edge["action"]
            exists[i, action] = True
            visits[i, action] = edge["visits"]
            value_sums[i, action] = edge["value_sum"]
            if edge["child"] != NO_CHILD:
                child = nodes[s, edge["child"]]
                squares[i, action] = child["square_sum"]
                scores[i, action] = flip(child["score_sum"] / child["visits"])
            priors[i, action] = edge["prior"]
            proof[i, action] = edge["proof"]
            if edge["proof"] != UNPROVEN:
                plies[i, action] = nodes[s, edge["child"]]["plies_to_end"] + 1


@kernel
def _better_line(nodes, node, edge, best):
    """Return whether ``edge`` continues a line better than ``best``."""
    if node["proof"] != UNPROVEN:
        if edge["proof"] != best["proof"]:
            return edge["proof"] == node["proof"]
        if edge["proof"] == node["proof"]:
            plies = nodes[edge["child"]]["plies_to_end"]
            best_plies = nodes[best["child"]]["plies_to_end"]
            return plies < best_plies if node["proof"] == WIN else plies > best_plies
    if (edge["proof"] == LOSS) != (best["proof"] == LOSS):
        return best["proof"] == LOSS
    return edge["visits"] > best["visits"]


@helper
def _write_line(nodes, edges, first_action, out, visits):
    """Write the line that starts with ``first_action``; return its length."""
    index = ROOT
    length = 0
    while length < len(out):
        node = nodes[index]
        best = -1
        for e in range(node["first_edge"], node["first_edge"] + node["edges"]):
            if length == 0:
                if edges[e]["action"] == first_action:
                    best = e
            elif edges[e]["visits"] > 0 and (
                best < 0 or _better_line(nodes, node, edges[e], edges[best])
            ):
                best = e
        if best < 0:
            break
        out[length] = edges[best]["action"]
        visits[length] = edges[best]["visits"]
        length += 1
        index = edges[best]["child"]
        if index == NO_CHILD:
            break
    return length


@kernel
def line_rows(nodes, edges, row_slot, firsts, out, visits, lengths):
    """Write the lines that start with the given actions of each root.

    A line continues with the best proven edge, else with the most visited one.

    Args:
        nodes, edges: of :class:`~engine.search.tree.Tree`.
        row_slot: int32 ``(rows,)``.
        firsts: int16 ``(rows, lines)``, -1 for no line.
        out: int16 ``(rows, lines, longest)``, written: the actions of each line.
        visits: int32, shaped like ``out``, written: the visits of each action.
        lengths: int32 ``(rows, lines)``, written.
    """
    for i in range(len(row_slot)):
        s = row_slot[i]
        for k in range(firsts.shape[1]):
            lengths[i, k] = 0
            if firsts[i, k] >= 0:
                lengths[i, k] = _write_line(
                    nodes[s], edges[s], firsts[i, k], out[i, k], visits[i, k]
                )


@dataclass(frozen=True)
class Roots:
    """The roots of several slots; arrays over actions have shape ``(rows, actions)``."""

    action: NDArray[np.int16]
    """``(rows,)`` action that the search would play; -1 where the game is over."""
    visits: NDArray[np.int32]
    q: NDArray[np.float32]
    prior: NDArray[np.float32]
    policy: NDArray[np.float32]
    """Improved policy: the training target."""
    value: NDArray[np.float32]
    """``(rows,)`` root q after the search."""
    raw_q: NDArray[np.float32]
    """``(rows,)`` the evaluator's own q."""
    score: NDArray[np.float32]
    action_score: NDArray[np.float32]
    """``(rows, actions)`` expected points after each visited action, for the root's side."""
    lcb: NDArray[np.float32]
    """``(rows, actions)`` lower confidence bound of q; -1 where unvisited."""
    simulations: NDArray[np.int32]
    proof: NDArray[np.int8]
    """``(rows, actions)`` proven outcome of each action: ``WIN``, ``LOSS``, ``DRAW`` or
    ``UNPROVEN`` of :mod:`~engine.search.tree`."""
    proven: NDArray[np.int8]
    """``(rows,)`` proven outcome of the root."""
    plies_to_end: NDArray[np.int16]
    """``(rows, actions)`` plies from the root to the end, where an action is proven."""


class RootEdges(NamedTuple):
    """The root edges of several slots by action, all ``(rows, actions)``, zero without an edge."""

    exists: NDArray[np.bool_]
    visits: NDArray[np.int32]
    value_sums: NDArray[np.float64]
    square_sums: NDArray[np.float64]
    score: NDArray[np.float32]
    prior: NDArray[np.float32]
    proof: NDArray[np.int8]
    plies_to_end: NDArray[np.int16]

    @classmethod
    def of(cls, trees: tree.Tree, slots: NDArray[np.int32], actions: int) -> RootEdges:
        """Read the root edges of ``slots``."""
        shape = (len(slots), actions)
        edges = cls(
            exists=np.zeros(shape, np.bool_),
            visits=np.zeros(shape, np.int32),
            value_sums=np.zeros(shape, np.float64),
            square_sums=np.zeros(shape, np.float64),
            score=np.zeros(shape, np.float32),
            prior=np.zeros(shape, np.float32),
            proof=np.zeros(shape, np.int8),
            plies_to_end=np.zeros(shape, np.int16),
        )
        _root_rows(trees.nodes, trees.edges, slots, *edges)
        return edges


def lower_bounds(edges: RootEdges, stdevs: float) -> NDArray[np.float64]:
    """Return q less ``stdevs`` standard errors float64 ``(rows, actions)``; -inf if unvisited.

    As in KataGo, the variance is pulled towards its maximum of 1 with the weight
    ``1 / visits ** 3``. The bound of a proven action is its q.
    """
    visits = np.maximum(edges.visits, 1).astype(np.float64)
    q = edges.value_sums / visits
    squares = np.maximum(edges.square_sums / visits, q * q + 1e-8)
    prior_weight = visits**-3.0
    squares = (squares * visits + (q * q + 1.0) * prior_weight) / (visits + prior_weight)
    radius = stdevs * np.sqrt((squares - q * q) / (visits + prior_weight))
    bounds = np.where(edges.proof != UNPROVEN, q, q - radius)
    return np.where(edges.visits > 0, bounds, -np.inf)


def read(
    trees: tree.Tree,
    slots: NDArray[np.int32],
    edges: RootEdges,
    chosen: tuple[NDArray[np.float32], NDArray[np.int16]],
    lcb_stdevs: float,
) -> Roots:
    """Read the roots of slots that have been run.

    ``chosen`` is the rule's improved policy ``(rows, actions)`` and its action ``(rows,)``, -1 for
    none. Proofs override it.
    """
    policy, action = chosen
    q = (edges.value_sums / np.maximum(edges.visits, 1)).astype(np.float32)
    action = solver.decide(action, edges.proof, edges.plies_to_end, edges.exists, q)
    policy = solver.correct_policy(policy, edges.proof, action)
    root = trees.nodes[slots, ROOT]
    count = np.maximum(root["visits"], 1)
    return Roots(
        action=action,
        visits=edges.visits,
        q=q,
        prior=edges.prior,
        policy=policy,
        value=(root["value_sum"] / count).astype(np.float32),
        raw_q=root["raw_q"].copy(),
        score=(root["score_sum"] / count).astype(np.float32),
        action_score=edges.score,
        lcb=np.maximum(lower_bounds(edges, lcb_stdevs), -1.0).astype(np.float32),
        simulations=edges.visits.sum(axis=1, dtype=np.int32),
        proof=edges.proof,
        proven=root["proof"].copy(),
        plies_to_end=edges.plies_to_end,
    )


def results(
    trees: tree.Tree,
    slots: NDArray[np.int32],
    roots: Roots,
    evaluation: Evaluation | None,
    changes: Sequence[tuple[Change, ...]],
) -> Sequence[SearchResult]:
    """Turn rows of ``roots`` into results; ``evaluation`` of the roots adds ownership."""
    lines, along = _variations(trees, slots, roots)
    found = []
    for i, slot in enumerate(slots):
        full = trees.slots["full"][slot] > 0
        found.append(
            SearchResult(
                action=int(roots.action[i]),
                visits=roots.visits[i],
                q=roots.q[i],
                prior=roots.prior[i],
                policy=roots.policy[i],
                value=float(roots.value[i]),
                score=float(roots.score[i]),
                simulations=int(roots.simulations[i]),
                variation=lines[i][0] if lines[i] else (),
                variations=lines[i],
                variation_visits=along[i],
                action_score=roots.action_score[i],
                lcb=roots.lcb[i],
                ownership=None if evaluation is None else evaluation.ownership[i],
                proof=roots.proof[i],
                proven=int(roots.proven[i]),
                proven_plies=_plies(roots, i),
                changes=changes[i],
                notes=("stopped at the memory cap of this tree",) if full else (),
            )
        )
    return found


def _plies(roots: Roots, row: int) -> int:
    action = int(roots.action[row])
    return int(roots.plies_to_end[row, action]) if roots.proven[row] and action >= 0 else 0


Lines = list[tuple[tuple[int, ...], ...]]


def _variations(trees: tree.Tree, slots: NDArray[np.int32], roots: Roots) -> tuple[Lines, Lines]:
    """Return by slot the lines of the chosen and the most visited actions, and their visits."""
    rows = np.arange(len(slots))
    rank = roots.visits.astype(np.int64)
    rank[rows, roots.action] += np.iinfo(np.int32).max  # the chosen one comes first
    firsts = np.argsort(-rank, axis=1, kind="stable")[:, :_VARIATIONS].astype(np.int16)
    firsts[np.take_along_axis(rank, firsts.astype(np.int64), axis=1) == 0] = -1
    firsts[roots.action < 0] = -1
    shape = (*firsts.shape, _VARIATION_LENGTH)
    out, visits = np.zeros(shape, np.int16), np.zeros(shape, np.int32)
    lengths = np.zeros(firsts.shape, np.int32)
    line_rows(trees.nodes, trees.edges, slots, firsts, out, visits, lengths)
    return _as_tuples(out, lengths), _as_tuples(visits, lengths)


def _as_tuples(lines: NDArray[np.generic], lengths: NDArray[np.int32]) -> Lines:
    """Cut lines to their lengths and leave out empty ones."""
    return [
        tuple(tuple(line[:length]) for line, length in zip(row, ends, strict=True) if length)
        for row, ends in zip(lines.tolist(), lengths.tolist(), strict=True)
    ]
