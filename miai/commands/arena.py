"""``miai arena``: a tournament between agents, with a table that can be believed."""

from __future__ import annotations

import argparse
import json
import math
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miai.commands.options.arena import add_arguments, check_seed
from miai.commands.options.game import read_spec
from miai.commands.options.trust import allow_from_file, allow_named

if TYPE_CHECKING:
    from agents.parse import Spelling
    from agents.protocol import Agent
    from arena.folder import TournamentFolder
    from arena.results import AgentCard, Conditions, GameLine
    from engine.games.spec import GameSpec

__all__ = ["EXAMPLE", "SUMMARY", "add_arguments", "run"]

SUMMARY = "let agents play each other: cross table, Elo with intervals, all games as SGF"
EXAMPLE = """miai arena random rollouts:50 rollouts:200 --games 20 --size 5
miai arena shipped@200 'gtp:gnugo --mode gtp --chinese-rules' --gate 0,50"""
_DEFAULT_GAMES = 100
_BOOK = (100.0, 1000.0, 0.1)
_DEFAULT_MOST_GAMES = 1000


def run(args: argparse.Namespace) -> int:
    from agents.parse import read_spelling, read_spellings
    from arena.folder import TournamentFolder
    from engine.errors import ConfigError

    check_seed(args.seed)
    named, args.agents = args.agents, [*args.file_agents, *args.agents]
    if args.report is not None:
        folder = TournamentFolder(args.report)
        _check_arguments(args, folder.conditions().names)
        _show(folder, args)
        return 0
    if args.check is not None:
        return _check_program(args)
    if args.make_book is not None:
        return _make_book(args, named)
    known = None
    if args.out is not None and not args.agents and TournamentFolder(args.out).exists:
        known = TournamentFolder(args.out).conditions()
    if known is not None:
        spellings = [
            replace(read_spelling(agent.spelling, game=known.spec), name=agent.name)
            for agent in known.agents
        ]
        spellings = allow_from_file(spellings, str(args.out), args.trust)
    else:
        spellings = _allowed(read_spellings(args.agents, game=read_spec(args)), named, args)
    if len(spellings) < 2:
        raise ConfigError(
            f"expected two agents or more, got {len(spellings)}; or --out with a tournament"
        )
    _check_arguments(args, [spelling.name for spelling in spellings])
    folder = TournamentFolder(args.out or _new_folder())
    with folder.opened(just_made=args.out is None):
        return _play(args, folder, known, spellings)


def _allowed(
    spellings: Sequence[Spelling], named: Sequence[str], args: argparse.Namespace
) -> list[Spelling]:
    """Let the programs be started that stand on the command line, or that --config may start."""
    from agents.parse import read_program

    typed = {program.text for text in named if (program := read_program(text)) is not None}
    allowed = [
        allow_named([spelling])[0] if spelling.text in typed else spelling for spelling in spellings
    ]
    return allow_from_file(allowed, args.file_name, args.trust)


def _new_folder() -> Path:
    """Make a folder that no other tournament has, though one began within the same second."""
    from engine.errors import RunError

    runs, name = Path("runs"), f"arena-{datetime.now():%Y%m%d-%H%M%S}"
    try:
        runs.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise RunError(
            "expected the folder 'runs' here, or none, got a file or a link that leads nowhere; "
            "move it, or say where with --out"
        ) from error
    number = 1
    while True:
        path = runs / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _check_program(args: argparse.Namespace) -> int:
    from agents.gtp.client import Watchdog
    from agents.parse import PROTOCOLS, read_spelling
    from arena.gtp.check import check_agent, check_program, report
    from engine.errors import ConfigError

    spelling = read_spelling(args.check)
    if spelling.kind not in PROTOCOLS:
        raise ConfigError(
            f"expected --check 'gtp:PROGRAM ...' (or gomocup:, nboard:), got {args.check!r}"
        )
    _allowed([spelling], [] if args.check == args.file_check else [args.check], args)
    watchdog = Watchdog(start_s=args.start_timeout, move_s=args.move_timeout)
    if spelling.kind == "gtp":
        checks = check_program(spelling.argv, read_spec(args), watchdog, spelling.commands)
        return report(checks, print)
    if args.game == "go":  # the usual game of all commands, which these protocols do not have
        args.game = "gomoku" if spelling.kind == "gomocup" else "othello"
    agent = PROTOCOLS[spelling.kind]("program", spelling.argv, 1, watchdog, spelling.commands)
    return report(check_agent(agent, read_spec(args)), print)


def _games(args: argparse.Namespace, folder: TournamentFolder, known: Conditions | None) -> int:
    """Games of every two agents that meet: an even number."""
    usual = _DEFAULT_GAMES if args.gate is None else _DEFAULT_MOST_GAMES
    if known is not None:
        usual = folder.games_per_pairing()
    games: int = args.games or usual
    if games % 2:
        games += 1
        print(f"{games} games, so that colours are balanced", file=sys.stderr)
    return games


