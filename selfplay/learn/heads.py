"""The table of heads: the loss of each head and its weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from agents.network.model import NetworkOutput
from selfplay.data.replay import Batch
from selfplay.learn import losses


class Targets:
    """A batch's columns as tensors, and what several losses need of them."""

    def __init__(self, batch: Batch, root_share: float) -> None:
        """``root_share`` is the weight of the search's value in the value target."""
        self.batch = batch
        self.root_share = root_share
        self.weight = self["weight"]
        self.on_board = board_mask(batch)
        score = self["score"]
        self.score = torch.nan_to_num(score)
        """Points ahead ``(b,)``, 0 where unknown."""
        self.scored = self.weight * torch.isfinite(score)
        """Weights ``(b,)`` of the rows whose score is known, 0 for the others."""

    def __getitem__(self, column: str) -> Tensor:
        return torch.from_numpy(self.batch.columns[column])

    def __contains__(self, column: str) -> bool:
        return column in self.batch.columns


@dataclass(frozen=True)
class Head:
    """The loss of a head, with its weight and purpose."""

    weight: float
    """Weight of its loss in the total."""
    loss: Callable[[NetworkOutput, Targets], Tensor | None]
    """Mean over the rows of a batch; ``None`` if the batch has no target for it."""
    why: str = ""
    """Purpose of the head."""


def _policy(output: NetworkOutput, targets: Targets) -> Tensor:
    weights = targets.weight * targets["policy_weight"]
    return losses.policy_loss(output.policy_logits, targets["policy"], weights)


def _value(output: NetworkOutput, targets: Targets) -> Tensor:
    target = losses.value_target(targets["outcome"], targets["root_value"], targets.root_share)
    return losses.value_loss(output.value_logits, target, targets.weight)


def _ownership(output: NetworkOutput, targets: Targets) -> Tensor:
    return losses.ownership_loss(
        output.ownership_logits, targets["ownership"], targets.scored, targets.on_board
    )


def _score(output: NetworkOutput, targets: Targets) -> Tensor:
    return losses.score_loss(output.score, targets.score, targets.scored)


def _reply(output: NetworkOutput, targets: Targets) -> Tensor:
    weights = targets.weight * targets["reply_weight"]
    return losses.policy_loss(output.teaching["reply"], targets["reply"], weights)


def _short(output: NetworkOutput, targets: Targets) -> Tensor:
    return losses.short_value_loss(output.teaching["short"], targets["short_q"], targets.weight)


def _score_error(output: NetworkOutput, targets: Targets) -> Tensor:
    return losses.score_error_loss(
        output.teaching["score_error"], output.score, targets.score, targets.scored
    )


def _future(output: NetworkOutput, targets: Targets) -> Tensor | None:
    if "future" not in targets:
        return None
    stones = targets["future"].float().transpose(1, 2)
    known = targets.weight * targets["future_weight"]
    return losses.future_loss(output.teaching["future"], stones, known, targets.on_board)


SEARCHED: Final = ("policy", "value", "ownership", "score")
"""Heads that every network has, for its search; the others are taught where a network has them."""

HEADS: Final[dict[str, Head]] = {
    "policy": Head(1.0, _policy),
    "value": Head(1.0, _value),
    "ownership": Head(1.0, _ownership, "every point of every game teaches"),
    "score": Head(0.2, _score),
    "reply": Head(0.15, _reply, "what the opponent will answer"),
    "short": Head(0.25, _short, "what searches of the next plies will think"),
    "score_error": Head(0.05, _score_error, "by how much the score is wrong"),
    "future": Head(0.2, _future, "the board some plies later, with that head"),
}
"""Heads by name, in the order in which their losses are added up."""


def losses_of(output: NetworkOutput, targets: Targets) -> dict[str, Tensor]:
    """Return the loss of each head that the network has and the batch can teach, unweighted."""
    found: dict[str, Tensor] = {}
    for name, head in HEADS.items():
        if name in SEARCHED or name in output.teaching:
            loss = head.loss(output, targets)
            if loss is not None:
                found[name] = loss
    return found


def board_mask(batch: Batch) -> Tensor | None:
    """Which points ``(b, points)`` are on their boards; nothing where all are."""
    mask = batch.planes[:, :, batch.layout.plane_names.index("on_board")]
    return None if mask.all() else torch.from_numpy(mask).float()
