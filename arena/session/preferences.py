"""A person's preferences for the window, which are kept between starts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import platformdirs

from arena.session.texts import LANGUAGES, usual_language
from engine.files import LARGEST_SETTINGS, json_of, read_file, write_atomic

BOARDS: Final = ("wood", "flat")


@dataclass(frozen=True)
class Preferences:
    """The preferences with their default values."""

    language: str = "en"
    board: str = "wood"
    """Style of the board, ``wood`` or ``flat``."""
    light: bool = False
    """Whether the window is light instead of dark."""
    colour_blind: bool = False
    """Whether to use a palette that differs in brightness and blue, with shapes beside it."""
    sounds: bool = True
    animations: bool = True
    """Whether stones move; False suits people whom motion disturbs."""
    coordinates: bool = True
    legal: bool = True
    """Whether legal points are marked in games where they are few."""
    threats: bool = False
    """Whether points are marked where a side would complete a row."""
    teaching: bool = False
    teaching_loss: float = 0.1
    """Least loss of win rate at which the teacher stops the game."""
    teaching_undo: bool = False
    """Whether the teacher also takes such moves back."""
    keys: dict[str, list[str]] | None = None
    """Keys that differ from the usual ones, by command."""

    @classmethod
    def usual(cls) -> Preferences:
        """Return the preferences of a first start."""
        return cls(language=usual_language())


def preferences_path() -> Path:
    """Return the path of the file of preferences."""
    return Path(platformdirs.user_config_dir("miai")) / "window.json"


def load(path: Path) -> tuple[Preferences, str]:
    """Read preferences; invalid values become defaults, and the second result says why."""
    usual = Preferences.usual()
    try:
        known = json_of(read_file(path, LARGEST_SETTINGS))
    except FileNotFoundError:
        return usual, ""
    except (OSError, ValueError) as error:
        return usual, f"{path} cannot be read ({error}); the usual settings are in use"
    if not isinstance(known, dict):
        return usual, f"expected an object in {path}, got {known!r}; the usual settings are in use"
    good: dict[str, Any] = {}
    bad: list[str] = []
    for entry in fields(Preferences):
        if entry.name in known:
            if _fits(entry.name, known[entry.name], getattr(usual, entry.name)):
                good[entry.name] = known[entry.name]
            else:
                bad.append(f"{entry.name} {known[entry.name]!r}")
    bad += [f"{name}, which is not known" for name in known if not hasattr(usual, name)]
    note = f"passed over in {path}: {'; '.join(bad)}" if bad else ""
    return Preferences(**{**asdict(usual), **good}), note


def _fits(name: str, value: object, usual: object) -> bool:
    if name == "language":
        return isinstance(value, str) and value in LANGUAGES
    if name == "board":
        return value in BOARDS
    if name == "keys":
        return value is None or isinstance(value, dict)
    if isinstance(usual, bool):
        return isinstance(value, bool)
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1


def save(preferences: Preferences, path: Path) -> None:
    """Save the preferences; an error of the disk does not stop the game."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (json.dumps(asdict(preferences), indent=2) + "\n").encode())
    except OSError:
        return
