"""Networks whose every path matters, as training leaves none of them zero."""

from __future__ import annotations

import torch

from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games import GameSpec


def lively(spec: GameSpec, name: str = "b2c16", seed: int = 1) -> PolicyValueNet:
    """A network whose every part says something: at first, heads and residual branches are zero."""
    config = NetworkConfig.named(name, spec)
    return enlivened(PolicyValueNet.initial(config, seed), seed)


def enlivened(model: PolicyValueNet, seed: int) -> PolicyValueNet:
    """The same model with random numbers where a fresh one is silent."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed + 1)
        for key, tensor in model.state_dict().items():
            if key.endswith("gain"):
                tensor.uniform_(0.5, 1.0)
            elif key.endswith("bias"):
                tensor.normal_(0, 0.2)
            elif not tensor.any():
                tensor.normal_(0, 0.1)
    return model.eval()
