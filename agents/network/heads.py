"""What a network predicts: the heads that search reads, and those that only teach, apart.

Search reads policy, value, score and ownership. Everything else gives the trunk more to learn from
and is left out where a network only plays. This module needs no torch, so that the folded network
reads the same table as the model in torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

SCORE_SCALE: Final = 20.0
"""Points ahead for an output of 1 of the score's head."""
SHORT_HORIZONS: Final = (6.0, 16.0)
"""Plies that the short-horizon values look ahead: means of an exponential average."""


@dataclass(frozen=True)
class TeachingHead:
    """A linear map of the value head's features, which no search reads."""

    per: Literal["row", "point"]
    """``row``: from the features of the whole board, ``(n, width)``. ``point``: from those of each
    point, ``(n, width, points)``."""
    width: int = 1
    """Numbers that it predicts for a row, or for a point."""
    activation: Literal["none", "tanh"] = "none"


TEACHING: Final[dict[str, TeachingHead]] = {
    "short": TeachingHead("row", len(SHORT_HORIZONS), "tanh"),
    "future": TeachingHead("point", 2),
}
"""Heads by name. Their tensors are called ``value_head.NAME``.

``reply`` and ``score_error`` only teach, too, but have no tensors of their own: they are the second
outputs of the heads of the policy and the score.
"""
