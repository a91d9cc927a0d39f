"""What must agree between a run and its workers, and what only should: the handshake."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import numba
import numpy as np

from agents.evaluators.registry import forms_here
from engine._kernel import CACHE_FOLDER

_PACKAGES: Final = ("engine", "agents", "selfplay", "arena", "miai")
_LEAST_FREE_MB: Final = 64
_CLOCKS_APART_S: Final = 5.0
_PORTABLE: Final = "portable"

Facts = Mapping[str, object]
"""What a process says about itself, by name; plain numbers and text."""


@cache
def content_hash() -> str:
    """SHA-256, in hex, over all sources of this program."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[2]
    for package in _PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def facts() -> dict[str, object]:
    """Return what this process says about itself in the handshake."""
    folder = tempfile.gettempdir()
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "program": content_hash()[:16],
        "kernels": CACHE_FOLDER.name,
        "numpy": np.__version__,
        "numba": numba.__version__,
        "form": forms_here()[0],
        "folder": folder,
        "free_mb": shutil.disk_usage(folder).free >> 20,
        "time": time.time(),
    }


def refusal(own: Facts, theirs: Facts) -> str:
    """Say why a worker cannot play for a run; empty if it can.

    Args:
        own: the facts of the run's process.
        theirs: those of the worker's.
    """
    cures = {
        "python": "start its node with the same Python",
        "program": "install the same miai on that node, from the same sources",
        "numpy": "install the same version on that node",
        "numba": "install the same version on that node",
        "kernels": "unset NUMBA_OPT, NUMBA_CPU_NAME, NUMBA_CPU_FEATURES and NUMBA_BOUNDSCHECK on "
        "that node, or set them alike",
    }
    for name, cure in cures.items():
        # A folder made for one start has a random name.
        passing = name == "kernels" and any("-" in str(each[name]) for each in (own, theirs))
        if own[name] != theirs[name] and not passing:
            return (
                f"expected the {name} {own[name]!s} on the worker's host {theirs['host']!s}, "
                f"got {theirs[name]!s}: {cure}"
            )
    if int(str(theirs["free_mb"])) < _LEAST_FREE_MB:
        return (
            f"expected {_LEAST_FREE_MB} MB of room for networks on the worker's host "
            f"{theirs['host']!s} in {theirs['folder']!s}, got {theirs['free_mb']!s} MB: make room "
            "there, or set TMPDIR for its node"
        )
    return ""


def remarks(own: Facts, theirs: Facts, sent: float) -> list[str]:
    """Return sentences on what makes a worker slow or its times wrong, but not its games.

    Args:
        own: the facts of the run's process.
        theirs: those of the worker's.
        sent: when the run asked for them, by its own clock, in seconds since 1970.
    """
    found = []
    if theirs["form"] == _PORTABLE != own["form"]:
        found.append(
            f"the worker's host {theirs['host']!s} has no 8-bit dot products: it plays the same "
            "games, slower"
        )
    said = float(str(theirs["time"]))
    apart = max(sent - said, said - time.time(), 0.0)
    if apart > _CLOCKS_APART_S:
        found.append(
            f"the clock of the worker's host {theirs['host']!s} is {apart:.0f} s apart: games do "
            "not depend on it, but the times in its logs do"
        )
    return found
