"""Elo of many players from all their games together, by maximum likelihood.

The model is Bradley and Terry's (1952) with an advantage of moving first: Black scores
``expected_score(elo[black] - elo[white] + first_player)`` and a draw counts as half a win and half
a loss. The advantage has a normal prior of 300 Elo around 0, which matters only where colours were
not balanced or every game went to the same colour.

Intervals are profile likelihood intervals: all ratings for which the other parameters can be chosen
so that the results stay within 1.92 (half the 95 % point of chi squared) of the best. They are as
lopsided as the results, and open on one side for a player who won or lost everything. Games count
as independent; that a pair shares its opening, colours swapped, makes them rather too wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from arena.stats.elo import ELO_PER_NAT

HALF_CHI2_95: Final = 1.9207294103470618
_SEARCHED_ELO = 6000.0
_PRIOR_ELO = 20_000.0  # flat wherever results say anything; keeps a lost cause from running off
_ADVANTAGE_PRIOR_ELO = 300.0
_NEWTON_STEPS = 200


@dataclass(frozen=True)
class Score:
    """All games of one player as Black against another as White."""

    black: int
    white: int
    points: float
    """Black's points; a draw is half."""
    games: float


@dataclass(frozen=True)
class Rating:
    """An Elo difference with its 95 % interval; of a player, relative to the anchor."""

    elo: float
    """Always finite: where an interval is open, one drawn game per pairing is added first."""
    lower: float
    """``-inf`` for a player who only lost."""
    upper: float
    """``inf`` for a player who only won."""

    @property
    def bounded(self) -> bool:
        """Whether the results bound the rating on both sides."""
        return math.isfinite(self.lower) and math.isfinite(self.upper)


@dataclass(frozen=True)
class Ratings:
    """Ratings of all players."""

    players: tuple[Rating, ...]
    first_player: Rating
    """Elo that moving first was worth, averaged over all games."""
    anchor: int
    """The player whose Elo is 0 by definition; it has no interval."""
    groups: tuple[tuple[int, ...], ...]
    """Players that met directly or through others. Ratings compare within a group only."""


class _Model:
    """Log-likelihood over the parameters ``(elo of each player..., first player's advantage)``."""

    def __init__(self, players: int, scores: Sequence[Score]) -> None:
        self.parameters = players + 1
        self.points = np.array([score.points for score in scores])
        self.games = np.array([float(score.games) for score in scores])
        self.design = np.zeros((len(scores), self.parameters))
        for i, score in enumerate(scores):
            self.design[i, score.black] += 1.0
            self.design[i, score.white] -= 1.0
            self.design[i, -1] = 1.0
        self.precision = np.full(self.parameters, _PRIOR_ELO**-2)
        self.precision[-1] = _ADVANTAGE_PRIOR_ELO**-2

    def likelihood(self, elo: NDArray[np.float64]) -> float:
        """Logarithm, at most 0 apart from the prior."""
        odds = self.design @ elo / ELO_PER_NAT
        wins = self.points @ np.logaddexp(0.0, -odds)
        losses = (self.games - self.points) @ np.logaddexp(0.0, odds)
        return float(-wins - losses - 0.5 * self.precision @ elo**2)

    def maximise(
        self, start: NDArray[np.float64], fixed: Sequence[int]
    ) -> tuple[NDArray[np.float64], float]:
        """Return the best parameters with those of ``fixed`` held, and their likelihood.

        Newton's method, halving steps that do not climb; the function is concave.
        """
        free = np.setdiff1d(np.arange(self.parameters), fixed)
        elo, best = start.copy(), self.likelihood(start)
        for _ in range(_NEWTON_STEPS):
            chance = 0.5 * (1.0 + np.tanh(self.design @ elo / (2.0 * ELO_PER_NAT)))
            part = self.design[:, free] / ELO_PER_NAT
            slope = part.T @ (self.points - self.games * chance) - elo[free] * self.precision[free]
            weights = self.games * chance * (1.0 - chance)
            curvature = part.T @ (part * weights[:, None]) + np.diag(self.precision[free])
            step = np.clip(np.linalg.solve(curvature, slope), -400.0, 400.0)
            size = 1.0
            while size > 1e-9:
                trial = elo.copy()
                trial[free] += size * step
                reached = self.likelihood(trial)
                if reached >= best:
                    break
                size /= 2.0
            else:
                return elo, best
            gained, elo, best = reached - best, trial, reached
            if gained < 1e-12 and float(np.abs(size * step).max(initial=0.0)) < 1e-6:
                break
        return elo, best


