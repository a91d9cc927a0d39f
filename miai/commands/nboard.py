"""``miai nboard``: an agent as a program of Othello for NBoard and its like."""

from __future__ import annotations

import argparse
import contextlib

from miai.commands.options.agent import add_agent_options, agent_of
from miai.commands.options.arena import check_seed
from miai.commands.options.streams import NO_READER, protocol_streams

SUMMARY = "answer the NBoard protocol (Othello) on standard input and output"
EXAMPLE = "printf 'nboard 2\\nset depth 6\\ngo\\n' | miai nboard"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_agent_options(parser, "as many as stand for the depth that is set: 10 times its square")


def run(args: argparse.Namespace) -> int:
    from arena.nboard.server import NBoardServer
    from engine.games.othello import OthelloSpec

    streams = protocol_streams()
    if streams is None:
        return NO_READER
    check_seed(args.seed)
    spec = OthelloSpec()
    with contextlib.closing(agent_of(args, spec)) as agent:
        NBoardServer(agent, spec, args.seed, args.simulations).serve(*streams)
    return 0
