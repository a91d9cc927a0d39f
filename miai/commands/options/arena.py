"""The options of ``miai arena``, from the command line or a TOML file."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from miai.commands.options.game import add_game_options
from miai.commands.options.trust import add_trust_option

_AGENTS_HELP = """random, rollouts:500, a network with its simulations (NET@400), evaluations
(NET@400e), seconds (NET@2s) or the clock (NET@clock), the bare network (policy:NET), level:N of the
window, perfect (small games and Connect Four), human (you, here), or a program over GTP ('gtp:gnugo
--mode gtp --chinese-rules --level 10', commands for its start after ;;), Gomocup's protocol
('gomocup:PROGRAM', Gomoku) or NBoard's ('nboard:PROGRAM', Othello); NET is a file, a run's
folder (runs/first), a checkpoint of it (runs/first:12), all of them (runs/first:*), some of them
(runs/first:3..latest) or 'shipped', int8:NET or torch:NET to choose what computes it; NAME=AGENT
names it. None: go on with what is in --out"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add everything that says who plays what under which conditions."""
    parser.add_argument("agents", nargs="*", metavar="AGENT", help=_AGENTS_HELP)
    parser.add_argument(
        "--config",
        action=_ReadFile,
        metavar="FILE",
        help="TOML file with agents and any of these options; options that follow it override it",
    )
    add_trust_option(parser)
    parser.set_defaults(file_agents=[], file_name="", file_check=None)
    parser.add_argument(
        "--games",
        type=int,
        metavar="N",
        help="games of every two agents (default: 100; with --gate at most 1000; for a tournament "
        "in --out as it was begun)",
    )
    _add_format(parser)
    add_game_options(parser)
    _add_conditions(parser)
    _add_limits(parser)
    _add_outputs(parser)


def check_seed(seed: int) -> None:
    """Refuse what the random numbers have no room for.

    Raises:
        ConfigError: if it is not from 0 to 2^64 - 1.
    """
    from engine.errors import ConfigError

    if not 0 <= seed < 1 << 64:
        raise ConfigError(f"expected --seed from 0 to 2^64 - 1, got {seed!r}")


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        choices=("round-robin", "gauntlet", "ladder", "swiss"),
        default="round-robin",
        help="which agents meet: all, the first and each other, each and those 1, 2, 4 ... before "
        "it, or those with equal points (default: %(default)s)",
    )
    parser.add_argument("--gauntlet", action="store_true", help="the same as --format gauntlet")
    parser.add_argument(
        "--rounds",
        type=int,
        metavar="N",
        help="rounds of a Swiss tournament; no two agents meet twice, which limits them",
    )
    parser.add_argument(
        "--gate",
        metavar="E0,E1[,A[,B]]",
        help="test whether the first agent is stronger than the second; stop as soon as a "
        "sequential test tells Elo E1 from E0, at error rates A and B (default: 0.05); 0,50 suits "
        "a small computer; pairs of games that repeat others do not count",
    )
    parser.add_argument(
        "--gate-elo",
        choices=("normalised", "logistic"),
        default="normalised",
        help="Elo of --gate (default: %(default)s, which needs as many games whatever the draws)",
    )


