"""Which files of a run stay on the disk, which are deleted, and how much space they need."""

from __future__ import annotations

import io
import math
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from numpy.lib import format as npy

from selfplay.run.folder import RunFolder

_ROOM = 1.25
"""Kept rows as a multiple of the window's. The surplus allows for a changed window setting."""


@dataclass(frozen=True)
class KeepConfig:
    """How much of a run stays on the disk."""

    shards: Literal["window", "all"] = field(
        default="window", metadata={"why": "rows that the learner cannot draw any more are deleted"}
    )
    games: int = field(
        default=16, metadata={"min": 0, "unit": "per checkpoint", "why": "a sample, as SGF"}
    )


def clear_shards(config: KeepConfig, shards: Sequence[Path], window_rows: int) -> list[Path]:
    """Delete the shards that lie beyond the replay window; return them.

    Args:
        config: what to keep.
        shards: paths of all shards, oldest first.
        window_rows: rows that the learner may draw from now.
    """
    if config.shards == "all":
        return []
    kept, cleared = 0, []
    for path in reversed(shards):
        if kept > _ROOM * window_rows:
            path.unlink(missing_ok=True)
            cleared.append(path)
        else:
            kept += count_rows(path)
    return cleared


def count_rows(shard: Path) -> int:
    """Number of rows of a shard, from the header of one column; 0 if it cannot be read."""
    try:
        with zipfile.ZipFile(shard) as file, file.open("game.npy") as column:
            head = io.BytesIO(column.read(256))
            npy.read_magic(head)
            return int(npy.read_array_header_1_0(head)[0][0])
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile):
        return 0


def disk_metrics(
    config: KeepConfig, folder: RunFolder, progress: float, capacity: int
) -> dict[str, float]:
    """Return the MB that a run will still write, and the free MB; ``capacity`` is in rows."""
    shards = folder.shards()
    kept = sum(count_rows(path) for path in shards)
    stored = sum(path.stat().st_size for path in shards)
    others = sum(folder_bytes(folder.path / name) for name in ("checkpoints", "games"))
    most = math.inf if config.shards == "all" else _ROOM * capacity
    needed = disk_needed(progress, kept, most, stored / max(kept, 1), others)
    return {
        "disk_needed_mb": needed / 1e6,
        "disk_free_mb": shutil.disk_usage(folder.path).free / 1e6,
    }


def disk_needed(
    progress: float, rows: int, most_rows: float, row_bytes: float, other_bytes: float
) -> float:
    """Estimate the bytes that a run will still write and keep, at its rate so far.

    Args:
        progress: share of the run that is done.
        rows: number of rows stored now.
        most_rows: largest number of rows stored at any time.
        row_bytes: bytes of a stored row.
        other_bytes: bytes of the checkpoints and games so far.
    """
    to_come = 1.0 / max(progress, 1e-6) - 1.0
    more_rows = max(min(rows * (1.0 + to_come), most_rows) - rows, 0.0)
    return more_rows * row_bytes + other_bytes * to_come


def folder_bytes(path: Path) -> int:
    """Size on the disk of everything below a folder, in bytes."""
    total = 0
    for file in path.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue
    return total
