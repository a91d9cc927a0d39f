"""Searches of positions whose truth is known."""

from __future__ import annotations

from functools import cache

import numpy as np

from engine.diagram import parse_diagram
from engine.games import BLACK, WHITE, GoSpec
from engine.games.spec import Positions
from engine.search import Evaluator, Search, SearchConfig
from engine.search.rules import RULES
from tests.support.scripted import ScriptedEvaluator, indifferent

ALGORITHMS = tuple(RULES)


def searched(
    spec: GoSpec,
    position: Positions,
    simulations: int,
    algorithm: str,
    evaluator: Evaluator | None = None,
    **settings: bool | int,
):
    config = SearchConfig(algorithm=algorithm, considered=64, **settings)
    search = Search(spec, evaluator or ScriptedEvaluator(indifferent), 1, config, simulations + 2)
    slots = np.zeros(1, np.int32)
    search.begin(slots, position, np.zeros(1, np.uint64), np.zeros(1, np.uint64))
    search.run(slots, simulations)
    return search.results(slots)[0]


def set_up(spec: GoSpec, text: str, to_move: int) -> Positions:
    position = spec.allocate(1)
    stones = parse_diagram(spec, text)
    black, white = (np.flatnonzero(stones == colour).tolist() for colour in (BLACK, WHITE))
    spec.set_up(position, spec.board(black, white), to_move)
    return position


def best_result(spec: GoSpec, position: Positions, depth: int) -> float | None:
    """Exhaustive minimax of the outcome for the side to move; ``None`` where depth ran out."""

    @cache
    def solve(key: bytes, left: int) -> float | None:
        here = np.frombuffer(key, spec.dtype).copy()
        if spec.finished(here)[0]:
            mover = 1 if spec.to_move(here)[0] == BLACK else -1
            return float(spec.outcome(here)[0] * mover)
        if left == 0:
            return None
        results = []
        for action in np.flatnonzero(spec.legal(here)[0]):
            after = here.copy()
            spec.play(after, np.array([action]))
            result = solve(after.tobytes(), left - 1)
            if result == -1:
                return 1.0
            results.append(None if result is None else -result)
        return None if None in results else max(results)

    return solve(position.tobytes(), depth)


def proven(spec: GoSpec, position: Positions, action: int, depth: int) -> float | None:
    """What an action is worth to the side that plays it, by exhaustive reading."""
    after = position.copy()
    spec.play(after, np.array([action]))
    result = best_result(spec, after, depth - 1)
    return None if result is None else -result
