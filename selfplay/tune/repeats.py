"""Positions that occur more than once: the openings that many games share, turned or transposed.

In training they would count once for each game. In held-out games they would already be known.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.games import make
from engine.random import MOVE, generator
from engine.symmetry import permutations
from selfplay.data.shards import Rows

_AT_ONCE: Final = 8192


def position_keys(rows: Rows) -> NDArray[np.uint64]:
    """64 bits per row that equal positions share, turned and mirrored ones included.

    Looks at the stones from the side to move, and at the globals; not at what a ko forbids.
    """
    layout = rows.layout
    random = generator(0, 0, 0, MOVE)
    odd = np.uint64(1)
    values = random.integers(2**63, size=(2, layout.points), dtype=np.uint64) | odd
    of_globals = random.integers(2**63, size=len(layout.global_names), dtype=np.uint64) | odd
    tables = permutations(layout.height, layout.width, symmetries_of(rows))
    own, opponent = (layout.plane_names.index(name) for name in ("own", "opponent"))
    keys = np.empty(len(rows), np.uint64)
    for start in range(0, len(rows), _AT_ONCE):
        part = rows.take(np.arange(start, min(start + _AT_ONCE, len(rows))))
        planes = part.unpacked_planes()
        stones = planes[:, :, own].astype(np.uint64), planes[:, :, opponent].astype(np.uint64)
        turned = [
            sum(
                (
                    plane @ value[np.argsort(table)]
                    for plane, value in zip(stones, values, strict=True)
                ),
                start=np.zeros(len(part), np.uint64),
            )
            for table in tables
        ]
        bits = part.globals.astype(np.float32).view(np.uint32).astype(np.uint64)
        keys[start : start + len(part)] = np.min(turned, axis=0) ^ (bits @ of_globals)
    return keys


def symmetries_of(rows: Rows) -> tuple[int, ...]:
    """Numbers of the symmetries that the rows' game has on their board."""
    layout = rows.layout
    spec = make(layout.game, layout.height, layout.width)
    return spec.symmetries if layout.height == layout.width else spec.symmetries[:4]


def share_repeats(rows: Rows) -> Rows:
    """Let all rows of one position weigh as much as one row: each move in its share."""
    _, which, counts = np.unique(position_keys(rows), return_inverse=True, return_counts=True)
    return rows.changed(weight=(rows.weight / counts[which]).astype(np.float32))


def without_known(rows: Rows, known: Rows) -> Rows:
    """Leave out the rows whose positions are among ``known``."""
    fresh = ~np.isin(position_keys(rows), np.unique(position_keys(known)))
    return rows.take(np.flatnonzero(fresh))
