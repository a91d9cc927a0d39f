"""The policy-value network: one set of weights for every board and game. Read top to bottom."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from agents.network.blocks import (
    BottleneckBlock,
    Conv,
    GlobalPool,
    Rectifier,
    ResidualBlock,
    on_board,
)
from agents.network.config import NetworkConfig
from agents.network.heads import SCORE_SCALE, TEACHING

_OFF_BOARD = -1e4  # a logit that no softmax sees, within the range of half precision


class NetworkOutput(NamedTuple):
    """Predictions for ``n`` positions, each from its side to move.

    Search uses all but :attr:`teaching`.
    """

    policy_logits: Tensor
    """``(n, H * W + 1)``, the pass last."""
    value_logits: Tensor
    """``(n, 3)``: win, draw, loss."""
    score: Tensor
    """``(n,)`` points ahead at the end."""
    ownership_logits: Tensor
    """``(n, H * W)``; ``tanh`` of it is the expected owner in [-1, 1]."""
    teaching: dict[str, Tensor]
    """What the other heads predict, by name: see :mod:`agents.network.heads`.

    ``reply`` ``(n, H * W + 1)`` are logits of what the opponent will do next, ``score_error``
    ``(n,)`` says by how many points the score is probably wrong; then come those of the table.
    """

    def tensors(self) -> tuple[Tensor, ...]:
        """All predictions in one fixed order, those that only teach at the end."""
        *searched, teaching = self
        return (*searched, *teaching.values())


class PolicyHead(nn.Module):
    """For either side's next action: a logit per point that knows the board, one for the pass."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.points = Conv(channels, hidden, 1)
        self.context = Conv(channels, hidden, 1)
        self.pool = GlobalPool()
        self.context_linear = nn.Linear(3 * hidden, hidden)
        self.logit = nn.Conv2d(hidden, 2, 1)
        self.pass_linear = nn.Linear(3 * hidden, 2)
        self.relu = Rectifier()

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map the trunk to logits ``(n, 2, H * W + 1)``."""
        pooled = self.pool(on_board(self.relu(self.context(x)), mask), mask)
        y = self.points(x) + self.context_linear(pooled)[:, :, None, None]
        logits = self.logit(self.relu(y)).flatten(2)
        if mask is not None:
            logits = logits.masked_fill(mask.flatten(2) == 0, _OFF_BOARD)
        return torch.cat([logits, self.pass_linear(pooled)[:, :, None]], dim=2)


class ValueHead(nn.Module):
    """Win, draw, loss; points ahead; owner of each point; and what only teaches."""

    def __init__(
        self, channels: int, hidden: int, value_hidden: int, teaching: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.teaching = teaching
        self.points = Conv(channels, hidden, 1)
        self.pool = GlobalPool()
        self.hidden = nn.Linear(3 * hidden, value_hidden)
        self.value = nn.Linear(value_hidden, 3)
        self.score = nn.Linear(value_hidden, 2)
        # The order of layers is that of their first random numbers: it must not change.
        for name in self.of_rows():
            self.add_module(name, nn.Linear(value_hidden, TEACHING[name].width))
        self.ownership = nn.Conv2d(hidden, 1, 1)
        for name in teaching:
            if TEACHING[name].per == "point":
                self.add_module(name, nn.Conv2d(hidden, TEACHING[name].width, 1))
        self.relu = Rectifier()

    def of_rows(self) -> list[str]:
        """Names of the heads that teach with one prediction a row."""
        return [name for name in self.teaching if TEACHING[name].per == "row"]

    def forward(
        self, x: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]:
        """Map the trunk to what :class:`NetworkOutput` holds, policies apart."""
        points = self.relu(self.points(x))
        hidden = functional.relu(self.hidden(self.pool(points, mask)))
        score = self.score(hidden)
        taught = {"score_error": functional.softplus(score[:, 1].float()) * SCORE_SCALE}
        for name in self.teaching:
            head, layer = TEACHING[name], self.get_submodule(name)
            found = layer(hidden) if head.per == "row" else layer(points).flatten(2)
            taught[name] = torch.tanh(found.float()) if head.activation == "tanh" else found
        return (
            self.value(hidden),
            score[:, 0] * SCORE_SCALE,
            self.ownership(points).flatten(1),
            taught,
        )


class PolicyValueNet(nn.Module):
    """Residual convolutions with global pooling (Silver et al. 2017; Wu 2019)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self._on_board = config.plane_names.index("on_board")
        self.stem = Conv(len(config.plane_names), config.channels, 3)
        self.globals_linear = nn.Linear(len(config.global_names), config.channels)
        self.blocks = nn.ModuleList(_block(config, i) for i in range(config.blocks))
        self.policy_head = PolicyHead(config.channels, config.head_channels)
        self.value_head = ValueHead(
            config.channels, config.head_channels, config.value_hidden, config.teaching
        )
        self.relu = Rectifier()

    @classmethod
    def initial(cls, config: NetworkConfig, seed: int) -> PolicyValueNet:
        """Return an untrained network that depends on the seed alone.

        Its heads begin at zero: a first network should prefer nothing.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = cls(config)
        policy, value = model.policy_head, model.value_head
        teaching = [value.get_submodule(name) for name in value.of_rows()]
        for last in (policy.logit, policy.pass_linear, value.value, value.score, *teaching):
            for parameter in last.parameters():
                nn.init.zeros_(parameter)
        return model

    def forward(
        self, planes: Tensor, globals_: Tensor, padded: bool | None = None
    ) -> NetworkOutput:
        """Map planes ``(n, planes, H, W)`` and globals ``(n, globals)`` to predictions.

        Boards smaller than ``H x W`` fill the top left and are told by the plane ``on_board``; they
        are judged as if they stood alone. Policies are all but zero beside them, and what other
        heads say there means nothing. ``padded`` says whether there may be such; otherwise the
        planes are looked at, for which a GPU has to be waited for.
        """
        plane = planes[:, self._on_board : self._on_board + 1]
        if padded is None:
            padded = not bool((plane > 0).all())
        mask = plane if padded else None
        x = self.stem(planes) + self.globals_linear(globals_)[:, :, None, None]
        x = on_board(self.relu(x), mask)
        for block in self.blocks:
            x = block(x, mask)
        value_logits, score, ownership, taught = self.value_head(x, mask)
        policies = self.policy_head(x, mask)
        taught = {"reply": policies[:, 1], **taught}
        return NetworkOutput(policies[:, 0], value_logits, score, ownership, taught)

    def merged_state(self) -> dict[str, Tensor]:
        """Tensors by name as without adapters: each adapter is in the weight that it belongs to."""
        tensors = {}
        for name, tensor in self.state_dict().items():
            owner, adapted, part = name.partition(".parametrizations.weight.")
            if not adapted:
                tensors[name] = tensor
            elif part == "original":
                adapted_weight: Tensor = getattr(self.get_submodule(owner), "weight")  # noqa: B009
                tensors[f"{owner}.weight"] = adapted_weight.detach()
        return tensors

    def merged(self) -> PolicyValueNet:
        """Return a copy without adapters that computes the same, all of it trainable."""
        model = PolicyValueNet(self.config).to(next(self.parameters()).device)
        model.load_state_dict(self.merged_state())
        return model

    def frozen(self) -> PolicyValueNet:
        """Return a copy for inference: evaluation mode, no gradients, gains and adapters merged."""
        model = self.merged().eval().requires_grad_(False)
        for module in model.modules():
            if isinstance(module, Conv):
                module.weight.mul_(module.gain[:, None, None, None])
                module.gain.fill_(1.0)
        return model

    @property
    def parameter_count(self) -> int:
        """Number of trained numbers."""
        return sum(parameter.numel() for parameter in self.parameters())


def _block(config: NetworkConfig, index: int) -> nn.Module:
    pooled = index % config.pooled_every == config.pooled_every - 1
    if config.bottleneck:
        return BottleneckBlock(config.channels, config.bottleneck, config.inner_blocks, pooled)
    return ResidualBlock(config.channels, pooled)
