"""What judges positions for the commands that analyse: a network, or random games."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.games.spec import GameSpec
    from engine.search import Evaluator

ROLLOUTS = "rollouts"
_PLAYOUTS = 8


def known_network(network: str, spec: GameSpec) -> str:
    """Return ``network``, or ``rollouts`` with a word on stderr if none comes along for the game.

    Raises:
        ConfigError: if there is no such network.
    """
    from agents.find_network import network_path

    if network != "shipped" or network_path(network, spec).is_file():
        return network
    print(
        f"no network for {spec.name} comes along: judging by random games, much weaker; "
        "name one with --network",
        file=sys.stderr,
    )
    return ROLLOUTS


def evaluator_of(network: str, spec: GameSpec) -> tuple[Evaluator, str]:
    """Return an evaluator and its name.

    Raises:
        ConfigError: if there is no such network.
        NetworkFileError: if it cannot be used for this game.
    """
    network = known_network(network, spec)
    if network == ROLLOUTS:
        from agents.evaluators.rollout import RolloutEvaluator

        return RolloutEvaluator(_PLAYOUTS), ROLLOUTS
    from agents.evaluators.auto import network_evaluator
    from agents.find_network import network_path

    path = network_path(network, spec)
    return network_evaluator(path, spec), path.stem


def shipped_evaluator(spec: GameSpec) -> Evaluator:
    """Return the evaluator of the network that comes along for a game.

    Raises:
        ConfigError: if none does.
        NetworkFileError: if it cannot be used on this board.
    """
    from agents.find_network import network_path
    from engine.errors import ConfigError

    if not network_path("shipped", spec).is_file():
        raise ConfigError(
            f"expected a game with a network that comes along, got {spec.name}: start "
            f"`miai analysis --game {spec.name} --network NET` for it"
        )
    return evaluator_of("shipped", spec)[0]
