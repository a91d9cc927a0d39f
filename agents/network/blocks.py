"""Parts of the network that are independent of games.

There is no batch norm: it is the best known source of silent errors in self-play (statistics that
belong to other weights, other games, other board sizes). Residual branches begin as zero instead
(Fixup; Zhang et al., ICLR 2019), and every convolution has a gain per channel, which is merged into
its weights for inference. ``docs/results/network.md`` compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

_TYPICAL_WIDTH = 14.0
_WIDTH_SCALE = 10.0


class Conv(nn.Module):
    """Convolution whose output channels have a gain; zero padding keeps the board's size."""

    rounding: Callable[[Tensor], Tensor] | None = None
    """What training does to the weight, gain included, so that it gets used to being rounded."""

    def __init__(self, inputs: int, outputs: int, kernel: int, gain: float = 1.0) -> None:
        super().__init__()
        self._padding = kernel // 2
        self.weight = nn.Parameter(torch.empty(outputs, inputs, kernel, kernel))
        self.gain = nn.Parameter(torch.full((outputs,), gain))
        self.bias = nn.Parameter(torch.zeros(outputs))
        # He et al. 2015: a ReLU halves the variance, this keeps it.
        nn.init.normal_(self.weight, std=math.sqrt(2.0 / (inputs * kernel * kernel)))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, inputs, H, W)`` to ``(n, outputs, H, W)``."""
        weight = self.weight * self.gain[:, None, None, None]
        if self.rounding is not None:
            weight = self.rounding(weight)
        return functional.conv2d(x, weight, self.bias, padding=self._padding)


class Rectifier(nn.Module):
    """A ReLU whose output an 8-bit evaluator rounds."""

    rounding: Callable[[Tensor], Tensor] | None = None
    """What training does to the output, so that the network gets used to that."""

    def forward(self, x: Tensor) -> Tensor:
        """Replace negative values by zero."""
        y = functional.relu(x)
        return y if self.rounding is None else self.rounding(y)


class GlobalPool(nn.Module):
    """Mean, mean scaled by the board's width, and maximum of each channel over the board.

    KataGo (Wu, arXiv 1902.10565, section 3.2). Points off the board do not count.
    """

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map ``(n, c, H, W)`` to ``(n, 3 c)``; ``mask`` ``(n, 1, H, W)`` is 1 on the board."""
        if mask is None:
            mean = x.permute(0, 2, 3, 1).flatten(1, 2).mean(dim=1)
            largest = _largest(x)
            width = (x.shape[2] * x.shape[3]) ** 0.5
            scaled = mean * ((width - _TYPICAL_WIDTH) / _WIDTH_SCALE)
        else:
            area = mask.sum(dim=(2, 3))
            mean = (x * mask).sum(dim=(2, 3)) / area
            largest = _largest(x * mask + (mask - 1.0) * 1e4)
            scaled = mean * ((area.sqrt() - _TYPICAL_WIDTH) / _WIDTH_SCALE)
        return torch.cat([mean, scaled, largest], dim=1)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a skip; ``pooled``: the first gets a bias from the whole board."""

    def __init__(self, channels: int, pooled: bool) -> None:
        super().__init__()
        self.first = Conv(channels, channels, 3)
        self.second = Conv(channels, channels, 3, gain=0.0)  # a new block changes nothing
        self.pool = GlobalPool() if pooled else None
        self.pool_linear = nn.Linear(3 * channels, channels) if pooled else None
        self.relu = Rectifier()

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map ``(n, channels, H, W)`` to the same shape; zero off the board."""
        y = self.first(x)
        if self.pool is not None and self.pool_linear is not None:
            y = y + self.pool_linear(self.pool(x, mask))[:, :, None, None]
        y = on_board(self.relu(y), mask)
        return on_board(self.relu(x + self.second(y)), mask)


class BottleneckBlock(nn.Module):
    """Residual blocks of fewer channels inside a residual block (KataGo's nested bottleneck)."""

    def __init__(self, channels: int, inner: int, inner_blocks: int, pooled: bool) -> None:
        super().__init__()
        self.narrow = Conv(channels, inner, 1)
        self.inner = nn.ModuleList(
            ResidualBlock(inner, pooled and i == 0) for i in range(inner_blocks)
        )
        self.widen = Conv(inner, channels, 1, gain=0.0)
        self.relu = Rectifier()

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map ``(n, channels, H, W)`` to the same shape; zero off the board."""
        y = on_board(self.relu(self.narrow(x)), mask)
        for block in self.inner:
            y = block(y, mask)
        return on_board(self.relu(x + self.widen(y)), mask)


def _largest(x: Tensor) -> Tensor:
    """Map ``(n, c, H, W)`` to maxima ``(n, c)``; ``amax`` is thirty times as dear to learn by."""
    return functional.adaptive_max_pool2d(x, 1).flatten(1)


def on_board(x: Tensor, mask: Tensor | None) -> Tensor:
    """Zero what lies off the board, so that a padded board convolves like a bare one."""
    return x if mask is None else x * mask
