"""An evaluator that plays random games to the end: classic Monte Carlo, no network."""

from __future__ import annotations

import numpy as np

from engine.games.spec import BLACK, GameSpec, Positions
from engine.random import PLAYOUT, bits
from engine.search.evaluation import Evaluation


class RolloutEvaluator:
    """Evaluates a position by ``playouts`` random games; the policy is uniform.

    The random numbers depend on the position's key alone, so an evaluation does not depend on the
    other rows of its batch.
    """

    def __init__(self, playouts: int = 1, seed: int = 0) -> None:
        self.playouts = playouts
        self._seeds = np.array(
            [bits(seed, k, 0, PLAYOUT) for k in range(playouts)], dtype=np.uint64
        )

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        rows = len(positions)
        games = np.repeat(positions, self.playouts)
        own = spec.keys(positions)
        seeds = np.repeat(own, self.playouts) ^ np.tile(self._seeds, rows)
        spec.playout(games, seeds)
        side = np.where(spec.to_move(positions) == BLACK, 1, -1).astype(np.float32)
        outcome = spec.outcome(games).reshape(rows, self.playouts) * side[:, None]
        value = np.stack([(outcome == kind).mean(axis=1) for kind in (1, 0, -1)], axis=1)
        score = spec.score(games).reshape(rows, self.playouts).mean(axis=1) * side
        ownership = spec.ownership(games).reshape(rows, self.playouts, spec.points).mean(axis=1)
        return Evaluation(
            policy_logits=np.zeros((rows, spec.actions), np.float32),
            value=value.astype(np.float32),
            score=score.astype(np.float32),
            ownership=(ownership * side[:, None]).astype(np.float32),
        )
