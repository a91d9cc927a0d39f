"""Conversion of a network's raw outputs to an evaluation, for every backend without torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.search.evaluation import Evaluation

Floats = NDArray[np.float32]


def evaluation_of(
    policy_logits: Floats, value_logits: Floats, score: Floats, ownership_logits: Floats
) -> Evaluation:
    """Return an evaluation of ``rows`` positions; overwrites ``ownership_logits``.

    Args:
        policy_logits: ``(rows, actions)``.
        value_logits: ``(rows, 3)``, for win, draw and loss.
        score: ``(rows,)`` in points.
        ownership_logits: ``(rows, points)``.
    """
    ownership = np.tanh(ownership_logits, out=ownership_logits)
    return Evaluation(policy_logits, softmax(value_logits), score, ownership)


def softmax(logits: Floats) -> Floats:
    """Return probabilities ``(rows, kinds)`` of logits with the same shape."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
