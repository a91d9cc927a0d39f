"""Elo of many players from all their games together, by maximum likelihood.

The model is Bradley and Terry's (1952) with an advantage of moving first: Black's expected score is
``expected_score(elo[black] - elo[white] + first_player)``; draws are as frequent as
:mod:`arena.stats.draws` says, with one drawishness for all games. The advantage has a normal prior
of 300 Elo around 0, which matters only where colours were not balanced or every game went to the
same colour.

Intervals are profile likelihood intervals: all ratings for which the other parameters can be chosen
so that the results stay within 1.92 (half the 95 % point of chi squared) of the best. They are as
lopsided as the results, and open on one side for a player who won or lost everything. Games count
as independent; that a pair shares its opening, colours swapped, makes them rather too wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from arena.stats.draws import chances
from arena.stats.elo import ELO_PER_NAT
from arena.stats.intervals import Z_95, normal_cdf

_SEARCHED_ELO = 6000.0
_PRIOR_ELO = 20_000.0  # flat wherever results say anything; keeps a lost cause from running off
_ADVANTAGE_PRIOR_ELO = 300.0
_LOG_DRAWISHNESS = (-12.0, 9.0)
_DRAW_ROUNDS = 30
_SCORING_STEPS = 200
_LONGEST_STEP = 400.0


@dataclass(frozen=True)
class Score:
    """All games of one player as Black against another as White."""

    black: int
    white: int
    points: float
    """Black's points; a draw is half."""
    games: float
    draws: float = 0.0


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
    covariance: NDArray[np.float64]
    """Covariance of the players' Elo, ``(players, players)``, by the curvature of the likelihood.

    The anchor's row is 0. Errors of differences between players follow from it."""
    drawishness: float
    """See :mod:`arena.stats.draws`; 0 where no game was drawn."""

    def superiority(self, first: int, second: int) -> float:
        """Return the likelihood that the first player is the stronger, games between all used."""
        c = self.covariance
        spread = math.sqrt(max(c[first, first] + c[second, second] - 2.0 * c[first, second], 0.0))
        ahead = self.players[first].elo - self.players[second].elo
        return normal_cdf(ahead / spread) if spread > 0.0 else 0.5


class _Model:
    """Log-likelihood over the parameters ``(elo of each player..., first player's advantage)``."""

    def __init__(self, players: int, scores: Sequence[Score]) -> None:
        self.parameters = players + 1
        self.points = np.array([score.points for score in scores])
        self.games = np.array([float(score.games) for score in scores])
        self.draws = np.array([float(score.draws) for score in scores])
        self.design = np.zeros((len(scores), self.parameters))
        for i, score in enumerate(scores):
            self.design[i, score.black] += 1.0
            self.design[i, score.white] -= 1.0
            self.design[i, -1] = 1.0
        self.precision = np.full(self.parameters, _PRIOR_ELO**-2)
        self.precision[-1] = _ADVANTAGE_PRIOR_ELO**-2
        self.drawishness = 0.0

    def likelihood(self, elo: NDArray[np.float64]) -> float:
        """Logarithm, at most 0 apart from the prior."""
        chance = chances(self.design @ elo / ELO_PER_NAT, self.drawishness)
        wins = self.points - self.draws / 2.0
        total = wins @ chance.log_win + (self.games - self.draws - wins) @ chance.log_loss
        if self.drawishness:
            total += self.draws @ chance.log_draw
        return float(total - 0.5 * self.precision @ elo**2)

    def slope_and_information(
        self, elo: NDArray[np.float64], free: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return first derivatives and Fisher's information of the ``free`` parameters."""
        chance = chances(self.design @ elo / ELO_PER_NAT, self.drawishness)
        gain = chance.score * (1.0 - chance.score)  # of the score with the log-odds
        weight = gain / np.maximum(chance.variance, np.finfo(float).tiny)
        part = self.design[:, free] / ELO_PER_NAT
        slope = part.T @ (weight * (self.points - self.games * chance.score))
        information = part.T @ (part * (self.games * weight * gain)[:, None])
        prior = self.precision[free]
        return slope - elo[free] * prior, information + np.diag(prior)

    def fit(self, anchor: int) -> tuple[NDArray[np.float64], float]:
        """Return the best parameters and their likelihood, and keep the best drawishness."""
        elo, best = self.maximise(np.zeros(self.parameters), [anchor])
        for _ in range(_DRAW_ROUNDS if self.draws.any() else 0):
            before = self.drawishness
            self.drawishness = self._best_drawishness(elo)
            elo, best = self.maximise(elo, [anchor])
            if abs(self.drawishness - before) < 1e-6 * self.drawishness:
                break
        return elo, best

    def _best_drawishness(self, elo: NDArray[np.float64]) -> float:
        def loss(log_drawishness: float) -> float:
            self.drawishness = math.exp(log_drawishness)
            return -self.likelihood(elo)

        found = optimize.minimize_scalar(
            loss, bounds=_LOG_DRAWISHNESS, method="bounded", options={"xatol": 1e-8}
        )
        return math.exp(found.x)

    def maximise(
        self, start: NDArray[np.float64], fixed: Sequence[int] | NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], float]:
        """Return the best parameters with those of ``fixed`` held, and their likelihood.

        Fisher's scoring, halving steps that do not climb.
        """
        free = np.setdiff1d(np.arange(self.parameters), fixed)
        elo, best = start.copy(), self.likelihood(start)
        for _ in range(_SCORING_STEPS):
            slope, information = self.slope_and_information(elo, free)
            step = np.linalg.solve(information, slope)
            # Shortened as a whole: cut part by part it might not lead uphill.
            step *= min(1.0, _LONGEST_STEP / float(np.abs(step).max(initial=1e-300)))
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
            if gained < 1e-10 and float(np.abs(size * step).max(initial=0.0)) < 1e-4:
                break
        return elo, best

    def covariance(self, elo: NDArray[np.float64], anchor: int) -> NDArray[np.float64]:
        """Return that of all parameters; the anchor's row and column are 0."""
        free = np.setdiff1d(np.arange(self.parameters), [anchor])
        full = np.zeros((self.parameters, self.parameters))
        information = self.slope_and_information(elo, free)[1]
        full[np.ix_(free, free)] = np.linalg.inv(information)
        return full


