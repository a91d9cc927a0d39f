"""The mean evaluation of a position over all symmetries of the board, for the roots of searches.

A network's errors differ between a board and its symmetric images, so the mean of its answers has
a smaller error (KataGo, KataGoMethods.md, "Symmetries").
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import GameSpec, Positions
from engine.search.evaluation import Evaluation, Evaluator
from engine.search.leaves import check_shapes
from engine.symmetry import action_permutations, inverses, permutations

_LEAST_PROBABILITY = 1e-12


class AllSymmetries:
    """The mean of an evaluator's answers over all symmetries of the board.

    It suits evaluators that read the spec's ``features`` alone, as networks do. Other evaluators
    must treat all actions alike. The cost is one evaluation per symmetry.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        """Average probabilities of legal actions, values, scores and ownership."""
        legal = spec.legal(positions)
        found = [self._turned(spec, positions, k) for k in range(len(permutations(*_board(spec))))]
        policy = np.mean([_softmax(each.policy_logits, legal) for each in found], axis=0)
        return Evaluation(
            policy_logits=np.log(np.maximum(policy, _LEAST_PROBABILITY)).astype(np.float32),
            value=np.mean([each.value for each in found], axis=0, dtype=np.float32),
            score=np.mean([each.score for each in found], axis=0, dtype=np.float32),
            ownership=np.mean([each.ownership for each in found], axis=0, dtype=np.float32),
        )

    def _turned(self, spec: GameSpec, positions: Positions, k: int) -> Evaluation:
        """Evaluate the board turned by symmetry ``k`` and turn the result back."""
        actions_at = np.argsort(action_permutations(*_board(spec))[k])
        found = self._evaluator.evaluate(turned(spec, k), positions)
        check_shapes(spec, found, len(positions))
        return Evaluation(
            found.policy_logits[:, actions_at],
            found.value,
            found.score,
            found.ownership[:, inverses(*_board(spec))[k]],
        )


def _board(spec: GameSpec) -> tuple[int, int, tuple[int, ...]]:
    return spec.height, spec.width, spec.symmetries


@lru_cache(maxsize=64)
def turned(spec: GameSpec, k: int) -> GameSpec:
    """Return the game with ``features`` that show the board turned by symmetry ``k``."""
    return spec.changed(turn=k)


def _softmax(logits: NDArray[np.float32], legal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return probabilities of legal actions ``(rows, actions)``; NaN logits give NaN."""
    masked = np.where(legal, logits.astype(np.float64), -np.inf)
    with np.errstate(invalid="ignore"):
        weights = np.exp(masked - masked.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)
