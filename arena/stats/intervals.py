"""Intervals of a proportion and the normal distribution's two functions."""

from __future__ import annotations

import math
from typing import Final

from scipy import special

Z_95: Final = 1.959963984540054
"""Standard deviations either side that hold 95 % of a normal distribution."""


def normal_cdf(z: float) -> float:
    """Probability that a standard normal number is below ``z``."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def wilson(score: float, games: int, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion (1927).

    Args:
        score: points scored, draws counting half; may be fractional.
        games: games played; 0 gives (0, 1).
        z: half-width in standard deviations.
    """
    _check(score, games)
    if games == 0:
        return 0.0, 1.0
    share = score / games
    spread = z * math.sqrt(share * (1.0 - share) / games + z * z / (4.0 * games * games))
    centre = share + z * z / (2.0 * games)
    scale = 1.0 + z * z / games
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def superiority(wins: int, losses: int) -> float:
    """Return the likelihood that a player with these wins and losses is the stronger.

    The chance that the winning probability is above one half, all being equally likely before;
    drawn games say nothing about it.
    """
    return float(special.betainc(losses + 1.0, wins + 1.0, 0.5))


def _check(score: float, games: int) -> None:
    if games < 0 or not 0 <= score <= games:
        raise ValueError(f"expected 0 <= score <= games, got score {score!r} of {games!r}")