def rate(players: int, scores: Sequence[Score], anchor: int = 0) -> Ratings:
    """Rate players, numbered from 0, by their scores; ``anchor`` gets Elo 0.

    A player without games gets 0 with an interval open on both sides.

    Raises:
        ValueError: on a player number or score that cannot be.
    """
    _check(players, scores, anchor)
    played = [score for score in scores if score.games]
    model = _Model(players, played)
    best, likelihood = model.fit(anchor)
    deviations = np.sqrt(np.diag(model.covariance(best, anchor)))
    bounds = [
        _interval(model, best, likelihood, parameter, anchor, float(deviations[parameter]))
        if parameter != anchor
        else (0.0, 0.0)
        for parameter in range(players + 1)
    ]
    eased = model
    unbounded = [i for i in range(players) if not all(map(math.isfinite, bounds[i]))]
    if unbounded:
        # Only theirs are eased: who lost everything must not pull the others towards him.
        eased = _Model(players, [*played, *_drawn_games(played)])
        eased.drawishness = model.drawishness
        start = best.copy()
        start[unbounded] = 0.0
        estimate, _ = eased.maximise(start, np.setdiff1d(np.arange(players + 1), unbounded))
        best = np.clip(estimate, -_SEARCHED_ELO, _SEARCHED_ELO)
        best[:players] = [np.clip(best[i], *bounds[i]) for i in range(players)]
    return Ratings(
        players=tuple(Rating(float(best[player]), *bounds[player]) for player in range(players)),
        first_player=Rating(float(best[-1]), *bounds[-1]),
        anchor=anchor,
        groups=_groups(players, played),
        covariance=eased.covariance(best, anchor)[:players, :players],
        drawishness=model.drawishness,
    )


def _interval(
    model: _Model,
    best: NDArray[np.float64],
    likelihood: float,
    parameter: int,
    anchor: int,
    deviation: float,
) -> tuple[float, float]:
    """Return where the profile likelihood of one parameter has dropped by 1.92, if it does.

    The root of twice the drop is close to a straight line of slope ``1 / deviation``.
    """
    centre = float(np.clip(best[parameter], -_SEARCHED_ELO, _SEARCHED_ELO))
    near = best

    def excess(elo: float) -> float:
        nonlocal near
        start = near.copy()
        start[parameter] = elo
        near, reached = model.maximise(start, [anchor, parameter])
        return math.sqrt(max(2.0 * (likelihood - reached), 0.0)) - Z_95

    ends = []
    for direction in (-1.0, 1.0):
        near, inside, size = best, centre, 2.2 * min(deviation, _SEARCHED_ELO)
        while True:
            far = direction * min(direction * centre + size, _SEARCHED_ELO)
            beyond = excess(far)
            if beyond >= 0.0:
                ends.append(float(optimize.brentq(excess, inside, far, xtol=0.01)))
                break
            if abs(far) >= _SEARCHED_ELO:
                ends.append(math.copysign(math.inf, direction))
                break
            inside, size = far, 2.0 * size
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
        half = score.draws / 2.0
        points_fit = 0.0 <= half <= score.points + 1e-9 <= score.games - half + 2e-9
        if not numbers_fit or score.black == score.white or not points_fit:
            raise ValueError(
                f"expected two of {players} players, 0 <= points <= games and draws that fit, "
                f"got {score!r}"
            )
