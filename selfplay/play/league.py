"""League games against earlier checkpoints: the choice of game, colour and checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.games.spec import BLACK, WHITE
from engine.random import LEAGUE, bits, generator

"""Purpose of a random address; the engine's own are small numbers."""
_TO_UNIT: Final = 2.0**-53


def opponent_colour(seed: int, game: int, share: float) -> int:
    """Return the colour that an earlier checkpoint plays in a game; 0 if it plays none."""
    if share <= 0.0:
        return 0
    number = bits(seed, game, 0, LEAGUE)
    if (number >> 11) * _TO_UNIT >= share:
        return 0
    return BLACK if number & 1 else WHITE


def choose_opponent(seed: int, cycle: int, checkpoints: Sequence[Path]) -> Path | None:
    """Choose a checkpoint for a cycle among those made before it; ``None`` if there is none.

    Later checkpoints are excluded, because a resumed run may find them in its folder.
    """
    earlier = [path for path in checkpoints if int(path.stem) <= cycle]
    if not earlier:
        return None
    return earlier[int(generator(seed, 0, cycle, LEAGUE).integers(len(earlier)))]
