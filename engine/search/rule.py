"""The interface of a search rule, and the walk from root to leaf, compiled once for each rule.

A rule decides which edge a simulation takes at each node. At the root it gives the policy to teach
and the action to play. It is one module under ``rules`` with three parts: a frozen dataclass of its
settings, a kernel that names the next edge of a node, and a subclass of :class:`Rule`. A rule reads
the tree; it is independent of games and evaluators.
"""

from __future__ import annotations

import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine._kernel import kernel
from engine.search.reading import RootEdges
from engine.search.tree import LOSS, NO_CHILD, ROOT, UNPROVEN, Tree, take


@dataclass(frozen=True)
class RuleSettings:
    """Settings that apply under every rule. A rule adds its own in a subclass.

    A field whose metadata has ``must_act`` is refused in a run whose rule does not read it.
    """

    algorithm: str
    lcb_stdevs: float = field(
        default=5.0,
        metadata={
            "min": 0.0,
            "max": 20.0,
            "unit": "standard errors",
            "katago": "lcbStdevs",
            "why": "width of the lower bounds of q; KataGo plays the best bound, 0 most visits",
        },
    )
    prune_candidates: bool = field(
        default=True, metadata={"why": "search only what the game calls sensible; False is exact"}
    )
    exact_endings: bool = field(
        default=True,
        metadata={"why": "what the rules prove is searched no more; False only to measure it"},
    )
    threats: int = field(
        default=200,
        metadata={
            "min": 0,
            "max": 1_000_000,
            "why": "threats tried in a position for a proven win (Gomoku); 0 for no such proofs",
        },
    )
    endgame: bool = field(
        default=False,
        metadata={
            "why": "a root near the end is solved (Othello 8x8 from 14 empty squares on, "
            "Connect Four 7x6 from 26), for play"
        },
    )
    root_symmetries: bool = field(
        default=False,
        metadata={"why": "a root's priors are the mean over all turns of the board; networks only"},
    )
    no_pass_before: int = field(
        default=0, metadata={"min": 0, "unit": "plies", "why": "early passes teach nothing"}
    )


Own = TypeVar("Own", bound=RuleSettings)


