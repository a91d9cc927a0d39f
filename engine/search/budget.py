"""The limits of each slot's search (simulations, seconds, patience) and changes of its choice."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine._kernel import kernel
from engine.games.spec import GameSpec, Positions
from engine.search.tree import LOSS, ROOT, UNPROVEN, Tree

_WATCH_EVERY: Final = 16  # rounds: often enough to see a choice change, too seldom to cost anything


class Change(NamedTuple):
    """The moment at which a search came to prefer another action."""

    simulations: int
    """Root visits at that moment."""
    action: int
    value: float
    """Root q at that moment."""


@kernel
def _fill_rows(nodes, states, slots, active, done, budget, leaves, first, row_slot):
    """Fill the next batch with the leaves of active slots, as far as it goes.

    Returns the number of rows, and the slot of ``slots`` to begin with the next time.

    Args:
        nodes, states: of :class:`~engine.search.tree.Tree`.
        slots: int32 ``(n,)``; active: bool ``(n,)``, written: cleared for a slot with its budget
            spent, a full pool or a proven root. done: int64 ``(n,)``, written.
        budget: int64 ``(n,)``; leaves: the rows of one slot, fewer only at its budget's end.
        first: index of the slot that comes first.
        row_slot: int32 ``(most rows,)``, written.
    """
    for i in range(len(slots)):
        s = slots[i]
        if done[i] >= budget[i] or states[s]["full"] > 0 or nodes[s, ROOT]["proof"] != UNPROVEN:
            active[i] = False
    rows = 0
    for k in range(len(slots)):
        i = (first + k) % len(slots)
        if not active[i]:
            continue
        more = min(leaves, budget[i] - done[i])
        if rows + more > len(row_slot):
            return rows, i
        row_slot[rows : rows + more] = slots[i]
        rows += more
        done[i] += more
    return rows, 0


@kernel
def _leader_rows(nodes, edges, slots, leaders):
    """Write each root's most visited action that is not lost, -1 for none, to int16 ``leaders``."""
    for i in range(len(slots)):
        root = nodes[slots[i], ROOT]
        most = 0
        leaders[i] = -1
        for e in range(root["first_edge"], root["first_edge"] + root["seen"]):
            edge = edges[slots[i], e]
            if edge["proof"] != LOSS and edge["visits"] > most:
                most = edge["visits"]
                leaders[i] = edge["action"]


def refusals(
    spec: GameSpec, roots: Positions, slots: NDArray[np.int32], simulations: NDArray[np.int64]
) -> dict[int, str]:
    """Return, by slot, why it cannot be searched: its game is over, or its budget is empty."""
    over = spec.finished(roots[slots])
    reasons = {}
    for i in np.flatnonzero(over | (simulations < 1)):
        reasons[int(slots[i])] = (
            f"expected a game that is not over, got one that ended at ply "
            f"{int(roots['plies'][slots[i]])}"
            if over[i]
            else f"expected a budget of at least 1 simulation, got {int(simulations[i])!r}"
        )
    return reasons


class Budget:
    """The simulations, seconds and patience that the slots of one run have left."""

    def __init__(
        self,
        slots: NDArray[np.int32],
        simulations: NDArray[np.int64],
        deadline_s: float | NDArray[np.float64] | None,
        patience: int | NDArray[np.int64] | None,
    ) -> None:
        """See :meth:`Search.run`."""
        count = len(slots)
        self.slots = slots
        self.changes: list[list[Change]] = [[] for _ in slots]
        self._budget = simulations
        self._deadlines = None
        if deadline_s is not None:
            self._deadlines = np.broadcast_to(np.asarray(deadline_s, np.float64), count)
        self._patience = patience
        self._first = 0
        self._done = np.zeros(count, np.int64)
        self._active = np.ones(count, np.bool_)
        self._leaders = np.full(count, -1, np.int16)
        self._since = np.zeros(count, np.int64)
        self._rounds = 0

    def stop(self, slot: int) -> None:
        """End the search of a slot."""
        self._active[self.slots == slot] = False

    def next_rows(self, tree: Tree, leaves: int, row_slot: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the slot of each row of the next batch; empty when all is done."""
        leaves = min(leaves, len(row_slot))
        rows, self._first = _fill_rows(
            tree.nodes,
            tree.slots,
            self.slots,
            self._active,
            self._done,
            self._budget,
            leaves,
            self._first,
            row_slot,
        )
        return row_slot[:rows]

    def note_round(self, tree: Tree) -> None:
        """Check the clock after a batch, and the choices every few batches."""
        self._rounds += 1
        if self._deadlines is not None:
            self._active &= time.perf_counter() < self._deadlines
        if self._rounds % _WATCH_EVERY == 0:
            self.watch(tree)

    def watch(self, tree: Tree) -> None:
        """Note roots whose leading action changed; stop slots whose patience has run out."""
        leaders = np.empty(len(self.slots), np.int16)
        _leader_rows(tree.nodes, tree.edges, self.slots, leaders)
        for i in np.flatnonzero(leaders != self._leaders):
            root = tree.nodes[self.slots[i], ROOT]
            visits = int(root["visits"])
            change = Change(visits - 1, int(leaders[i]), float(root["value_sum"] / visits))
            self.changes[i].append(change)
            self._since[i] = self._done[i]
        self._leaders = leaders
        if self._patience is not None:
            self._active &= self._done - self._since < self._patience
