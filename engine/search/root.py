"""What belongs to the root of each slot besides its tree: random numbers, noise, halving's plan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.random import GUMBEL, NOISE
from engine.search import gumbel, noise
from engine.search.config import SearchConfig
from engine.search.reading import RootEdges
from engine.search.tree import Tree


class RootState:
    """Arrays over all slots of a search; knows no game."""

    def __init__(self, slots: int, actions: int, config: SearchConfig) -> None:
        self._config = config
        self._actions = actions
        self._address = np.zeros((slots, 2), np.uint64)  # seed, game
        self._plies = np.zeros(slots, np.uint64)
        self._scale = np.zeros(slots, np.float64)
        self._prepared = np.zeros(slots, np.bool_)
        self.gumbels = np.zeros((slots, actions), np.float32)
        """Noise of each root action."""
        self.known = np.zeros((slots, actions), np.int32)
        """Root visits from before the present search."""
        self.schedules = np.zeros((1, 1, 1), np.int32)
        """Of :func:`gumbel.schedule_tables`."""
        self.plans = np.zeros(slots, np.int32)
        """Which of the schedules a slot follows."""

    def begin(
        self,
        slots: NDArray[np.int32],
        plies: NDArray[np.uint64],
        seeds: NDArray[np.uint64],
        games: NDArray[np.uint64],
        scale: float | NDArray[np.float64],
    ) -> None:
        """Give new roots their addresses; ``scale`` is that of the Gumbel noise."""
        self._address[slots, 0] = seeds
        self._address[slots, 1] = games
        self._scale[slots] = scale
        self.move(slots, plies)

    def move(self, slots: NDArray[np.int32], plies: NDArray[np.uint64]) -> None:
        """Go on with the same games at other plies."""
        self._plies[slots] = plies
        self._prepared[slots] = False
        self.known[slots] = 0
        if self._config.algorithm == "gumbel":
            drawn = np.empty((len(slots), self._actions), np.float32)
            purpose, scale = np.uint64(GUMBEL), self._scale[slots]
            gumbel.draw_gumbel_rows(*self._addresses(slots), purpose, scale, drawn)
            self.gumbels[slots] = drawn

    def take_over(self, other: RootState) -> None:
        """Copy all slots of another search."""
        count = len(other._plies)
        for name in ("_address", "_plies", "_scale", "_prepared", "gumbels", "known"):
            getattr(self, name)[:count] = getattr(other, name)

    def plan(self, slots: NDArray[np.int32], tree: Tree, budget: NDArray[np.int64]) -> None:
        """Divide the budgets of a search that begins; visits found in the tree count as known."""
        if self._config.algorithm == "gumbel":
            self.note_known(slots, tree)
            budgets, self.plans[slots] = np.unique(budget, return_inverse=True)
            self.schedules = gumbel.schedule_tables(self._config.considered, budgets)

    def note_known(self, slots: NDArray[np.int32], tree: Tree) -> None:
        """Note the root visits that there are now; a cleared slot still holds an old tree."""
        visits = RootEdges.of(tree, slots, self._actions).visits
        visits[tree.slots["nodes"][slots] == 0] = 0
        self.known[slots] = visits

    def unprepared(self, slots: NDArray[np.int32]) -> NDArray[np.int32]:
        """Which of the slots have not been prepared since they got a new root."""
        return slots[~self._prepared[slots]]

    def prepare(self, slots: NDArray[np.int32], tree: Tree) -> None:
        """Temper the priors of expanded roots and mix noise in, once per root."""
        slots = self.unprepared(slots)
        self._prepared[slots] = True
        config = self._config
        if config.algorithm != "puct" or not len(slots):
            return
        if config.noise_fraction > 0.0 or config.root_temperature != 1.0:
            noise.prepare_root_rows(
                tree.nodes,
                tree.edges,
                slots,
                *self._addresses(slots),
                np.uint64(NOISE),
                config.noise_total,
                config.noise_shaped,
                config.noise_fraction,
                config.root_temperature,
            )

    def _addresses(
        self, slots: NDArray[np.int32]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64]]:
        return self._address[slots, 0], self._address[slots, 1], self._plies[slots]
