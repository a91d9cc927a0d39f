"""``miai play``: a game against the AI, in a window or in the terminal."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.search_agent import SearchAgent
    from arena.window.thinker import Loader

SUMMARY = "play against the AI in a window"
EXAMPLE = "miai play --size 9 --colour black --simulations 400"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network",
        default="shipped",
        help="file or run folder to play against (default: the network that comes with miai)",
    )
    parser.add_argument("--size", type=int, default=9, help="board size, 2 to 19 (default: 9)")
    parser.add_argument("--komi", type=float, default=7.0, help="points for White (default: 7)")
    parser.add_argument(
        "--colour", choices=("black", "white"), default="black", help="your colour (default: black)"
    )
    parser.add_argument(
        "--simulations", type=int, default=400, help="the AI's search per move (default: 400)"
    )
    parser.add_argument("--terminal", action="store_true", help="play in the terminal")


def run(args: argparse.Namespace) -> int:
    from engine.errors import ConfigError

    if args.simulations < 1:
        raise ConfigError(f"expected --simulations of at least 1, got {args.simulations!r}")
    reason = "asked for with --terminal" if args.terminal else _why_no_window()
    if not reason:
        # The window opens before the engine is loaded: that takes seconds and happens behind it.
        from arena.window.screen import NoDisplayError, open_screen

        try:
            screen = open_screen()
        except NoDisplayError as error:
            reason = str(error)
        else:
            from arena.window.app import play

            return play(screen, args, _loader(args.network))
    if not args.terminal:
        print(f"playing in the terminal: {reason}", file=sys.stderr)
    return _play_in_terminal(args)


def _why_no_window() -> str:
    """Why no window can be opened, empty if one may."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        if os.environ.get("SDL_VIDEODRIVER"):
            return ""
        return "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return ""


def _play_in_terminal(args: argparse.Namespace) -> int:
    from arena.terminal import Terminal
    from arena.window.model import GameModel, Settings
    from engine.games.spec import BLACK, WHITE

    colour = BLACK if args.colour == "black" else WHITE
    settings = Settings(args.size, args.komi, colour, args.simulations)
    model = GameModel(settings)
    agent, note = _loader(args.network)()
    if note:
        print(note, file=sys.stderr)
    Terminal(model, agent, sys.stdin, sys.stdout).run()
    return 0


def _loader(network: str) -> Loader:
    """Return what makes the agent; called in another thread by the window."""

    def load() -> tuple[SearchAgent, str]:
        from agents.parse import network_path
        from agents.protocol import Limit
        from agents.search_agent import SearchAgent, rollout_agent

        path = network_path(network)
        if network == "shipped" and not Path(path).is_file():
            from agents.evaluators.rollout import RolloutEvaluator

            note = f"no network at {path}: playing by random playouts instead, much weaker"
            return rollout_agent("Miai (playouts)", 400, RolloutEvaluator()), note
        from agents.evaluators.auto import load_evaluator
        from engine.games import GoSpec

        evaluator = load_evaluator(path, GoSpec(9, 9, komi=7.0))
        return SearchAgent("Miai", evaluator, Limit(), parallel_leaves=8), ""

    return load
