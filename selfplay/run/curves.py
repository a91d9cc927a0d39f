"""Reads a run folder as curves and counts, for reports, lists and comparisons.

Nothing is written. A missing file or a line that a crash cut short only makes a curve shorter. The
display, in HTML or in the terminal, is elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from engine.errors import MiaiError
from engine.files import LARGEST_SETTINGS, json_of, read_file
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec
from engine.records import GameRecord, read_sgf
from selfplay.run.alarms import of_task
from selfplay.run.benchmark import Meeting
from selfplay.run.folder import RunFolder
from selfplay.run.settings import Settings, read_settings, section, spec_of, task_names

_MOST_CYCLES = 10**9
_LARGEST = 1e15
"""Larger numbers are dropped: no measurement is as large, and their sums would overflow."""
_MOST_POINTS: Final = 240


@dataclass(frozen=True)
class Curve:
    """The values of one metric over training time."""

    name: str
    minutes: tuple[float, ...]
    values: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def latest(self) -> float | None:
        """The last value."""
        return self.values[-1] if self.values else None


@dataclass(frozen=True)
class Strength:
    """Elo of one player of a run's benchmark, or another measure of its strength."""

    name: str
    elo: float
    low: float | None
    """Lower end of the interval; ``None`` where the results bound the Elo on one side only."""
    high: float | None
    games: int
    points: float
    minutes: float | None
    """Training time of a checkpoint; ``None`` for the fixed players."""


@dataclass(frozen=True)
class RunData:
    """The contents of one run folder, as read by :func:`read_run`."""

    path: Path
    settings: Settings
    cycles: tuple[Mapping[str, Any], ...]
    """Metrics of each finished cycle, in order."""
    task: str = ""
    """Name of the task whose data this is; empty for the whole run."""

    @property
    def folder(self) -> RunFolder:
        """Paths of the run's files."""
        return RunFolder(self.path, self.task)

    @cached_property
    def tasks(self) -> list[RunData]:
        """The data of each task by itself; for a run of one game, the run's own data."""
        names = [self.task] if self.task else task_names(self.settings)
        if len(names) == 1:
            return [self]
        return [
            replace(
                self,
                cycles=tuple(
                    of_task(cycle, name)
                    for cycle in self.cycles
                    if name == names[0] or name in (cycle.get("tasks") or {})
                ),
                task=name,
            )
            for name in names
        ]

    @property
    def name(self) -> str:
        """The folder's name, and the task's behind it."""
        name = self.path.resolve().name
        return f"{name} {self.task}" if self.task else name

    @cached_property
    def spec(self) -> GameSpec:
        """The game; raises :class:`RunError` if there is no such game."""
        return spec_of(self.settings, task=self.task)

    @property
    def latest(self) -> Mapping[str, Any]:
        """Metrics of the newest cycle; empty before the first."""
        return self.cycles[-1] if self.cycles else {}

    def number(self, name: str) -> float | None:
        """Value of a metric in the newest cycle that has it."""
        for cycle in reversed(self.cycles):
            value = _finite(cycle.get(name))
            if value is not None:
                return value
        return None

    def curve(self, name: str) -> Curve:
        """One metric over time, thinned to a few hundred points by averaging neighbours."""
        points = []
        for cycle in self.cycles:
            elapsed, value = _finite(cycle.get("elapsed_s")), _finite(cycle.get(name))
            if elapsed is not None and value is not None:
                points.append((elapsed / 60.0, value))
        thinned = _thin(points, _MOST_POINTS)
        return Curve(name, tuple(x for x, _ in thinned), tuple(y for _, y in thinned))

    @property
    def loss_names(self) -> list[str]:
        """Metrics that are losses, in the order of the log."""
        names = {name for cycle in self.cycles for name in cycle if name.startswith("loss_")}
        order = [name for cycle in self.cycles[-1:] for name in cycle if name in names]
        return [*order, *sorted(names - set(order))]

    @property
    def notes(self) -> list[tuple[float, str, str]]:
        """The run's messages: minutes, kind (``note`` or ``alarm``), text."""
        found = []
        for cycle in self.cycles:
            minutes = (_finite(cycle.get("elapsed_s")) or 0.0) / 60.0
            for key, kind in (("notes", "note"), ("alarms", "alarm")):
                texts = cycle.get(key)
                for text in texts if isinstance(texts, list) else ():
                    found.append((minutes, kind, str(text)))
        return found

    @cached_property
    def checkpoint_minutes(self) -> dict[str, float]:
        """Training time of each checkpoint, by its name."""
        elapsed = {"000000": 0.0} | {
            f"{cycle['cycle']:06d}": (_finite(cycle.get("elapsed_s")) or 0.0) / 60.0
            for cycle in self.cycles
        }
        return {
            path.stem: elapsed[path.stem]
            for path in self.folder.checkpoints()
            if path.stem in elapsed
        }

    @cached_property
    def strengths(self) -> list[Strength]:
        """All rated players: checkpoints by training time, then the fixed players by strength."""
        players = [
            strength
            for entry in _list(self._ratings.get("players"))
            if (strength := _strength(entry, self.checkpoint_minutes)) is not None
        ]
        return sorted(players, key=lambda s: (s.minutes is None, s.minutes or 0.0, s.elo))

    @property
    def checkpoint_strengths(self) -> list[Strength]:
        """Strengths of the checkpoints, oldest first."""
        return [strength for strength in self.strengths if strength.minutes is not None]

    @property
    def anchor(self) -> str:
        """Name of the player with Elo 0."""
        return str(self._ratings.get("anchor", section(self.settings, "benchmark").get("anchor")))

    @property
    def best_known(self) -> Strength | None:
        """The newest checkpoint whose strength has an interval, else the newest that is rated."""
        rated = self.checkpoint_strengths
        bounded = [s for s in rated if s.low is not None and s.high is not None]
        return (bounded or rated or [None])[-1]  # type: ignore[list-item]

    @cached_property
    def _ratings(self) -> Mapping[str, Any]:
        try:
            content = json_of(read_file(self.folder.ratings))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @cached_property
    def meetings(self) -> list[Meeting]:
        """Results of the games that rated the checkpoints, a few games per entry."""
        entries = self.folder.read_lines(self.folder.benchmarks)
        return [m for m in map(Meeting.read, entries) if m is not None]

    @cached_property
    def answers(self) -> list[Strength]:
        """Share of solved positions whose value each checkpoint kept, in place of an Elo."""
        found = []
        for entry in self.folder.read_lines(self.folder.answers):
            name, asked, kept = (entry.get(key) for key in ("checkpoint", "asked", "kept"))
            minutes = self.checkpoint_minutes.get(str(name))
            if (
                minutes is not None
                and isinstance(asked, int)
                and asked > 0
                and isinstance(kept, int)
            ):
                low, high = (_finite(entry.get(key)) for key in ("low", "high"))
                found.append(Strength(str(name), kept / asked, low, high, asked, kept, minutes))
        return sorted(found, key=lambda answer: answer.minutes or 0.0)

    @cached_property
    def sessions(self) -> list[dict[str, object]]:
        """Machine and versions of each start."""
        return self.folder.read_lines(self.folder.sessions)

    @cached_property
    def games(self) -> dict[str, list[GameRecord]]:
        """Sampled games by checkpoint, oldest first; files that cannot be read are left out."""
        found = {}
        for path in sorted((self.path / "games").glob("*.sgf")):
            try:
                records = read_sgf(read_file(path, LARGEST_SETTINGS), path.name)
            except (MiaiError, OSError):
                continue
            found[path.stem] = [record for record in records if self._is_own(record)]
        return found

    def _is_own(self, record: GameRecord) -> bool:
        """Whether a game belongs to this task; in a run of one game every game does."""
        if not self.task:
            return True
        return InputLayout.of(record.spec) == InputLayout.of(self.spec)

    def calibration(self, first: float, last: float) -> list[tuple[float, float, int]]:
        """Expected and true mean score in bins, and rows, over a part of the run.

        Args:
            first: share of the cycles to begin at, in [0, 1].
            last: share to end at.
        """
        count = len(self.cycles)
        sums: list[list[float]] = []
        for cycle in self.cycles[int(first * count) : max(int(last * count), 1)]:
            bins = cycle.get("calibration")
            if not isinstance(bins, list):
                continue
            sums = sums or [[0.0, 0.0, 0.0] for _ in bins]
            for total, part in zip(sums, bins, strict=False):
                numbers = [_finite(value) for value in _list(part)[:3]]
                for i, number in enumerate(numbers if len(numbers) == 3 else ()):
                    total[i] += number or 0.0
        return [(e / n, s / n, int(n)) for n, e, s in sums if n]


