"""Simulations per second without a network: rules, tree and network inputs, on one core."""

from __future__ import annotations

import os
from typing import Final

import numpy as np

from agents.evaluators.constant import ConstantEvaluator
from engine.games import GameSpec, Positions, make
from engine.search import Evaluation, Search, SearchConfig
from engine.search.rules import PLAY, RULES
from engine.search.tree import EDGE, NODE
from miai.measure.rates import Contender, Rate

SIMULATIONS: Final = 800
_SLOTS: Final = 64
_LEAVES: Final = 8
_LARGE: Final = 1_000_000
_MEMORY_FOR_LARGE: Final = 6 << 30  # bytes; the tree takes 2 GB
_ALL: Final = tuple(RULES)
_PLAY: Final = (PLAY["algorithm"],)
_MEASURED: Final[tuple[tuple[GameSpec, int, int, int, tuple[str, ...]], ...]] = (
    (make("go", 9), _SLOTS, 1, SIMULATIONS, _ALL),
    (make("go", 9), 1, _LEAVES, SIMULATIONS, _ALL),
    (make("go", 9), 1, 1, SIMULATIONS, _PLAY),
    (make("go", 19), _SLOTS, 1, SIMULATIONS, _PLAY),
    (make("othello"), _SLOTS, 1, SIMULATIONS, _PLAY),
    (make("gomoku"), _SLOTS, 1, SIMULATIONS, _PLAY),
    (make("connect_four"), _SLOTS, 1, SIMULATIONS, _PLAY),
    (make("hex", 11), _SLOTS, 1, SIMULATIONS, _PLAY),
    (make("tic_tac_toe"), _SLOTS, 1, SIMULATIONS, _PLAY),
    (make("go", 9), 1, _LEAVES, 1_000, _PLAY),
    (make("go", 9), 1, _LEAVES, _LARGE, _PLAY),
)
"""Spec, trees, leaves of a tree in flight, simulations, and the rules that select."""


class InputsEvaluator(ConstantEvaluator):
    """Prepares a network's inputs for every position of one game, and gives constant evaluations.

    The arrays are the same for every batch of a size: making them is no part of a search.
    """

    def __init__(self) -> None:
        self._answers: dict[int, Evaluation] = {}

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        spec.features(positions)
        answer = self._answers.get(len(positions))
        if answer is None:
            answer = self._answers[len(positions)] = super().evaluate(spec, positions)
        return answer


class EmptyBoardSearch:
    """Searches from the start position, over and over."""

    def __init__(
        self,
        spec: GameSpec,
        config: SearchConfig,
        slots: int,
        leaves: int,
        simulations: int = SIMULATIONS,
    ) -> None:
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
        return int(self._search.read(self._slots).simulations.sum())

    def facts(self) -> dict[str, float]:
        """Return the mean memory that a node takes with its edges."""
        used = self._search.tree.slots
        nodes, edges = int(used["nodes"].sum()), int(used["edges"].sum())
        return {"bytes_per_node": NODE.itemsize + EDGE.itemsize * edges / max(nodes, 1)}


def contenders() -> list[Contender]:
    """Every game with many trees; Go also with one tree and several leaves of it in flight.

    The largest tree is left out where memory is scarce.
    """
    return [
        _contender(spec, slots, leaves, simulations, rule)
        for spec, slots, leaves, simulations, rules in _MEASURED
        for rule in rules
        if simulations < _LARGE or _physical_memory() >= _MEMORY_FOR_LARGE
    ]


def _contender(spec: GameSpec, slots: int, leaves: int, simulations: int, rule: str) -> Contender:
    search = EmptyBoardSearch(spec, SearchConfig(algorithm=rule), slots, leaves, simulations)
    trees = f"{slots} trees" if slots > 1 else f"1 tree, {leaves} in flight"
    return Contender(
        f"{rule}, {trees} of {simulations:,}",
        "simulations/s",
        search.step,
        group=str(spec),
        facts=search.facts,
        labels={
            "game": spec.name,
            "size": f"{spec.height}x{spec.width}",
            "slots": slots,
            "leaves": leaves,
            "simulations": simulations,
            "rule": rule,
        },
    )


def _physical_memory() -> int:
    """Return bytes, 0 where they are not known."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0


def as_row(rate: Rate) -> dict[str, object]:
    """Return what ``miai benchmark search --json`` prints of a rate."""
    return {
        **rate.labels,
        "simulations_per_s": rate.value,
        "bytes_per_node": rate.facts["bytes_per_node"],
    }
