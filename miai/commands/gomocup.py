"""``miai gomocup``: an agent as a program of Gomoku for Piskvork and other managers."""

from __future__ import annotations

import argparse
import contextlib

from miai.commands.options.agent import add_agent_options, agent_of
from miai.commands.options.arena import check_seed
from miai.commands.options.streams import NO_READER, protocol_streams

SUMMARY = "answer the Gomocup protocol (Piskvork, Gomoku) on standard input and output"
EXAMPLE = "printf 'START 15\\nINFO timeout_turn 1000\\nBEGIN\\nEND\\n' | miai gomocup"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_agent_options(parser, "as many as the manager's times allow")


def run(args: argparse.Namespace) -> int:
    from arena.gomocup.server import GomocupServer
    from engine.games.gomoku import GomokuSpec
    from miai import __version__

    streams = protocol_streams()
    if streams is None:
        return NO_READER
    check_seed(args.seed)
    spec = GomokuSpec()
    with contextlib.closing(agent_of(args, spec)) as agent:
        GomocupServer(agent, spec, __version__, args.seed).serve(*streams)
    return 0
