"""Simulations per second without a network: rules, tree and network inputs, on one core."""

from __future__ import annotations

import numpy as np

from agents.evaluators.constant import ConstantEvaluator
from engine.games import GameSpec, GoSpec, Positions
from engine.search import Evaluation, Search, SearchConfig
from miai.measure.rates import Contender

SIMULATIONS = 800
_SLOTS = 64
_LEAVES = 8


class InputsEvaluator(ConstantEvaluator):
    """Prepares a network's inputs for every position, and then knows nothing."""

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        spec.features(positions)
        return super().evaluate(spec, positions)


class EmptyBoardSearch:
    """Searches from the empty board, over and over."""

    def __init__(
        self, config: SearchConfig, slots: int, leaves: int, simulations: int = SIMULATIONS
    ) -> None:
        spec = GoSpec(9, 9, komi=7.0)
        self._leaves = leaves
        self._simulations = simulations
        self._search = Search(
            spec, InputsEvaluator(), slots, config, simulations + 2, max_rows=slots * leaves
        )
        self._slots = np.arange(slots, dtype=np.int32)
        self._positions = spec.allocate(slots)
        self._seeds = np.ones(slots, np.uint64)
        self._games = np.arange(slots, dtype=np.uint64)

    def step(self) -> int:
        """Search every slot once; return the number of simulations."""
        self._search.begin(self._slots, self._positions, self._seeds, self._games)
        self._search.run(self._slots, self._simulations, leaves=self._leaves)
        return self._simulations * len(self._slots)


def contenders() -> list[Contender]:
    """PUCT and Gumbel search over many trees, and one tree with several leaves in flight."""
    puct, gumbel = SearchConfig(algorithm="puct"), SearchConfig(algorithm="gumbel")
    unit = "simulations/s"
    return [
        Contender(
            f"{_SLOTS} trees of {SIMULATIONS}, puct", unit, EmptyBoardSearch(puct, _SLOTS, 1).step
        ),
        Contender(
            f"{_SLOTS} trees of {SIMULATIONS}, gumbel",
            unit,
            EmptyBoardSearch(gumbel, _SLOTS, 1).step,
        ),
        Contender(
            f"1 tree of {SIMULATIONS}, puct, {_LEAVES} leaves in flight",
            unit,
            EmptyBoardSearch(puct, 1, _LEAVES).step,
        ),
    ]
