"""``miai play``: a game against the AI, in a window or in the terminal."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pygame

    from agents.search_agent import SearchAgent
    from arena.window.model import Settings
    from arena.window.thinker import Loader
    from engine.games.spec import GameSpec

SUMMARY = "play against the AI in a window"
EXAMPLE = "miai play othello --colour white --simulations 400"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from miai.commands.game_options import add_game_options

    parser.add_argument(
        "what",
        nargs="?",
        help="a game to play (go, othello, gomoku, connect_four, hex, tic_tac_toe), or an SGF file "
        "to look at (default: the game of last time, or Go)",
    )
    parser.add_argument(
        "--network",
        default="shipped",
        help="file or run folder to play against (default: the network that comes with miai)",
    )
    add_game_options(parser)
    parser.add_argument(
        "--colour",
        choices=("black", "white", "both", "none"),
        help="your colour, black moves first; both: two people; none: watch (default: black)",
    )
    parser.add_argument(
        "--simulations", type=int, default=400, help="the AI's search per move (default: 400)"
    )
    parser.add_argument("--terminal", action="store_true", help="play in the terminal")


def run(args: argparse.Namespace) -> int:
    from engine.errors import ConfigError

    if args.simulations < 1:
        raise ConfigError(f"expected --simulations of at least 1, got {args.simulations!r}")
    opened = _what(args)
    reason = "asked for with --terminal" if args.terminal else _why_no_window()
    if not reason:
        # The window opens before the engine is loaded: that takes seconds and happens behind it.
        from arena.window.screen import NoDisplayError, open_screen

        try:
            screen = open_screen()
        except NoDisplayError as error:
            reason = str(error)
        else:
            return _play_in_window(screen, args, opened)
    if not args.terminal:
        print(f"playing in the terminal: {reason}", file=sys.stderr)
    return _play_in_terminal(args, opened)


def _what(args: argparse.Namespace) -> Path | None:
    """Sort out the word after the command: a game becomes ``--game``, a file is returned."""
    from engine.errors import ConfigError

    if args.what is None:
        return None
    path = Path(args.what)
    if path.suffix.lower() == ".sgf" or path.is_file():
        if not path.is_file():
            raise ConfigError(f"expected a game or an SGF file, got {args.what!r}: not there")
        return path
    args.game = _ALIASES.get(args.what.lower(), args.what)
    return None


_ALIASES = {
    "connect4": "connect_four",
    "connect-four": "connect_four",
    "tictactoe": "tic_tac_toe",
    "tic-tac-toe": "tic_tac_toe",
    "reversi": "othello",
}


def _is_plain(args: argparse.Namespace) -> bool:
    """Whether nothing was said about the game: then the one of last time is meant."""
    said = (args.what, args.size, args.komi, args.rules, args.colour)
    return all(word is None for word in said) and not args.rule and args.game == "go"


def _settings(args: argparse.Namespace) -> Settings:
    """The first game's settings, checked together with the network that is to play it."""
    from agents.parse import network_path
    from arena.window.looks import usual_spec
    from arena.window.model import Settings
    from engine.games import make
    from engine.games.spec import BLACK, WHITE
    from miai.commands.game_options import read_spec

    if args.size is None:
        usual = usual_spec(make(args.game).name)
        args.size = f"{usual.width}x{usual.height}"
    spec = read_spec(args)
    network_path(args.network, spec)  # a misspelt one ends the program before there is a board
    people = {"black": (BLACK,), "white": (WHITE,), "both": (BLACK, WHITE), "none": ()}
    return Settings(spec, people[args.colour or "black"], args.simulations)


def _play_in_window(screen: pygame.Surface, args: argparse.Namespace, opened: Path | None) -> int:
    from arena.window.files import autosave_path
    from arena.window.start import play

    go_on = _is_plain(args)
    load = _loader(args.network)
    return play(screen, partial(_settings, args), load, autosave_path(), go_on, opened)


def _why_no_window() -> str:
    """Why no window can be opened, empty if one may."""
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        if os.environ.get("SDL_VIDEODRIVER"):
            return ""
        return "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"
    return ""


def _play_in_terminal(args: argparse.Namespace, opened: Path | None) -> int:
    from arena.terminal import Terminal
    from arena.window.files import open_file
    from arena.window.model import GameModel

    settings = _settings(args)
    model = GameModel(settings)
    agent, note = _loader(args.network)(settings.spec)
    if note:
        print(note, file=sys.stderr)
    if opened is not None:
        open_file(model, opened)
        print(model.message, file=sys.stderr)
    Terminal(model, agent, sys.stdin, sys.stdout).run()
    return 0


def _loader(network: str) -> Loader:
    """Return what makes the agent for a game; called in another thread by the window."""

    def load(spec: GameSpec) -> tuple[SearchAgent, str]:
        from agents.parse import network_path
        from agents.protocol import Limit
        from agents.search_agent import SearchAgent, rollout_agent

        path = network_path(network, spec)
        if network == "shipped" and not path.is_file():
            from agents.evaluators.rollout import RolloutEvaluator

            note = f"no network for {spec.name} came along: playing by random playouts, weaker"
            return rollout_agent("Miai (playouts)", 400, RolloutEvaluator()), note
        from agents.evaluators.auto import load_evaluator

        evaluator = load_evaluator(path, spec)
        return SearchAgent("Miai", evaluator, Limit(), parallel_leaves=8), ""

    return load