def _add_conditions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of openings and agents (default: 1)"
    )
    parser.add_argument(
        "--openings",
        metavar="WHERE",
        help="book (balanced ones), random, policy:NET, none, or a file of moves or SGF games "
        "(default: book where there is one and no --openings-plies, else random)",
    )
    parser.add_argument(
        "--openings-plies",
        metavar="A..B",
        help="fewest and most plies of random and policy openings (default: 2..4), or of the games "
        "in a file (default: 0..8)",
    )
    parser.add_argument(
        "--time",
        metavar="CONTROL",
        help="clock in seconds: 5 for every move, 60+2 with increment, 60+5x10 with byo-yomi",
    )
    parser.add_argument(
        "--resign",
        metavar="V[,N[,P]]",
        help="end games when both players give one side V or more (0 to 1) for N moves in a row; a "
        "share P is played to the end to count errors (0.9,3,0.1)",
    )
    parser.add_argument(
        "--move-limit",
        type=int,
        metavar="N",
        help="score the board after N plies (default: by the game)",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--concurrency",
        type=int,
        default=2,
        metavar="N",
        help="processes of each program, each with one game (default: %(default)s)",
    )
    parser.add_argument(
        "--games-at-once",
        type=int,
        metavar="N",
        help="games at once between built-in agents (default: 32 to 256, more for short searches)",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="play the games on a Ray cluster, HOST:PORT or auto: the one of this machine, else a "
        "local one for this command (optional extra)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="with --ray: processes that play (default: one for each core of this machine)",
    )
    for name, seconds, what in (
        ("start", 60.0, "to start and say its name"),
        ("move", 120.0, "for a move"),
        ("game", 7200.0, "for all moves of a game"),
    ):
        parser.add_argument(
            f"--{name}-timeout",
            type=float,
            default=seconds,
            metavar="S",
            help=f"seconds that a program has {what} (default: %(default)g)",
        )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--anchor", metavar="NAME", help="agent with Elo 0 (default: the first)")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder of the tournament; an existing one is continued, also by several processes",
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="print the table of a tournament; play nothing"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--quiet", action="store_true", help="no live table")
    parser.add_argument(
        "--check",
        metavar="gtp:PROGRAM",
        help="check whether a program speaks GTP (or gomocup:, nboard:) well enough, and list its "
        "faults",
    )
    parser.add_argument(
        "--make-book",
        type=Path,
        metavar="FILE",
        help="make a book of balanced openings with the one agent that is given",
    )
    parser.add_argument(
        "--book",
        default="100,1000,0.1",
        metavar="N,M,V",
        help="for --make-book: the N most balanced of M random openings, worth at most V to either "
        "side (default: %(default)s)",
    )


class _ReadFile(argparse.Action):
    """Takes options from a TOML file as if they stood in the command line's place of --config."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        settings = _read_toml(Path(values))
        _check_outputs(settings, values)
        namespace.file_name, namespace.file_check = str(values), settings.get("check")
        namespace.file_agents = [_spelled(agent, values) for agent in settings.pop("agents", [])]
        tokens = [token for key, value in settings.items() for token in _tokens(key, value)]
        filled = parser.parse_args(tokens)
        for key in settings:
            name = key.replace("-", "_")
            setattr(namespace, name, getattr(filled, name))


def _read_toml(path: Path) -> dict[str, Any]:
    from engine.errors import ConfigError
    from engine.files import LARGEST_SETTINGS, read_file, toml_of

    try:
        settings = toml_of(read_file(path, LARGEST_SETTINGS))
    except OSError as error:
        raise ConfigError(f"expected a TOML file, got {str(path)!r}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"expected TOML in {str(path)!r}: {error}") from error
    if "trust" in settings:
        raise ConfigError(
            f"expected no trust in {str(path)!r}: whether its programs may run is said with "
            "--trust on the command line"
        )
    if not isinstance(settings.get("agents", []), list) or "config" in settings:
        raise ConfigError(f"expected agents = [...] and options in {str(path)!r}")
    return settings


def _check_outputs(settings: dict[str, Any], source: str) -> None:
    """Refuse outputs of a file that would replace something: the file may be a stranger's.

    Raises:
        ConfigError: if one would.
    """
    from engine.errors import ConfigError

    for option, holds in (("make-book", ""), ("out", "conditions.json")):
        value = settings.get(option, settings.get(option.replace("-", "_")))
        path = Path(str(value))
        if value is None or not os.path.lexists(path) or (holds and (path / holds).is_file()):
            continue
        if holds and path.is_dir() and not any(path.iterdir()):
            continue
        raise ConfigError(
            f"expected {option} in {source!r} to be new{' or a tournament' if holds else ''}, "
            f"got {str(value)!r}, which exists; --{option} on the command line may name it"
        )


def _spelled(agent: Any, source: str) -> str:
    """An agent of a file: its spelling, or a table with name, agent and start-up commands."""
    from engine.errors import ConfigError

    if isinstance(agent, str):
        return agent
    known = {"name", "agent", "commands"}
    if not isinstance(agent, dict) or "agent" not in agent or not known >= agent.keys():
        raise ConfigError(
            f"expected an agent in {source!r} as text or as a table with agent, name and commands, "
            f"got {agent!r}"
        )
    name = f"{agent['name']}=" if "name" in agent else ""
    return name + " ;; ".join([str(agent["agent"]), *map(str, agent.get("commands", ()))])


def _tokens(key: str, value: Any) -> Sequence[str]:
    option = f"--{key.replace('_', '-')}"
    if isinstance(value, bool):
        return [option] if value else []
    values = value if isinstance(value, list) else [value]
    return [token for item in values for token in (option, str(item))]
