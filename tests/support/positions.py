"""Positions to test with: games in the middle, made by random sensible play."""

from __future__ import annotations

import numpy as np

from engine.games.go import GoSpec
from engine.games.spec import GameSpec, Positions


def random_positions(spec: GameSpec, count: int, plies: int, seed: int = 0) -> Positions:
    """``count`` games after up to ``plies`` random sensible actions each, all different depths."""
    random = np.random.default_rng(seed)
    positions = spec.allocate(count)
    depths = random.integers(0, plies + 1, size=count)
    for ply in range(plies):
        candidates = spec.candidates(positions)
        points = candidates[:, :-1].sum(axis=1)
        actions = np.full(count, -1)
        for row in np.flatnonzero((depths > ply) & (points > 0)):
            actions[row] = random.choice(np.flatnonzero(candidates[row, :-1]))
        spec.play(positions, actions)
    return positions


def small_go(size: int = 5) -> GoSpec:
    """A board small enough for thousands of positions in a test."""
    return GoSpec(size, size, 0.5)
