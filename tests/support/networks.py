"""Small networks and inputs for them."""

from __future__ import annotations

import torch

from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games.go import GoSpec

SPEC = GoSpec(9, 9)
PLANES = GoSpec.plane_names
GLOBALS = GoSpec.global_names


def make(name: str = "b2c16", seed: int = 0) -> PolicyValueNet:
    model = PolicyValueNet.initial(NetworkConfig.named(name, SPEC, future=True), seed)
    # Residual branches and heads begin as zero; random ones let every path matter.
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.abs().sum() == 0 or bool((parameter == 1).all()):
                parameter.copy_(torch.rand(parameter.shape, generator=generator) * 0.5 + 0.25)
    return model.eval()


def inputs(n: int, height: int, width: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    planes = (torch.rand(n, len(PLANES), height, width, generator=generator) < 0.3).float()
    planes[:, 0] = 1.0
    return planes, torch.rand(n, len(GLOBALS), generator=generator)
