"""Which programs may be started: those that a person named, never those that only a file names.

A command line that a person typed is remembered by its hash in the user's configuration folder.
A run folder, a preset, a tournament or a saved game may then name it again; any other program that
such data names is refused until the person confirms it. See ``docs/security.md``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from agents.gtp.process import find_program
from engine.files import LARGEST_SETTINGS, is_private, json_of, read_file, write_atomic

if TYPE_CHECKING:
    from agents.parse import Spelling


def programs_path() -> Path:
    """Where the programs that a person named are remembered: an object from hash to command."""
    return Path(platformdirs.user_config_dir("miai")) / "programs.json"


def allow(spelling: Spelling) -> Spelling:
    """Let a program be started that a person named or confirmed, and remember it.

    Other kinds of agents come back as they are.
    """
    if not spelling.is_program or spelling.allowed:
        return spelling
    known = _known()
    if _fingerprint(spelling) not in known:
        _keep({**known, _fingerprint(spelling): spelling.text})
    return replace(spelling, allowed=True)


def recall(spelling: Spelling) -> Spelling:
    """Let a program that a file names be started if a person named it earlier."""
    if not spelling.is_program or spelling.allowed:
        return spelling
    return replace(spelling, allowed=_fingerprint(spelling) in _known())


def _fingerprint(spelling: Spelling) -> str:
    """Hash a program's file, its arguments and commands, and the folder that they may mean."""
    program, *arguments = spelling.argv
    found = str(Path(find_program(program)).absolute())
    words = [word.strip("'\"") for argument in arguments for word in argument.split()]
    here = any("/" in word or _is_here(word) for word in words)
    parts = [found, arguments, spelling.commands, str(Path.cwd()) if here else ""]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _is_here(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):  # longer than a file's name can be
        return False


def _known() -> dict[str, str]:
    """What is remembered: nothing if another user could have written it."""
    path = programs_path()
    try:
        if not is_private(path):
            return {}
        known = json_of(read_file(path, LARGEST_SETTINGS))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _keep(known: dict[str, str]) -> None:
    """Remember; that it could not be kept only means that the person is asked again."""
    path = programs_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, (json.dumps(known, indent=1) + "\n").encode(), mode=0o600)
    except OSError:
        return
