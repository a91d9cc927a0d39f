"""Runs that are stopped, and what they left."""

from __future__ import annotations

from pathlib import Path

from selfplay.run import Progress


def digest(folder: Path) -> dict[str, bytes]:
    """What a run made, byte for byte."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".npz", ".sgf") or path.parent.name == "checkpoints"
    }


class StopError(Exception):
    """Ends a run between two cycles."""


def stop_after(cycle: int) -> Progress:
    def stop(metrics: dict[str, object]) -> None:
        if metrics["cycle"] == cycle:
            raise StopError

    return stop
