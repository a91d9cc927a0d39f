"""``miai train``: self-play training on this machine."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miai.commands.options.game import add_game_name
from miai.commands.options.trust import add_trust_option, allow_ladder

if TYPE_CHECKING:
    from miai.tracking import Tracker
    from selfplay.run import Run, RunConfig
    from selfplay.run.folder import RunFolder

SUMMARY = "train a network by self-play"
EXAMPLE = "miai train --game connect_four"

_LAST_RATINGS_S = 60.0
_MANY = "many"
"""Name of the network of many games that comes with the program."""
_KNOWN_RATE = 0.5
"""Share of the usual learning rate of a run that begins with it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--preset",
        help="named settings or a TOML file (default: the game's quickest, go9-quick for Go; a "
        "resume needs none); miai train --preset list shows them",
    )
    add_game_name(parser, "learn this game with its quickest preset; list shows all games")
    parser.add_argument("--size", help="board, such as 9, or width by height, 7x6")
    parser.add_argument(
        "--run",
        type=Path,
        help="folder of the run; an existing one goes on (default: runs/ and the preset's name)",
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="NETWORK",
        help="begin with this network: a file, a run folder, or 'shipped'; of any game and board "
        "size; a strong network needs a lower schedule.learning_rate (default: 'shipped:many' "
        "where no --preset is given and its shape fits; 'none' begins from nothing)",
    )
    parser.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="GAME:SIZE",
        help="bring a further task into the run (--run RUN), or into a copy of another run, whose "
        "games are then only rehearsed from stored rows (--from RUN); repeatable",
    )
    parser.add_argument("--minutes", type=float, help="time of the whole run, over all resumes")
    parser.add_argument(
        "--cycles",
        type=int,
        help="stop after this number of cycles instead; such a run repeats bit for bit, as with a "
        "budget in games or rows (--set schedule.rows=100000)",
    )
    parser.add_argument("--seed", type=int, help="seed of games and weights")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="override one setting, such as selfplay.simulations=32; repeatable",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="play the same games in N processes instead of threads; a process that is killed is "
        "replaced",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="play the games on a Ray cluster, HOST:PORT or auto: the one of this machine, else a "
        "local one for this command; --workers says how many play (optional extra)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="with --ray: learn in the order of the games, so that a run under a count repeats "
        "byte for byte; workers wait while the run learns",
    )
    parser.add_argument(
        "--no-benchmark", action="store_true", help="do not rate checkpoints beside the training"
    )
    add_trust_option(parser)
    parser.add_argument(
        "--watch",
        type=Path,
        metavar="RUN",
        help="show a run that trains in another process, its games ply by ply; train nothing",
    )
    parser.add_argument(
        "--tensorboard", action="store_true", help="write TensorBoard logs too (optional extra)"
    )
    parser.add_argument(
        "--wandb", metavar="PROJECT", help="send the metrics to W&B too (optional extra)"
    )


def run(args: argparse.Namespace) -> int:
    if args.watch is not None:
        return _watch(args.watch)
    if args.preset == "list":
        return _list_presets()

    from engine.errors import ConfigError
    from miai.config import to_toml
    from miai.playing import source_maker
    from selfplay.run import Run
    from selfplay.run.folder import RunFolder
    from selfplay.run.start import extension

    if args.strict and args.ray is None:
        raise ConfigError("expected --strict with --ray; other runs are strict by themselves")
    folder, config, source = _with_added(args) if args.add else _resolve(args)
    config.benchmark.check()
    rated = config.benchmark.share > 0.0 and not args.no_benchmark
    if rated:
        said = any(override.strip().startswith("benchmark.ladder") for override in args.set)
        allow_ladder(config.benchmark.ladder, None if said else source, args.trust)
        for task in config.tasks:
            allow_ladder(task.ladder, source, args.trust)
    text = to_toml(config)
    with ExitStack() as closing:
        trackers = _trackers(args, folder, text)
        for tracker in trackers:
            closing.callback(tracker.close)
        games = source_maker(args.ray, args.workers, config)
        if added := extension(RunFolder(folder), config):
            print(added)
        training = closing.enter_context(Run(folder, config, text, games))
        _note_session(training.folder)
        _announce(training.folder.path, config, training.resumed, training.progress)
        try:
            _train(training, trackers, rated and training.progress < 1.0, args.ray)
        except KeyboardInterrupt:
            print(
                f"stopped; all but the unfinished cycle is in {folder}. "
                f"Go on with: miai train --run {folder}",
                file=sys.stderr,
            )
            return 130
        _finish(training, rated)
    return 0


