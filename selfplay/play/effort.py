"""How much each ply of a training game is searched, and which plies teach a policy.

Knows neither rules nor trees: games are numbers, plies are counts, and who is far ahead is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.random import EFFORT, bits

"""Purpose of a random address; the engine's own are small numbers."""
_TO_UNIT: Final = 2.0**-53


@dataclass(frozen=True)
class EffortConfig:
    """Where simulations are saved."""

    full_share: float = field(
        default=1.0,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "why": "of the plies; the others are searched fast and teach no policy (KataGo: 0.25)",
        },
    )
    fast_simulations: int = field(default=6, metadata={"min": 1, "unit": "per ply"})
    decided_q: float = field(
        default=1.0,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "why": "a game that one side leads by this value is searched fast; 1 is never",
        },
    )
    decided_plies: int = field(
        default=6, metadata={"min": 1, "why": "in a row that it must have led"}
    )


class Effort(NamedTuple):
    """What one ply of each slot gets."""

    simulations: NDArray[np.int64]
    full: NDArray[np.bool_]
    """Whether the search is a full one, whose policy is worth learning."""


def plan(
    config: EffortConfig,
    simulations: int,
    seed: int,
    games: NDArray[np.uint64],
    plies: NDArray[np.int32],
    decided: NDArray[np.bool_],
) -> Effort:
    """Share out simulations; by address (seed, game, ply), so that neighbours do not matter.

    Args:
        config: the settings.
        simulations: of a full search.
        seed: of the run.
        games: ``(slots,)`` numbers; plies: ``(slots,)`` counts.
        decided: ``(slots,)`` which games one side has led for long.
    """
    full = ~decided
    if config.full_share < 1.0:
        full &= uniform(seed, games, plies, EFFORT) < config.full_share
    fast = min(config.fast_simulations, simulations)
    return Effort(np.where(full, simulations, fast).astype(np.int64), full)


def uniform(
    seed: int, games: NDArray[np.uint64], plies: NDArray[np.int32], purpose: int
) -> NDArray[np.float64]:
    """One number in [0, 1) for each game at its ply."""
    pairs = zip(games.tolist(), plies.tolist(), strict=True)
    return np.array([(bits(seed, game, ply, purpose) >> 11) * _TO_UNIT for game, ply in pairs])
