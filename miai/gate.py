"""Whether a new checkpoint shall play from now on: it must beat the one that plays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selfplay.run import Gate, RunConfig

GAMES = 40
"""Games of each task's match."""
SIMULATIONS = 50
LEAST_SCORE = 0.55
"""As in AlphaGo Zero: an equal one passes by luck in three of ten matches, a weaker one seldom."""


def make_gate(config: RunConfig) -> Gate:
    """Return a gate that plays with the run's games and seed: equal runs come to equal verdicts.

    With several tasks, a match of each counts by the task's share of the run.
    """
    from agents.evaluators.auto import network_evaluator
    from agents.protocol import Limit
    from agents.search_agent import SearchAgent
    from arena.play.match import play_match

    tasks = config.all_tasks()
    shares = [(task.spec, task.share) for task in tasks] if config.several else [(config.spec(), 1)]

    def gate(new: Path, old: Path) -> bool:
        score = 0.0
        for spec, share in shares:
            first, second = (
                SearchAgent(path.stem, network_evaluator(path, spec), Limit(SIMULATIONS))
                for path in (new, old)
            )
            result = play_match(spec, first, second, GAMES, config.seed)
            score += share * (result.wins + result.draws / 2.0) / GAMES
        return score >= LEAST_SCORE

    return gate