def rate(players: int, scores: Sequence[Score], anchor: int = 0) -> Ratings:
    """Rate players, numbered from 0, by their scores; ``anchor`` gets Elo 0.

    A player without games gets 0 with an interval open on both sides.

    Raises:
        ValueError: on a player number or score that cannot be.
    """
    _check(players, scores, anchor)
    played = [score for score in scores if score.games]
    model = _Model(players, played)
    best, likelihood = model.maximise(np.zeros(players + 1), [anchor])
    bounds = {
        player: _interval(model, best, likelihood, player, anchor)
        for player in range(players)
        if player != anchor
    }
    bounds[anchor] = (0.0, 0.0)
    advantage = _interval(model, best, likelihood, players, anchor)
    if not all(math.isfinite(end) for ends in bounds.values() for end in ends):
        eased = _Model(players, [*played, *_drawn_games(played)])
        estimate, _ = eased.maximise(np.zeros(players + 1), [anchor])
        best = np.clip(estimate, -_SEARCHED_ELO, _SEARCHED_ELO)
        best[:players] = [np.clip(best[i], *bounds[i]) for i in range(players)]
    return Ratings(
        players=tuple(Rating(float(best[player]), *bounds[player]) for player in range(players)),
        first_player=Rating(float(best[-1]), *advantage),
        anchor=anchor,
        groups=_groups(players, played),
    )


def _interval(
    model: _Model, best: NDArray[np.float64], likelihood: float, parameter: int, anchor: int
) -> tuple[float, float]:
    """Return where the profile likelihood of one parameter has dropped by 1.92, if it does."""

    def drop(elo: float) -> float:
        start = best.copy()
        start[parameter] = elo
        return likelihood - model.maximise(start, [anchor, parameter])[1] - HALF_CHI2_95

    ends = []
    for direction in (-1.0, 1.0):
        far = direction * _SEARCHED_ELO
        centre = float(np.clip(best[parameter], -_SEARCHED_ELO, _SEARCHED_ELO))
        if drop(far) < 0.0:
            ends.append(math.copysign(math.inf, direction))
        else:
            ends.append(float(optimize.brentq(drop, centre, far, xtol=0.01)))
    return ends[0], ends[1]


def _drawn_games(played: Sequence[Score]) -> list[Score]:
    """One drawn game, half with either colour, for every two players that met."""
    pairings = {(min(s.black, s.white), max(s.black, s.white)) for s in played}
    halves = [*sorted(pairings), *((b, a) for a, b in sorted(pairings))]
    return [Score(black, white, 0.25, 0.5) for black, white in halves]


def _groups(players: int, played: Sequence[Score]) -> tuple[tuple[int, ...], ...]:
    group = list(range(players))
    for score in played:
        old, new = group[score.white], group[score.black]
        group = [new if member == old else member for member in group]
    return tuple(
        tuple(player for player in range(players) if group[player] == name)
        for name in dict.fromkeys(group)
    )


def _check(players: int, scores: Sequence[Score], anchor: int) -> None:
    if not 0 <= anchor < players:
        raise ValueError(f"expected an anchor from 0 to {players - 1}, got {anchor!r}")
    for score in scores:
        numbers_fit = 0 <= score.black < players and 0 <= score.white < players
        if not numbers_fit or score.black == score.white or not 0 <= score.points <= score.games:
            raise ValueError(
                f"expected two of {players} players and 0 <= points <= games, got {score!r}"
            )
