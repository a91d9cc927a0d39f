"""Live view of a run: some games in flight, the last finished game, and the metrics.

The run rewrites one small file each cycle (:class:`LiveGames`). Another process reads it and the
metrics with :class:`LiveReader`, without any effect on the run. The plies of a cycle arrive
together. A viewer can spread them over the expected duration of the next cycle.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.files import LARGEST_SETTINGS, json_of, read_file, write_atomic

WATCHED: Final = 4
"""Number of games in flight that are written."""


@dataclass(frozen=True)
class LiveGame:
    """One game of self-play, in flight or just finished."""

    number: int
    komi: float
    actions: tuple[int, ...]
    black_q: float | None = None
    """Black's wins minus losses in [-1, 1], as the latest search estimates them."""
    score: float | None = None
    """Black's points minus White's; ``None`` while the game goes on."""
    task: str = ""
    """Name of its task; empty in a run of one game."""


@dataclass(frozen=True)
class LiveUpdate:
    """Changes in a run folder since the last poll."""

    metrics: list[dict[str, object]] = field(default_factory=list)
    """Metrics of the cycles that ended, oldest first."""
    in_play: tuple[LiveGame, ...] = ()
    finished: tuple[LiveGame, ...] = ()
    """Finished games of the latest cycle: the watched ones, otherwise its last one."""
    cycle: int = 0
    cycle_s: float = 0.0
    """Seconds that the cycle of these games took, an estimate for the next one."""


class LiveGames:
    """Writes a run's ``live.json``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._watched: set[int] = set()

    def write(
        self, cycle: int, cycle_s: float, in_play: Sequence[LiveGame], finished: Sequence[LiveGame]
    ) -> None:
        """Replace the shown games by those of a new cycle.

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


class LiveReader:
    """Reads the changes in a run folder since its last poll.

    It never writes. A missing or half-written file counts as unchanged.
    """

    def __init__(self, run: Path) -> None:
        self._live = run / "live.json"
        self._metrics = run / "metrics.jsonl"
        self._read_bytes = 0
        self._cycle = -1

    def poll(self) -> LiveUpdate:
        """Return the changes; games are included only if they belong to a new cycle."""
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
        """Return complete new lines, from the start if the file was replaced."""
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
