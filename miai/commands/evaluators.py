"""What judges positions for the commands that analyse: a network, or random games."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.games.spec import GameSpec
    from engine.search import Evaluator

ROLLOUTS = "rollouts"
_PLAYOUTS = 8


def evaluator_of(network: str, spec: GameSpec) -> tuple[Evaluator, str]:
    """Return an evaluator and its name.

    Raises:
        ConfigError: if there is no such network.
        NetworkFileError: if it cannot be used for this game.
    """
    if network == ROLLOUTS:
        from agents.evaluators.rollout import RolloutEvaluator

        return RolloutEvaluator(_PLAYOUTS), ROLLOUTS
    from agents.evaluators.auto import load_evaluator
    from agents.evaluators.cached import CachedEvaluator
    from agents.evaluators.known_rules import with_known_rules
    from agents.network.checkpoint import read_metadata
    from agents.parse import network_path

    path = network_path(network, spec)
    evaluator = CachedEvaluator(load_evaluator(path, spec))
    return with_known_rules(evaluator, read_metadata(path)), path.stem
