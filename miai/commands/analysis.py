"""``miai analysis``: many positions searched at once, JSON lines in and out."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from miai.commands.options.game import add_game_options, read_spec
from miai.commands.options.streams import NO_READER, protocol_streams

if TYPE_CHECKING:
    from engine.games.spec import GameSpec
    from engine.search import Evaluator

SUMMARY = "analyse positions sent as JSON lines, as KataGo's analysis engine does"
EXAMPLE = """
echo '{"id": "a", "moves": [["B", "E5"]], "boardXSize": 9}' | miai analysis --simulations 100
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network",
        default="shipped",
        help="file, run folder or 'rollouts' (default: the network that comes with miai)",
    )
    parser.add_argument(
        "--simulations",
        type=int,
        default=400,
        help="for each position, unless a query states it (default: %(default)s)",
    )
    parser.add_argument(
        "--at-once", type=int, default=8, help="positions searched together (default: 8)"
    )
    parser.add_argument(
        "--memory",
        type=int,
        default=4096,
        metavar="MB",
        help="most memory for searches and waiting positions; a query beyond it is refused "
        "(default: %(default)s)",
    )
    add_game_options(parser)
    parser.add_argument(
        "--report-as",
        choices=("black", "white", "sidetomove"),
        default="black",
        help="side that values are given for (default: black)",
    )
    parser.add_argument(
        "--quit-without-waiting",
        action="store_true",
        help="drop unfinished searches when the input ends",
    )


def run(args: argparse.Namespace) -> int:
    from agents.evaluators.by_game import GamesEvaluator
    from agents.search_agent import PLAY_SEARCH
    from arena.analysis.engine import AnalysisEngine
    from arena.analysis.settings import SearchSettings
    from engine.errors import ConfigError
    from miai import __version__
    from miai.commands.evaluators import ROLLOUTS, evaluator_of, shipped_evaluator

    streams = protocol_streams()
    if streams is None:
        return NO_READER
    if args.simulations < 1:
        raise ConfigError(f"expected --simulations of at least 1, got {args.simulations!r}")
    spec = read_spec(args)
    own, name = evaluator_of(args.network, spec)

    def load(other: GameSpec) -> Evaluator:
        return own if args.network == ROLLOUTS else shipped_evaluator(other)

    evaluator = GamesEvaluator(own, spec.name, load)
    settings = SearchSettings(
        PLAY_SEARCH, max_visits=args.simulations, point_of_view=args.report_as.upper()
    )
    engine = AnalysisEngine(
        evaluator,
        spec,
        settings,
        __version__,
        args.at_once,
        (name,),
        evaluator.of,
        args.memory << 20,
    )
    print(f"miai {__version__}: {name}, ready for queries", file=sys.stderr, flush=True)
    engine.serve(*streams, finish=not args.quit_without_waiting)
    return 0
