"""Openings: short random beginnings that make the games of deterministic agents differ.

Two agents that always choose the same move play one game for ever, however often it is repeated.
Each pair of games starts from an opening of its own, and no two openings are the same position up
to rotation and reflection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.errors import ConfigError
from engine.games.spec import GameSpec
from engine.random import OPENING, generator
from engine.symmetry import action_permutations, permutations

Opening = tuple[int, ...]
_ATTEMPTS = 2000
"""Draws without a new opening, after which there are no more."""
_SMALLEST_WITH_EDGE = 5


def make_openings(spec: GameSpec, count: int, plies: tuple[int, int], seed: int) -> list[Opening]:
    """Return ``count`` distinct openings; the first ones are the same for every ``count``.

    Each has a random number of plies between the two of ``plies``, inclusive, uniformly over the
    sensible points that are not on the board's edge (on boards of 5 and more). With no plies at all
    every opening is the start position.

    Raises:
        ConfigError: if the numbers of plies make no sense, or allow fewer distinct openings.
    """
    fewest, most = plies
    if not 0 <= fewest <= most <= spec.points // 2:
        raise ConfigError(
            f"expected opening plies as two numbers from 0 to {spec.points // 2}, smaller first, "
            f"got {fewest!r} and {most!r}"
        )
    if most == 0:
        return [()] * count
    openings: list[Opening] = []
    seen: set[bytes] = set()
    attempt = latest = 0
    while len(openings) < count:
        if attempt - latest >= _ATTEMPTS:
            raise ConfigError(
                f"expected {count} distinct openings of {fewest} to {most} plies on "
                f"{spec.width}x{spec.height}, found {len(openings)}; "
                "allow more plies or play fewer games"
            )
        opening, key = _draw(spec, plies, seed, attempt)
        attempt += 1
        if key not in seen:
            seen.add(key)
            openings.append(opening)
            latest = attempt
    return openings


def canonical_stones(spec: GameSpec, stones: np.ndarray) -> bytes:
    """Return the smallest of the rotations and reflections of stones, shape ``(points,)``."""
    table = permutations(spec.height, spec.width, spec.symmetries)
    return min(stones[permutation].tobytes() for permutation in table)


def distinct_games(spec: GameSpec, games: Iterable[Sequence[int]]) -> int:
    """Count games that differ in their actions; rotated and reflected games are the same."""
    table = action_permutations(spec.height, spec.width, spec.symmetries)
    return len({min(row.tobytes() for row in table[:, list(game)]) for game in games})


def _draw(spec: GameSpec, plies: tuple[int, int], seed: int, attempt: int) -> tuple[Opening, bytes]:
    random = generator(seed, attempt, 0, OPENING)
    position = spec.allocate(1)
    actions: list[int] = []
    for _ in range(int(random.integers(plies[0], plies[1] + 1))):
        sensible = spec.candidates(position)[0, : spec.points] & _inner(spec)
        if not sensible.any():
            break
        action = int(random.choice(np.flatnonzero(sensible)))
        spec.play(position, np.array([action]))
        actions.append(action)
    key = bytes([int(spec.to_move(position)[0])]) + canonical_stones(spec, spec.stones(position)[0])
    return tuple(actions), key


def _inner(spec: GameSpec) -> np.ndarray:
    """Points that are not on the edge, shape ``(points,)``, where the first stones make sense.

    All of them on the smallest boards, and in games where the edge is as good as any place.
    """
    inner = np.ones((spec.height, spec.width), np.bool_)
    if spec.star_points and min(spec.height, spec.width) >= _SMALLEST_WITH_EDGE:
        inner[0], inner[-1], inner[:, 0], inner[:, -1] = False, False, False, False
    return inner.reshape(-1)
