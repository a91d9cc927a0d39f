"""One pairing, judged by pairs of games from the same opening with colours swapped.

A pair scores 0, 1/2, 1, 3/2 or 2 points. The two games of a pair share their opening and are not
independent; the five counts keep what an interval needs. The method is fishtest's: counts of zero
are taken as 0.001, so that every result is finite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from arena.stats.elo import clamped_elo_difference
from arena.stats.intervals import Z_95, normal_cdf

REGULARISER: Final = 1e-3


@dataclass(frozen=True)
class PairStatistics:
    """What the pairs of one pairing say, from the first player's side."""

    score: float
    """Mean score per game in [0, 1]."""
    elo: float
    lower: float
    """Lower end of the 95 % interval of ``elo``."""
    upper: float
    superiority: float
    """Likelihood that the first player is the stronger."""

    @property
    def margin(self) -> float:
        """Half the width of the interval."""
        return (self.upper - self.lower) / 2.0


def regularised(counts: Sequence[float]) -> list[float]:
    """Return the counts with zeros replaced by a thousandth.

    Raises:
        ValueError: if a count is negative or not finite, or there are fewer than two kinds.
    """
    if len(counts) < 2 or not all(math.isfinite(count) and count >= 0 for count in counts):
        raise ValueError(f"expected two or more finite counts of at least 0, got {counts!r}")
    return [count if count > 0 else REGULARISER for count in counts]


def moments(counts: Sequence[float]) -> tuple[float, float, float]:
    """Return the number of results, their mean score in [0, 1] and their variance.

    ``counts[i]`` results scored ``i / (len(counts) - 1)``: five counts are pairs, three are games.
    """
    counts = regularised(counts)
    total = sum(counts)
    step = 1.0 / (len(counts) - 1)
    mean = sum(count * i * step for i, count in enumerate(counts)) / total
    variance = sum(count * (i * step - mean) ** 2 for i, count in enumerate(counts)) / total
    return total, mean, variance


def pair_statistics(counts: Sequence[float]) -> PairStatistics:
    """Return Elo with its 95 % interval; ``counts`` as in :func:`moments`.

    Elo is clamped to the scores 0.001 and 0.999, about 1200 points.
    """
    total, mean, variance = moments(counts)
    deviation = math.sqrt(variance / total)
    return PairStatistics(
        score=mean,
        elo=clamped_elo_difference(mean),
        lower=clamped_elo_difference(mean - Z_95 * deviation),
        upper=clamped_elo_difference(mean + Z_95 * deviation),
        superiority=normal_cdf((mean - 0.5) / deviation),
    )


def count_pairs(pairs: Iterable[Sequence[float]]) -> list[int]:
    """Count the points of the first player per pair of games; incomplete pairs are left out.

    Args:
        pairs: per pair the first player's points of each game: 0, 1/2 or 1.

    Returns:
        Five counts: pairs of 0, 1/2, 1, 3/2 and 2 points.
    """
    counts = [0] * 5
    for points in pairs:
        if len(points) == 2:
            counts[round(2 * sum(points))] += 1
    return counts
