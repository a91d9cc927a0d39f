"""Whole game trees, level by level: for known counts, on small games or few plies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.games.spec import GameSpec, Positions


def children(spec: GameSpec, positions: Positions) -> Positions:
    """Every position one legal action after these, parents in order."""
    parents, actions = np.nonzero(spec.legal(positions))
    following = positions[parents]
    spec.play(following, actions)
    return following


def levels(spec: GameSpec, plies: int, *, distinct: bool = False) -> Iterator[Positions]:
    """All positions after 0, 1, ... ``plies`` actions, once per way to get there or ``distinct``.

    Distinct ones are told apart by their keys.
    """
    positions = spec.allocate(1)
    yield positions
    for _ in range(plies):
        positions = children(spec, positions)
        if distinct:
            positions = positions[np.unique(spec.keys(positions), return_index=True)[1]]
        yield positions
