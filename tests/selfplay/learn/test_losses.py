"""Losses against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from selfplay.learn import losses


def test_policy_loss_is_the_cross_entropy() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))
    target = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    want = [-math.log(0.5), -0.5 * math.log(0.8) - 0.5 * math.log(0.1)]
    both = losses.policy_loss(logits, target, torch.tensor([1.0, 1.0]))
    assert float(both) == pytest.approx(sum(want) / 2)
    first = losses.policy_loss(logits, target, torch.tensor([2.0, 0.0]))
    assert float(first) == pytest.approx(want[0])


def test_no_weight_at_all_is_no_loss() -> None:
    nothing = losses.policy_loss(torch.zeros(2, 3), torch.ones(2, 3) / 3, torch.zeros(2))
    assert float(nothing) == 0.0


def test_value_target_mixes_result_and_search() -> None:
    target = losses.value_target(
        torch.tensor([0, 2]), torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]), 0.2
    )
    torch.testing.assert_close(target, torch.tensor([[0.9, 0.1, 0.0], [0.0, 0.0, 1.0]]))


def test_value_loss_punishes_the_wrong_side_most() -> None:
    logits = torch.tensor([[2.0, 0.0, -2.0]])
    weight = torch.ones(1)
    win, draw, loss = (
        float(losses.value_loss(logits, torch.eye(3)[k : k + 1], weight)) for k in range(3)
    )
    assert win < draw < loss
    assert win == pytest.approx(math.log(1 + math.exp(-2) + math.exp(-4)))


def test_ownership_loss_fits_tanh() -> None:
    """Its minimum over the logit is where tanh gives the expected owner."""
    target = torch.tensor([[1.0, -1.0, 1.0, 1.0]])  # mean 0.5
    logits = torch.linspace(-2, 2, 401)
    values = [
        float(losses.ownership_loss(torch.full((1, 4), float(x)), target, torch.ones(1)))
        for x in logits
    ]
    best = float(logits[int(torch.tensor(values).argmin())])
    assert math.tanh(best) == pytest.approx(0.5, abs=0.01)
    certain = losses.ownership_loss(target * 10, target, torch.ones(1))
    assert float(certain) == pytest.approx(0.0, abs=1e-6)


def test_score_loss_is_quadratic_near_and_linear_far() -> None:
    zero, one = torch.zeros(1), torch.ones(1)
    near = float(losses.score_loss(torch.tensor([5.0]), zero, one))
    far = float(losses.score_loss(torch.tensor([50.0]), zero, one))
    assert near == pytest.approx(0.5 * 0.5**2)
    assert far == pytest.approx(5.0 - 0.5)


def test_kl_is_zero_for_equal_policies_and_ignores_shifts() -> None:
    logits = torch.tensor([[1.0, 2.0, 0.5]])
    weight = torch.ones(1)
    assert float(losses.kl_loss(logits, logits + 3, weight)) == pytest.approx(0.0, abs=1e-6)
    p, q = torch.softmax(logits, 1), torch.tensor([[1 / 3, 1 / 3, 1 / 3]])
    want = float((p * (p / q).log()).sum())
    assert float(losses.kl_loss(torch.zeros(1, 3), logits, weight)) == pytest.approx(want)
