"""An evaluator with a uniform policy and even values, to measure a search without a network."""

from __future__ import annotations

import numpy as np

from engine.games.spec import GameSpec, Positions
from engine.search.evaluation import Evaluation


class ConstantEvaluator:
    """Uniform policy and a draw; measures the search alone."""

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        rows = len(positions)
        value = np.zeros((rows, 3), np.float32)
        value[:, 1] = 1.0
        return Evaluation(
            policy_logits=np.zeros((rows, spec.actions), np.float32),
            value=value,
            score=np.zeros(rows, np.float32),
            ownership=np.zeros((rows, spec.points), np.float32),
        )
