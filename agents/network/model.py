"""The policy-value network: one set of weights for every board size. Read top to bottom."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from agents.network.blocks import ConvNorm, GlobalPool, ResidualBlock, on_board
from agents.network.config import NetworkConfig

_SCORE_SCALE = 20.0


class NetworkOutput(NamedTuple):
    """Predictions for ``n`` positions, each from its side to move."""

    policy_logits: Tensor
    """``(n, H * W + 1)``, the pass last."""
    value_logits: Tensor
    """``(n, 3)``: win, draw, loss."""
    score: Tensor
    """``(n,)`` points ahead at the end."""
    ownership_logits: Tensor
    """``(n, H * W)``; ``tanh`` of it is the expected owner in [-1, 1]."""


class PolicyHead(nn.Module):
    """A logit per point that knows the whole board, and one for the pass."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.points = ConvNorm(channels, hidden, 1)
        self.context = ConvNorm(channels, hidden, 1)
        self.pool = GlobalPool()
        self.context_linear = nn.Linear(3 * hidden, hidden)
        self.logit = nn.Conv2d(hidden, 1, 1)
        self.pass_linear = nn.Linear(3 * hidden, 1)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        pooled = self.pool(functional.relu(self.context(x)), mask)
        y = self.points(x) + self.context_linear(pooled)[:, :, None, None]
        logits = self.logit(functional.relu(y)).flatten(1)
        return torch.cat([logits, self.pass_linear(pooled)], dim=1)


class ValueHead(nn.Module):
    """Win, draw, loss; points ahead; owner of each point."""

    def __init__(self, channels: int, hidden: int, value_hidden: int) -> None:
        super().__init__()
        self.points = ConvNorm(channels, hidden, 1)
        self.pool = GlobalPool()
        self.hidden = nn.Linear(3 * hidden, value_hidden)
        self.value = nn.Linear(value_hidden, 3)
        self.score = nn.Linear(value_hidden, 1)
        self.ownership = nn.Conv2d(hidden, 1, 1)

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        points = functional.relu(self.points(x))
        hidden = functional.relu(self.hidden(self.pool(points, mask)))
        score = self.score(hidden).squeeze(1) * _SCORE_SCALE
        return self.value(hidden), score, self.ownership(points).flatten(1)


class PolicyValueNet(nn.Module):
    """Residual convolutions with global pooling (Silver et al. 2017; Wu 2019)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self._on_board = config.plane_names.index("on_board")
        self.stem = ConvNorm(len(config.plane_names), config.channels, 3)
        self.globals_linear = nn.Linear(len(config.global_names), config.channels)
        self.blocks = nn.ModuleList(
            ResidualBlock(config.channels, pooled=i % config.pooled_every == 1)
            for i in range(config.blocks)
        )
        self.policy_head = PolicyHead(config.channels, config.head_channels)
        self.value_head = ValueHead(config.channels, config.head_channels, config.value_hidden)

    @classmethod
    def initial(cls, config: NetworkConfig, seed: int) -> PolicyValueNet:
        """Return an untrained network that depends on the seed alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = cls(config)
            for module in model.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        # A first network should prefer nothing: its heads begin near zero.
        for last in (model.policy_head.logit, model.policy_head.pass_linear):
            nn.init.zeros_(last.weight)
        for linear in (model.value_head.value, model.value_head.score):
            nn.init.zeros_(linear.weight)
        return model

    def forward(self, planes: Tensor, globals_: Tensor) -> NetworkOutput:
        """Map planes ``(n, planes, H, W)`` and globals ``(n, globals)`` to predictions.

        Boards smaller than ``H x W`` are told by the plane ``on_board``; logits off the board mean
        nothing.
        """
        plane = planes[:, self._on_board : self._on_board + 1]
        mask = None if bool((plane > 0).all()) else plane
        x = self.stem(planes) + self.globals_linear(globals_)[:, :, None, None]
        x = on_board(functional.relu(x), mask)
        for block in self.blocks:
            x = block(x, mask)
        value_logits, score, ownership = self.value_head(x, mask)
        return NetworkOutput(self.policy_head(x, mask), value_logits, score, ownership)

    def folded(self) -> PolicyValueNet:
        """Return a copy for inference, every norm merged into its convolution."""
        model = copy.deepcopy(self).eval()
        for module in list(model.modules()):
            if isinstance(module, ConvNorm):
                module.fold()
        return model.requires_grad_(False)

    @property
    def parameter_count(self) -> int:
        """Number of trained numbers."""
        return sum(parameter.numel() for parameter in self.parameters())
