"""Settings that follow what a run measures, and the reasons why they changed.

This module depends neither on games nor on networks. Under a budget in counts it never receives a
time, so a run repeats byte for byte. The training state stores its numbers as one dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from selfplay.data.replay import ReplayWindow

_SLOW = 0.9
"""Memory of the running means: about ten cycles."""
_QUICK = 0.5
_GAP_SMALL, _GAP_LARGE = 0.03, 0.10
"""Loss on new rows minus loss on known rows. A small gap allows more passes; a large one is
overfitting."""
_STEP = 1.1
_WORSE = 1.15
"""Ratio of the loss on new rows to its level above which the steps count as too large."""
_GENTLER, _GENTLEST = 0.7, 0.2
_LEARN_SHARE = (0.2, 0.75)
"""Range of learning's share of the time. Outside of it, learning or self-play gets too little."""
_GROWTH = (0.2, 0.8)


@dataclass(frozen=True)
class AdaptConfig:
    """Which settings follow measurements. All other settings follow the schedule."""

    simulations: Literal["progress", "entropy"] = field(
        default="progress",
        metadata={"why": "they grow as the run goes on, or as policies become sure of themselves"},
    )
    passes: bool = field(
        default=False,
        metadata={"why": "more while new rows are predicted as well as old ones, fewer when not"},
    )
    window: bool = field(
        default=False, metadata={"why": "grows faster when the network learns its rows by heart"}
    )
    rate: bool = field(
        default=False, metadata={"why": "lower when new rows are predicted worse than before"}
    )
    shares: bool = field(
        default=False,
        metadata={"why": "tasks that still improve get more games and rows, up to twice their own"},
    )


class Measured(NamedTuple):
    """Measurements of one cycle; ``None`` for a quantity that was not measured."""

    fresh: float | None
    """Excess loss of policy and value on new rows, before the learner trains on them."""
    known: float | None
    """Excess loss of policy and value at the same moment, on rows of the window."""
    entropy: Mapping[str, float]
    """Mean entropy of the policy targets, in nats, by task; the only task is called ``""``."""
    learn_share: float | None
    """Share of the cycle's time spent on learning; ``None`` under a budget in counts."""


class Adapter:
    """Adapts the settings of one run to its measurements."""

    def __init__(
        self, config: AdaptConfig, passes: float, growth: float, found: dict[str, float]
    ) -> None:
        """Start from the schedule's ``passes`` and the window's ``growth``, or what was found."""
        self._config = config
        self._passes, self._growth = passes, growth
        self.found = found

    @property
    def passes(self) -> float:
        """How often a row is trained on."""
        return self._passes * self.found.get("passes", 1.0)

    @property
    def growth(self) -> float:
        """Share of new rows that the window grows by."""
        return self.found.get("growth", self._growth)

    @property
    def rate_share(self) -> float:
        """Factor on the schedule's learning rate."""
        return self.found.get("rate", 1.0)

    def level(self, progress: float, task: str = "") -> float:
        """How far the simulations of a task have grown, in [0, 1]."""
        if self._config.simulations == "progress":
            return progress
        return self.found.get(_of("level", task), 0.0)

    def follow(self, measured: Measured) -> list[str]:
        """Take a cycle into account; say what changed and why."""
        notes: list[str] = []
        for task, entropy in measured.entropy.items():
            self._follow_entropy(entropy, task)
        fresh, known = measured.fresh, measured.known
        if fresh is None or known is None or known <= 0.0:
            return notes
        gap = self._mean("gap", fresh / known - 1.0, _SLOW)
        if self._config.passes:
            notes += self._follow_passes(gap, measured.learn_share)
        if self._config.window:
            factor = _STEP if gap > _GAP_LARGE else 1 / _STEP if gap < _GAP_SMALL else 1.0
            least, most = min(_GROWTH[0], self._growth), max(_GROWTH[1], self._growth)
            growth = min(max(self.growth * factor, least), most)
            notes += self._move("growth", growth, f"new rows cost {gap:+.0%} over known ones")
        if self._config.rate:
            notes += self._follow_rate(fresh)
        return notes

    def _follow_entropy(self, entropy: float, task: str) -> None:
        """Set the level to 4/3 of the lost share of the first entropy, at most 1."""
        mean = self._mean(_of("entropy", task), entropy, _SLOW)
        first = self.found.setdefault(_of("first_entropy", task), entropy)
        gone = 1.0 - mean / max(first, 1e-6)
        name = _of("level", task)
        self.found[name] = max(self.found.get(name, 0.0), min(max(gone * 4 / 3, 0.0), 1.0))

    def grow(self, windows: Mapping[str, ReplayWindow], new_rows: Mapping[str, int]) -> None:
        """Let each task's window hold what it held and the growth's share of its new rows."""
        if not self._config.window:
            return
        for task, window in windows.items():
            name = _of("reach", task)
            held = self.found.get(name, float(window.size))
            window.reach = self.found[name] = held + self.growth * new_rows[task]

    def restore(self, windows: Mapping[str, ReplayWindow]) -> None:
        """Give each task's window the reach that was found for it."""
        for task, window in windows.items():
            window.reach = self.found.get(_of("reach", task))

    def _follow_passes(self, gap: float, learn_share: float | None) -> list[str]:
        factor, why = 1.0, f"new rows cost {gap:+.0%} over known ones"
        if gap > _GAP_LARGE:
            factor = 1 / _STEP
        elif gap < _GAP_SMALL:
            factor = _STEP
        if learn_share is not None:
            share = self._mean("learn_share", learn_share, _SLOW)
            if share > _LEARN_SHARE[1]:
                factor, why = 1 / _STEP, f"learning takes {share:.0%} of the time"
            elif share < _LEARN_SHARE[0] and gap <= _GAP_LARGE:
                factor, why = _STEP, f"learning takes only {share:.0%} of the time"
        passes = min(max(self.found.get("passes", 1.0) * factor, 0.5), 2.0)
        return self._move("passes", passes, why)

    def _follow_rate(self, fresh: float) -> list[str]:
        """Lower the rate once the loss on new rows rises; then give it time to settle."""
        quick = self._mean("fresh_quick", fresh, _QUICK)
        slow = self._mean("fresh_slow", fresh, _SLOW)
        if quick <= _WORSE * slow or self.rate_share <= _GENTLEST:
            return []
        self.found["fresh_slow"] = quick
        rate = max(self.rate_share * _GENTLER, _GENTLEST)
        return self._move(
            "rate", rate, f"the error on new rows rose from {slow:.2f} to {quick:.2f}"
        )

    def _mean(self, name: str, value: float, keep: float) -> float:
        """A running mean that begins with its first value."""
        self.found[name] = keep * self.found.get(name, value) + (1.0 - keep) * value
        return self.found[name]

    def _move(self, name: str, value: float, why: str) -> list[str]:
        """Set a number; return a note when it differs by a quarter from the last one reported."""
        first = {"passes": 1.0, "rate": 1.0, "growth": self._growth}[name]
        self.found[name] = value
        said = self.found.setdefault(f"{name}_said", first)
        if max(value, said) < 1.25 * min(value, said):
            return []
        self.found[f"{name}_said"] = value
        label = {"passes": "passes", "rate": "learning rate", "growth": "window growth"}[name]
        unit = "" if name == "growth" else " of the setting"
        return [f"{label} now {value:.2f}{unit}: {why}"]


def _of(name: str, task: str) -> str:
    """The name of a number of one task; the only task of a run adds nothing to it."""
    return f"{name} {task}" if task else name
