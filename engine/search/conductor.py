"""The search loop over rows: select, replay, evaluate, expand.

Rules, tree and evaluator never call each other: this module passes rows between them. Python runs
once per batch. A :class:`Search` belongs to one thread; several searches may share an evaluator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine._kernel import say_if_cold
from engine.errors import SearchError
from engine.games.spec import GameSpec, Positions
from engine.search import backup, noise, reading, solver, tree
from engine.search.batch import Batches
from engine.search.budget import Budget, Change, refusals
from engine.search.candidates import Candidates
from engine.search.config import SearchConfig
from engine.search.evaluation import Evaluation, Evaluator
from engine.search.leaves import evaluate_leaves
from engine.search.reading import RootEdges, Roots
from engine.search.result import SearchResult
from engine.search.symmetric import AllSymmetries


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
        self._root_evaluator = AllSymmetries(evaluator) if config.root_symmetries else evaluator
        self.config = config
        self.max_rows = max(slots, max_rows or slots)
        self.roots: Positions = spec.allocate(slots)
        edge_capacity = node_capacity * spec.actions
        self.tree = tree.Tree.allocate(slots, node_capacity, edge_capacity)
        self._row_slot = np.zeros(self.max_rows, np.int32)
        self._batches = Batches(spec, self.max_rows)
        self._changes: dict[int, list[Change]] = {}
        self._candidates = Candidates(spec, config)
        self._rule = config.rule(config, slots, spec.actions)

    def begin(
        self,
        slots: NDArray[np.int32],
        positions: Positions,
        seeds: NDArray[np.uint64],
        games: NDArray[np.uint64],
        noise_scale: float | NDArray[np.float64] = 0.0,
    ) -> None:
        """Start empty trees at ``positions``. Randomness is addressed by (seed, game, ply).

        ``noise_scale`` multiplies a rule's random exploration at the root: 1 for self-play, 0 for
        play to win.
        """
        self.roots[slots] = positions
        tree.clear_rows(self.tree.slots, slots)
        self._candidates.allow(slots)
        for slot in slots.tolist():
            self._changes.pop(slot, None)
        self._rule.begin(slots, self._plies(slots), seeds, games, noise_scale)

    def prohibit(self, slot: int, until: NDArray[np.int16] | None) -> None:
        """Leave actions out of a slot's search, until the next :meth:`begin`.

        Args:
            slot: a slot that has just begun.
            until: ``(2, actions)``, for Black and White: an action is left out at depths below
                this number; the root has depth 0. Below the root, a side without any allowed
                action plays as usual. ``None`` lifts the prohibition and keeps the tree.

        Raises:
            SearchError: if nothing would be left to play at the root.
        """
        where = np.array([slot], np.int32)
        if until is None:
            self._candidates.allow(where)
        else:
            self._candidates.prohibit(slot, self.roots[where], until)

    def _plies(self, slots: NDArray[np.int32]) -> NDArray[np.uint64]:
        return self.roots["plies"][slots].astype(np.uint64)

    def take_over(self, other: Search) -> None:
        """Copy all slots of another search of this game, which must fit in slots and pools."""
        count = len(other.roots)
        self.roots[:count] = other.roots
        self.tree.take_over(other.tree)
        self._rule.take_over(other._rule)

    def advance(self, slots: NDArray[np.int32], actions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Play an action ``(n,)`` at each slot's root and keep what the trees know below.

        Returns where a tree was kept ``(n,)``; the others are empty, at the new positions.
        """
        positions = self.roots[slots]
        self.spec.play(positions, actions)
        self.roots[slots] = positions
        kept = self.tree.keep_subtrees(slots, actions)
        kept &= ~self._candidates.allow(slots)  # nodes of a tree with prohibitions lack actions
        # A decided root tries one action; as a leaf it had none, or all.
        kept &= self.tree.nodes["edges"][slots, tree.ROOT] > 0
        kept &= ~self._candidates.decided(positions)
        tree.clear_rows(self.tree.slots, slots[~kept])
        self._rule.move(slots, self._plies(slots))
        if kept.any():
            self._rule.keep_roots(self.tree, slots[kept])
        return kept

    def run(
        self,
        slots: NDArray[np.int32],
        simulations: int | NDArray[np.int64],
        *,
        leaves: int = 1,
        deadline_s: float | NDArray[np.float64] | None = None,
        patience: int | NDArray[np.int64] | None = None,
        on_round: Callable[[], bool] | None = None,
    ) -> None:
        """Continue the search until every slot has spent its budget.

        The evaluation of a new root is not counted. A slot ends early when its pool is full or its
        root is proven. A rule that divides its budget divides it anew in each run.

        Args:
            slots: each at most once.
            simulations: number to add, one for all slots or one per slot.
            leaves: most leaves of one tree that are evaluated together. Where the rows do not
                suffice for all slots, the slots take turns: no tree depends on the others.
            deadline_s: when ``time.perf_counter()`` passes it, a slot ends; for all or per slot.
            patience: a slot ends when its most visited action has been the same for this number of
                simulations; for all or per slot.
            on_round: called after each batch; the search ends when it returns False.

        Raises:
            SearchError: if slots could not begin (game over, no budget) or continue (no legal
                action, an evaluation that is not a number). It is raised after the other slots are
                done; ``reasons`` says which slots failed and why. An evaluation of a wrong shape
                raises at once. Trees stay usable.
        """
        simulations = np.broadcast_to(np.asarray(simulations, np.int64), len(slots))
        reasons = refusals(self.spec, self.roots, slots, simulations)
        if reasons:
            willing = ~np.isin(slots, list(reasons))
            slots, simulations = slots[willing], simulations[willing]
            if isinstance(deadline_s, np.ndarray):
                deadline_s = deadline_s[willing]
            if isinstance(patience, np.ndarray):
                patience = patience[willing]
        budget = Budget(slots, simulations, deadline_s, patience)
        self._rule.divide(self.tree, slots, simulations)
        empty = self.tree.slots["nodes"][slots] == 0
        self._round(slots[empty], budget, reasons, self._root_evaluator)
        if self.config.root_symmetries:
            self._renew_priors(self._rule.unprepared(slots[~empty]))
        self._rule.prepare(self.tree, slots)
        leaves = min(leaves, tree.MOST_IN_FLIGHT)
        while len(rows := budget.next_rows(self.tree, leaves, self._row_slot)):
            self._round(rows, budget, reasons, self.evaluator)
            budget.note_round(self.tree)
            if on_round is not None and not on_round():
                break
        budget.watch(self.tree)
        self._changes.update(zip(slots.tolist(), budget.changes, strict=True))
        if reasons:
            raise SearchError(
                "; ".join(f"slot {slot}: {why}" for slot, why in reasons.items()), reasons
            )

    def _renew_priors(self, slots: NDArray[np.int32]) -> None:
        """Give kept roots the priors that they would have as new roots."""
        if len(slots):
            logits = self.evaluate_roots(slots).policy_logits
            sound = np.isfinite(logits).all(axis=1)
            policy = np.exp(logits[sound])
            noise.set_prior_rows(self.tree.nodes, self.tree.edges, slots[sound], policy)

    def evaluate_roots(self, slots: NDArray[np.int32]) -> Evaluation:
        """Evaluate the slots' roots, averaged as :attr:`SearchConfig.root_symmetries` says."""
        return self._root_evaluator.evaluate(self.spec, self.roots[slots])

    def _round(
        self,
        row_slot: NDArray[np.int32],
        budget: Budget,
        reasons: dict[int, str],
        evaluator: Evaluator,
    ) -> None:
        """Run one simulation per row; slots with faulty leaves stop and enter ``reasons``."""
        if not len(row_slot):
            return
        path_edges, path_actions, lengths, leaves, questions, faults = self._batches.of(
            len(row_slot)
        )
        self._rule.select(self.tree, row_slot, path_edges, path_actions, lengths)
        pools = (self.tree.nodes, self.tree.edges, self.tree.slots)
        try:
            self.spec.replay(self.roots, row_slot, path_actions, lengths, leaves)
            candidates, known = self._candidates.of(leaves, row_slot, lengths)
            evaluations = evaluate_leaves(self.spec, evaluator, leaves, known)
        except BaseException:
            backup.give_up_rows(*pools, row_slot, path_edges, lengths)
            raise
        asked, faulty = backup.expand_and_back_up_rows(
            *pools,
            row_slot,
            path_edges,
            lengths,
            candidates,
            *evaluations,
            self._candidates.completeness,
            questions,
            faults,
        )
        if faulty:
            for row in np.flatnonzero(faults).tolist():
                where = f"{int(leaves['plies'][row])} plies into the game"
                reasons[int(row_slot[row])] = f"{evaluations.why(row, faults[row])}, {where}"
                budget.stop(int(row_slot[row]))
        if asked:
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
            positions = self._batches.of(len(asking)).leaves
            self.spec.replay(self.roots, row_slot, path_actions, questions, positions)
            candidates = self._candidates.of(positions, row_slot, questions).actions
            complete = (self._candidates.needed(positions) == candidates).all(axis=1)
            pools = (self.tree.nodes, self.tree.edges)
            solver.answer_rows(*pools, row_slot, path_edges, questions, complete)

    def read(self, slots: NDArray[np.int32]) -> Roots:
        """Read the roots of slots that have been run."""
        edges = RootEdges.of(self.tree, slots, self.spec.actions)
        chosen = self._rule.choose(self.tree, slots, edges)
        return reading.read(self.tree, slots, edges, chosen, self.config.lcb_stdevs)

    def results(
        self, slots: NDArray[np.int32], evaluation: Evaluation | None = None
    ) -> Sequence[SearchResult]:
        """Read each slot as a :class:`SearchResult`; ``evaluation`` of the roots adds ownership."""
        changes = [tuple(self._changes.get(int(slot), ())) for slot in slots]
        return reading.results(self.tree, slots, self.read(slots), evaluation, changes)
