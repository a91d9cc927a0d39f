"""Sequential probability ratio tests of "A is elo1 better" against "A is elo0 better" (Wald, 1945).

The ratio is the generalised one: each hypothesis is represented by the most likely distribution of
results that fulfils it (Van den Bergh, "A practical introduction to the GSPRT", "Normalized Elo").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from arena.stats.elo import ELO_PER_NAT, expected_score
from arena.stats.pentanomial import moments, regularised

_NORMALISED_ELO_PER_T = 2.0 * ELO_PER_NAT
_GAMES_PER_PAIR = 2
_ROUNDS = 50
_TOLERANCE = 1e-13
_NEWTON_STEPS = 200
_EDGE = 1e-12


@dataclass(frozen=True)
class Hypotheses:
    """A sequential test: what it compares, at which error rates."""

    elo0: float
    elo1: float
    alpha: float = 0.05
    """Chance to accept elo1 where elo0 is true."""
    beta: float = 0.05
    """Chance to accept elo0 where elo1 is true."""
    model: str = "normalised"
    """``logistic`` or ``normalised`` Elo."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Log-likelihood ratios at which elo0 (below) and elo1 (above) are accepted."""
        return bounds(self.alpha, self.beta)

    def ratio(self, counts: Sequence[float]) -> float:
        """Return the log-likelihood ratio; 0 without results."""
        if not any(counts):
            return 0.0
        ratio = llr_logistic if self.model == "logistic" else llr_normalised
        return ratio(counts, self.elo0, self.elo1)

    def decision(self, counts: Sequence[float]) -> str:
        """Return ``elo0`` or ``elo1``, or nothing as long as the test has to go on."""
        ratio, (lower, upper) = self.ratio(counts), self.bounds
        return "elo0" if ratio <= lower else "elo1" if ratio >= upper else ""

    def scores(self, counts: Sequence[float]) -> tuple[float, float]:
        """Return the expected scores of both hypotheses; of normalised Elo as ``counts`` vary."""
        if self.model == "logistic":
            return expected_score(self.elo0), expected_score(self.elo1)
        deviation = math.sqrt(moments(counts)[2])
        scale = _t_scale(counts) * deviation / _NORMALISED_ELO_PER_T
        return 0.5 + scale * self.elo0, 0.5 + scale * self.elo1


def bounds(alpha: float = 0.05, beta: float = 0.05) -> tuple[float, float]:
    """Return the log-likelihood ratios at which to accept elo0 (below) and elo1 (above).

    Args:
        alpha: chance to accept elo1 where elo0 is true.
        beta: chance to accept elo0 where elo1 is true.
    """
    return math.log(beta / (1.0 - alpha)), math.log((1.0 - beta) / alpha)


def llr_logistic(counts: Sequence[float], elo0: float, elo1: float) -> float:
    """Return the log-likelihood ratio of two Elo differences.

    ``counts[i]`` results scored ``i / (len(counts) - 1)``: five counts are pairs, three are games.
    """
    scores, shares, total = _observed(counts)
    under_0 = _with_mean(scores, shares, expected_score(elo0))
    under_1 = _with_mean(scores, shares, expected_score(elo1))
    return _ratio(shares, under_0, under_1, total)


def llr_normalised(counts: Sequence[float], elo0: float, elo1: float) -> float:
    """Return the log-likelihood ratio of two normalised Elo differences.

    Normalised Elo is measured in standard deviations of one game's score, so that the same number
    of games is needed to see it whatever the rate of draws. ``counts`` as in :func:`llr_logistic`.
    """
    scores, shares, total = _observed(counts)
    scale = _t_scale(counts)
    under_0 = _with_t_value(scores, shares, scale * elo0 / _NORMALISED_ELO_PER_T)
    under_1 = _with_t_value(scores, shares, scale * elo1 / _NORMALISED_ELO_PER_T)
    return _ratio(shares, under_0, under_1, total)


def _t_scale(counts: Sequence[float]) -> float:
    """A pair's mean score varies less than a game's."""
    return math.sqrt(_GAMES_PER_PAIR) if len(counts) == 5 else 1.0


def _observed(counts: Sequence[float]) -> tuple[list[float], list[float], float]:
    counts = regularised(counts)
    total = sum(counts)
    scores = [i / (len(counts) - 1) for i in range(len(counts))]
    return scores, [count / total for count in counts], total


def _ratio(
    shares: Sequence[float], under_0: Sequence[float], under_1: Sequence[float], total: float
) -> float:
    pairs = zip(shares, under_0, under_1, strict=True)
    return total * sum(share * math.log(one / zero) for share, zero, one in pairs)


def _with_zero_mean(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Return the most likely distribution whose mean of ``values`` is 0.

    It is ``share / (1 + x value)`` for the only ``x`` that fulfils the condition, found by Newton's
    method inside a bracket.
    """
    low, high = (-1.0 / max(values)) * (1.0 - _EDGE), (-1.0 / min(values)) * (1.0 - _EDGE)
    pairs = list(zip(values, shares, strict=True))
    x = 0.0
    for _ in range(_NEWTON_STEPS):
        terms = [(value / (1.0 + x * value), share) for value, share in pairs]
        mean = sum(share * term for term, share in terms)
        if mean > 0.0:
            low = x
        else:
            high = x
        step = mean / sum(share * term * term for term, share in terms)
        following = x + step if low < x + step < high else (low + high) / 2.0
        if abs(following - x) <= _TOLERANCE * max(abs(x), 1.0):
            break
        x = following
    return [share / (1.0 + x * value) for value, share in pairs]


def _with_mean(scores: Sequence[float], shares: Sequence[float], mean: float) -> list[float]:
    return _with_zero_mean([score - mean for score in scores], shares)


def _with_t_value(scores: Sequence[float], shares: Sequence[float], t: float) -> list[float]:
    """Return the most likely distribution that is ``t`` standard deviations above one half.

    The condition is not linear in the shares; each round solves it linearised at the last solution.
    """
    current = list(shares)
    for _ in range(_ROUNDS):
        mean = sum(score * share for score, share in zip(scores, current, strict=True))
        variance = sum((s - mean) ** 2 * share for s, share in zip(scores, current, strict=True))
        deviation = math.sqrt(variance)
        slopes = [
            score - 0.5 - 0.5 * t * deviation * (1.0 + ((score - mean) / deviation) ** 2)
            for score in scores
        ]
        if not min(slopes) < 0.0 < max(slopes):
            # Too narrow a start for the linear step: widen it.
            current = [(share + 1.0 / len(current)) / 2.0 for share in current]
            continue
        previous, current = current, _with_zero_mean(slopes, shares)
        if max(abs(a - b) for a, b in zip(previous, current, strict=True)) < _TOLERANCE:
            break
    return current
