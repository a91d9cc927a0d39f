"""Evaluators that say what a test wants, each a pure function of the position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from engine.games import BLACK, GameSpec, Positions
from engine.random import bits
from engine.search import Evaluation

Judge = Callable[[GameSpec, Any], tuple[NDArray[np.float64], float]]
"""From a spec and one position to policy logits ``(actions,)`` and q for the side to move."""


class ScriptedEvaluator:
    """Asks a function about each row; remembers how many rows it was asked about at once."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.batches: list[int] = []

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        assert len(positions) > 0 and not spec.finished(positions).any()
        self.batches.append(len(positions))
        answers = [self._judge(spec, positions[i : i + 1]) for i in range(len(positions))]
        q = np.array([answer[1] for answer in answers], np.float64)
        value = np.stack([np.maximum(q, 0), 1 - abs(q), np.maximum(-q, 0)], axis=1)
        return Evaluation(
            policy_logits=np.array([answer[0] for answer in answers], np.float32),
            value=value.astype(np.float32),
            score=(10 * q).astype(np.float32),
            ownership=np.tile(q[:, None], spec.points).astype(np.float32),
        )


def arbitrary(spec: GameSpec, position: Any) -> tuple[NDArray[np.float64], float]:
    """Logits and q that look random and belong to the stones, the mover and the ply."""
    seed = bits(
        crc32(spec.stones(position).tobytes()),
        int(position["plies"][0]),
        int(position["to_move"][0]),
        0,
    )
    random = np.random.Generator(np.random.PCG64(seed))
    return random.normal(0, 1.5, spec.actions), float(random.uniform(-0.8, 0.8))


def indifferent(spec: GameSpec, position: Any) -> tuple[NDArray[np.float64], float]:
    """Likes every action alike and sees no winner: only the rules can teach the search."""
    return np.zeros(spec.actions), 0.0


def counting(spec: GameSpec, position: Any) -> tuple[NDArray[np.float64], float]:
    """No preference, and whoever is ahead on the board as it stands is that much better off."""
    ahead = float(spec.score(position)[0]) / spec.points
    return np.zeros(spec.actions), ahead if spec.to_move(position)[0] == BLACK else -ahead


def first_action(values: NDArray[np.float64], logits: NDArray[np.float64]) -> Judge:
    """A one-ply game: q is decided by the action from the root at ply 0, whatever follows."""

    def judge(spec: GameSpec, position: Any) -> tuple[NDArray[np.float64], float]:
        plies = int(position["plies"][0])
        if plies == 0:
            return logits, 0.0
        action = int(position["last"][0, plies - 1])
        return np.zeros(spec.actions), values[action] * (1 if plies % 2 == 0 else -1)

    return judge
