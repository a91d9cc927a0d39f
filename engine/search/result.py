"""The result of a search as one plain type, which window, GTP and arena all read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.search.budget import Change


@dataclass(frozen=True)
class SearchResult:
    """The root of one finished (or still running) search, from the side to move at the root.

    Arrays over actions have shape ``(actions,)`` and are zero for illegal actions.
    """

    action: int
    """The action that the search would play."""
    visits: NDArray[np.int32]
    q: NDArray[np.float32]
    """Mean value of each action in [-1, 1]; 0 where unvisited."""
    prior: NDArray[np.float32]
    """The network's policy, masked to legal actions; sums to 1."""
    policy: NDArray[np.float32]
    """Improved policy, the training target; sums to 1."""
    value: float
    """Root q after the search, in [-1, 1]."""
    score: float
    """Mean expected final points for the side to move."""
    simulations: int
    variation: tuple[int, ...] = ()
    """Principal variation, which begins with the root's best action."""
    variations: tuple[tuple[int, ...], ...] = ()
    """The lines of several actions: the chosen one first, then the most visited."""
    variation_visits: tuple[tuple[int, ...], ...] = ()
    """Visits of each action of ``variations``."""
    action_score: NDArray[np.float32] | None = None
    """Mean expected final points after each visited action, for the side to move at the root."""
    lcb: NDArray[np.float32] | None = None
    """Lower confidence bound of each q, in [-1, 1]; -1 where unvisited."""
    changes: tuple[Change, ...] = ()
    """Changes of the most visited action; the last entry is the present one."""
    ownership: NDArray[np.float32] | None = None
    """``(points,)`` in [-1, 1] from the network at the root; ``None`` if not asked for."""
    proof: NDArray[np.int8] | None = None
    """Proven outcome of each action: ``tree.WIN``, ``LOSS``, ``DRAW`` or 0; ``None`` if proofs
    were not tried."""
    proven: int = 0
    """Proven outcome of the root; if not 0, the search has ended and ``value`` is exact."""
    proven_plies: int = 0
    """Plies to the end of the game along the best line, if ``proven`` is not 0."""
    notes: tuple[str, ...] = field(default=())
    """Remarks of the search, such as that its memory cap ended it early."""

    @property
    def win_rate(self) -> float:
        """Expected result of the side to move in [0, 1]; a draw counts one half."""
        return (self.value + 1.0) / 2.0
