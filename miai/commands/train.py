"""``miai train``: self-play training on this machine."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from miai.commands.options.game import add_game_name
from miai.commands.options.run import meant_run, run_with_added
from miai.commands.options.trust import add_trust_option, allow_ladder

if TYPE_CHECKING:
    from miai.tracking import Tracker
    from selfplay.run import Run, RunConfig
    from selfplay.run.folder import RunFolder

SUMMARY = "train a network by self-play"
EXAMPLE = "miai train --game connect_four"

_LAST_RATINGS_S = 60.0


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
    folder, config, source = run_with_added(args) if args.add else meant_run(args)
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
