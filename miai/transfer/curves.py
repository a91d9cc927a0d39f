"""Elo of all networks of a held-out task, and what a start is worth in games, with intervals.

The Elo of all players is fitted to all meetings together. Intervals of numbers that depend on
several players come from samples of the fit's normal approximation (its covariance). They hold
for these networks: what another seed of the training would change is seen only where a budget has
several seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from arena.stats.ratings import Rating, Ratings, Score, rate
from miai.transfer.cells import CellResult
from miai.transfer.meetings import Meeting
from miai.transfer.plan import NONE

_SAMPLES: Final = 4000
_INTERVAL: Final = (2.5, 50.0, 97.5)

Curve = tuple[str, str]
"""A start and what was trained."""


@dataclass(frozen=True)
class Strengths:
    """The fit of one held-out task; Elo 0 is the untrained network."""

    names: tuple[str, ...]
    ratings: Ratings
    samples: NDArray[np.float64]
    """Elo of each player in each sample, ``(samples, players)``."""

    def rating(self, name: str) -> Rating:
        """Elo of one player with its interval, open where it won or lost everything."""
        return self.ratings.players[self.names.index(name)]

    def sampled(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Mean Elo of some players in each sample, ``(samples,)``."""
        return self.samples[:, [self.names.index(name) for name in names]].mean(axis=1)


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; infinite where only a bound is known."""

    middle: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Point:
    """What a curve has at one budget: Elo, the mean of its seeds, and what it cost."""

    games: int
    elo: Interval
    seeds: int
    spread: float
    """Standard deviation of the Elo of its seeds, matches' chance included; 0 with one seed."""
    cpu_s: float
    """Processor seconds of the cell, the mean of its seeds."""
    start_s: float
    """Seconds of the run that made its start."""


def fit(results: Mapping[str, CellResult], meetings: Sequence[Meeting], seed: int) -> Strengths:
    """Fit Elo to all meetings; the untrained network has 0, or the first player where it is not.

    Args:
        results: the cells, by the names of their players.
        meetings: at least one.
        seed: of the samples.
    """
    names = list(dict.fromkeys(name for m in meetings for name in (m.first, m.second)))
    untrained = [n for n in names if n in results and _is_untrained(results[n])]
    anchor = names.index(untrained[0]) if untrained else 0
    scores = [score for meeting in meetings for score in _scores(names, meeting)]
    ratings = rate(len(names), scores, anchor)
    middle = np.array([rating.elo for rating in ratings.players])
    random = np.random.default_rng(seed)
    samples = random.multivariate_normal(middle, ratings.covariance, _SAMPLES, method="eigh")
    return Strengths(tuple(names), ratings, samples)


def _is_untrained(result: CellResult) -> bool:
    return result.cell.start == NONE and result.cell.games == 0


def _scores(names: Sequence[str], meeting: Meeting) -> list[Score]:
    first, second = names.index(meeting.first), names.index(meeting.second)
    half = meeting.games / 2
    return [
        Score(first, second, meeting.points_as_black, half),
        Score(second, first, half - meeting.points_as_white, half),
    ]


def curves(results: Mapping[str, CellResult], strengths: Strengths) -> dict[Curve, list[Point]]:
    """Elo over games of each start and kind of parameters; budgets without a match are left out.

    The untrained and the zero-shot network belong to the curves of all kinds of parameters.
    """
    grouped: dict[Curve, dict[int, list[str]]] = {}
    for name, result in results.items():
        if name in strengths.names:
            curve = (result.cell.start, result.cell.parameters)
            grouped.setdefault(curve, {}).setdefault(result.cell.games, []).append(name)
    for start, parameters in grouped:
        if parameters != "full" and 0 in grouped.get((start, "full"), {}):
            grouped[start, parameters][0] = grouped[start, "full"][0]
    return {
        curve: [_point(results, strengths, games, budgets[games]) for games in sorted(budgets)]
        for curve, budgets in grouped.items()
    }


def _point(
    results: Mapping[str, CellResult], strengths: Strengths, games: int, names: Sequence[str]
) -> Point:
    cells = [results[name] for name in names]
    alone = [strengths.rating(name).elo for name in names]
    if len(names) == 1:
        rating = strengths.rating(names[0])
        elo = Interval(rating.elo, rating.lower, rating.upper)
    else:
        elo = _interval(strengths.sampled(names))
    return Point(
        games,
        elo,
        len(names),
        float(np.std(alone, ddof=1)) if len(names) > 1 else 0.0,
        sum(cell.cpu_s for cell in cells) / len(cells),
        cells[0].start_s,
    )


def games_for(curve: Sequence[tuple[float, float]], elo: float) -> float:
    """Return the games at which a curve first reaches an Elo; infinite if it does not.

    Args:
        curve: games and Elo, by games; between two budgets Elo is linear in ``log(1 + games)``.
        elo: the Elo to reach.

    Returns:
        Games; 0 if the curve begins there or above.
    """
    if not curve:
        return float("inf")
    if curve[0][1] >= elo:
        return float(curve[0][0])
    for (games, low), (more, high) in pairwise(curve):
        if high >= elo:
            share = (elo - low) / (high - low)
            x = np.log1p(games) + share * (np.log1p(more) - np.log1p(games))
            return float(np.expm1(x))
    return float("inf")


def worth(
    results: Mapping[str, CellResult], strengths: Strengths, curve: Curve, games: int
) -> Interval | None:
    """Games from nothing that give the Elo of ``games`` on a curve, with the 95 % interval.

    Where a sample's Elo is above the whole curve from nothing, the number is infinite: more than
    its largest budget. ``None`` if a budget has no matches.
    """

    def names(start: str, parameters: str, budget: int) -> list[str]:
        return [
            name
            for name, result in results.items()
            if name in strengths.names
            and (result.cell.start, result.cell.parameters) == (start, parameters)
            and result.cell.games == budget
        ]

    known = names(*curve, games)
    budgets = sorted({r.cell.games for r in results.values() if r.cell.start == NONE})
    fresh = [(b, names(NONE, "full", b)) for b in budgets]
    fresh = [(budget, players) for budget, players in fresh if players]
    if not known or not fresh:
        return None
    wanted = strengths.sampled(known)
    reached = np.array([strengths.sampled(players) for _, players in fresh])
    found = [
        games_for([(b, elo) for (b, _), elo in zip(fresh, reached[:, i], strict=True)], wanted[i])
        for i in range(len(wanted))
    ]
    lower, middle, upper = np.percentile(found, _INTERVAL, method="inverted_cdf")
    return Interval(float(middle), float(lower), float(upper))


def largest_from_nothing(results: Mapping[str, CellResult]) -> int:
    """The largest budget from nothing; what is worth more than it is only known to be more."""
    return max((r.cell.games for r in results.values() if r.cell.start == NONE), default=0)


def ahead(strengths: Strengths, first: Sequence[str], second: Sequence[str]) -> Interval:
    """Elo of some players above others, the means of each, with the 95 % interval."""
    return _interval(strengths.sampled(first) - strengths.sampled(second))


def _interval(samples: NDArray[np.float64]) -> Interval:
    lower, middle, upper = np.percentile(samples, _INTERVAL)
    return Interval(float(middle), float(lower), float(upper))