def _train(training: Run, trackers: Sequence[Tracker], rated: bool, ray: str | None) -> None:
    """Train to the end, with the display, the rating beside it and all who follow the metrics."""
    from miai.dashboard import TrainingDisplay
    from miai.gate import make_gate
    from miai.rating_process import RatingProcess

    folder = training.folder.path
    with ExitStack() as closing:
        cluster = ""
        if ray is not None:
            from selfplay.ray.cluster import existing

            cluster = existing(ray)
        beside = closing.enter_context(RatingProcess(folder, cluster)) if rated else None
        display = closing.enter_context(TrainingDisplay(folder))

        def report(metrics: dict[str, object]) -> None:
            nonlocal beside
            display.show(metrics)
            if beside is not None and not beside.alive:
                display.note(f"checkpoints are no longer rated: {beside.last_words}")
                beside = None
            for tracker in trackers:
                tracker.write(metrics)
            if "checkpoint" in metrics:
                _write_report(folder)

        gated = training.config.schedule.gating
        training.train(report, make_gate(training.config) if gated else None)


def _finish(training: Run, rated: bool) -> None:
    """Say what came out and what to do with it."""
    from engine.errors import RunError

    folder = training.folder.path
    checkpoints = [path for path in training.folder.checkpoints() if int(path.stem)]
    if not checkpoints:
        raise RunError(
            f"expected at least one checkpoint in {folder}, got none: "
            "the run was too short for a game to end; give it more --minutes or --cycles"
        )
    print(f"done: {training.state.games} games, {training.state.rows} rows")
    if rated:
        _rate_the_last(folder)
    print(f"all of it on one page: {training.folder.report}")
    newest, config = checkpoints[-1], training.config
    rival = f"{training.folder.checkpoint(0)}@100" if config.start else "rollouts:500"
    for spec in [task.spec() for task in config.tasks] or [config.spec()]:
        board = f"--game {spec.name} --size {spec.width}x{spec.height}"
        print(f"play against it: miai play {board} --network {newest}")
        print(f"see how strong it is: miai arena {board} {newest}@100 {rival} --games 100")
    for task in [task for task in config.tasks if task.name in training.state.known]:
        board = f"--game {task.game} --size {task.width}x{task.height}"
        former = training.folder.former
        print(
            f"what it forgot of {task.name}: "
            f"miai arena {board} {newest}@100 {former}@100 --games 400"
        )


def _watch(path: Path) -> int:
    from miai.watching import watch

    with suppress(KeyboardInterrupt):
        watch(path)
    return 0


def _trackers(args: argparse.Namespace, folder: Path, settings: str) -> list[Tracker]:
    """Return other programs that get the metrics; one that is not installed is refused here."""
    from miai.tracking import TensorBoard, WeightsAndBiases

    trackers: list[Tracker] = []
    if args.tensorboard:
        trackers.append(TensorBoard(folder / "tensorboard"))
    if args.wandb is not None:
        trackers.append(WeightsAndBiases(args.wandb, folder, tomllib.loads(settings)))
    return trackers


def _note_session(folder: RunFolder) -> None:
    """Write down on which machine, with which versions, the run goes on from here."""
    from miai import __version__
    from miai.measure.rates import conditions

    started = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    entry = {"started": started, "miai": __version__, "machine": conditions()}
    folder.append(folder.sessions, entry)


def _write_report(folder: Path) -> None:
    """Write ``report.html``; a page that cannot be made is no reason to stop training."""
    from engine.errors import MiaiError
    from selfplay.report.report import write_report

    try:
        write_report(folder)
    except (MiaiError, OSError) as error:
        print(f"no report: {error}", file=sys.stderr)


def _rate_the_last(folder: Path) -> None:
    """Let the last checkpoints play what is left of their games, with the whole machine."""
    from miai.rating_process import finish

    print("rating the last checkpoints for at most a minute; Ctrl-C leaves it")
    with suppress(KeyboardInterrupt):
        finish(folder, _LAST_RATINGS_S, lambda _: None)
    _write_report(folder)


def _resolve(args: argparse.Namespace) -> tuple[Path, RunConfig, str]:
    """The run's folder, its settings, and the preset or file that they are from.

    The settings are the run's own, or the preset's, with the command line's on top.
    """
    from miai.commands.options.game import read_size
    from miai.config import RENAMED, build, load_preset, preset_of
    from selfplay.run import RunConfig
    from selfplay.run.folder import RunFolder
    from selfplay.run.start import fit_start

    overrides = []
    game = (args.game or "go").lower().replace("-", "_")
    name = args.preset or preset_of(game)
    if name in RENAMED:
        print(f"the preset {name} is now {RENAMED[name]}; taking that", file=sys.stderr)
        name = RENAMED[name]
    if args.game is not None:
        overrides.append(f"game.name={game}")
    if args.size is not None:
        sides = zip(("height", "width"), read_size(args.size), strict=True)
        overrides += [f"game.{which}={side}" for which, side in sides]
    given = None if args.start == "none" else args.start
    if args.start is not None:
        overrides.append(f"start={given or ''}")
    overrides += args.set
    if args.strict:
        overrides.append("ray.strict=true")
    if args.minutes is not None:
        overrides.append(f"schedule.minutes={args.minutes}")
    if args.cycles is not None:
        overrides.append(f"schedule.cycles={args.cycles}")
    if args.seed is not None:
        overrides.append(f"seed={args.seed}")
    if args.run is None:
        size = f"-{args.size}" if args.size else ""
        folder = Path("runs") / f"{Path(name or game).stem}{size}"
    else:
        folder = args.run
    known = RunFolder(folder)
    known.check_version()
    if known.config.exists() and args.preset is None:
        name = str(known.config)
    source = name or f"the usual settings of {game}"
    preset = load_preset(name) if name else _without_preset(game)
    config = build(RunConfig, preset, overrides, source=source)
    if args.preset is None and args.start is None and not known.config.exists():
        usual = _usual_start(config, set(_keys(args.set)))
        overrides = [*usual, *overrides]
        config = build(RunConfig, preset, overrides, source=source)
    if given is not None:
        fitting = fit_start(known, config)
        shape = [f"network={fitting.network}", f"future_head={str(fitting.future_head).lower()}"]
        if fitting.heads:
            shape.append(f"heads={[*fitting.heads]}")
        config = build(RunConfig, preset, [*shape, *overrides], source=source)
    config.check()
    return folder, config, source


