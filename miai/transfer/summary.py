"""All that is known of one held-out task, and how it stands against the experiment's bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from miai.transfer.cells import CellResult, Folders
from miai.transfer.curves import (
    Curve,
    Interval,
    Point,
    Strengths,
    ahead,
    curves,
    fit,
    largest_from_nothing,
    worth,
)
from miai.transfer.meetings import read_meetings, results_of
from miai.transfer.plan import MANY, NONE, TransferPlan

TRANSFER: Final[Curve] = (MANY, "full")
NOTHING: Final[Curve] = (NONE, "full")
_NOT_MEASURED: Final = "not measured"


@dataclass(frozen=True)
class Summary:
    """The fit of a held-out task with all that the table and the page show of it."""

    held_out: str
    board: str
    """Game and size in words."""
    results: dict[str, CellResult]
    strengths: Strengths
    curves: dict[Curve, list[Point]]
    worth: dict[Curve, dict[int, Interval]]
    """Games from nothing that a budget of each start is worth, by budget."""
    largest: int
    """The largest budget from nothing: what is worth more is only known to be more."""
    meetings: int
    games: int
    """Games of all meetings."""

    def names(self, start: str, games: int) -> list[str]:
        """The players of a budget that trained all weights, one a seed."""
        return [
            name
            for name, result in self.results.items()
            if (result.cell.start, result.cell.parameters, result.cell.games)
            == (start, "full", games)
            and name in self.strengths.names
        ]

    def ahead(self, first: tuple[str, int], second: tuple[str, int]) -> Interval | None:
        """Elo of one start and budget above another; ``None`` where one has not played."""
        one, two = self.names(*first), self.names(*second)
        return ahead(self.strengths, one, two) if one and two else None


def summarise(plan: TransferPlan, folders: Folders, held_out: str) -> Summary | None:
    """Read and fit what there is of a held-out task; ``None`` before its first match.

    Raises:
        ConfigError: if a result is damaged.
    """
    results = results_of(plan, folders, held_out)
    meetings = read_meetings(plan, folders, held_out, results)
    if not meetings:
        return None
    strengths = fit(results, meetings, plan.pretraining.seed)
    spec = plan.task(held_out).spec()
    found = curves(results, strengths)
    values = {
        curve: {
            point.games: value
            for point in points
            if (value := worth(results, strengths, curve, point.games)) is not None
        }
        for curve, points in found.items()
        if curve != NOTHING
    }
    return Summary(
        held_out,
        f"{spec.name.replace('_', ' ')} {spec.width}x{spec.height}",
        results,
        strengths,
        found,
        values,
        largest_from_nothing(results),
        len(meetings),
        sum(meeting.games for meeting in meetings),
    )


@dataclass(frozen=True)
class Bar:
    """A claim to be tested on each held-out task."""

    claim: str
    verdicts: dict[str, str]
    """By held-out task: reached, missed, open (the interval holds both) or not measured."""

    @property
    def count(self) -> str:
        """In how many of the tasks where it was measured the claim is reached."""
        measured = [text for text in self.verdicts.values() if text != _NOT_MEASURED]
        reached = sum(text.startswith("reached") for text in measured)
        return f"{reached} of {len(measured)}" if measured else _NOT_MEASURED


def bars(summaries: Sequence[Summary]) -> list[Bar]:
    """The claims of the experiment against what was measured, task by task.

    A claim is reached where the whole 95 % interval of the Elo difference is above 0, missed where
    it is below, and open in between.
    """
    compared = [
        ("a hundred games after transfer beat a thousand from nothing", 100, 1000),
        ("a hundred games after transfer beat three thousand from nothing", 100, 3000),
        ("a thousand games after transfer beat three thousand from nothing", 1000, 3000),
        ("a thousand games after transfer beat ten thousand from nothing", 1000, 10_000),
        ("no game after transfer beats the untrained network", 0, 0),
        ("no game after transfer beats three hundred from nothing", 0, 300),
    ]
    return [
        Bar(claim, {s.held_out: _verdict(s.ahead((MANY, few), (NONE, more))) for s in summaries})
        for claim, few, more in compared
    ]


def _verdict(difference: Interval | None) -> str:
    if difference is None:
        return _NOT_MEASURED
    said = "reached" if difference.lower > 0 else "missed" if difference.upper < 0 else "open"
    return f"{said} ({difference.middle:+.0f}, {difference.lower:+.0f} to {difference.upper:+.0f})"
