"""Parts of the network that know nothing of games."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_TYPICAL_WIDTH = 14.0
_WIDTH_SCALE = 10.0


class ConvNorm(nn.Module):
    """Convolution and batch norm; :meth:`fold` turns the pair into one convolution."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm: nn.BatchNorm2d | None = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, inputs, H, W)`` to ``(n, outputs, H, W)``."""
        y: Tensor = self.conv(x)
        return y if self.norm is None else self.norm(y)

    def fold(self) -> None:
        """Merge the norm's running statistics into the convolution, for inference only."""
        norm = self.norm
        if norm is None:
            return
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        folded = nn.Conv2d(
            self.conv.in_channels,
            self.conv.out_channels,
            self.conv.kernel_size,  # type: ignore[arg-type]
            padding=self.conv.padding,  # type: ignore[arg-type]
        )
        with torch.no_grad():
            folded.weight.copy_(self.conv.weight * scale[:, None, None, None])
            assert folded.bias is not None
            folded.bias.copy_(norm.bias - norm.running_mean * scale)
        self.conv = folded
        self.norm = None


class GlobalPool(nn.Module):
    """Mean, mean scaled by the board's width, and maximum of each channel over the board.

    KataGo (Wu, arXiv 1902.10565, section 3.2). Points off the board do not count.
    """

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map ``(n, c, H, W)`` to ``(n, 3 c)``; ``mask`` ``(n, 1, H, W)`` is 1 on the board."""
        if mask is None:
            mean = x.mean(dim=(2, 3))
            largest = x.amax(dim=(2, 3))
            width = (x.shape[2] * x.shape[3]) ** 0.5
            scaled = mean * ((width - _TYPICAL_WIDTH) / _WIDTH_SCALE)
        else:
            area = mask.sum(dim=(2, 3))
            mean = (x * mask).sum(dim=(2, 3)) / area
            largest = (x * mask + (mask - 1.0) * 1e4).amax(dim=(2, 3))
            scaled = mean * ((area.sqrt() - _TYPICAL_WIDTH) / _WIDTH_SCALE)
        return torch.cat([mean, scaled, largest], dim=1)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a skip; ``pooled``: the first gets a bias from the whole board."""

    def __init__(self, channels: int, pooled: bool) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels, 3)
        self.second = ConvNorm(channels, channels, 3)
        assert self.second.norm is not None
        nn.init.zeros_(self.second.norm.weight)  # a new block passes its input on unchanged
        self.pool = GlobalPool() if pooled else None
        self.pool_linear = nn.Linear(3 * channels, channels) if pooled else None

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map ``(n, channels, H, W)`` to the same shape; zero off the board."""
        y = self.first(x)
        if self.pool is not None and self.pool_linear is not None:
            y = y + self.pool_linear(self.pool(x, mask))[:, :, None, None]
        y = on_board(functional.relu(y), mask)
        return on_board(functional.relu(x + self.second(y)), mask)


def on_board(x: Tensor, mask: Tensor | None) -> Tensor:
    """Zero what lies off the board, so that a padded board convolves like a bare one."""
    return x if mask is None else x * mask
