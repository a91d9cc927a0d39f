"""The options that say who answers a protocol, the same for every server of one agent."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.protocol import Agent
    from engine.games.spec import GameSpec


def add_agent_options(parser: argparse.ArgumentParser, unlimited: str = "") -> None:
    """Add --network, --simulations, --agent and --seed.

    ``unlimited`` says what limits a search without --simulations; if empty, 400 are the default.
    """
    parser.add_argument(
        "--network",
        default="shipped",
        help="network file or run folder (default: the network that comes with miai)",
    )
    parser.add_argument(
        "--simulations",
        type=int,
        default=None if unlimited else 400,
        help=f"most for each move (default: {unlimited or '%(default)s'})",
    )
    parser.add_argument(
        "--agent", help="any agent as `miai arena` spells it, instead of network and simulations"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of random agents (default: 0)")


def agent_of(args: argparse.Namespace, spec: GameSpec) -> Agent:
    """Return the agent that the options name.

    Raises:
        ConfigError: if they name none.
        NetworkFileError: if a network cannot be used for this game.
    """
    from agents.parse import DEFAULT_SIMULATIONS, parse_agent
    from engine.errors import ConfigError
    from miai.commands.evaluators import ROLLOUTS, known_network

    if args.simulations is not None and args.simulations < 1:
        raise ConfigError(f"expected --simulations of at least 1, got {args.simulations!r}")
    spelling = args.agent
    if spelling is None:
        network = known_network(args.network, spec)
        if network == ROLLOUTS:
            spelling = f"{ROLLOUTS}:{args.simulations or DEFAULT_SIMULATIONS}"
        else:
            spelling = f"{network}@{args.simulations or 'clock'}"
    return parse_agent(spelling, spec, processes=1)
