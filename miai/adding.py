"""A further task for a run: its settings, and the run's, before the run goes on with both."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.errors import ConfigError
from engine.files import write_atomic
from miai.config import build, load_preset, preset_of, to_toml
from selfplay.run.config import GameConfig, RunConfig
from selfplay.run.folder import RunFolder
from selfplay.run.state import states
from selfplay.run.tasks import TaskConfig, TaskSearch, TaskSelfPlay

_OF_TASK: Final = ("benchmarks", "openings", "quiz", "answers", "ratings")
PULL: Final = 0.5
"""Pull to the network of before, unless the run's settings have another."""


def read_run(folder: RunFolder) -> RunConfig:
    """Return the settings of a run that exists.

    Raises:
        ConfigError: if there is none.
    """
    if not folder.config.exists():
        raise ConfigError(
            f"expected a run to add a task to, got {str(folder.path)!r} without one; name its "
            "folder with --run, or with --from for a new run that begins with it"
        )
    return build(RunConfig, load_preset(str(folder.config)), source=str(folder.config))


def with_added(config: RunConfig, added: Sequence[str], rehearse: bool) -> RunConfig:
    """Return the settings of a run with further tasks.

    Args:
        config: of a run of one task or several.
        added: tasks as ``GAME:SIZE``.
        rehearse: whether known tasks play no games any more.

    Raises:
        ConfigError: if a task is not spelled so, there is no such game, or the run has it already.
    """
    if config.game.other_sizes or config.learner.parameters != "full":
        raise ConfigError(
            "expected a run without game.other_sizes that trains all parameters to add a task to, "
            f"got game.other_sizes={[*config.game.other_sizes]!r} and "
            f"learner.parameters={config.learner.parameters!r}"
        )
    game = config.game
    known = config.tasks or (TaskConfig(game.name, game.name, game.height, game.width, game.komi),)
    slots, total = config.selfplay.slots, sum(task.share for task in known)
    tasks = [replace(task, games=0.0) if rehearse else task for task in known]
    for text in added:
        tasks.append(_task(text, [task.name for task in tasks], total / len(known)))
    played = sum(task.share * task.games for task in tasks)
    wanted = slots if rehearse else round(slots * played / total)
    pull = config.rehearsal.pull or PULL
    return replace(
        config,
        game=GameConfig(),
        tasks=tuple(tasks),
        selfplay=replace(config.selfplay, slots=max(wanted, 4)),
        rehearsal=replace(config.rehearsal, pull=pull),
    )


def _task(text: str, names: Sequence[str], share: float) -> TaskConfig:
    """Settings of a new task, those of its game's preset where they depend on the game."""
    from miai.commands.options.game import read_size

    game, _, size = text.lower().replace("-", "_").partition(":")
    if not size:
        raise ConfigError(f"expected --add GAME:SIZE such as hex:7, got {text!r}")
    height, width = read_size(size) or (0, 0)
    preset = preset_of(game)
    settings = load_preset(preset) if preset else {}
    play, search = settings.get("selfplay", {}), settings.get("search", {})
    name = game if game not in names else f"{game}{size}"
    task = TaskConfig(
        name,
        game,
        height,
        width,
        share=share,
        search=TaskSearch(),
        selfplay=replace(
            TaskSelfPlay(),
            opening_plies=play.get("opening_plies"),
            sampled_plies=play.get("sampled_plies"),
        ),
    )
    spec = task.spec()
    late = search.get("no_pass_before", 0) if spec.may_pass else 0
    scale = spec.points / (settings["game"]["height"] * settings["game"]["width"]) if late else 0.0
    return replace(task, search=replace(TaskSearch(), no_pass_before=round(late * scale)))


def prepare(folder: RunFolder, config: RunConfig) -> None:
    """Write the settings with further tasks into a run's folder; its next start takes them up.

    A run of one task keeps its ratings under the task's name.

    Raises:
        RunError: if another process trains there.
        OSError: if the folder cannot be written.
    """
    lock = folder.lock()
    try:
        own = folder.of_task(config.tasks[0].name)
        for name in _OF_TASK:
            path, kept = getattr(folder, name), getattr(own, name)
            if path.exists() and not kept.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, kept)
        folder.former.unlink(missing_ok=True)
        for path in folder.path.glob("held/*.npz"):
            path.unlink()
        write_atomic(folder.config, to_toml(config).encode())
    finally:
        lock.release()


def require_budget(folder: RunFolder, config: RunConfig) -> None:
    """Refuse a budget that the run has spent already.

    Raises:
        ConfigError: if nothing of it is left for a further task.
    """
    past = folder.read_lines(folder.metrics)[-1:]
    schedule = config.schedule
    for entry in past:
        unit = next((n for n in ("cycles", "games", "rows") if getattr(schedule, n)), "minutes")
        spent = entry.get({"cycles": "cycle", "minutes": "elapsed_s"}.get(unit, unit))
        if isinstance(spent, int | float) and spent >= schedule.budget:
            raise ConfigError(
                f"expected a budget that the run has not spent, got schedule.{unit}="
                f"{getattr(schedule, unit):g}; give it more, over all starts: "
                f"--set schedule.{unit}={2 * getattr(schedule, unit):g}"
            )


def copied(source: Path, target: Path) -> None:
    """Copy what a run needs to go on into another folder, which must not hold a run.

    Raises:
        ConfigError: if the source has no state to go on from, or the target holds a run.
    """
    if not states(source / "states"):
        raise ConfigError(
            f"expected a run with stored rows after --from, got {str(source)!r}; a network file "
            "alone has none: train --preset many --from it, with the games as tasks"
        )
    if (target / "config.toml").exists():
        raise ConfigError(
            f"expected another folder than {str(target)!r} for --run, it holds a run; leave --from "
            "away to add a task to that run"
        )
    for name in ("states", "shards", "checkpoints", "tasks"):
        if (source / name).exists():
            shutil.copytree(source / name, target / name, dirs_exist_ok=True)
    for path in source.glob("*.json*"):
        shutil.copyfile(path, target / path.name)
    shutil.copyfile(source / "config.toml", target / "config.toml")
