"""Two optimisers as one: Muon for the convolutions, AdamW for everything else.

Muon (Jordan et al. 2024) replaces a matrix's momentum by the nearest orthogonal matrix, so that all
directions of a layer learn at one pace. On stored self-play rows it reaches in 1,000 steps what
AdamW needs 2,000 for: ``docs/results/network.md``. Torch's own takes matrices only, one by one;
this one takes convolutions and works on all of a shape at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import torch
from torch import Tensor, nn

_STEPS: Final = 5
_QUINTIC: Final = (3.4445, -4.7750, 2.0315)  # of Jordan's iteration: fast, to within 30 %
_ADAM_SCALE: Final = 0.2  # the size of AdamW's updates (Liu et al. 2025, section 2.2)


def orthogonalized(matrices: Tensor) -> Tensor:
    """Set all singular values near 1: ``(n, rows, columns)`` to the same, by Newton's iteration."""
    wide = matrices.shape[1] <= matrices.shape[2]
    x = matrices if wide else matrices.transpose(1, 2)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _QUINTIC
    for _ in range(_STEPS):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * square @ square) @ x
    return x if wide else x.transpose(1, 2)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised; updates are as large as AdamW's, so one learning rate fits both."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float = 1e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            parameters,
            {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "share": 1.0},
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move each parameter that has a gradient; ``closure`` is not used."""
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    shapes.setdefault(tuple(parameter.shape), []).append(parameter)
            for parameters in shapes.values():
                self._step(parameters, group)

    def _step(self, parameters: list[nn.Parameter], group: dict[str, Any]) -> None:
        momentum, lr = group["momentum"], group["lr"]
        updates = []
        for parameter in parameters:
            state = self.state[parameter]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(parameter)
            gradient = parameter.grad
            assert gradient is not None
            state["momentum"].lerp_(gradient, 1.0 - momentum)
            nesterov = gradient.lerp(state["momentum"], momentum)
            updates.append(nesterov.reshape(len(nesterov), -1))
        found = orthogonalized(torch.stack(updates))
        scale = _ADAM_SCALE * max(found.shape[1:]) ** 0.5
        for parameter, update in zip(parameters, found, strict=True):
            parameter.mul_(1.0 - lr * group["weight_decay"])
            parameter.add_(update.reshape(parameter.shape), alpha=-lr * scale)


def make_optimizers(
    model: nn.Module, weight_decay: float, muon: bool, adam_share: float = 1.0
) -> list[torch.optim.Optimizer]:
    """Optimisers that share a model's parameters: matrices decay, gains and biases do not.

    Each group's ``share`` says what part of the learning rate it takes: all of it, or
    ``adam_share`` where Muon has the convolutions.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    convolutions = [p for p in trained if muon and p.dim() == 4 and min(p.shape[:2]) > 2]
    chosen = set(map(id, convolutions))
    others = [p for p in trained if id(p) not in chosen]
    decayed, plain = [p for p in others if p.dim() > 1], [p for p in others if p.dim() <= 1]
    share = adam_share if convolutions else 1.0
    adam = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": weight_decay, "share": share},
            {"params": plain, "weight_decay": 0.0, "share": share},
        ],
        fused=True,
    )
    if not convolutions:
        return [adam]
    return [Muon(convolutions, weight_decay=weight_decay), adam]
