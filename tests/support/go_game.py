"""A 5x5 game of Go for tests of the session, and quick playouts to play it."""

from __future__ import annotations

from agents.evaluators.rollout import RolloutEvaluator
from agents.protocol import Agent
from agents.search_agent import rollout_agent
from arena.session.game import Settings
from arena.session.opponents import Opponent
from engine.games.go import GoSpec
from engine.games.spec import GameSpec


def load_playouts(opponent: Opponent, spec: GameSpec) -> tuple[Agent, str]:
    """An agent at once, whatever the opponent."""
    return rollout_agent("Playouts", 16, RolloutEvaluator()), "weak"


def go5(people: tuple[int, ...], simulations: int, komi: float = 0.5) -> Settings:
    """A small game of Go."""
    return Settings(
        GoSpec(5, 5, komi=komi), people, Opponent("simulations", simulations=simulations)
    )
