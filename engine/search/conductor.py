"""select -> replay -> evaluate -> expand, over rows.

Rules, tree and evaluator never call each other; this passes the rows round. Python runs once per
batch. A :class:`Search` belongs to one thread; several may share an evaluator.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from engine._kernel import say_if_cold
from engine.errors import ConfigError
from engine.games.spec import BLACK, GameSpec, Positions
from engine.random import GUMBEL, NOISE
from engine.search import gumbel, noise, puct, tree
from engine.search.evaluation import Evaluation, Evaluator
from engine.search.result import SearchResult

_VARIATION_LENGTH = 16
ALGORITHMS: Final = ("gumbel", "puct")


@dataclass(frozen=True)
class SearchConfig:
    """How a search chooses. The budget is given with each search."""

    algorithm: Literal["gumbel", "puct"] = field(
        default="gumbel",
        metadata={"why": "improves the policy even with 16 simulations; puct reads deeper"},
    )
    considered: int = field(
        default=16, metadata={"min": 1, "max": 1024, "why": "root actions that Gumbel search tries"}
    )
    c_visit: float = field(default=50.0, metadata={"min": 0.0, "why": "Danihelka et al., 3.4"})
    c_scale: float = field(
        default=1.0,
        metadata={"min": 0.0, "why": "trust in q; 1 beat 0.25 by 160 Elo after 70 equal cycles"},
    )
    c_puct_init: float = field(default=1.25, metadata={"min": 0.0, "why": "AlphaZero"})
    c_puct_base: float = field(
        default=500.0, metadata={"min": 1.0, "why": "as KataGo; AlphaZero's 19652 never bites here"}
    )
    fpu_reduction: float = field(default=0.2, metadata={"min": 0.0, "why": "KataGo"})
    root_fpu_reduction: float = field(default=0.1, metadata={"min": 0.0, "why": "KataGo"})
    noise_fraction: float = field(
        default=0.0, metadata={"min": 0.0, "max": 1.0, "why": "puct only; 0.25 for self-play"}
    )
    noise_total: float = field(default=10.8, metadata={"min": 0.01, "why": "KataGo, AlphaZero"})
    prune_candidates: bool = field(
        default=True, metadata={"why": "search only what the game calls sensible; False is exact"}
    )
    no_pass_before: int = field(
        default=0, metadata={"min": 0, "unit": "plies", "why": "early passes teach nothing"}
    )

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ConfigError(
                f"expected a search algorithm from {', '.join(ALGORITHMS)}, got {self.algorithm!r}"
            )


@dataclass(frozen=True)
class Roots:
    """The roots of several slots; arrays over actions have shape ``(rows, actions)``."""

    action: NDArray[np.int16]
    """``(rows,)`` what the search would play; -1 where the game is over."""
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
    simulations: NDArray[np.int32]


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
        self._gumbels = np.zeros((slots, spec.actions), np.float32)
        self._address = np.zeros((slots, 2), np.uint64)  # seed, game
        self._schedules = np.zeros((1, 1, 1), np.int32)
        self._plans = np.zeros(slots, np.int32)  # which of the schedules a slot follows
        self._spare: tuple[NDArray[Any], NDArray[Any]] | None = None
        self._puct_settings = np.array(
            [
                config.c_puct_init,
                config.c_puct_base,
                config.fpu_reduction,
                config.root_fpu_reduction,
            ],
            np.float64,
        )
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
        self._set_address(slots, seeds, games, gumbel_scale)

    def take_over(self, other: Search) -> None:
        """Copy all slots of another search of this game, which must fit in slots and pools."""
        count = len(other.roots)
        self.roots[:count] = other.roots
        self.tree.slots[:count] = other.tree.slots
        self.tree.slots["full"][:count] = 0
        self._address[:count] = other._address
        self._gumbels[:count] = other._gumbels
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
        False, or for a slot whose pool is full. The evaluation of a new root is not counted.
        """
        budget = np.broadcast_to(np.asarray(simulations, np.int64), len(slots))
        if self.config.algorithm == "gumbel":
            budgets, self._plans[slots] = np.unique(budget, return_inverse=True)
            self._schedules = gumbel.schedule_tables(self.config.considered, budgets)
        fresh = slots[self.tree.slots["nodes"][slots] == 0]
        if len(fresh):
            self._round(fresh)
            self._add_noise(fresh)
        done = np.zeros(len(slots), np.int64)
        while True:
            room = (done < budget) & (self.tree.slots["full"][slots] == 0)
            room &= self.tree.nodes["edges"][slots, tree.ROOT] > 0
            active = np.flatnonzero(room)
            if not len(active):
                return
            each = max(1, min(leaves, self.max_rows // len(active)))
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
            settings = self._gumbel_settings
            plan = (settings, self._gumbels, self._schedules, self._plans)
            gumbel.select_rows(nodes, edges, slots, row_slot, *plan, *paths)
        else:
            puct.select_rows(nodes, edges, slots, row_slot, self._puct_settings, *paths)
        self.spec.replay(self.roots, row_slot, path_actions, lengths, leaves)
        logits, q, score = self._evaluate(leaves)
        tree.expand_and_back_up_rows(
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
        )

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

    def _set_address(
        self,
        slots: NDArray[np.int32],
        seeds: NDArray[np.uint64],
        games: NDArray[np.uint64],
        gumbel_scale: float | NDArray[np.float64],
    ) -> None:
        self._address[slots, 0] = seeds
        self._address[slots, 1] = games
        if self.config.algorithm == "gumbel":
            drawn = np.empty((len(slots), self.spec.actions), np.float32)
            scale = np.broadcast_to(np.asarray(gumbel_scale, np.float64), len(slots)).copy()
            gumbel.draw_gumbel_rows(*self._addresses(slots), np.uint64(GUMBEL), scale, drawn)
            self._gumbels[slots] = drawn

    def _addresses(
        self, slots: NDArray[np.int32]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
        plies = self.roots["plies"][slots].astype(np.uint64)
        return self._address[slots, 0], self._address[slots, 1], plies

    def _add_noise(self, slots: NDArray[np.int32]) -> None:
        if self.config.algorithm != "puct" or self.config.noise_fraction == 0.0:
            return
        noise.add_noise_rows(
            self.tree.nodes,
            self.tree.edges,
            slots,
            *self._addresses(slots),
            np.uint64(NOISE),
            self.config.noise_total,
            self.config.noise_fraction,
        )

    def read(self, slots: NDArray[np.int32]) -> Roots:
        """Read the roots of slots that have been run."""
        shape = (len(slots), self.spec.actions)
        visits = np.zeros(shape, np.int32)
        value_sums = np.zeros(shape, np.float64)
        prior = np.zeros(shape, np.float32)
        tree.root_rows(self.tree.nodes, self.tree.edges, slots, visits, value_sums, prior)
        policy = np.zeros(shape, np.float32)
        action = np.full(len(slots), -1, np.int16)
        if self.config.algorithm == "gumbel":
            gumbel.improve_rows(
                self.tree.nodes,
                self.tree.edges,
                slots,
                self._gumbel_settings,
                self._gumbels,
                policy,
                action,
            )
        else:
            total = visits.sum(axis=1, keepdims=True)
            policy[:] = np.where(total > 0, visits / np.maximum(total, 1), prior)
            has_actions = prior.any(axis=1)
            # Equal visits are decided by the prior, which is below 1.
            action[has_actions] = (visits + prior)[has_actions].argmax(axis=1)
        root = self.tree.nodes[slots, tree.ROOT]
        count = np.maximum(root["visits"], 1)
        return Roots(
            action=action,
            visits=visits,
            q=(value_sums / np.maximum(visits, 1)).astype(np.float32),
            prior=prior,
            policy=policy,
            value=(root["value_sum"] / count).astype(np.float32),
            raw_q=root["raw_q"].copy(),
            score=(root["score_sum"] / count).astype(np.float32),
            simulations=visits.sum(axis=1, dtype=np.int32),
        )

    def results(
        self, slots: NDArray[np.int32], evaluation: Evaluation | None = None
    ) -> Sequence[SearchResult]:
        """Read each slot as a :class:`SearchResult`; ``evaluation`` of the roots adds ownership."""
        roots = self.read(slots)
        line = np.zeros(_VARIATION_LENGTH, np.int16)
        results = []
        for i, slot in enumerate(slots):
            length = tree.variation_row(
                self.tree.nodes[slot], self.tree.edges[slot], roots.action[i], line
            )
            full = self.tree.slots["full"][slot] > 0
            results.append(
                SearchResult(
                    action=int(roots.action[i]),
                    visits=roots.visits[i],
                    q=roots.q[i],
                    prior=roots.prior[i],
                    policy=roots.policy[i],
                    value=float(roots.value[i]),
                    score=float(roots.score[i]),
                    simulations=int(roots.simulations[i]),
                    variation=tuple(int(action) for action in line[:length]),
                    ownership=None if evaluation is None else evaluation.ownership[i],
                    notes=("stopped at the memory cap of this tree",) if full else (),
                )
            )
        return results
