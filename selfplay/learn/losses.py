"""What training minimises: pure functions of predictions and targets, a mean over rows each."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_SCORE_UNIT = 10.0


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean of ``(n,)`` values by ``(n,)`` weights; 0 if all weights are 0."""
    return (values * weights).sum() / weights.sum().clamp_min(1e-6)


def policy_loss(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of the policy with a target distribution, both ``(n, actions)``."""
    return weighted_mean(-(target * functional.log_softmax(logits, dim=1)).sum(dim=1), weights)


def value_target(outcome: Tensor, root_value: Tensor, root_share: float) -> Tensor:
    """Mix the game's result ``(n,)`` with what the search thought ``(n, 3)``: less noise."""
    result = functional.one_hot(outcome, 3).to(root_value.dtype)
    return (1.0 - root_share) * result + root_share * root_value


def value_loss(logits: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of win, draw, loss, ``(n, 3)``."""
    return weighted_mean(-(target * functional.log_softmax(logits, dim=1)).sum(dim=1), weights)


def board_mean(values: Tensor, on_board: Tensor | None) -> Tensor:
    """Mean over the last axis, points; those beside smaller boards, ``(n, points)``, left out."""
    if on_board is None:
        return values.mean(dim=-1)
    if values.dim() == 3:
        on_board = on_board[:, None]
    return (values * on_board).sum(dim=-1) / on_board.sum(dim=-1)


def ownership_loss(
    logits: Tensor, target: Tensor, weights: Tensor, on_board: Tensor | None = None
) -> Tensor:
    """Binary cross-entropy per point, ``(n, points)``: ``tanh(logit)`` is the expected owner."""
    probability = (target + 1.0) / 2.0
    per_point = functional.binary_cross_entropy_with_logits(
        2.0 * logits, probability, reduction="none"
    )
    return weighted_mean(board_mean(per_point, on_board), weights)


def score_loss(score: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Huber loss of the score in units of ten points: far-off games do not drown the others."""
    error = functional.huber_loss(score / _SCORE_UNIT, target / _SCORE_UNIT, reduction="none")
    return weighted_mean(error, weights)


def score_error_loss(error: Tensor, score: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Huber loss of how wrong the score was expected to be, in units of ten points."""
    actual = (score.detach() - target).abs()
    return score_loss(error, actual, weights)


def short_value_loss(q: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Squared error of short-horizon values, ``(n, horizons)``; NaN targets teach nothing."""
    known = torch.isfinite(target).all(dim=1)
    error = (q - torch.nan_to_num(target)).square().sum(dim=1)
    return weighted_mean(error, weights * known)


def future_loss(
    logits: Tensor, stones: Tensor, weights: Tensor, on_board: Tensor | None = None
) -> Tensor:
    """Binary cross-entropy of stones some plies later, ``(n, 2, points)``."""
    per_point = functional.binary_cross_entropy_with_logits(logits, stones, reduction="none")
    return weighted_mean(board_mean(per_point, on_board).mean(dim=1), weights)


def kl_loss(logits: Tensor, reference_logits: Tensor, weights: Tensor) -> Tensor:
    """Divergence of the policy from a reference policy's, ``KL(reference || policy)``."""
    reference = torch.softmax(reference_logits, dim=1)
    gap = functional.log_softmax(reference_logits, dim=1) - functional.log_softmax(logits, dim=1)
    return weighted_mean((reference * gap).sum(dim=1), weights)
