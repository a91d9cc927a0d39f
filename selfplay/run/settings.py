"""A run's stored settings for readers: as they are, whichever version wrote them.

Training refuses what it does not know; a report, a list of runs, or a rating only wants the few
settings it needs, so this reads ``config.toml`` without the dataclasses, and without torch.
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


def spec_of(settings: Settings, komi: float | None = None) -> GameSpec:
    """Return the game that a run learns, or that game with another komi.

    Raises:
        RunError: if the settings name no game of this program.
    """
    game = section(settings, "game")
    name, height, width = (game.get(key) for key in ("name", "height", "width"))
    try:
        known = engine.games.make(str(name), height, width)
        if not known.has_komi:
            return known
        return known.changed(komi=float(game.get("komi", 7.0) if komi is None else komi))
    except (MiaiError, TypeError, ValueError) as error:
        raise RunError(
            f"expected the settings of a run to name a game, got {dict(game)!r}: {error}"
        ) from error
