"""Shares of the tasks that follow their learning progress.

A task that still improves gets more of the run's plies and rows than its settings say, and one that
does not gets less. Progress is the fall of the task's excess loss on new rows, per thousand of its
rows: the slope of a line fitted to the latest cycles, older ones counting less. Slopes of learning
curves as the reward of a task are from Matiisen et al. 2017, "Teacher-Student Curriculum Learning";
loss gained for each unit of cost is from Graves et al. 2017, "Automated Curriculum Learning for
Neural Networks". Unlike theirs this rule draws nothing at random: shares move by a few percent a
cycle within bounds, so a run under a budget in counts repeats byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from selfplay.run.tasks import Task

LEAST: Final = 0.5
MOST: Final = 2.0
"""Bounds of a task's share, as multiples of the share in its settings."""
_MEMORY: Final = 0.98
"""Weight of a cycle in the next cycle's fit: about fifty cycles count."""
_FIRST: Final = 8
"""Measurements that a slope needs."""
_STEP: Final = 1.05
"""Largest change of a share in one cycle, as a factor."""
_SAID: Final = 1.25
_FLOOR: Final = 0.05
"""Least progress of a task, as a share of the mean; without it, bounds could not be met."""


class Slope:
    """Slope and standard error of a line through points that fade, from a few running numbers."""

    def __init__(self, found: dict[str, float], name: str) -> None:
        """Keep the numbers in ``found``, under keys that begin with ``name``."""
        self._found, self._name = found, name

    def add(self, x: float, y: float) -> None:
        """Take a point into account; earlier ones fade."""
        weight = _MEMORY * self._get("weight") + 1.0
        mean_x, mean_y = self._get("x"), self._get("y")
        dx, dy = x - mean_x, y - mean_y
        mean_x += dx / weight
        mean_y += dy / weight
        for key, value in {
            "count": self._get("count") + 1.0,
            "weight": weight,
            "x": mean_x,
            "y": mean_y,
            "xx": _MEMORY * self._get("xx") + dx * (x - mean_x),
            "xy": _MEMORY * self._get("xy") + dx * (y - mean_y),
            "yy": _MEMORY * self._get("yy") + dy * (y - mean_y),
        }.items():
            self._found[f"{self._name}.{key}"] = value

    def fit(self) -> tuple[float, float] | None:
        """Return the slope and its standard error; ``None`` with too few points."""
        xx, xy, yy = self._get("xx"), self._get("xy"), self._get("yy")
        if self._get("count") < _FIRST or xx <= 0.0:
            return None
        slope = xy / xx
        spread = max(yy - slope * xy, 0.0) / max(self._get("weight") - 2.0, 1.0)
        return slope, float(np.sqrt(spread / xx))

    def _get(self, key: str) -> float:
        return self._found.get(f"{self._name}.{key}", 0.0)


class Shares:
    """The factors on the shares of a run's tasks. Its numbers are in the training state."""

    def __init__(self, tasks: Sequence[Task], on: bool, found: dict[str, float]) -> None:
        """Go on from ``found``.

        Args:
            tasks: of the run, with the shares that their settings say; they add up to 1.
            on: whether shares follow progress; otherwise they stay.
            found: numbers of the cycles so far; this object adds its own and changes them.
        """
        self._tasks, self._on, self._found = tasks, on, found
        self._names = [task.name for task in tasks]
        self._shares = np.array([task.share for task in tasks])

    @property
    def played(self) -> float:
        """Share of a batch's rows that new games give, by the settings."""
        return sum(task.share * task.games for task in self._tasks)

    @property
    def now(self) -> NDArray[np.float64]:
        """The shares of the moment, by task."""
        return self._shares * self.factors

    def plies(self, count: int) -> list[int]:
        """Return the plies that each task plays in a cycle of ``count``."""
        return [
            max(round(count * factor * task.games), 1) if task.games else 0
            for task, factor in zip(self._tasks, self.factors, strict=True)
        ]

    def metrics(self) -> list[dict[str, float]]:
        """Return the numbers of each task for the log; empty where shares stay."""
        if not self._on:
            return [{} for _ in self._tasks]
        return [
            {"share": share} | ({} if gain is None else {"progress_per_1000_rows": gain})
            for share, gain in zip(self.now.tolist(), self.progress, strict=True)
        ]

    @property
    def factors(self) -> list[float]:
        """For each task, by what its share is multiplied now."""
        return [self._found.get(f"share.{name}.factor", 1.0) for name in self._names]

    @property
    def progress(self) -> list[float | None]:
        """For each task, nats of excess loss that a thousand of its rows take away, if known."""
        fits = [Slope(self._found, f"share.{name}").fit() for name in self._names]
        return [None if fit is None else -fit[0] for fit in fits]

    def follow(self, fresh: Sequence[Mapping[str, float]], rows: Sequence[int]) -> list[str]:
        """Take a cycle into account; return a sentence for each share that moved far.

        Args:
            fresh: for each task, losses on its new rows with their ``excess``, or nothing.
            rows: rows that each task has made so far.
        """
        if not self._on:
            return []
        for name, losses, total in zip(self._names, fresh, rows, strict=True):
            if "excess" in losses:
                Slope(self._found, f"share.{name}").add(total / 1000.0, losses["excess"])
        before = np.array(self.factors)
        wanted = self._wanted()
        moved = before * np.clip(wanted / before, 1.0 / _STEP, _STEP)
        notes: list[str] = []
        for place, factor in enumerate(bounded(moved, self._shares)):
            self._found[f"share.{self._names[place]}.factor"] = float(factor)
            notes += self._note(place, float(factor))
        return notes

    def _wanted(self) -> NDArray[np.float64]:
        """The factors in proportion to progress; an uncertain slope counts as the mean."""
        fits = [Slope(self._found, f"share.{name}").fit() for name in self._names]
        known = [place for place, fit in enumerate(fits) if fit is not None]
        if len(known) < 2:
            return np.ones(len(fits))
        gains = np.array([max(-fit[0], 0.0) for fit in fits if fit is not None])
        mean = float(np.average(gains, weights=self._shares[known]))
        if mean <= 0.0:
            return np.ones(len(fits))
        found = np.ones(len(fits))
        for place, gain in zip(known, gains, strict=True):
            error = (fits[place] or (0.0, 0.0))[1]
            trust = mean**2 / (mean**2 + error**2)
            found[place] = max(trust * gain / mean + (1.0 - trust), _FLOOR)
        return bounded(found, self._shares)

    def _note(self, place: int, factor: float) -> list[str]:
        key = f"share.{self._names[place]}.said"
        said = self._found.setdefault(key, 1.0)
        if max(factor, said) < _SAID * min(factor, said):
            return []
        self._found[key] = factor
        gains = self.progress
        own, others = gains[place], [gain for gain in gains if gain is not None]
        share = float(self._shares[place])
        why = (
            "its progress is not known yet"
            if own is None
            else f"a thousand rows change its excess loss by {-own:+.4f} nats, "
            f"{-float(np.mean(others)):+.4f} in the mean of all tasks"
        )
        return [
            f"{self._names[place]}: share now {share * factor:.1%}, {share:.1%} in the settings: "
            f"{why}"
        ]


def bounded(factors: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale positive ``factors`` within the bounds so that the shares still add up to 1."""
    low, high = 0.0, MOST / float(factors.min())
    for _ in range(60):  # the sum grows with the scale
        scale = (low + high) / 2.0
        if float(shares @ np.clip(scale * factors, LEAST, MOST)) < float(shares.sum()):
            low = scale
        else:
            high = scale
    return np.clip(high * factors, LEAST, MOST)
