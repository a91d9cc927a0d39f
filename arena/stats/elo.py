"""Score and Elo difference, both ways, by the logistic curve."""

from __future__ import annotations

import math
from typing import Final

LARGEST_ELO: Final = 400.0 * math.log10(999.0)
"""Elo of a score of 0.999; where a finite number is needed, larger ones are cut to this."""
ELO_PER_NAT: Final = 400.0 / math.log(10.0)
"""Elo points of one unit of log-odds, about 173.7."""


def expected_score(elo: float) -> float:
    """Return the score in (0, 1) that a player ``elo`` points ahead expects."""
    return 0.5 * (1.0 + math.tanh(elo / (2.0 * ELO_PER_NAT)))


def elo_difference(score: float) -> float:
    """Return the Elo difference of an expected score; infinite for 0 and 1.

    Raises:
        ValueError: if the score is not in [0, 1].
    """
    if not 0.0 <= score <= 1.0:
        raise ValueError(f"expected a score in [0, 1], got {score!r}")
    if score in (0.0, 1.0):
        return math.copysign(math.inf, score - 0.5)
    return ELO_PER_NAT * math.log(score / (1.0 - score))


def clamped_elo_difference(score: float) -> float:
    """Like :func:`elo_difference`, at most about 1200 points either way."""
    elo = elo_difference(min(max(score, 0.0), 1.0))
    return min(max(elo, -LARGEST_ELO), LARGEST_ELO)
