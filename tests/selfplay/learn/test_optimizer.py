"""Muon against singular value decompositions, and who gets which optimiser."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from selfplay.learn.optimizer import Muon, make_optimizers, orthogonalized
from tests.support.small import small_network


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 16, 144), (1, 40, 9)])
def test_singular_values_become_about_one(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(1)
    matrices = torch.randn(shape) * torch.tensor([1e-3, 1.0, 50.0])[: shape[0], None, None]
    found = orthogonalized(matrices)
    for matrix, result in zip(matrices, found, strict=True):
        u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
        strong = s > 0.05 * s[0]
        values = torch.linalg.svdvals(result)
        assert (values[strong] > 0.5).all() and (values < 1.35).all()
        # The same directions as the nearest orthogonal matrix.
        nearest = (u @ vh).flatten()
        cosine = torch.dot(nearest, result.flatten()) / (nearest.norm() * result.norm())
        assert cosine > 0.9


def test_a_step_by_hand() -> None:
    """The first step: momentum (1 - m) g, Nesterov (1 - m + m (1 - m)) g, only its direction."""
    torch.manual_seed(2)
    weight = nn.Parameter(torch.randn(4, 3, 3, 3))
    before, gradient = weight.detach().clone(), torch.randn(4, 3, 3, 3)
    weight.grad = gradient.clone()
    Muon([weight], lr=0.01, weight_decay=0.1).step()
    update = orthogonalized(gradient.reshape(1, 4, 27))[0].reshape(4, 3, 3, 3)
    expected = before * (1 - 0.01 * 0.1) - 0.01 * 0.2 * 27**0.5 * update
    torch.testing.assert_close(weight.detach(), expected, rtol=1e-4, atol=1e-6)


def test_updates_are_as_large_as_those_of_adam() -> None:
    torch.manual_seed(3)
    weight = nn.Parameter(torch.zeros(32, 64, 3, 3))
    weight.grad = torch.randn_like(weight)
    Muon([weight], lr=1.0).step()
    assert 0.1 < float(weight.detach().square().mean().sqrt()) < 0.4


def test_parameters_without_a_gradient_stay() -> None:
    weight = nn.Parameter(torch.ones(4, 4, 3, 3))
    Muon([weight], weight_decay=0.1).step()
    assert bool((weight == 1).all())


@pytest.mark.parametrize("muon", [True, False])
def test_every_parameter_has_one_optimiser(muon: bool) -> None:
    model = small_network()
    optimizers = make_optimizers(model, 0.1, muon)
    owned = [p for o in optimizers for group in o.param_groups for p in group["params"]]
    assert len(owned) == len(set(map(id, owned))) == len(list(model.parameters()))
    assert any(isinstance(o, Muon) for o in optimizers) == muon
    if muon:
        names = {id(p): name for name, p in model.named_parameters()}
        chosen = {names[id(p)] for p in optimizers[0].param_groups[0]["params"]}
        assert "blocks.0.first.weight" in chosen and "stem.weight" in chosen
        assert "policy_head.logit.weight" not in chosen
        assert not any("linear" in name for name in chosen)
