"""Whether a new checkpoint shall play from now on: it must beat the one that plays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selfplay.run import Gate, RunConfig

GAMES = 40
SIMULATIONS = 50
LEAST_SCORE = 0.55
"""As in AlphaGo Zero: an equal one passes by luck in three of ten matches, a weaker one seldom."""


def make_gate(config: RunConfig) -> Gate:
    """Return a gate that plays with the run's game and seed: equal runs come to equal verdicts."""
    from agents.evaluators.auto import network_evaluator
    from agents.protocol import Limit
    from agents.search_agent import SearchAgent
    from arena.play.match import play_match

    spec = config.spec()

    def gate(new: Path, old: Path) -> bool:
        first, second = (
            SearchAgent(path.stem, network_evaluator(path, spec), Limit(simulations=SIMULATIONS))
            for path in (new, old)
        )
        result = play_match(spec, first, second, GAMES, config.seed)
        return (result.wins + result.draws / 2.0) / GAMES >= LEAST_SCORE

    return gate
