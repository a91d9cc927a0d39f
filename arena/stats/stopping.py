"""What a sequential test says about the Elo difference, once it has stopped.

A match that stops because it went well has flattered the winner: its plain Elo is biased. Outcomes
of the test are ordered from the quickest failure through "undecided" to the quickest pass. The
estimate is the Elo at which half of all tests end worse than this one. The interval's ends are
those at which 2.5 % and 97.5 % do (Siegmund, "Sequential Analysis", 1985, chapter III).

The log-likelihood ratio is taken as a Brownian motion whose drift and variance are those of the
GSPRT's approximation, ``pairs * (s1 - s0) * (mean - (s0 + s1) / 2) / variance`` (Van den Bergh, "A
practical introduction to the GSPRT"), and its law between the bounds is that of the heat equation
with drift, by eigenfunctions or by images.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import optimize, special

from arena.stats.elo import expected_score
from arena.stats.pentanomial import moments
from arena.stats.sprt import Hypotheses

_FARTHEST_ELO: Final = 1000.0
_TERMS: Final = 12
_IMAGES: Final = 4


@dataclass(frozen=True)
class StoppedEstimate:
    """Elo difference after a sequential test, from the first player's side."""

    elo: float
    """Median-unbiased; at most 1000 either way."""
    lower: float
    """Lower end of the 95 % interval."""
    upper: float
    superiority: float
    """Likelihood that the first player is the stronger."""


def estimate_after_stopping(counts: Sequence[float], test: Hypotheses) -> StoppedEstimate:
    """Return what ``counts`` say under ``test``, whether it has stopped or not.

    ``counts`` as in :func:`arena.stats.sprt.llr_logistic`. A test that ran past its bounds counts
    as stopped where it crossed them.
    """
    total, mean, variance = moments(counts)
    low, high = test.scores(counts)
    time = total
    ratio = total * _drift(mean, variance, low, high)
    lower, upper = test.bounds
    if not lower <= ratio <= upper:
        bound = lower if ratio < lower else upper
        time, ratio = total * bound / ratio, bound

    def worse(elo: float) -> float:
        score = expected_score(elo)
        spread = variance
        drift = _drift(score, spread, low, high)
        sigma = (high - low) / math.sqrt(spread)
        return exit_cdf(lower, upper, drift, sigma, time, ratio)

    return StoppedEstimate(
        elo=_elo_where(worse, 0.5),
        lower=_elo_where(worse, 0.975),
        upper=_elo_where(worse, 0.025),
        superiority=worse(0.0),
    )


def exit_cdf(
    lower: float, upper: float, drift: float, sigma: float, time: float, level: float
) -> float:
    """Return the chance of an outcome at most as good as being at ``level`` at ``time``.

    A Brownian motion from 0 stops at ``lower < 0`` or ``upper > 0``. Worse than being at ``level``
    inside are: having stopped at ``lower``, and being below ``level``. With ``level`` a bound, the
    outcome is having stopped there at ``time``.
    """
    law = _late if (math.pi * sigma / (upper - lower)) ** 2 * time / 2.0 > 1.0 else _early
    return min(max(law(lower, upper, drift, sigma, time, level), 0.0), 1.0)


def _late(
    lower: float, upper: float, drift: float, sigma: float, time: float, level: float
) -> float:
    """:func:`exit_cdf` by eigenfunctions, which die off with time."""
    width, slope = upper - lower, drift / sigma**2
    wave = np.arange(1, _TERMS) * math.pi / width
    rate = (sigma * wave) ** 2 / 2.0 + drift * slope / 2.0
    start = np.sin(-lower * wave)

    def primitive(y: float) -> np.ndarray:
        angle = wave * (y - lower)
        shape = slope * np.sin(angle) - wave * np.cos(angle)
        return shape / (slope**2 + wave**2) * np.exp(slope * y - rate * time)

    # Stopped at the lower bound by now: all that ever do, less those that will.
    later = sigma**2 / width * wave * start / rate * np.exp(slope * lower - rate * time)
    stopped = _ruin(lower, upper, slope) - later.sum()
    inside = 2.0 / width * (start * (primitive(level) - primitive(lower))).sum()
    return float(stopped + inside)


def _early(
    lower: float, upper: float, drift: float, sigma: float, time: float, level: float
) -> float:
    """The same by images of the start behind both bounds, which are far as long as time is short.

    The terms of stopping are those of the first passage of one bound, an inverse Gaussian law.
    """
    width, slope, deviation = upper - lower, drift / sigma**2, sigma * math.sqrt(time)
    images = 2.0 * width * np.arange(-_IMAGES, _IMAGES + 1)

    def inside(image: np.ndarray) -> np.ndarray:
        """Weight of an image times its chance of the strip, by whichever tail is the smaller."""
        near = (lower - image - drift * time) / deviation
        edge = (level - image - drift * time) / deviation
        near, edge = np.where(near > 0, -edge, near), np.where(near > 0, -near, edge)
        tails = [np.exp(slope * image + special.log_ndtr(z)) for z in (edge, near)]
        return np.asarray(tails[0] - tails[1])

    distance = images - lower
    far = np.abs(distance)
    towards = slope * (lower - far) + special.log_ndtr((drift * time - far) / deviation)
    away = slope * (lower + far) + special.log_ndtr((-drift * time - far) / deviation)
    passed = np.exp(towards) + np.exp(away)
    stopped = float((np.sign(distance) * passed).sum())
    return stopped + float((inside(images) - inside(2.0 * lower + images)).sum())


def _drift(mean: float, variance: float, low: float, high: float) -> float:
    return (high - low) * (mean - (low + high) / 2.0) / variance


def _ruin(lower: float, upper: float, slope: float) -> float:
    """Chance to reach ``lower`` before ``upper``."""
    if abs(slope) * (upper - lower) < 1e-9:
        return upper / (upper - lower)
    if slope < 0.0:
        return 1.0 - _ruin(-upper, -lower, -slope)
    here, there = math.expm1(-2.0 * slope * upper), math.expm1(-2.0 * slope * (upper - lower))
    return math.exp(2.0 * slope * lower) * here / there


def _elo_where(worse: Callable[[float], float], share: float) -> float:
    """Return the Elo at which ``worse`` has fallen to ``share``."""
    if worse(_FARTHEST_ELO) > share:
        return _FARTHEST_ELO
    if worse(-_FARTHEST_ELO) < share:
        return -_FARTHEST_ELO
    found = optimize.brentq(
        lambda elo: worse(elo) - share, -_FARTHEST_ELO, _FARTHEST_ELO, xtol=1e-9
    )
    return float(found)