def _play(
    args: argparse.Namespace,
    folder: TournamentFolder,
    known: Conditions | None,
    spellings: Sequence[Spelling],
) -> int:
    from agents.gtp.client import Watchdog
    from agents.parse import make_agent
    from arena.live import LiveTable
    from arena.play.game_runner import fitting_games_at_once
    from arena.tournament import make_cards, play_tournament
    from engine.errors import MiaiError

    spec = known.spec if known is not None else read_spec(args)
    watchdog = Watchdog(
        start_s=args.start_timeout, move_s=args.move_timeout, game_s=args.game_timeout
    )
    with ExitStack() as closing:
        if threading.current_thread() is threading.main_thread():
            # A kill ends the programs and writes the tables, as Ctrl-C does.
            before = signal.signal(signal.SIGTERM, signal.default_int_handler)
            closing.callback(signal.signal, signal.SIGTERM, before or signal.SIG_DFL)
        agents: list[Agent] = []
        for spelling in spellings:
            agent = make_agent(spelling, spec, processes=args.concurrency, watchdog=watchdog)
            closing.callback(agent.close)
            agents.append(agent)
        conditions = _conditions(args, known, make_cards(spellings, agents, spec), spec)
        games = _games(args, folder, known)
        deepest = max(map(_depth, spellings, agents))
        at_once = args.games_at_once or fitting_games_at_once(deepest)
        if any(spelling.kind == "human" for spelling in spellings):
            args.quiet, at_once = True, 1  # a person plays one game, and needs the terminal
        play = _games_on_ray(args, spellings, closing)
        table = LiveTable(conditions, folder.path, args.anchor, args.quiet)
        try:
            play_tournament(
                folder,
                conditions,
                agents,
                games,
                table.events,
                games_at_once=at_once,
                play=play,
            )
        except KeyboardInterrupt:
            table.close()
            _write_outputs(folder, conditions, folder.games(), args)
            _say_how_to_go_on(folder)
            return 130
        except MiaiError:
            table.close()
            if table.started:
                _say_how_to_go_on(folder)
            raise
        finally:
            table.close()
    _show(folder, args)
    print(f"games, tables and arena.html: {folder.path}", file=sys.stderr)
    return 0


def _games_on_ray(
    args: argparse.Namespace, spellings: Sequence[Spelling], closing: ExitStack
) -> Callable[..., None]:
    """Return what plays the games: this process, or a cluster's workers."""
    from agents.evaluators.auto import cores
    from arena.play.game_runner import play_games
    from engine.errors import ConfigError

    if args.ray is None:
        if args.workers is not None:
            raise ConfigError("expected --workers with --ray; cores of this machine share a batch")
        return play_games
    from miai.rating_process import python_path
    from selfplay.ray.cluster import import_ray

    import_ray()
    from miai.ray_games import RayGames

    workers = cores() if args.workers is None else args.workers
    games = RayGames(spellings, args.ray, workers, {"PYTHONPATH": python_path()})
    closing.callback(games.close)

    def tell() -> None:
        for note in games.take_notes():
            print(note, file=sys.stderr)

    closing.callback(tell)
    return games


def _depth(spelling: Spelling, agent: Agent) -> int:
    """Simulations of a move, or how many its time may allow."""
    from agents.parse import DEFAULT_SIMULATIONS
    from agents.protocol import Thinks

    if isinstance(agent, Thinks) and agent.limit.simulations is not None:
        return agent.limit.simulations
    return spelling.evaluations or DEFAULT_SIMULATIONS


def _say_how_to_go_on(folder: TournamentFolder) -> None:
    print(
        f"stopped; finished games are in {folder.path}. Go on with: "
        f"miai arena --out {shlex.quote(str(folder.path))}",
        file=sys.stderr,
    )


def _conditions(
    args: argparse.Namespace,
    known: Conditions | None,
    cards: tuple[AgentCard, ...],
    spec: GameSpec,
) -> Conditions:
    from arena.books import make_plan
    from arena.play.clock import read_time_control
    from arena.results import conditions_of
    from arena.schedule import most_rounds
    from engine.errors import ConfigError

    if known is not None:
        # They were read from these spellings, however they are written now.
        pairs = zip(cards, known.agents, strict=True)
        agents = tuple(replace(card, spelling=old.spelling) for card, old in pairs)
        return replace(known, agents=agents)
    limit = spec.max_plies if args.move_limit is None else args.move_limit
    if not 1 <= limit <= spec.max_plies:
        raise ConfigError(f"expected --move-limit from 1 to {spec.max_plies}, got {limit!r}")
    kind = "gauntlet" if args.gauntlet else args.format
    rounds = 0
    if kind == "swiss":
        most = most_rounds(len(cards))
        rounds = min(args.rounds or (len(cards) - 1).bit_length() + 2, most)
        if args.rounds is not None and args.rounds > most:
            print(f"{most} rounds, so that no two agents meet twice", file=sys.stderr)
    return conditions_of(
        spec,
        agents=cards,
        kind=kind,
        openings=make_plan(args.openings, spec, _opening_plies(args.openings_plies)),
        move_limit=limit,
        seed=args.seed,
        clock=None if args.time is None else read_time_control(args.time),
        resignation=_resignation(args.resign),
        test=_test(args),
        rounds=rounds,
    )


