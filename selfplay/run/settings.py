"""A run's stored settings for readers, as any version wrote them.

Training refuses unknown settings. A report, a list of runs, or a rating needs only a few settings.
This module therefore reads ``config.toml`` without the dataclasses and without torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import engine.games
from engine.errors import MiaiError, RunError
from engine.files import LARGEST_SETTINGS, read_file, toml_of
from engine.games.spec import GameSpec
from selfplay.run.folder import RunFolder

Settings = Mapping[str, Any]


def read_settings(path: Path) -> Settings:
    """Return the settings of the run in a folder.

    Raises:
        RunError: if there is no run, or its settings cannot be read.
    """
    config = RunFolder(path).config
    try:
        return toml_of(read_file(config, LARGEST_SETTINGS))
    except FileNotFoundError as error:
        raise RunError(
            f"expected a run folder with {config.name}, got {str(path)!r}; "
            "`miai runs` lists the runs there are, `miai train` makes one"
        ) from error
    except (OSError, ValueError) as error:
        raise RunError(f"expected the settings of a run in {str(config)!r}: {error}") from error


def section(settings: Settings, name: str) -> Settings:
    """Return one section; an empty one if there is none."""
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}


def task_names(settings: Settings) -> list[str]:
    """Return the names of a run's tasks; a run of one game has a single empty name."""
    names = [str(task.get("name")) for task in _tasks(settings)]
    return names if len(names) > 1 else [""]


def game_of(settings: Settings, task: str = "") -> Settings:
    """Return ``name``, ``height``, ``width`` and ``komi`` of a task, by default of the first."""
    tasks = _tasks(settings)
    if not tasks:
        return section(settings, "game")
    found = next((each for each in tasks if each.get("name") == task), tasks[0])
    return {**found, "name": found.get("game", "go")}


def _tasks(settings: Settings) -> list[Settings]:
    found = settings.get("tasks")
    return [task for task in found if isinstance(task, Mapping)] if isinstance(found, list) else []


def spec_of(settings: Settings, komi: float | None = None, task: str = "") -> GameSpec:
    """Return the game of a run's task, or that game with another komi.

    An empty ``task`` means the first one.

    Raises:
        RunError: if the settings name no game of this program.
    """
    game = game_of(settings, task)
    name, height, width = (game.get(key) for key in ("name", "height", "width"))
    try:
        known = engine.games.make(str(name), height, width)
        if not known.has_komi:
            return known
        return known.changed(komi=float(game.get("komi", 7.0) if komi is None else komi))
    except (MiaiError, TypeError, ValueError, OverflowError) as error:
        raise RunError(
            f"expected the settings of a run to name a game, got {repr(dict(game))[:200]}: {error}"
        ) from error
