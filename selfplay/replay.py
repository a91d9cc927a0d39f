"""The replay window: the rows that the learner may draw from now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import RunError
from engine.games.spec import GameSpec
from engine.symmetry import ALL, action_permutations, permutations
from selfplay.shards import ARRAY_NAMES, Rows, unpack_planes


@dataclass(frozen=True)
class ReplayConfig:
    """How far back the window reaches."""

    first_rows: int = field(
        default=20_000,
        metadata={"min": 1, "unit": "rows", "why": "long early windows keep a network stupid"},
    )
    growth: float = field(
        default=0.5, metadata={"min": 0.0, "max": 1.0, "why": "share of later rows it grows by"}
    )
    capacity: int = field(
        default=600_000,
        metadata={"min": 1, "unit": "rows", "why": "about 0.4 KiB of memory each on 9x9"},
    )


@dataclass(frozen=True)
class Batch:
    """Rows ready for training, each under a random symmetry; ``b`` rows."""

    planes: NDArray[np.uint8]
    """``(b, points, planes)``"""
    globals: NDArray[np.float32]
    policy: NDArray[np.float32]
    policy_weight: NDArray[np.float32]
    outcome: NDArray[np.int64]
    root_value: NDArray[np.float32]
    score: NDArray[np.float32]
    ownership: NDArray[np.float32]
    weight: NDArray[np.float32]
    height: int
    width: int


class ReplayWindow:
    """A ring of the latest rows, of which the newest ``size`` are in use."""

    def __init__(self, spec: GameSpec, config: ReplayConfig) -> None:
        self._spec = spec
        self._config = config
        self._ring: dict[str, NDArray[Any]] = {}
        self._total = 0

    @property
    def total_rows(self) -> int:
        """Rows ever added."""
        return self._total

    @property
    def size(self) -> int:
        """Rows in use: ``first_rows`` and a share of what came after, within the capacity."""
        grown = self._config.first_rows + self._config.growth * (
            self._total - self._config.first_rows
        )
        return int(min(self._total, self._config.capacity, max(grown, self._config.first_rows)))

    def add(self, rows: Rows) -> None:
        """Add rows, the oldest first.

        Raises:
            RunError: if they are of another board or have other inputs.
        """
        spec = self._spec
        expected = (spec.height, spec.width, spec.plane_names, spec.global_names)
        got = (rows.height, rows.width, rows.plane_names, rows.global_names)
        if expected != got:
            raise RunError(f"expected rows of {expected!r}, got {got!r}")
        capacity = self._config.capacity
        if not self._ring:
            self._ring = {
                name: np.zeros((capacity, *array.shape[1:]), array.dtype)
                for name, array in rows.arrays().items()
            }
        at = (self._total + np.arange(len(rows))) % capacity
        for name in ARRAY_NAMES:
            self._ring[name][at] = getattr(rows, name)
        self._total += len(rows)

    def sample(self, random: np.random.Generator, count: int) -> Batch:
        """Draw rows evenly from the window, with a random symmetry each."""
        ages = random.integers(1, self.size + 1, size=count)
        at = (self._total - ages) % self._config.capacity
        rows = Rows(
            self._spec.height,
            self._spec.width,
            self._spec.plane_names,
            self._spec.global_names,
            **{name: array[at] for name, array in self._ring.items()},
        )
        return make_batch(rows, random, self._spec.symmetries)


def make_batch(
    rows: Rows, random: np.random.Generator | None, symmetries: tuple[int, ...] = ALL
) -> Batch:
    """Unpack rows; each gets one of ``symmetries`` at random, or none without a generator."""
    points, count = rows.points, len(rows)
    planes = unpack_planes(rows.planes, points, len(rows.plane_names))
    policy = rows.policy.astype(np.float32)
    ownership = rows.ownership.astype(np.float32)
    if random is not None:
        board = permutations(rows.height, rows.width, symmetries)
        k = random.integers(len(board), size=count)
        each = np.arange(count)[:, None]
        planes = planes[each, board[k]]
        moved = action_permutations(rows.height, rows.width, symmetries)
        policy = policy[each, moved[k]]
        ownership = ownership[each, board[k]]
    return Batch(
        planes=np.ascontiguousarray(planes),
        globals=rows.globals,
        policy=policy,
        policy_weight=rows.policy_weight,
        outcome=rows.outcome.astype(np.int64),
        root_value=rows.root_value.astype(np.float32),
        score=rows.score,
        ownership=ownership,
        weight=rows.weight,
        height=rows.height,
        width=rows.width,
    )