def _numbers(text: str, option: str, example: str, most: int) -> list[float]:
    from engine.errors import ConfigError

    try:
        found = [float(word) for word in text.split(",")]
    except ValueError:
        found = []
    if not 1 <= len(found) <= most or not all(map(math.isfinite, found)):
        raise ConfigError(f"expected {option} as numbers such as {example}, got {text!r}")
    return found


def _resignation(text: str | None) -> Any:
    from arena.play.adjudication import Resignation

    if text is None:
        return None
    value, *others = _numbers(text, "--resign", "0.9,3,0.1", 3)
    moves = int(others[0]) if others else Resignation.moves
    return Resignation(value, moves, others[1] if len(others) > 1 else Resignation.audited)


def _test(args: argparse.Namespace) -> Any:
    from arena.stats.sprt import Hypotheses
    from engine.errors import ConfigError

    if args.gate is None:
        return None
    numbers = _numbers(args.gate, "--gate", "0,50 or 0,50,0.05,0.05", 4)
    rates = numbers[2:] or [0.05]
    alpha, beta = rates[0], rates[-1]
    if len(numbers) < 2 or not numbers[0] < numbers[1] or not (0 < alpha < 0.5 and 0 < beta < 0.5):
        raise ConfigError(
            "expected --gate with the smaller Elo first and error rates between 0 and 0.5, such as "
            f"0,50,0.05,0.05, got {args.gate!r}"
        )
    return Hypotheses(numbers[0], numbers[1], alpha, beta, args.gate_elo)


def _opening_plies(text: str | None) -> tuple[int, int] | None:
    from engine.errors import ConfigError

    if text is None:
        return None
    fewest, dots, most = text.partition("..")
    if not fewest.isdecimal() or (dots and not most.isdecimal()):
        raise ConfigError(f"expected --openings-plies such as 2..4 or 3, got {text!r}")
    return int(fewest), int(most or fewest)


def _check_arguments(args: argparse.Namespace, names: Sequence[str]) -> None:
    from engine.errors import ConfigError

    if args.anchor is not None and args.anchor not in names:
        raise ConfigError(f"expected --anchor from {', '.join(names)}, got {args.anchor!r}")
    options = (
        "games", "rounds", "concurrency", "games_at_once",
        "start_timeout", "move_timeout", "game_timeout",
    )  # fmt: skip
    for option in options:
        value = getattr(args, option)
        if value is not None and not value > 0:
            raise ConfigError(f"expected --{option.replace('_', '-')} above 0, got {value!r}")


def _show(folder: TournamentFolder, args: argparse.Namespace) -> None:
    """Print the table and write the files that are made of it."""
    from arena.report import as_json
    from arena.report_text import as_text

    conditions, lines = folder.conditions(), folder.games()
    report = _write_outputs(folder, conditions, lines, args)
    if args.json:
        print(json.dumps(as_json(report), indent=2, allow_nan=False))
    else:
        print(as_text(report), end="")


def _write_outputs(
    folder: TournamentFolder,
    conditions: Conditions,
    lines: Sequence[GameLine],
    args: argparse.Namespace,
) -> Any:
    from arena.outputs import write_outputs
    from arena.report import make_report

    report = make_report(conditions, lines, args.anchor, folder.voids())
    write_outputs(folder.path, report, lines)
    return report


def _make_book(args: argparse.Namespace, named: Sequence[str]) -> int:
    from agents.parse import make_agent, read_spelling
    from arena.books import book_name, make_book
    from arena.openings import make_openings
    from engine.errors import ConfigError
    from engine.files import write_atomic

    if len(args.agents) != 1:
        raise ConfigError(f"expected one agent to make a book with, got {len(args.agents)}")
    spec = read_spec(args)
    numbers = _numbers(args.book, "--book", "100,1000,0.1", 3)
    count, candidates, value = (*numbers, *_BOOK[len(numbers) :])
    plies = _opening_plies(args.openings_plies) or (2, 6)
    spelling = read_spelling(args.agents[0], game=spec)
    agent = make_agent(_allowed([spelling], named, args)[0], spec)
    try:
        openings = make_openings(spec, int(candidates), plies, args.seed)
        text = make_book(spec, agent, openings, int(count), value)
    finally:
        agent.close()
    path: Path = args.make_book
    if path.is_dir():
        path = path / f"{book_name(spec)}.txt"
    write_atomic(path, text.encode())
    print(f"{text.count(chr(10)) - 3} openings in {path}")
    return 0
