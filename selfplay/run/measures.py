"""Measures of a cycle's games that become meaningful when many cycles are combined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import psutil
from numpy.typing import NDArray

from engine.games.spec import GameSpec
from engine.notation import action_to_text
from selfplay.data.shards import Rows

CALIBRATION_BINS: Final = 10
OPENING_PLIES: Final = 8
"""Number of plies recorded from the start of each game."""


def calibration(root_q: NDArray[Any], result: NDArray[Any]) -> list[list[float]]:
    """Compare the searches' expected scores with the results, in equal bins of the former.

    Args:
        root_q: ``(n,)`` wins minus losses in [-1, 1], as the searches estimated them.
        result: ``(n,)`` 1, 0 or -1, for the same sides.

    Returns:
        For each bin, lowest first: rows, sum of expected scores, sum of scores. A score is in
        [0, 1]. Bins of several cycles can be added.
    """
    expected = (np.asarray(root_q, np.float64) + 1.0) / 2.0
    scored = (np.asarray(result, np.float64) + 1.0) / 2.0
    bins = np.clip((expected * CALIBRATION_BINS).astype(np.int64), 0, CALIBRATION_BINS - 1)
    sums = [
        np.bincount(bins, weights, CALIBRATION_BINS)
        for weights in (np.ones_like(expected), expected, scored)
    ]
    return [[int(n), round(float(e), 3), float(s)] for n, e, s in zip(*sums, strict=True)]


def opening_lines(
    spec: GameSpec, games: Mapping[int, Sequence[int]], rows: Rows | None
) -> list[str]:
    """Return the first plies, as text, of the games that did not begin with random plies.

    Args:
        spec: the game.
        games: actions by the number of the game.
        rows: rows of the same games; a ply without a search has no row.
    """
    if rows is None:
        return []
    searched = set(rows.game[rows.ply == 0].tolist())
    return [
        " ".join(action_to_text(spec, action) for action in actions[:OPENING_PLIES])
        for number, actions in games.items()
        if number in searched
    ]


def memory_mb() -> float:
    """Return the resident memory of this process, in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6
