"""A cycle in numbers, among them the few that show a silent failure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.games.spec import GameSpec
from selfplay.data.shards import Rows
from selfplay.play.worker import FinishedGame
from selfplay.run.measures import calibration

_SURE = 0.9
"""q from which a search thinks that it has won."""


def entropy(rows: Rows) -> float:
    """Mean entropy of the policy targets, in nats; 0 of no rows."""
    policy = rows.policy.astype(np.float32)
    each = -(policy * np.log(np.maximum(policy, 1e-9))).sum(axis=1)
    return float(np.average(each, weights=rows.policy_weight)) if rows.policy_weight.any() else 0.0


def describe(
    spec: GameSpec, rows: Rows | None, games: Sequence[FinishedGame], longest: int
) -> dict[str, object]:
    """Numbers of the games that ended and the rows they gave; nothing if none did."""
    if rows is None:
        return {}
    lengths = np.array([len(game.actions) for game in games])
    scores = np.array([game.score for game in games])
    result = 1.0 - rows.outcome.astype(np.float32)
    root_q = rows.root_value[:, 0].astype(np.float32) - rows.root_value[:, 2]
    return {
        "mean_plies": float(lengths.mean()),
        "cut_games": float((lengths >= longest).mean()) if longest < spec.max_plies else 0.0,
        "black_wins": float((scores > 0).mean()),
        "draws": float((scores == 0).mean()),
        "distinct_games": len({game.actions for game in games}) / len(games),
        "target_entropy": entropy(rows),
        "result_variance": float(result.var()),
        "false_wins": float((result[root_q > _SURE] < 0).mean()) if (root_q > _SURE).any() else 0.0,
        "value_error": float(np.square(root_q - result).mean()),
        "calibration": calibration(root_q, result),
    }