def read_run(path: Path) -> RunData:
    """Read a run folder.

    Raises:
        RunError: if it holds no run, or its settings cannot be read.
    """
    settings = read_settings(path)
    folder = RunFolder(path)
    latest: dict[int, Mapping[str, Any]] = {}
    for entry in folder.read_lines(folder.metrics):
        cycle = entry.get("cycle") if isinstance(entry, dict) else None
        if type(cycle) is int and 0 <= cycle < _MOST_CYCLES:
            latest[cycle] = entry  # a cycle that was repeated after a kill counts once
    return RunData(path, settings, tuple(latest[cycle] for cycle in sorted(latest)))


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -_LARGEST < value < _LARGEST else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _strength(entry: object, minutes: Mapping[str, float]) -> Strength | None:
    if not isinstance(entry, dict) or _finite(entry.get("elo")) is None:
        return None
    name = str(entry.get("name"))
    return Strength(
        name=name,
        elo=float(entry["elo"]),
        low=_finite(entry.get("low")),
        high=_finite(entry.get("high")),
        games=int(_finite(entry.get("games")) or 0),
        points=_finite(entry.get("points")) or 0.0,
        minutes=minutes.get(name),
    )


def _thin(points: Sequence[tuple[float, float]], most: int) -> Iterable[tuple[float, float]]:
    """Reduce a curve to at most ``most`` points, each the mean of equally many neighbours."""
    size = -(-len(points) // most)
    if size <= 1:
        return points
    return [
        (sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part))
        for part in (points[i : i + size] for i in range(0, len(points), size))
    ]
