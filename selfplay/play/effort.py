"""The search effort for each ply of a training game, and which plies teach a policy.

This module depends neither on rules nor on trees. The caller passes game numbers, ply counts and
which games are decided.
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
    """Settings that save simulations in training games."""

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
    """The search effort of one ply in each slot."""

    simulations: NDArray[np.int64]
    full: NDArray[np.bool_]
    """Whether the search is full; only the policy of a full search is a target."""


def plan(
    config: EffortConfig,
    simulations: int,
    seed: int,
    games: NDArray[np.uint64],
    plies: NDArray[np.int32],
    decided: NDArray[np.bool_],
) -> Effort:
    """Assign simulations at random by the address (seed, game, ply), independent of other games.

    Args:
        config: the settings.
        simulations: simulations of a full search.
        seed: seed of the run.
        games: ``(slots,)`` game numbers.
        plies: ``(slots,)`` ply counts.
        decided: ``(slots,)`` whether one side has led the game for long.
    """
    full = ~decided
    if config.full_share < 1.0:
        full &= uniform(seed, games, plies, EFFORT) < config.full_share
    fast = min(config.fast_simulations, simulations)
    return Effort(np.where(full, simulations, fast).astype(np.int64), full)


def uniform(
    seed: int, games: NDArray[np.uint64], plies: NDArray[np.int32], purpose: int
) -> NDArray[np.float64]:
    """Draw one random number in [0, 1) for each game at its ply."""
    pairs = zip(games.tolist(), plies.tolist(), strict=True)
    return np.array([(bits(seed, game, ply, purpose) >> 11) * _TO_UNIT for game, ply in pairs])
