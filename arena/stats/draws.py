"""Chances of one game's three results, from the Elo difference.

The expected score is the logistic curve of the Elo difference, whatever the rate of draws, so that
a rating means the same in every game. Draws keep Davidson's relation (JASA 65, 1970),
``draw**2 = drawishness**2 * win * loss``: equal players draw ``drawishness / (2 + drawishness)`` of
their games, and fewer the further they are apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Chances:
    """Chances of results, as arrays of one shape; logarithms, because they may be close to 0."""

    log_win: Numbers
    log_draw: Numbers
    """``-inf`` if there are no draws."""
    log_loss: Numbers
    score: Numbers
    """Expected score in (0, 1)."""
    variance: Numbers
    """Variance of one game's score; ``score * (1 - score)`` without draws, less with them."""


def chances(log_odds: Numbers, drawishness: float) -> Chances:
    """Return the chances of the side whose expected score is ``expit(log_odds)``.

    With ``r`` the root of win over loss, win : draw : loss are ``r**2 : drawishness * r : 1``; it
    solves ``r**2 (1 - s) + drawishness (1/2 - s) r = s``, here for the weaker side.
    """
    far = np.abs(log_odds)
    log_score = -np.logaddexp(0.0, far)
    score = np.exp(log_score)
    lean = drawishness * (0.5 - score)
    root = lean + np.sqrt(lean * lean + 4.0 * score * (1.0 - score))
    log_r = np.log(2.0) + log_score - np.log(root)
    r = np.exp(log_r)
    log_sum = np.log1p(drawishness * r + r * r)
    weaker, stronger = 2.0 * log_r - log_sum, -log_sum
    with np.errstate(divide="ignore"):
        log_draw = np.log(drawishness) + log_r - log_sum
    variance = (
        np.exp(weaker) * (1.0 - score) ** 2
        + np.exp(log_draw) * (0.5 - score) ** 2
        + np.exp(stronger) * score**2
    )
    ahead = log_odds > 0
    return Chances(
        log_win=np.where(ahead, stronger, weaker),
        log_draw=log_draw,
        log_loss=np.where(ahead, weaker, stronger),
        score=np.where(ahead, 1.0 - score, score),
        variance=variance,
    )
