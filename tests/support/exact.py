"""Intervals that are slow or rare in the program, for comparison."""

from __future__ import annotations

from scipy import stats


def clopper_pearson(score: float, games: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a proportion (Clopper and Pearson, 1934); never too narrow."""
    tail = (1.0 - confidence) / 2.0
    missed = games - score
    lower = 0.0 if score == 0 else float(stats.beta.ppf(tail, score, missed + 1.0))
    upper = 1.0 if missed == 0 else float(stats.beta.ppf(1.0 - tail, score + 1.0, missed))
    return lower, upper
