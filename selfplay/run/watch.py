"""A run as it goes on, for eyes: some of its games in flight, the last one that ended, the numbers.

The run rewrites one small file each cycle (:class:`LiveGames`); whoever watches reads it and the
metrics with :class:`Watcher`, from another process, and disturbs nothing. A cycle's plies come at
once, so a watcher that wants them to flow plays them out over the seconds that the next one takes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.files import LARGEST_SETTINGS, json_of, read_file, write_atomic

WATCHED: Final = 4
"""Games in flight that can be watched."""


@dataclass(frozen=True)
class LiveGame:
    """One game of self-play, in flight or just finished."""

    number: int
    komi: float
    actions: tuple[int, ...]
    black_q: float | None = None
    """Black's wins minus losses, as the latest search thinks."""
    score: float | None = None
    """Black's points minus White's; ``None`` while the game goes on."""
    task: str = ""
    """Name of its task; empty in a run of one game."""


@dataclass(frozen=True)
class LiveUpdate:
    """What is new since the last look."""

    metrics: list[dict[str, object]] = field(default_factory=list)
    """Of the cycles that ended, oldest first."""
    in_play: tuple[LiveGame, ...] = ()
    finished: tuple[LiveGame, ...] = ()
    """Of the latest cycle: those that were watched, else the last one."""
    cycle: int = 0
    cycle_s: float = 0.0
    """How long the cycle of these games took: the next one takes about as long."""


class LiveGames:
    """Writes a run's ``live.json``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._watched: set[int] = set()

    def write(
        self, cycle: int, cycle_s: float, in_play: Sequence[LiveGame], finished: Sequence[LiveGame]
    ) -> None:
        """Show a cycle's games in place of those of the cycle before.

        Raises:
            OSError: if the disk is full.
        """
        seen = [game for game in finished if game.number in self._watched] or list(finished[-1:])
        shown = in_play[:WATCHED]
        self._watched = {game.number for game in shown}
        content = {
            "cycle": cycle,
            "cycle_s": round(cycle_s, 3),
            "in_play": [asdict(game) for game in shown],
            "finished": [asdict(game) for game in seen[:WATCHED]],
        }
        write_atomic(self._path, json.dumps(content, allow_nan=False).encode())


class Watcher:
    """Reads what a run folder has that was not there at the last look.

    Reads only; files that are missing or half written count as nothing new.
    """

    def __init__(self, run: Path) -> None:
        self._live = run / "live.json"
        self._metrics = run / "metrics.jsonl"
        self._read_bytes = 0
        self._cycle = -1

    def poll(self) -> LiveUpdate:
        """Return what is new; games only if they are of another cycle than at the last look."""
        metrics = self._new_metrics()
        content = self._content()
        cycle = content.get("cycle", -1)
        if cycle == self._cycle or not isinstance(cycle, int):
            return LiveUpdate(metrics=metrics)
        try:
            update = LiveUpdate(
                metrics=metrics,
                in_play=tuple(_game(entry) for entry in content["in_play"]),
                finished=tuple(_game(entry) for entry in content["finished"]),
                cycle=cycle,
                cycle_s=float(content["cycle_s"]),
            )
        except (KeyError, TypeError, ValueError):
            return LiveUpdate(metrics=metrics)
        self._cycle = cycle
        return update

    def _new_metrics(self) -> list[dict[str, object]]:
        """Whole lines since the last look; from the start if the file was replaced."""
        try:
            with self._metrics.open("rb") as file:
                size = file.seek(0, 2)
                self._read_bytes = min(self._read_bytes, size)
                file.seek(self._read_bytes)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        entries = []
        for line in whole.splitlines():
            try:
                entry = json_of(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                entries.append(entry)
        return entries

    def _content(self) -> dict[str, Any]:
        try:
            content = json_of(read_file(self._live, LARGEST_SETTINGS))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


def _game(entry: dict[str, Any]) -> LiveGame:
    return LiveGame(
        number=int(entry["number"]),
        komi=float(entry["komi"]),
        actions=tuple(int(action) for action in entry["actions"]),
        black_q=None if entry.get("black_q") is None else float(entry["black_q"]),
        score=None if entry.get("score") is None else float(entry["score"]),
        task=str(entry.get("task", "")),
    )