class Rule(ABC, Generic[Own]):
    """The state of a rule in one search: its settings, and its data about each slot's root."""

    name: ClassVar[str]
    """The value of ``search.algorithm`` that chooses the rule."""
    summary: ClassVar[str]
    """A few words that follow the rule's name and say what it is good for."""
    settings: ClassVar[type[RuleSettings]]
    """The class of its settings. Two rules must not use one name for different settings."""
    walk: ClassVar[Callable[..., None]]
    """``staticmethod(bind(next_edge))``."""
    needs_budget: ClassVar[bool] = False
    """Whether the rule divides its simulations beforehand. Then their number must be known, and a
    search cannot be interrupted."""
    fresh_share: ClassVar[float] = 0.0
    """The least share of a budget to search even if the kept tree already has all its visits."""
    pinned: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    """Settings under which ``miai benchmark signature`` searches."""

    def __init__(self, config: Own, slots: int, actions: int) -> None:
        self.config = config
        self.actions = actions
        self.noise_scale = np.zeros(slots, np.float64)
        """float64 ``(slots,)``: 1 where the root explores at random, 0 for play to win."""
        self._seeds = np.zeros(slots, np.uint64)
        self._games = np.zeros(slots, np.uint64)
        self._plies = np.zeros(slots, np.uint64)
        self._prepared = np.zeros(slots, np.bool_)

    # Methods that a rule implements or overrides.

    @property
    @abstractmethod
    def state(self) -> Any:
        """The ``state`` argument of ``next_edge``: an array, or a tuple of arrays."""

    def reset_roots(self, slots: NDArray[np.int32]) -> None:
        """Begin with new root positions; :meth:`addresses` and ``noise_scale`` are set already."""

    def keep_roots(self, tree: Tree, slots: NDArray[np.int32]) -> None:
        """Continue with roots that keep visits from an earlier search; called after a reset."""

    def divide(self, tree: Tree, slots: NDArray[np.int32], budget: NDArray[np.int64]) -> None:
        """Plan a search that begins; ``budget`` int64 ``(n,)`` holds each slot's simulations."""

    def prepare_roots(self, tree: Tree, slots: NDArray[np.int32]) -> None:
        """Change the priors of roots; called once for each root after its expansion."""

    def choose(
        self, tree: Tree, slots: NDArray[np.int32], edges: RootEdges
    ) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
        """Return the policy to teach ``(rows, actions)`` and the action ``(rows,)``, -1 for none.

        The policy is the share of visits, or the prior where there are none. The action is the most
        visited one; ties go to the larger prior. Actions that are proven lost come last.
        """
        return visit_shares(edges.visits, edges.prior), best_action(edges, visit_ranks(edges))

    def slot_arrays(self) -> tuple[NDArray[Any], ...]:
        """Return the rule's own arrays over slots, which :meth:`take_over` copies."""
        return ()

    @classmethod
    def exploration(
        cls, config: Own, prior: NDArray[np.float32], visits: NDArray[np.int32]
    ) -> NDArray[np.float64] | None:
        """Return what the rule adds to the q of each root action, ``(actions,)``, to choose one.

        ``None``, unless the rule compares sums of q and such a term.
        """
        return None

    # Methods that the search calls.

    def begin(
        self,
        slots: NDArray[np.int32],
        plies: NDArray[np.uint64],
        seeds: NDArray[np.uint64],
        games: NDArray[np.uint64],
        noise_scale: float | NDArray[np.float64],
    ) -> None:
        """Start with new games, whose random numbers have the addresses (seed, game, ply)."""
        self._seeds[slots] = seeds
        self._games[slots] = games
        self.noise_scale[slots] = noise_scale
        self.move(slots, plies)

    def move(self, slots: NDArray[np.int32], plies: NDArray[np.uint64]) -> None:
        """Continue the same games at other plies."""
        self._plies[slots] = plies
        self._prepared[slots] = False
        self.reset_roots(slots)

    def take_over(self, other: Rule[Own]) -> None:
        """Copy all slots of another search by this rule, which may have fewer slots."""
        for mine, theirs in zip(self._arrays(), other._arrays(), strict=True):
            mine[: len(theirs)] = theirs

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        own = (self._seeds, self._games, self._plies, self.noise_scale, self._prepared)
        return (*own, *self.slot_arrays())

    def unprepared(self, slots: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return those of the slots that got a new root since :meth:`prepare`."""
        return slots[~self._prepared[slots]]

    def prepare(self, tree: Tree, slots: NDArray[np.int32]) -> None:
        """Prepare the roots that are not prepared yet; all of them are expanded."""
        slots = self.unprepared(slots)
        self._prepared[slots] = True
        if len(slots):
            self.prepare_roots(tree, slots)

    def addresses(
        self, slots: NDArray[np.int32]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
        """Return seed, game and ply of each root, uint64 ``(n,)``; a purpose completes them."""
        return self._seeds[slots], self._games[slots], self._plies[slots]

    def select(
        self,
        tree: Tree,
        row_slot: NDArray[np.int32],
        path_edges: NDArray[np.int32],
        path_actions: NDArray[np.int16],
        lengths: NDArray[np.int32],
    ) -> None:
        """Walk from the root of each row's slot to a leaf; see :func:`bind`."""
        self.walk(
            tree.nodes,
            tree.edges,
            tree.slots,
            row_slot,
            self.state,
            path_edges,
            path_actions,
            lengths,
        )


def visit_shares(visits: NDArray[np.generic], prior: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share of visits of each action ``(rows, actions)``; without any, the prior."""
    weights = visits.astype(np.float64)
    total = weights.sum(axis=1, keepdims=True)
    return np.where(total > 0, weights / np.maximum(total, 1), prior).astype(np.float32)


def visit_ranks(edges: RootEdges) -> NDArray[np.float64]:
    """Return visits plus prior of each action ``(rows, actions)``; -1 if it is proven lost."""
    return np.where(edges.proof == LOSS, -1.0, edges.visits + edges.prior)


def best_action(edges: RootEdges, rank: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return the action of the highest rank of each root, int16 ``(rows,)``; -1 if it has none."""
    action = np.where(edges.exists, rank, -2.0).argmax(axis=1).astype(np.int16)
    action[~edges.exists.any(axis=1)] = -1
    return action


# The walk is compiled with the function of this name that a rule has.
next_edge: Callable[..., int]


def _walk_rows(
    nodes: Any,
    edges: Any,
    slots: Any,
    row_slot: Any,
    state: Any,
    path_edges: Any,
    path_actions: Any,
    lengths: Any,
) -> None:
    for i in range(len(row_slot)):
        s = row_slot[i]
        index = ROOT
        depth = 0
        if slots[s]["nodes"] > 0:
            while depth < path_edges.shape[1] and nodes[s, index]["proof"] == UNPROVEN:
                e = next_edge(nodes[s, index], edges[s], depth, s, state)  # noqa: F821
                take(nodes[s, index], edges[s], e)
                path_edges[i, depth] = e
                path_actions[i, depth] = edges[s, e]["action"]
                depth += 1
                index = edges[s, e]["child"]
                if index == NO_CHILD:
                    break
        lengths[i] = depth
        slots[s]["in_flight"] += 1


def bind(next_edge: Callable[..., int]) -> Callable[..., None]:
    """Compile the walk for a rule.

    ``next_edge(node, edges, depth, slot, state)`` is a kernel. It returns the index in ``edges`` of
    the edge to take from an unproven, expanded node. ``edges`` is the pool of the node's slot; the
    node's own edges begin at ``first_edge``. The root has depth 0. ``state`` is :attr:`Rule.state`.
    It must not return a proven edge, unless all edges are
    (:func:`~engine.search.solver.least_bad_edge`). Of the edges that were never selected it may
    return only the first, at ``first_edge + seen``; :func:`~engine.search.tree.swap` puts another
    there.

    The returned walk marks each path as in flight. Rows of one slot walk one after the other, and
    each counts the earlier paths in flight. Its arguments are those of :meth:`Rule.select`:

    - nodes, edges, slots: the arrays of :class:`~engine.search.tree.Tree`;
    - row_slot: int32 ``(rows,)``; state: as above;
    - path_edges: int32 ``(rows, MAX_DEPTH)``, written up to lengths;
    - path_actions: int16 ``(rows, MAX_DEPTH)``, written up to lengths;
    - lengths: int32 ``(rows,)``, written.

    Numba never loads a kernel that takes a function from the cache. So the walk is compiled for
    each rule as part of the rule's module, under its own name.
    """
    rule = next_edge.__module__
    walk = types.FunctionType(
        _walk_rows.__code__, {**globals(), "next_edge": next_edge}, _walk_rows.__name__
    )
    # Numba names machine code and cache files by these: they must differ between rules.
    walk.__module__ = rule
    walk.__qualname__ = f"{rule.replace('.', '_')}{_walk_rows.__name__}"
    return kernel(walk)
