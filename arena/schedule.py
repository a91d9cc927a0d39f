"""Which games a tournament consists of. Knows agents by number only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from arena.openings import Opening
from engine.errors import ConfigError

FORMATS: Final = ("round-robin", "gauntlet")


@dataclass(frozen=True)
class Fixture:
    """One game to be played."""

    game: int
    """Number within the tournament; decides all its randomness."""
    pair: int
    """Number of the pair of games it belongs to: same opening, colours swapped."""
    black: int
    white: int
    opening: Opening


def pairings(agents: int, kind: str) -> list[tuple[int, int]]:
    """Return who meets whom: everybody everybody, or the first everybody else (``gauntlet``).

    Raises:
        ConfigError: with fewer than two agents, or a format that does not exist.
    """
    if kind not in FORMATS:
        raise ConfigError(f"expected a tournament format from {', '.join(FORMATS)}, got {kind!r}")
    if agents < 2:
        raise ConfigError(f"expected two agents or more, got {agents!r}")
    if kind == "gauntlet":
        return [(0, other) for other in range(1, agents)]
    return list(combinations(range(agents), 2))


def make_schedule(
    meetings: Sequence[tuple[int, int]], openings: Sequence[Opening]
) -> list[Fixture]:
    """Return all games: every two agents that meet play every opening with either colour.

    Ordered so that a tournament cut short has played every pairing about equally often. More
    openings only add games at the end.
    """
    fixtures: list[Fixture] = []
    for opening in openings:
        for first, second in meetings:
            pair = len(fixtures) // 2
            for black, white in ((first, second), (second, first)):
                fixtures.append(Fixture(len(fixtures), pair, black, white, opening))
    return fixtures
