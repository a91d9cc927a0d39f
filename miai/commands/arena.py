"""``miai arena``: a tournament between agents, with a table that can be believed."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from miai.commands.game_options import add_game_options, read_spec

if TYPE_CHECKING:
    from agents.parse import Spelling
    from agents.protocol import Agent
    from arena.results import AgentCard, Conditions, GameLine, TournamentFolder
    from engine.games.spec import GameSpec

SUMMARY = "let agents play each other: cross table, Elo with intervals, all games as SGF"
EXAMPLE = "miai arena random rollouts:50 rollouts:200 --games 20 --size 5"

_AGENTS_HELP = """random, rollouts:500, a network with its simulations (NET@400), the bare network
(policy:NET), or a program over GTP ('gtp:gnugo --mode gtp --chinese-rules --level 10'); NET is a
file, a run's folder (runs/first), a checkpoint of it (runs/first:12) or 'shipped'; NAME=AGENT names
it. None: go on with the tournament in --out"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agents", nargs="*", metavar="AGENT", help=_AGENTS_HELP)
    parser.add_argument(
        "--games", type=int, metavar="N", help="games of every two agents (default: 100)"
    )
    parser.add_argument(
        "--gauntlet", action="store_true", help="only the first agent against each of the others"
    )
    add_game_options(parser)
    parser.add_argument("--seed", type=int, default=1, help="of openings and agents (default: 1)")
    parser.add_argument(
        "--openings-plies",
        default="2..4",
        metavar="A..B",
        help="random plies that each pair of games starts with (default: %(default)s)",
    )
    parser.add_argument(
        "--move-limit",
        type=int,
        metavar="N",
        help="score the board after N plies (default: game's)",
    )
    parser.add_argument(
        "--concurrency",
        type=int,
        default=2,
        metavar="N",
        help="processes, and so games at once, of each program (default: %(default)s)",
    )
    parser.add_argument(
        "--games-at-once",
        type=int,
        default=32,
        metavar="N",
        help="games at once between built-in agents (default: %(default)s)",
    )
    parser.add_argument(
        "--move-timeout",
        type=float,
        default=120.0,
        metavar="S",
        help="seconds after which a silent program forfeits (default: %(default)g)",
    )
    parser.add_argument("--anchor", metavar="NAME", help="agent with Elo 0 (default: the first)")
    parser.add_argument(
        "--out", type=Path, help="folder of the tournament; an existing one goes on"
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="print the table of a tournament; play nothing"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")


def run(args: argparse.Namespace) -> int:
    from agents.parse import read_spelling, with_distinct_names
    from arena.results import TournamentFolder
    from engine.errors import ConfigError

    if args.report is not None:
        folder = TournamentFolder(args.report)
        _check_arguments(args, folder.conditions().names)
        _print_report(folder.conditions(), folder.games(), args)
        return 0
    out = args.out or Path("runs") / f"arena-{datetime.now():%Y%m%d-%H%M%S}"
    folder = TournamentFolder(out)
    known = folder.conditions() if not args.agents and folder.exists else None
    if known is None and len(args.agents) < 2:
        raise ConfigError(
            f"expected two agents or more, got {len(args.agents)}; or --out with a tournament"
        )
    if known is not None:
        spellings = [
            replace(read_spelling(agent.spelling, game=known.spec), name=agent.name)
            for agent in known.agents
        ]
        games = args.games or folder.games_per_pairing()
    else:
        spellings = with_distinct_names(
            [read_spelling(text, game=read_spec(args)) for text in args.agents]
        )
        games = 100 if args.games is None else args.games
    _check_arguments(args, [spelling.name for spelling in spellings])
    if games % 2:
        games += 1
        print(f"{games} games, so that colours are balanced", file=sys.stderr)
    with folder.locked():
        return _play(args, folder, known, spellings, games)


def _play(
    args: argparse.Namespace,
    folder: TournamentFolder,
    known: Conditions | None,
    spellings: Sequence[Spelling],
    games: int,
) -> int:
    from agents.gtp.client import Watchdog
    from agents.parse import make_agent
    from arena.tournament import make_cards, play_tournament

    spec = known.spec if known is not None else read_spec(args)
    watchdog = Watchdog(move_s=args.move_timeout)
    with ExitStack() as closing:
        agents: list[Agent] = []
        for spelling in spellings:
            agent = make_agent(spelling, spec, processes=args.concurrency, watchdog=watchdog)
            closing.callback(agent.close)
            agents.append(agent)
        conditions = _conditions(args, known, make_cards(spellings, agents), spec)
        progress = _Progress(folder.path)
        try:
            lines = play_tournament(
                folder,
                conditions,
                agents,
                games,
                on_start=progress.start,
                on_game=progress.show,
                games_at_once=args.games_at_once,
            )
        except KeyboardInterrupt:
            progress.end()
            print(
                f"stopped; finished games are in {folder.path}. "
                f"Go on with: miai arena --out {folder.path}",
                file=sys.stderr,
            )
            return 130
    progress.end()
    _print_report(conditions, lines, args)
    print(f"games and results: {folder.path}", file=sys.stderr)
    return 0


def _conditions(
    args: argparse.Namespace,
    known: Conditions | None,
    cards: tuple[AgentCard, ...],
    spec: GameSpec,
) -> Conditions:
    from arena.results import conditions_of
    from engine.errors import ConfigError

    if known is not None:
        return replace(known, agents=cards)
    limit = spec.max_plies if args.move_limit is None else args.move_limit
    if not 1 <= limit <= spec.max_plies:
        raise ConfigError(f"expected --move-limit from 1 to {spec.max_plies}, got {limit!r}")
    return conditions_of(
        spec,
        agents=cards,
        kind="gauntlet" if args.gauntlet else "round-robin",
        opening_plies=_opening_plies(args.openings_plies),
        move_limit=limit,
        seed=args.seed,
    )


def _opening_plies(text: str) -> tuple[int, int]:
    from engine.errors import ConfigError

    fewest, dots, most = text.partition("..")
    if not fewest.isdecimal() or (dots and not most.isdecimal()):
        raise ConfigError(f"expected --openings-plies such as 2..4 or 3, got {text!r}")
    return int(fewest), int(most or fewest)


def _check_arguments(args: argparse.Namespace, names: Sequence[str]) -> None:
    from engine.errors import ConfigError

    if args.anchor is not None and args.anchor not in names:
        raise ConfigError(f"expected --anchor from {', '.join(names)}, got {args.anchor!r}")
    for option in ("games", "concurrency", "games_at_once", "move_timeout"):
        value = getattr(args, option)
        if value is not None and not value > 0:
            raise ConfigError(f"expected --{option.replace('_', '-')} above 0, got {value!r}")


def _print_report(
    conditions: Conditions, lines: Sequence[GameLine], args: argparse.Namespace
) -> None:
    from arena.report import as_json, as_text, make_report

    report = make_report(conditions, lines, args.anchor)
    if args.json:
        print(json.dumps(as_json(report), indent=2, allow_nan=False))
    else:
        print(as_text(report), end="")


class _Progress:
    """A status line on stderr, rewritten on a terminal, once a minute elsewhere."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._live = sys.stderr.isatty()
        self._total = self._done = self._before = 0
        self._points: dict[str, float] = {}
        self._started_s = self._printed_s = time.monotonic()

    def start(self, total: int, done: int) -> None:
        """Say what is going to happen."""
        self._total, self._done, self._before = total, done, done
        self._started_s = time.monotonic()
        already = f", {done} of them played already" if done else ""
        print(f"{total} games{already}, kept in {self._path}", file=sys.stderr)

    def show(self, line: GameLine) -> None:
        """Count a finished game; a forfeited one gets a line of its own."""
        from arena.verdict import FORFEITS

        self._done += 1
        for name, points in ((line.black, line.black_points), (line.white, 1 - line.black_points)):
            self._points[name] = self._points.get(name, 0.0) + points
        if line.termination in FORFEITS:
            self._write(f"game {line.game}: {line.loser} forfeits: {line.note}", keep=True)
        now = time.monotonic()
        if self._live or now - self._printed_s >= 60.0:
            self._printed_s = now
            self._write(self._status(now), keep=not self._live)

    def _status(self, now: float) -> str:
        rate = (self._done - self._before) / max(now - self._started_s, 1e-3)
        left = (self._total - self._done) / rate
        points = ", ".join(f"{name} {points:g}" for name, points in self._points.items())
        return (
            f"{self._done}/{self._total} games, {60 * rate:.1f}/min, {left / 60:.1f} min left; "
            f"points: {points}"
        )

    def _write(self, text: str, keep: bool) -> None:
        if self._live:
            print(f"\r\x1b[K{text}", end="\n" if keep else "", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the status line."""
        if self._live:
            print(file=sys.stderr)
