"""The metrics of a cycle, including those that reveal a silent failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from engine.games.inputs import InputLayout
from selfplay.data.replay import ReplayWindow
from selfplay.data.shards import Rows
from selfplay.play.worker import FinishedGame, longest_game
from selfplay.run.measures import calibration, opening_lines
from selfplay.run.state import TrainingState
from selfplay.run.tasks import Task
from selfplay.run.watch import LiveGame

_LOSS = {"excess": "fresh_excess"}
_SURE = 0.9
"""Value q above which a search counts the game as won."""


class Played(NamedTuple):
    """Games and rows of one task in a cycle."""

    task: Task
    rows: Rows | None
    """``None`` where no game with rows ended."""
    games: list[FinishedGame]

    def opening_lines(self) -> list[str]:
        """Return the first plies of the games, as text; see :func:`opening_lines`."""
        played = {game.number: game.actions for game in self.games}
        return opening_lines(self.task.spec, played, self.rows)

    def to_watch(self) -> list[LiveGame]:
        """Return the games in the form that ``miai train --watch`` displays."""
        return [
            LiveGame(game.number, game.komi, game.actions, score=game.score, task=self.task.name)
            for game in self.games
        ]


def by_task(
    tasks: Sequence[Task], parts: Sequence[Rows], games: Sequence[FinishedGame]
) -> list[Played]:
    """Sort a cycle's rows and games by task; each element of ``parts`` is the rows of one board."""
    rows = {part.layout: part for part in parts}
    return [
        Played(task, rows.get(InputLayout.of(task.spec)), [g for g in games if g.task == place])
        for place, task in enumerate(tasks)
    ]


def entropy(rows: Rows) -> float:
    """Mean entropy of the policy targets, in nats; 0 without rows."""
    policy = rows.policy.astype(np.float32)
    each = -(policy * np.log(np.maximum(policy, 1e-9))).sum(axis=1)
    return float(np.average(each, weights=rows.policy_weight)) if rows.policy_weight.any() else 0.0


def of_each(
    tasks: Sequence[Played],
    state: TrainingState,
    windows: Sequence[ReplayWindow],
    simulations: Sequence[int],
    losses: Sequence[Mapping[str, float]],
    shares: Sequence[Mapping[str, float]],
) -> dict[str, dict[str, object]]:
    """Return the metrics of each of several tasks, by name, and count their games in ``state``.

    All sequences have one element per task.
    """
    before = state.task_games or [0] * len(tasks)
    state.task_games = [n + len(each.games) for n, each in zip(before, tasks, strict=True)]
    return {
        each.task.name: {
            "games": state.task_games[place],
            "rows": windows[place].total_rows,
            "window_rows": windows[place].size,
            "new_rows": 0 if each.rows is None else len(each.rows),
            "simulations": simulations[place],
            **describe(each),
            **{_LOSS.get(name, f"loss_{name}"): loss for name, loss in losses[place].items()},
            **shares[place],
        }
        for place, each in enumerate(tasks)
    }


def describe(played: Played) -> dict[str, object]:
    """Return the metrics of the finished games and their rows; empty if no game finished."""
    rows, games, spec = played.rows, played.games, played.task.spec
    if rows is None:
        return {}
    longest = longest_game(spec, played.task.play)
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
