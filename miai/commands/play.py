"""``miai play``: a game against the AI, in a window or in the terminal."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ConfigError
from engine.files import LARGEST_SETTINGS, json_of, read_file

if TYPE_CHECKING:
    import pygame

    from arena.session.game import Settings
    from arena.session.opponents import Opponent
    from arena.session.preferences import Preferences
    from arena.session.watch import Source
    from arena.window.prepare import Wanted

SUMMARY = "play against the AI in a window"
EXAMPLE = "miai play othello --colour white --simulations 400"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from miai.commands.options.game import add_game_options

    parser.add_argument(
        "what",
        nargs="?",
        help="a game to play (go, othello, gomoku, connect_four, hex, tic_tac_toe), or an SGF file "
        "to look at (default: the game of last time, or Go)",
    )
    parser.add_argument(
        "--network",
        help="file or run folder to play against (default: the network that comes with miai)",
    )
    add_game_options(parser)
    parser.add_argument(
        "--colour",
        choices=("black", "white", "both", "none"),
        help="your colour, black moves first; both: two people; none: watch (default: black)",
    )
    parser.add_argument(
        "--level", type=int, metavar="N", help="how strong the AI is, 1 to 10 (default: 5)"
    )
    parser.add_argument(
        "--simulations", type=int, metavar="N", help="the AI's search per move, instead of a level"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="the AI's time per move, instead of a level"
    )
    parser.add_argument(
        "--program", metavar="COMMAND", help="play against a program that speaks GTP"
    )
    parser.add_argument(
        "--handicap", type=int, default=0, metavar="N", help="Black's stones at the start of Go"
    )
    parser.add_argument(
        "--watch", type=Path, metavar="RUN", help="watch a training run or a tournament live"
    )
    parser.add_argument("--keys", type=Path, metavar="FILE", help="JSON of commands and their keys")
    parser.add_argument("--terminal", action="store_true", help="play in the terminal")


def run(args: argparse.Namespace) -> int:
    if args.simulations is not None and args.simulations < 1:
        raise ConfigError(f"expected --simulations of at least 1, got {args.simulations!r}")
    if args.seconds is not None and not 0 < args.seconds <= 3600:
        raise ConfigError(f"expected --seconds above 0, at most 3600, got {args.seconds!r}")
    if args.level is not None and not 1 <= args.level <= 10:
        raise ConfigError(f"expected a --level from 1 to 10, got {args.level!r}")
    liked = _preferences(args.keys)
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
            return _play_in_window(screen, args, opened, liked)
    if not args.terminal:
        print(f"playing in the terminal: {reason}", file=sys.stderr)
    return _play_in_terminal(args, opened)


def _what(args: argparse.Namespace) -> Path | None:
    """Sort out the word after the command: a game becomes ``--game``, a file is returned."""
    if args.what is None:
        return None
    path = Path(args.what)
    if path.suffix.lower() in _NETWORKS or (path / "config.toml").is_file():
        raise ConfigError(
            f"expected a game or an SGF file, got {args.what!r}, which is a network; "
            f"to play against it: miai play --network {args.what}"
        )
    if path.suffix.lower() == ".sgf" or path.is_file():
        if not path.is_file():
            raise ConfigError(f"expected a game or an SGF file, got {args.what!r}: not there")
        return path
    args.game = _ALIASES.get(args.what.lower(), args.what)
    return None


_NETWORKS = (".safetensors", ".npz", ".onnx")
"""File names of networks end so."""
_ALIASES = {
    "connect4": "connect_four",
    "connect-four": "connect_four",
    "tictactoe": "tic_tac_toe",
    "tic-tac-toe": "tic_tac_toe",
    "reversi": "othello",
}


def _is_plain(args: argparse.Namespace) -> bool:
    """Whether nothing was said about the game: then the one of last time is meant."""
    said = (args.what, args.size, args.komi, args.rules, args.colour, args.level)
    how = (args.network, args.simulations, args.seconds, args.program, args.watch)
    nothing = all(word is None for word in (*said, *how))
    return nothing and not args.rule and args.game == "go" and not args.handicap


def _network(args: argparse.Namespace) -> str:
    return "shipped" if args.network is None else str(args.network)


def _settings(args: argparse.Namespace) -> Settings:
    """The first game's settings, checked together with the network that is to play it."""
    from agents.find_network import network_path
    from arena.session.game import Settings
    from arena.session.games import handicap_points
    from engine.games import make
    from engine.games.spec import BLACK, WHITE
    from miai.commands.options.game import read_spec

    if args.size is None:
        usual = make(args.game)
        args.size = f"{usual.width}x{usual.height}"
    spec = read_spec(args)
    network_path(_network(args), spec)  # a misspelt one ends the program before there is a board
    people = {"black": (BLACK,), "white": (WHITE,), "both": (BLACK, WHITE), "none": ()}
    if args.handicap and not handicap_points(spec, args.handicap):
        raise ConfigError(f"expected a --handicap that {spec} has, got {args.handicap!r}")
    colour = args.colour or ("both" if args.watch else "black")
    return Settings(spec, people[colour], _opponent(args), handicap=args.handicap)


