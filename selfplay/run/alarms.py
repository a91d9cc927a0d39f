"""Warnings about a run while it trains, each with what to do.

Every alarm is a function of the latest cycles' metrics. A resumed run therefore reads its own
``metrics.jsonl`` first. Nothing here changes a run.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

REMEMBERED: Final = 40
"""Number of latest cycles that alarms take into account."""
_LATEST: Final = 5
_PAUSE_S, _PAUSE = 60.0, 20.0
"""A cycle of this many seconds, and this multiple of the usual time, contained a pause."""
_TINY: Final = 9

Metrics = Mapping[str, object]


def of_task(metrics: Metrics, name: str) -> Metrics:
    """Return a cycle's numbers as a run of that task alone would have them.

    A run of one game has a single task with an empty name; all numbers belong to it.
    """
    tasks = metrics.get("tasks")
    own = tasks.get(name) if isinstance(tasks, Mapping) else None
    return {**metrics, **own} if isinstance(own, Mapping) else metrics


@dataclass(frozen=True)
class Alarm:
    """A check of the latest cycles that found a problem."""

    name: str
    text: str
    """What was measured, and what to do."""


class Alarms:
    """Checks each cycle against the cycles before it."""

    def __init__(
        self, points: int, past: Iterable[Metrics] = (), checks: Sequence[Check] | None = None
    ) -> None:
        """Begin with the metrics of past cycles.

        Args:
            points: points of the board. Games on the smallest boards always repeat and end alike.
            past: metrics of the cycles before, oldest first.
            checks: the checks to make; ``None`` for all that apply to such a board.
        """
        self._checks = checks_of(points) if checks is None else checks
        self._past: deque[Metrics] = deque(past, REMEMBERED)
        self._raised = {alarm.name for alarm in self._look()} if self._past else set()

    def look(self, metrics: Metrics) -> tuple[list[str], list[str]]:
        """Return the names of all alarms that hold now, and the texts of the new ones."""
        self._past.append(metrics)
        found = self._look()
        new = [f"{alarm.name}: {alarm.text}" for alarm in found if alarm.name not in self._raised]
        self._raised = {alarm.name for alarm in found}
        return [alarm.name for alarm in found], new

    def usual_s(self) -> float | None:
        """Seconds that a cycle usually takes; ``None`` before there are five."""
        seconds = [p + q for p, q in zip(self._of("play_s"), self._of("learn_s"), strict=True)]
        return statistics.median(seconds) if len(seconds) >= _LATEST else None

    def _look(self) -> list[Alarm]:
        return [alarm for check in self._checks if (alarm := check(self)) is not None]

    def _of(self, name: str) -> list[float]:
        """A metric's values, oldest first, without the cycles that have none."""
        values = [entry.get(name) for entry in self._past]
        return [float(value) for value in values if isinstance(value, int | float)]

    def mean(self, name: str, count: int = _LATEST) -> float | None:
        """Mean of a metric's latest ``count`` values; ``None`` if there are fewer."""
        values = self._of(name)[-count:]
        return statistics.fmean(values) if len(values) == count else None

    def early(self, name: str) -> float | None:
        """Mean of a metric's first remembered values, if they are not among the latest."""
        values = self._of(name)
        return statistics.fmean(values[:_LATEST]) if len(values) >= 3 * _LATEST else None


def _collapsed_policy(seen: Alarms) -> Alarm | None:
    entropy = seen.mean("target_entropy")
    if entropy is None or entropy >= 0.05:
        return None
    return Alarm(
        "collapsed policy",
        f"searches all but agree on one action ({entropy:.3f} nats): games stop exploring; start a "
        "run with more selfplay.opening_plies and selfplay.sampled_plies, or a smaller "
        "search.c_scale",
    )


def _collapsed_value(seen: Alarms) -> Alarm | None:
    error, spread = seen.mean("value_error", 20), seen.mean("result_variance", 20)
    trained = all(seen._of("steps")[-20:])
    if error is None or spread is None or not trained or spread < 0.05 or error < 1.05 * spread:
        return None
    return Alarm(
        "collapsed value",
        f"searches judge games no better than a coin would (squared error {error:.2f}, variance "
        f"{spread:.2f}): lower schedule.learning_rate or raise schedule.rows_before_training",
    )


def _overconfident(seen: Alarms) -> Alarm | None:
    lost = seen.mean("false_wins")
    if lost is None or lost < 0.15:
        return None
    return Alarm(
        "overconfident",
        f"{lost:.0%} of the positions judged as won are lost in the end: shortened searches of "
        "decided games would miss it; keep selfplay.effort.decided_q at 1 or raise it",
    )


def _draws(seen: Alarms) -> Alarm | None:
    now, before = seen.mean("draws"), seen.early("draws")
    if now is None or before is None or now < 0.5 or now < 2.0 * before:
        return None
    return Alarm(
        "rising draw rate",
        f"{now:.0%} of the games are drawn, {before:.0%} before: if that is not how the game "
        "should end, raise selfplay.opening_plies so that positions are uneven",
    )


def _repeated(seen: Alarms) -> Alarm | None:
    distinct = seen.mean("distinct_games")
    if distinct is None or distinct >= 0.8:
        return None
    return Alarm(
        "repeated games",
        f"{1 - distinct:.0%} of a cycle's games were played before in it: raise "
        "selfplay.opening_plies or selfplay.sampled_plies",
    )


