"""select -> replay -> evaluate -> expand, over rows.

Rules, tree and evaluator never call each other; this passes the rows round. Python runs once per
batch. A :class:`Search` belongs to one thread; several may share an evaluator.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine._kernel import say_if_cold
from engine.games.spec import BLACK, GameSpec, Positions
from engine.search import backup, gumbel, puct, reading, solver, tree
from engine.search.config import SearchConfig
from engine.search.evaluation import Evaluation, Evaluator
from engine.search.reading import RootEdges, Roots
from engine.search.result import SearchResult
from engine.search.root import RootState


class Search:
    """Trees of a fixed number of slots, all playing the same game at the same size."""

    def __init__(
        self,
        spec: GameSpec,
        evaluator: Evaluator,
        slots: int,
        config: SearchConfig,
        node_capacity: int,
        max_rows: int | None = None,
    ) -> None:
        """Reserve memory for ``slots`` trees of ``node_capacity`` nodes each.

        ``max_rows`` caps how many leaves are evaluated together (default: one per slot).
        """
        say_if_cold()
        self.spec = spec
        self.evaluator = evaluator
        self.config = config
        self.max_rows = max(slots, max_rows or slots)
        self.roots: Positions = spec.allocate(slots)
        edge_capacity = node_capacity * spec.actions
        self.tree = tree.Tree.allocate(slots, node_capacity, edge_capacity)
        self._leaves = spec.allocate(self.max_rows)
        self._path_edges = np.zeros((self.max_rows, tree.MAX_DEPTH), np.int32)
        self._path_actions = np.zeros((self.max_rows, tree.MAX_DEPTH), np.int16)
        self._lengths = np.zeros(self.max_rows, np.int32)
        self._questions = np.zeros(self.max_rows, np.int32)
        leaves_nothing_out = type(spec).candidates is GameSpec.candidates
        all_actions = leaves_nothing_out or not config.prune_candidates
        self._complete = tree.COMPLETE if all_actions else tree.NOT_ASKED
        if not config.exact_endings:
            self._complete = tree.NO_PROOFS
        self._state = RootState(slots, spec.actions, config)
        self._spare: tuple[NDArray[Any], NDArray[Any]] | None = None
        self._puct_settings = puct.settings_of(config)
        self._gumbel_settings = np.array([config.c_visit, config.c_scale], np.float64)

    def begin(
        self,
        slots: NDArray[np.int32],
        positions: Positions,
        seeds: NDArray[np.uint64],
        games: NDArray[np.uint64],
        gumbel_scale: float | NDArray[np.float64] = 0.0,
    ) -> None:
        """Start empty trees at ``positions``. Randomness is addressed by (seed, game, ply).

        ``gumbel_scale`` is 1 for self-play, 0 for play to win.
        """
        self.roots[slots] = positions
        tree.clear_rows(self.tree.slots, slots)
        self._state.begin(slots, self._plies(slots), seeds, games, gumbel_scale)

    def _plies(self, slots: NDArray[np.int32]) -> NDArray[np.uint64]:
        return self.roots["plies"][slots].astype(np.uint64)

    def take_over(self, other: Search) -> None:
        """Copy all slots of another search of this game, which must fit in slots and pools."""
        count = len(other.roots)
        self.roots[:count] = other.roots
        self.tree.slots[:count] = other.tree.slots
        self.tree.slots["full"][:count] = 0
        self._state.take_over(other._state)
        for slot in range(count):
            nodes, edges = (int(other.tree.slots[name][slot]) for name in ("nodes", "edges"))
            self.tree.nodes[slot, :nodes] = other.tree.nodes[slot, :nodes]
            self.tree.edges[slot, :edges] = other.tree.edges[slot, :edges]

    def advance(self, slot: int, action: int) -> bool:
        """Play ``action`` at a slot's root and keep what the tree knows below it.

        Returns False, with an empty tree at the new position, if it knows nothing.
        """
        where = np.array([slot], np.int32)
        position = self.roots[where]
        self.spec.play(position, np.array([action]))
        self.roots[where] = position
        if self._spare is None:
            self._spare = (np.zeros_like(self.tree.nodes[0]), np.zeros_like(self.tree.edges[0]))
        kept = tree.keep_subtree(
            self.tree.nodes[slot],
            self.tree.edges[slot],
            self.tree.slots[slot],
            action,
            *self._spare,
        )
        if not kept:
            tree.clear_rows(self.tree.slots, where)
        self._state.move(where, self._plies(where))
        if kept:
            self._state.note_known(where, self.tree)
        return bool(kept)

    def run(
        self,
        slots: NDArray[np.int32],
        simulations: int | NDArray[np.int64],
        *,
        leaves: int = 1,
        deadline_s: float | None = None,
        on_round: Callable[[], bool] | None = None,
    ) -> None:
        """Add ``simulations`` (one number, or one per slot), up to ``leaves`` of a tree at once.

        Stops early when ``time.perf_counter()`` passes ``deadline_s``, when ``on_round`` returns
        False, or for a slot whose pool is full or whose root is proven. The evaluation of a new
        root is not counted.
        """
        budget = np.broadcast_to(np.asarray(simulations, np.int64), len(slots))
        self._state.plan(slots, self.tree, budget)
        fresh = slots[self.tree.slots["nodes"][slots] == 0]
        if len(fresh):
            self._round(fresh)
        self._state.prepare(slots, self.tree)
        done = np.zeros(len(slots), np.int64)
        while True:
            room = (done < budget) & (self.tree.slots["full"][slots] == 0)
            room &= self.tree.nodes["proof"][slots, tree.ROOT] == tree.UNPROVEN
            active = np.flatnonzero(room)
            if not len(active):
                return
            each = max(1, min(leaves, self.max_rows // len(active), tree.MOST_IN_FLIGHT))
            counts = np.minimum(each, budget[active] - done[active])
            self._round(np.repeat(slots[active], counts).astype(np.int32))
            done[active] += counts
            if deadline_s is not None and time.perf_counter() >= deadline_s:
                return
            if on_round is not None and not on_round():
                return

    def _round(self, row_slot: NDArray[np.int32]) -> None:
        """One simulation per row."""
        rows = len(row_slot)
        nodes, edges, slots = self.tree.nodes, self.tree.edges, self.tree.slots
        path_edges = self._path_edges[:rows]
        path_actions = self._path_actions[:rows]
        lengths = self._lengths[:rows]
        leaves = self._leaves[:rows]
        paths = (path_edges, path_actions, lengths)
        if self.config.algorithm == "gumbel":
            state = self._state
            plan = (self._gumbel_settings, state.gumbels, state.known, state.schedules, state.plans)
            gumbel.select_rows(nodes, edges, slots, row_slot, *plan, *paths)
        else:
            puct.select_rows(nodes, edges, slots, row_slot, self._puct_settings, *paths)
        self.spec.replay(self.roots, row_slot, path_actions, lengths, leaves)
        logits, q, score = self._evaluate(leaves)
        questions = self._questions[:rows]
        backup.expand_and_back_up_rows(
            nodes,
            edges,
            slots,
            row_slot,
            path_edges,
            lengths,
            self._candidates(leaves),
            logits,
            q,
            score,
            self._complete,
            questions,
        )
        if questions.max() != solver.NOTHING_TO_ASK:
            self._answer(row_slot, path_edges, path_actions, questions)

    def _answer(
        self,
        row_slot: NDArray[np.int32],
        path_edges: NDArray[np.int32],
        path_actions: NDArray[np.int16],
        questions: NDArray[np.int32],
    ) -> None:
        """Ask the rules whether nodes hold all their legal actions, until no proof waits for it."""
        while True:
            asking = np.flatnonzero(questions != solver.NOTHING_TO_ASK)
            if not len(asking):
                return
            row_slot, questions = row_slot[asking], questions[asking]
            path_edges, path_actions = path_edges[asking], path_actions[asking]
            positions = self._leaves[: len(asking)]
            self.spec.replay(self.roots, row_slot, path_actions, questions, positions)
            complete = (self.spec.legal(positions) == self._candidates(positions)).all(axis=1)
            pools = (self.tree.nodes, self.tree.edges)
            solver.answer_rows(*pools, row_slot, path_edges, questions, complete)

    def _candidates(self, positions: Positions) -> NDArray[np.bool_]:
        if not self.config.prune_candidates:
            return self.spec.legal(positions)
        candidates = self.spec.candidates(positions)
        if self.config.no_pass_before and self.spec.may_pass:
            early = positions["plies"] < self.config.no_pass_before
            early &= candidates[:, :-1].any(axis=1)
            candidates[early, -1] = False
        return candidates

    def _evaluate(
        self, positions: Positions
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Policy logits, q and score of each row; finished games by the rules."""
        finished = self.spec.finished(positions)
        if not finished.any():
            evaluation = self.evaluator.evaluate(self.spec, positions)
            return evaluation.policy_logits, evaluation.q, evaluation.score
        over = np.flatnonzero(finished)
        live = np.flatnonzero(~finished)
        logits = np.zeros((len(positions), self.spec.actions), np.float32)
        q = np.zeros(len(positions), np.float32)
        score = np.zeros(len(positions), np.float32)
        if len(live):
            evaluation = self.evaluator.evaluate(self.spec, positions[live])
            logits[live], q[live] = evaluation.policy_logits, evaluation.q
            score[live] = evaluation.score
        ended = positions[over]
        side = np.where(self.spec.to_move(ended) == BLACK, 1, -1)
        q[over] = self.spec.outcome(ended) * side
        score[over] = self.spec.score(ended) * side
        return logits, q, score

    def read(self, slots: NDArray[np.int32]) -> Roots:
        """Read the roots of slots that have been run."""
        return reading.read(self.tree, slots, self.spec.actions, self._choice)

    def _choice(
        self, slots: NDArray[np.int32], edges: RootEdges
    ) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
        """The rule's improved policy and action of each root."""
        if self.config.algorithm == "gumbel":
            noted = (self._gumbel_settings, self._state.gumbels, self._state.known)
            return gumbel.improve(self.tree, slots, *noted, self.spec.actions)
        return puct.choose(self.tree, slots, edges, self._puct_settings, self.config)

    def results(
        self, slots: NDArray[np.int32], evaluation: Evaluation | None = None
    ) -> Sequence[SearchResult]:
        """Read each slot as a :class:`SearchResult`; ``evaluation`` of the roots adds ownership."""
        return reading.results(self.tree, slots, self.read(slots), evaluation)