def _opponent(args: argparse.Namespace) -> Opponent:
    from arena.session.opponents import Opponent, allow_program

    if args.program is not None:
        allow_program(args.program)
        return Opponent("program", args.program)
    if args.seconds is not None:
        return Opponent("seconds", _network(args), seconds=args.seconds)
    if args.simulations is not None:
        return Opponent("simulations", _network(args), simulations=args.simulations)
    if _network(args) != "shipped":
        if args.level is not None:
            raise ConfigError(
                "expected --level without --network: levels are played by the network that came "
                f"along; got --network {args.network!r}; name --simulations or --seconds"
            )
        return Opponent("simulations", args.network, simulations=400)
    return Opponent() if args.level is None else Opponent("level", level=args.level)


def _preferences(keys: Path | None) -> tuple[Preferences, str]:
    """How the window looks and sounds, with the keys of ``--keys``, and a remark on what failed.

    Raises:
        ConfigError: if the keymap that was asked for cannot be used.
    """
    from arena.session.commands import keymap
    from arena.session.preferences import load, preferences_path

    liked, note = load(preferences_path())
    if keys is not None:
        try:
            changes = json_of(read_file(keys, LARGEST_SETTINGS))
        except (OSError, ValueError) as error:
            raise ConfigError(f"expected --keys with a JSON file, got {error}") from error
        if not isinstance(changes, dict):
            raise ConfigError(f"expected an object of commands in {keys}, got {changes!r}")
        keymap(changes)
        return replace(liked, keys=changes), note
    try:
        keymap(liked.keys)
    except ConfigError as error:
        return replace(liked, keys=None), str(error)
    return liked, note


def _play_in_window(
    screen: pygame.Surface,
    args: argparse.Namespace,
    opened: Path | None,
    liked: tuple[Preferences, str],
) -> int:
    from arena.window.start import play

    def wanted() -> Wanted:
        from arena.window.prepare import Wanted

        watch = None if args.watch is None else partial(_source, args.watch)
        settings = partial(_settings, args)
        return Wanted(settings, _network(args), _is_plain(args), opened, watch)

    code = play(screen, wanted, *liked)
    if any(thread.name == "thinker" for thread in threading.enumerate()):
        # It compiles a kernel, which nothing can interrupt and an ordinary exit would abort in.
        sys.stderr.flush()
        os._exit(code)
    return code


def _source(folder: Path) -> Source:
    from miai.watch import source_of

    return source_of(folder)


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
    from arena.session.files import open_file
    from arena.session.games import start_position
    from arena.session.opponents import load
    from arena.session.session import Session
    from arena.terminal import Terminal

    if args.watch is not None:
        raise ConfigError(
            f"expected a display to watch {str(args.watch)!r} in a window, got none; "
            "`miai train --watch RUN` shows a run in the terminal"
        )
    settings = _settings(args)
    session = Session(settings)
    session.begin(settings, start_position(settings))
    if opened is not None:
        open_file(session, opened)
        print(session.message, file=sys.stderr)
    Terminal(session, load, sys.stdin, sys.stdout, _network(args)).run()
    return 0