def _cut(seen: Alarms) -> Alarm | None:
    cut = seen.mean("cut_games")
    if cut is None or cut < 0.3:
        return None
    return Alarm(
        "games are cut off",
        f"{cut:.0%} of the games reach the longest length and are scored as they stand: raise "
        "selfplay.max_plies_share, or check that passes are learned (search.no_pass_before)",
    )


def _share(seen: Alarms) -> float | None:
    play, learn = seen.mean("play_s", 10), seen.mean("learn_s", 10)
    steps = seen.mean("steps", 10)
    return None if play is None or learn is None or not steps else learn / max(play + learn, 1e-9)


def _starving_learner(seen: Alarms) -> Alarm | None:
    share = _share(seen)
    if share is None or share >= 0.1:
        return None
    return Alarm(
        "starving learner",
        f"learning takes {share:.0%} of the time: raise schedule.passes, or lower "
        "selfplay.simulations so that rows come faster",
    )


def _starving_player(seen: Alarms) -> Alarm | None:
    share = _share(seen)
    if share is None or share <= 0.85:
        return None
    return Alarm(
        "starving player",
        f"learning takes {share:.0%} of the time: lower schedule.passes, or raise "
        "selfplay.simulations so that each row is worth more",
    )


def _idle_workers(seen: Alarms) -> Alarm | None:
    idle = seen.mean("workers_idle", 10)
    if idle is None or idle <= 0.6:
        return None
    return Alarm(
        "idle workers",
        f"the cluster's workers wait {idle:.0%} of the time: take fewer --workers, raise "
        "selfplay.simulations or ray.ahead, or lower schedule.passes; --strict lets them wait too",
    )


def _missing_workers(seen: Alarms) -> Alarm | None:
    there, wanted = seen.mean("workers", 10), seen.mean("workers_wanted", 10)
    if there is None or wanted is None or there > 0.8 * wanted:
        return None
    return Alarm(
        "missing workers",
        f"{there:.1f} of {wanted:g} workers are there: add nodes to the cluster, or look for what "
        "else its processors do",
    )


def _dying_workers(seen: Alarms) -> Alarm | None:
    lost = seen._of("workers_lost")[-_LATEST:]
    if len(lost) < _LATEST or lost[-1] - lost[0] < _LATEST:
        return None
    return Alarm(
        "dying workers",
        f"{lost[-1] - lost[0]:.0f} workers were lost in {_LATEST} cycles, and their work was done "
        "again: the notes have the reasons; memory is a usual one",
    )


def _disk(seen: Alarms) -> Alarm | None:
    needed, free = seen.mean("disk_needed_mb", 1), seen.mean("disk_free_mb", 1)
    if needed is None or free is None or needed < free:
        return None
    return Alarm(
        "disk running out",
        f"the run needs about {needed:,.0f} MB more and {free:,.0f} MB are free: make room, or "
        "lower replay.capacity, keep.games, or raise schedule.checkpoint_minutes",
    )


class AlarmsOfTasks:
    """The alarms of all tasks of a run, and those of the machine."""

    def __init__(self, points: Mapping[str, int], past: Sequence[Metrics]) -> None:
        """``points`` maps each task's name to the points of its board; a single task's is empty."""
        if len(points) == 1:
            self._of = {name: Alarms(n, past) for name, n in points.items()}
            return
        self._of = {"": Alarms(0, past, _OF_THE_MACHINE)}
        for name, count in points.items():
            own = tuple(check for check in checks_of(count) if check not in _OF_THE_MACHINE)
            self._of[name] = Alarms(count, [of_task(entry, name) for entry in past], own)

    def look(self, metrics: Metrics) -> tuple[list[str], list[str]]:
        """Work as :meth:`Alarms.look`; with several tasks each line begins with the task's name."""
        on: list[str] = []
        new: list[str] = []
        for name, alarms in self._of.items():
            begins = f"{name}: " if name else ""
            for found, more in zip((on, new), alarms.look(of_task(metrics, name)), strict=True):
                found += [begins + text for text in more]
        return on, new

    def without_pause(self, seconds: float) -> tuple[float, list[str]]:
        """Return a cycle's time without that of a pause of machine or process, and what to say."""
        usual = self._of[""].usual_s()
        if usual is None or seconds < _PAUSE_S or seconds < _PAUSE * usual:
            return seconds, []
        note = (
            f"this cycle took {seconds:.0f} s, usually {usual:.1f}: the machine or the process was "
            "stopped meanwhile, and the difference does not count"
        )
        return usual, [note]


Check = Callable[[Alarms], Alarm | None]

_OF_THE_MACHINE: Final[tuple[Check, ...]] = (
    _starving_learner,
    _starving_player,
    _idle_workers,
    _missing_workers,
    _dying_workers,
    _disk,
)
_CHECKS_OF_TINY_GAMES: Final[tuple[Check, ...]] = (
    _collapsed_value,
    _overconfident,
    *_OF_THE_MACHINE,
)
_CHECKS: Final = (*_CHECKS_OF_TINY_GAMES, _collapsed_policy, _draws, _repeated, _cut)


def checks_of(points: int) -> tuple[Check, ...]:
    """Return the checks for a board. Games on the smallest boards always repeat and end alike."""
    return _CHECKS if points > _TINY else _CHECKS_OF_TINY_GAMES
