"""The options that say which game is played, the same for every command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.games.spec import GameSpec


def add_game_options(parser: argparse.ArgumentParser) -> None:
    """Add --game, --size, --komi, --rules and --rule."""
    add_game_name(
        parser, default="go", help="game, such as othello or hex; list shows all (default: go)"
    )
    parser.add_argument(
        "--size", help="board, such as 9, or width by height, 7x6 (default: the game's usual one)"
    )
    parser.add_argument(
        "--komi", type=float, help="Go: points for White (default: 7, or the rules')"
    )
    parser.add_argument(
        "--rules", help="Go: tromp-taylor, chinese, japanese, korean, aga or new-zealand"
    )
    parser.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one rule of the game, such as swap=yes (hex), length=4 (gomoku), suicide=yes (go)",
    )


class _GameName(argparse.Action):
    """Takes a game's name; ``list`` shows all, which help cannot: it must not import the games."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        if values == "list":
            from engine.games import GAMES, make
            from engine.look import look_of

            for name in GAMES:
                spec = make(name)
                print(f"{name:<14} {look_of(spec).title}, {spec.width}x{spec.height}")
            parser.exit()
        setattr(namespace, self.dest, values)


def add_game_name(parser: argparse.ArgumentParser, help: str, default: str | None = None) -> None:
    """Add --game."""
    parser.add_argument("--game", action=_GameName, default=default, help=help)


def read_spec(args: argparse.Namespace) -> GameSpec:
    """Return the game that the options name.

    Raises:
        ConfigError: on a size or rule that cannot be read.
        SpecError: if the game, its size or a rule does not exist.
    """
    from engine.games import make

    rules = dict(_read_rule(text) for text in args.rule)
    if args.rules is not None:
        rules["rules"] = args.rules
    if args.komi is not None:
        rules["komi"] = args.komi
    return make(args.game, *read_size(args.size), **rules)


def read_size(text: str | None) -> tuple[int, int] | tuple[()]:
    """Read ``9`` or ``7x6``, width by height, as height and width; nothing if nothing is given.

    Raises:
        ConfigError: if it is not a size.
    """
    from engine.errors import ConfigError

    if text is None:
        return ()
    width, cross, height = text.lower().partition("x")
    if not width.isdecimal() or (cross and not height.isdecimal()):
        raise ConfigError(f"expected --size such as 9 or 13x9, got {text!r}")
    return int(height or width), int(width)


def _read_rule(text: str) -> tuple[str, Any]:
    from engine.errors import ConfigError

    name, equals, value = text.partition("=")
    if not name.isidentifier() or not equals or not value:
        raise ConfigError(f"expected --rule NAME=VALUE such as swap=yes, got {text!r}")
    word = value.lower()
    if word in ("yes", "true", "no", "false"):
        return name, word in ("yes", "true")
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value
