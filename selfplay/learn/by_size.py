"""A batch of boards of several sizes, computed in two parts: the smaller boards and the larger.

All boards of a mixed batch are padded to the largest, so small ones would cost as much as it does.
Here the smaller boards run alone, with less padding, and their outputs are padded instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from agents.network.heads import TEACHING
from agents.network.model import NetworkOutput

_OFF_BOARD: Final = -1e4
"""A logit beside the board, as the network itself gives it."""

Forward = Callable[[Tensor, Tensor], NetworkOutput]


def by_size(forward: Forward, planes: Tensor, globals_: Tensor, on_board: int) -> NetworkOutput:
    """What a network says of padded boards, each in the top left.

    Args:
        forward: the network, on planes ``(n, planes, h, w)`` and globals ``(n, globals)``.
        planes: ``(n, planes, H, W)``; globals_: ``(n, globals)``.
        on_board: index of the plane that tells the board from its padding.

    Returns:
        Outputs in the order of the rows, as of one pass over all: beside a board policies are all
        but zero, and what other heads say there is 0.
    """
    height, width = planes.shape[2:]
    plane = planes[:, on_board] > 0
    if bool(plane.all()):
        return forward(planes, globals_)
    sides = torch.maximum(plane.any(dim=2).sum(dim=1), plane.any(dim=1).sum(dim=1))
    rows: list[Tensor] = []
    outputs: list[NetworkOutput] = []
    for at, side in _parts(sides):
        board = planes[at, :, : min(side, height), : min(side, width)]
        board = board.contiguous(memory_format=torch.channels_last)
        rows.append(at)
        outputs.append(_padded(forward(board, globals_[at]), board, height, width))
    back = torch.cat(rows).argsort()
    policy, value, score, ownership, *taught = (
        torch.cat(parts)[back] for parts in zip(*(o.tensors() for o in outputs), strict=True)
    )
    teaching = dict(zip(outputs[0].teaching, taught, strict=True))
    return NetworkOutput(policy, value, score, ownership, teaching)


def _parts(sides: Tensor) -> list[tuple[Tensor, int]]:
    """Cut rows in two by size, where that leaves the fewest points; indices and side of each.

    More parts would save more points, but each costs a pass's fixed time.
    """
    known = sides.unique().tolist()
    largest = known[-1]

    def points(cut: int) -> int:
        below = int((sides <= cut).sum())
        return below * cut**2 + (len(sides) - below) * largest**2

    cut = min(known, key=points)
    parts = [((sides <= cut).nonzero()[:, 0], cut), ((sides > cut).nonzero()[:, 0], largest)]
    return [(at, side) for at, side in parts if len(at)]


def _padded(output: NetworkOutput, board: Tensor, height: int, width: int) -> NetworkOutput:
    """Pad what is said of points to boards of ``height`` and ``width``."""
    inner = board.shape[2:]
    beside = (0, width - inner[1], 0, height - inner[0])

    def points(values: Tensor, filling: float) -> Tensor:
        image = values.unflatten(-1, inner)
        return functional.pad(image, beside, value=filling).flatten(-2)

    def actions(logits: Tensor) -> Tensor:
        return torch.cat([points(logits[:, :-1], _OFF_BOARD), logits[:, -1:]], dim=1)

    teaching = {
        name: points(part, 0.0) if name in TEACHING and TEACHING[name].per == "point" else part
        for name, part in output.teaching.items()
    }
    teaching["reply"] = actions(teaching["reply"])
    return NetworkOutput(
        actions(output.policy_logits),
        output.value_logits,
        output.score,
        points(output.ownership_logits, 0.0),
        teaching,
    )
