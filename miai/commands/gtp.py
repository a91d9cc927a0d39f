"""``miai gtp``: an agent as a program for Sabaki, GoGui, Lizzie and other controllers."""

from __future__ import annotations

import argparse
import contextlib

from miai.commands.options.agent import add_agent_options, agent_of
from miai.commands.options.arena import check_seed
from miai.commands.options.game import add_game_options, read_spec
from miai.commands.options.streams import NO_READER, protocol_streams

SUMMARY = "answer the Go Text Protocol on standard input and output"
EXAMPLE = "echo 'genmove b' | miai gtp --agent rollouts:100 --size 9"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_agent_options(parser)
    add_game_options(parser)
    parser.add_argument(
        "--ponder", action="store_true", help="think on the opponent's time after each own move"
    )
    parser.add_argument("--no-resign", action="store_true", help="play lost games to the end")


def run(args: argparse.Namespace) -> int:
    from arena.gtp.commands import Session
    from miai import __version__

    streams = protocol_streams()
    if streams is None:
        return NO_READER
    check_seed(args.seed)
    spec = read_spec(args)
    with contextlib.closing(agent_of(args, spec)) as agent:
        session = Session(
            agent, spec, __version__, args.seed, ponder=args.ponder, resign=not args.no_resign
        )
        session.server().serve(*streams)
    return 0
