"""``miai gtp``: an agent as a program for GoGui, Sabaki and other controllers."""

from __future__ import annotations

import argparse
import contextlib
import sys

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
    parser.add_argument("--size", type=int, default=9, help="board at the start (default: 9)")
    parser.add_argument(
        "--komi", type=float, default=7.0, help="komi at the start (default: %(default)g)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of random agents (default: 0)")


def run(args: argparse.Namespace) -> int:
    from agents.parse import parse_agent
    from arena.gtp.commands import Session
    from arena.gtp.server import GtpServer
    from engine.games.go import GoSpec
    from miai import __version__

    spec = GoSpec(args.size, args.size, args.komi)
    spelling = args.agent or f"{args.network}@{args.simulations}"
    agent = parse_agent(spelling, spec, processes=1)
    with contextlib.closing(agent):
        session = Session(agent, spec, __version__, args.seed)
        GtpServer(session.commands()).serve(sys.stdin.buffer, sys.stdout.buffer)
    return 0
