"""How far Muon lets weights drift in noise: ``python -m docs.results.muon_weights``.

A 3x3 convolution of 32 channels that begins as the network's do, and gradients drawn at random, for
3,000 steps. Prints the root mean square of the weights along the way. Nothing of the program
depends on this file.
"""

from __future__ import annotations

import torch
from torch import nn

from selfplay.learn.optimizer import Muon

SHAPE = (32, 32, 3, 3)
SETTINGS = ((0.0, 8e-3), (0.05, 4e-3), (0.05, 8e-3), (0.05, 1.6e-2), (0.2, 8e-3))
SHOWN = (500, 1000, 2000, 3000)


def drift(weight_decay: float, rate: float) -> list[float]:
    """Root mean square of the weights after each of :data:`SHOWN` steps."""
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(SHAPE) * (2.0 / (SHAPE[1] * 9)) ** 0.5)
    optimizer = Muon([weight], lr=rate, weight_decay=weight_decay)
    sizes = []
    for step in range(1, SHOWN[-1] + 1):
        weight.grad = torch.randn(SHAPE)
        optimizer.step()
        if step in SHOWN:
            sizes.append(float(weight.detach().square().mean().sqrt()))
    return sizes


if __name__ == "__main__":
    torch.set_num_threads(1)
    for weight_decay, rate in SETTINGS:
        sizes = " ".join(f"{size:.3f}" for size in drift(weight_decay, rate))
        print(f"weight decay {weight_decay:<5g} rate {rate:<6g} {sizes}")
