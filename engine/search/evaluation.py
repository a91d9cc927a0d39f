"""The interface between the search and evaluators of positions, which are in ``agents``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import GameSpec, Positions


@dataclass(frozen=True)
class Evaluation:
    """Predictions for a batch of positions, each from its own side to move."""

    policy_logits: NDArray[np.float32]
    """``(rows, actions)``; illegal actions may hold anything finite: the tree masks them."""
    value: NDArray[np.float32]
    """``(rows, 3)`` probabilities of win, draw, loss."""
    score: NDArray[np.float32]
    """``(rows,)`` expected points by which the side to move is ahead at the end."""
    ownership: NDArray[np.float32]
    """``(rows, points)`` in [-1, 1]: 1 means that the side to move surely owns the point."""

    @property
    def q(self) -> NDArray[np.float32]:
        """Win minus loss, ``(rows,)`` in [-1, 1]."""
        return self.value[:, 0] - self.value[:, 2]


class Evaluator(Protocol):
    """Gives evaluations for positions.

    It must be a pure function of each row: the other rows of a batch may change a result by
    rounding only. It must be safe to call from several threads at once.
    """

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        """Evaluate unfinished positions, shape ``(rows,)``, rows at least 1."""
        ...
