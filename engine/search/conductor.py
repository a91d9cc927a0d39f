"""select -> replay -> evaluate -> expand, over rows.

Rules, tree and evaluator never call each other; this passes the rows round. Python runs once per
batch. A :class:`Search` belongs to one thread; several may share an evaluator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine._kernel import say_if_cold
from engine.errors import SearchError
from engine.games.spec import GameSpec, Positions
from engine.search import backup, gumbel, noise, puct, reading, solver, tree
from engine.search.budget import Account, Change
from engine.search.config import SearchConfig
from engine.search.evaluation import Evaluation, Evaluator
from engine.search.leaves import judge
from engine.search.reading import RootEdges, Roots
from engine.search.result import SearchResult
from engine.search.root import RootState
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
        self._leaves = spec.allocate(self.max_rows)
        self._row_slot = np.zeros(self.max_rows, np.int32)
        self._scratch = (
            np.zeros((self.max_rows, tree.MAX_DEPTH), np.int32),  # paths as edges
            np.zeros((self.max_rows, tree.MAX_DEPTH), np.int16),  # paths as actions
            np.zeros(self.max_rows, np.int32),  # their lengths
            spec.allocate(self.max_rows),  # leaves
            np.zeros(self.max_rows, np.int32),  # questions to the rules
            np.zeros(self.max_rows, np.uint8),  # faults
        )
        self._views: dict[int, tuple[NDArray[Any], ...]] = {}
        self._changes: dict[int, list[Change]] = {}
        self._prohibited: dict[int, NDArray[np.int16]] = {}
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
        for slot in slots.tolist():
            self._changes.pop(slot, None)
            self._prohibited.pop(slot, None)
        self._state.begin(slots, self._plies(slots), seeds, games, gumbel_scale)

    def prohibit(self, slot: int, until: NDArray[np.int16] | None) -> None:
        """Leave actions out of a slot's search, until the next :meth:`begin`.

        Args:
            slot: one that has just begun.
            until: ``(2, actions)``, for Black and White: an action is left out at depths below
                this, the root's being 0. Below the root, a side left without any plays as usual.
                ``None`` lifts it; the tree then stays as it is.

        Raises:
            SearchError: if nothing would be left to play at the root.
        """
        if until is None:
            self._prohibited.pop(slot, None)
            return
        where = np.array([slot], np.int32)
        legal = self.spec.legal(self.roots[where])[0]
        if not (legal & (until[int(self.spec.to_move(self.roots[where])[0]) - 1] <= 0)).any():
            raise SearchError(
                f"expected a legal action to be left to search, got none: slot {slot}"
            )
        self._prohibited[slot] = until

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

    def advance(self, slots: NDArray[np.int32], actions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Play an action ``(n,)`` at each slot's root and keep what the trees know below.

        Returns where a tree was kept ``(n,)``; the others are empty, at the new positions.
        """
        positions = self.roots[slots]
        self.spec.play(positions, actions)
        self.roots[slots] = positions
        if self._spare is None:
            self._spare = (np.zeros_like(self.tree.nodes[0]), np.zeros_like(self.tree.edges[0]))
        kept = np.zeros(len(slots), np.bool_)
        pools = (self.tree.nodes, self.tree.edges, self.tree.slots)
        tree.keep_subtree_rows(*pools, slots, actions, *self._spare, kept)
        if self._prohibited:
            for i, slot in enumerate(slots.tolist()):
                if self._prohibited.pop(slot, None) is not None:
                    kept[i] = False  # its nodes lack actions
        tree.clear_rows(self.tree.slots, slots[~kept])
        self._state.move(slots, self._plies(slots))
        if kept.any():
            self._state.note_known(slots[kept], self.tree)
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
        """Search on until every slot has spent its budget.

        The evaluation of a new root is not counted. A slot ends early when its pool is full or its
        root is proven; a search with Gumbel divides its budget anew among the root's actions.

        Args:
            slots: each at most once.
            simulations: to add, one number for all or one per slot.
            leaves: so many of one tree are evaluated together, at most. Where the rows do not
                suffice for all slots, they take turns: no tree depends on the others.
            deadline_s: when ``time.perf_counter()`` passes it, a slot ends; for all or per slot.
            patience: a slot ends when its most visited action has been the same for so many
                simulations; for all or per slot.
            on_round: called after each batch; the search ends when it returns False.

        Raises:
            SearchError: when all others are done, if slots could not begin (game over, no budget)
                or go on (no legal action, an evaluation that is no number); ``reasons`` says which
                slots and why. At once, if an evaluation has a wrong shape. Trees stay usable.
        """
        budget = np.broadcast_to(np.asarray(simulations, np.int64), len(slots))
        reasons = self._refuse(slots, budget)
        if reasons:
            willing = ~np.isin(slots, list(reasons))
            slots, budget = slots[willing], budget[willing]
            if isinstance(deadline_s, np.ndarray):
                deadline_s = deadline_s[willing]
            if isinstance(patience, np.ndarray):
                patience = patience[willing]
        account = Account(slots, budget, deadline_s, patience)
        self._state.plan(slots, self.tree, budget)
        empty = self.tree.slots["nodes"][slots] == 0
        self._round(slots[empty], account, reasons, self._root_evaluator)
        if self.config.root_symmetries:
            self._judge_again(self._state.unprepared(slots[~empty]))
        self._state.prepare(slots, self.tree)
        leaves = min(leaves, tree.MOST_IN_FLIGHT)
        while len(rows := account.next_rows(self.tree, leaves, self._row_slot)):
            self._round(rows, account, reasons, self.evaluator)
            account.note_round(self.tree)
            if on_round is not None and not on_round():
                break
        account.watch(self.tree)
        self._changes.update(zip(slots.tolist(), account.changes, strict=True))
        if reasons:
            raise SearchError(
                "; ".join(f"slot {slot}: {why}" for slot, why in reasons.items()), reasons
            )

    def _refuse(self, slots: NDArray[np.int32], budget: NDArray[np.int64]) -> dict[int, str]:
        """Say by slot why it cannot be searched."""
        over = self.spec.finished(self.roots[slots])
        reasons = {}
        for i in np.flatnonzero(over | (budget < 1)):
            reasons[int(slots[i])] = (
                f"expected a game that is not over, got one that ended at ply "
                f"{int(self.roots['plies'][slots[i]])}"
                if over[i]
                else f"expected a budget of at least 1 simulation, got {int(budget[i])!r}"
            )
        return reasons

    def _judge_again(self, slots: NDArray[np.int32]) -> None:
        """Give kept roots the priors that they would have as new ones."""
        if len(slots):
            logits = self.evaluate_roots(slots).policy_logits
            sound = np.isfinite(logits).all(axis=1)
            policy = np.exp(logits[sound])
            noise.set_prior_rows(self.tree.nodes, self.tree.edges, slots[sound], policy)

    def evaluate_roots(self, slots: NDArray[np.int32]) -> Evaluation:
        """What the evaluator says of the slots' roots, by :attr:`SearchConfig.root_symmetries`."""
        return self._root_evaluator.evaluate(self.spec, self.roots[slots])

    def _round(
        self,
        row_slot: NDArray[np.int32],
        account: Account,
        reasons: dict[int, str],
        evaluator: Evaluator,
    ) -> None:
        """One simulation per row; slots with faulty leaves stop for ``reasons``."""
        rows = len(row_slot)
        if rows == 0:
            return
        path_edges, path_actions, lengths, leaves, questions, faults = self._views_of(rows)
        self._select(row_slot, path_edges, path_actions, lengths)
        pools = (self.tree.nodes, self.tree.edges, self.tree.slots)
        try:
            self.spec.replay(self.roots, row_slot, path_actions, lengths, leaves)
            candidates = self._candidates(leaves, row_slot, lengths)
            judged = judge(self.spec, evaluator, leaves)
        except BaseException:
            backup.give_up_rows(*pools, row_slot, path_edges, lengths)
            raise
        asked, faulty = backup.expand_and_back_up_rows(
            *pools,
            row_slot,
            path_edges,
            lengths,
            candidates,
            *judged,
            self._completeness(),
            questions,
            faults,
        )
        if faulty:
            for row in np.flatnonzero(faults).tolist():
                slot = int(row_slot[row])
                reasons[slot] = f"{judged.why(row, faults[row])}, {self._where(leaves, row)}"
                account.stop(slot)
        if asked:
            self._answer(row_slot, path_edges, path_actions, questions)

    def _views_of(self, rows: int) -> tuple[NDArray[Any], ...]:
        """The first ``rows`` of all scratch arrays; slicing them anew would cost 2 microseconds."""
        views = self._views.get(rows)
        if views is None:
            views = self._views[rows] = tuple(array[:rows] for array in self._scratch)
        return views

    def _where(self, leaves: Positions, row: int) -> str:
        return f"{int(leaves['plies'][row])} plies into the game"

    def _select(
        self,
        row_slot: NDArray[np.int32],
        path_edges: NDArray[np.int32],
        path_actions: NDArray[np.int16],
        lengths: NDArray[np.int32],
    ) -> None:
        """Walk each row's tree down to a leaf."""
        pools = (self.tree.nodes, self.tree.edges, self.tree.slots)
        paths = (path_edges, path_actions, lengths)
        if self.config.algorithm == "gumbel":
            state = self._state
            plan = (self._gumbel_settings, state.gumbels, state.known, state.schedules, state.plans)
            gumbel.select_rows(*pools, row_slot, *plan, *paths)
        else:
            puct.select_rows(*pools, row_slot, self._puct_settings, *paths)

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
            positions = self._views_of(len(asking))[3]
            self.spec.replay(self.roots, row_slot, path_actions, questions, positions)
            candidates = self._candidates(positions, row_slot, questions)
            complete = (self.spec.legal(positions) == candidates).all(axis=1)
            pools = (self.tree.nodes, self.tree.edges)
            solver.answer_rows(*pools, row_slot, path_edges, questions, complete)

    def _completeness(self) -> int:
        """What a new node says of its edges: with actions left out, the rules are to be asked."""
        if self._prohibited and self._complete == tree.COMPLETE:
            return tree.NOT_ASKED
        return self._complete

    def _candidates(
        self, positions: Positions, row_slot: NDArray[np.int32], depths: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Actions to search in positions at ``depths`` of the trees of ``row_slot``."""
        candidates = self._sensible(positions)
        if not self._prohibited:
            return candidates
        sides = self.spec.to_move(positions)
        for row, slot in enumerate(row_slot.tolist()):
            if slot in self._prohibited:
                allowed = self._prohibited[slot][sides[row] - 1] <= depths[row]
                left = candidates[row] & allowed
                if depths[row] == 0 and not left.any():
                    left = self.spec.legal(positions[row : row + 1])[0] & allowed
                if left.any():
                    candidates[row] = left
        return candidates

    def _sensible(self, positions: Positions) -> NDArray[np.bool_]:
        if not self.config.prune_candidates:
            return self.spec.legal(positions)
        candidates = self.spec.candidates(positions)
        if self.config.no_pass_before and self.spec.may_pass:
            early = positions["plies"] < self.config.no_pass_before
            early &= candidates[:, :-1].any(axis=1)
            candidates[early, -1] = False
        return candidates

    def read(self, slots: NDArray[np.int32]) -> Roots:
        """Read the roots of slots that have been run."""
        stdevs = self.config.lcb_stdevs
        return reading.read(self.tree, slots, self.spec.actions, self._choice, stdevs)

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
        changes = [tuple(self._changes.get(int(slot), ())) for slot in slots]
        return reading.results(self.tree, slots, self.read(slots), evaluation, changes)
