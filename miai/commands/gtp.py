"""``miai gtp``: an agent as a program for Sabaki, GoGui, Lizzie and other controllers."""

from __future__ import annotations

import argparse
import contextlib

from miai.commands.arena_options import check_seed
from miai.commands.game_options import add_game_options, read_spec
from miai.commands.streams import NO_READER, protocol_streams

SUMMARY = "answer the Go Text Protocol on standard input and output"
EXAMPLE = "echo 'genmove b' | miai gtp --agent rollouts:100 --size 9"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network",
        default="shipped",
        help="network file, run's folder, or the one that comes with the program (the default)",
    )
    parser.add_argument(
        "--simulations", type=int, default=400, help="per move at most (default: %(default)s)"
    )
    parser.add_argument(
        "--agent", help="any agent as `miai arena` spells it, instead of network and simulations"
    )
    add_game_options(parser)
    parser.add_argument(
        "--ponder", action="store_true", help="think on the opponent's time after each own move"
    )
    parser.add_argument("--no-resign", action="store_true", help="play lost games to the end")
    parser.add_argument("--seed", type=int, default=0, help="of random agents (default: 0)")


def run(args: argparse.Namespace) -> int:
    from agents.parse import parse_agent
    from arena.gtp.commands import Session
    from engine.errors import ConfigError
    from miai import __version__
    from miai.commands.evaluators import ROLLOUTS, known_network

    streams = protocol_streams()
    if streams is None:
        return NO_READER
    if args.simulations < 1:
        raise ConfigError(f"expected --simulations of at least 1, got {args.simulations!r}")
    check_seed(args.seed)
    spec = read_spec(args)
    spelling = args.agent
    if spelling is None:
        network = known_network(args.network, spec)
        mark = ":" if network == ROLLOUTS else "@"
        spelling = f"{network}{mark}{args.simulations}"
    agent = parse_agent(spelling, spec, processes=1)
    with contextlib.closing(agent):
        session = Session(
            agent, spec, __version__, args.seed, ponder=args.ponder, resign=not args.no_resign
        )
        session.server().serve(*streams)
    return 0
