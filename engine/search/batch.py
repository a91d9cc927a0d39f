"""Scratch arrays for the rows of a batch: paths, leaves, and the outcome of each expansion."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import GameSpec, Positions
from engine.search.tree import MAX_DEPTH


class Batch(NamedTuple):
    """Arrays of one batch; each row holds one simulation."""

    path_edges: NDArray[np.int32]
    """``(rows, MAX_DEPTH)``, valid up to ``lengths``; indices of the slot's edges."""
    path_actions: NDArray[np.int16]
    """``(rows, MAX_DEPTH)``, valid up to ``lengths``."""
    lengths: NDArray[np.int32]
    """``(rows,)`` number of actions on each path."""
    leaves: Positions
    """``(rows,)`` positions at the ends of the paths."""
    questions: NDArray[np.int32]
    """``(rows,)``; see :func:`~engine.search.backup.expand_and_back_up_rows`."""
    faults: NDArray[np.uint8]
    """``(rows,)``; indices of :data:`~engine.search.leaves.FAULTS`."""


class Batches:
    """Memory for one batch of any number of rows."""

    def __init__(self, spec: GameSpec, max_rows: int) -> None:
        self._all = Batch(
            np.zeros((max_rows, MAX_DEPTH), np.int32),
            np.zeros((max_rows, MAX_DEPTH), np.int16),
            np.zeros(max_rows, np.int32),
            spec.allocate(max_rows),
            np.zeros(max_rows, np.int32),
            np.zeros(max_rows, np.uint8),
        )
        self._of_size: dict[int, Batch] = {}

    def of(self, rows: int) -> Batch:
        """Return the first rows of all arrays. Views are kept: making them costs 2 microseconds."""
        batch = self._of_size.get(rows)
        if batch is None:
            arrays: list[Any] = [array[:rows] for array in self._all]
            batch = self._of_size[rows] = Batch(*arrays)
        return batch