def _with_added(args: argparse.Namespace) -> tuple[Path, RunConfig, str]:
    """As :func:`_resolve`, for a run that gets further tasks."""
    from engine.errors import ConfigError
    from miai.adding import copied, prepare, read_run, require_budget, with_added
    from miai.config import build, to_toml
    from selfplay.run import RunConfig
    from selfplay.run.folder import RunFolder

    given = Path(args.start or args.run or "")
    if not (args.start or args.run) or args.preset or args.game or args.size:
        raise ConfigError(
            "expected --add with --run RUN or --from RUN, whose settings it takes, and no "
            "--preset, --game or --size"
        )
    folder = args.run or Path("runs") / f"{given.name}-{args.add[0].replace(':', '')}"
    config = with_added(read_run(RunFolder(given)), args.add, rehearse=args.start is not None)
    budget = {"schedule.minutes": args.minutes, "schedule.cycles": args.cycles, "seed": args.seed}
    said = [*args.set, *(f"{name}={value}" for name, value in budget.items() if value is not None)]
    config = build(RunConfig, tomllib.loads(to_toml(config)), said, source=str(given))
    config.check()
    require_budget(RunFolder(given), config)
    if args.start is not None:
        copied(given, folder)
    prepare(RunFolder(folder), config)
    print(f"{given} goes on in {folder} with {', '.join(args.add)} added; games begin anew")
    return folder, config, str(folder / "config.toml")


def _usual_start(config: RunConfig, said: set[str]) -> list[str]:
    """Settings that let a run begin with the network of many games that comes along.

    A preset that is named, a start that is named, and another shape of network keep what they say.
    ``said`` are the settings of the command line.
    """
    from agents.network.checkpoint import read_metadata, shipped_networks
    from selfplay.run.start import fit

    path = shipped_networks().get(_MANY)
    if path is None or config.start or config.tasks or "network" in said:
        return []
    found = read_metadata(path)["network"]
    fitting = fit(config, found)
    if (fitting.network, fitting.future_head, fitting.heads) != (
        config.network,
        config.future_head,
        config.heads,
    ):
        return []
    games = ", ".join(found.games)
    print(f"begins with shipped:{_MANY}, a network of {games}; --from none begins from nothing")
    rates = {
        name: getattr(config.schedule, name) * _KNOWN_RATE
        for name in ("learning_rate", "final_learning_rate")
    }
    return [
        f"start=shipped:{_MANY}",
        *(f"schedule.{name}={rate!r}" for name, rate in rates.items()),
    ]


def _keys(settings: Sequence[str]) -> list[str]:
    return [setting.partition("=")[0].strip() for setting in settings]


def _without_preset(game: str) -> dict[str, Any]:
    """Settings for a game that none come along for: the defaults, on a board that is soon full."""
    from engine.games import GAMES, quick

    if game not in GAMES:
        return {}  # it is refused together with the other settings
    spec = quick(game)
    settings = {"game": {"name": game, "height": spec.height, "width": spec.width}}
    return settings if spec.may_pass else {**settings, "search": {}}


def _list_presets() -> int:
    from miai.config import load_preset, preset_comment, preset_names

    for name in preset_names():
        schedule = load_preset(name).get("schedule", {})
        print(f"{name:<14}{schedule.get('minutes', 30.0):>5.0f} min  {preset_comment(name)}")
    return 0


def _announce(path: Path, config: RunConfig, resumed: bool, progress: float) -> None:
    schedule = config.schedule
    budgets = [
        f"{n} {unit}" for unit in ("cycles", "games", "rows") if (n := getattr(schedule, unit))
    ]
    length = budgets[0] if budgets else f"{schedule.minutes:g} minutes"
    specs = [task.spec() for task in config.tasks] or [config.spec()]
    games = ", ".join(f"{spec.name} {spec.height}x{spec.width}" for spec in specs)
    print(
        f"{'going on with' if resumed else 'new run in'} {path}: {games}, "
        f"network {config.network}, {length}, "
        f"{config.selfplay.slots * config.selfplay.threads} games at once, seed {config.seed}"
        + (f", {progress:.0%} done" if resumed else "")
    )
    if progress >= 1.0:
        print("this run is complete; start another in a new --run folder")
