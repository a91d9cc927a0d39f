"""The replay window: the rows that the learner may draw from now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import RunError
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec
from engine.symmetry import ALL, action_permutations, permutations
from selfplay.data.columns import COLUMNS, FUTURE_PLIES, LARGEST_WEIGHT, Columns
from selfplay.data.shards import Rows, unpack_planes


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
    symmetries: bool = field(
        default=True, metadata={"why": "each row is drawn under one of its game's, by chance"}
    )


class Batch(Columns):
    """Rows ready for training, each under a random symmetry; ``b`` rows.

    ``planes`` are unpacked, ``(b, points, planes)``; the other columns of :data:`COLUMNS` are as
    stored, in the dtypes that the learner gets. Besides there are those of :data:`LATER`:

    - ``reply`` ``(b, actions)``: the policy of the next ply, the opponent's; ``reply_weight`` is 0
      where the next ply is not known.
    - ``future`` ``(b, points, 2)``: own and opponent's stones :data:`FUTURE_PLIES` later, only if
      asked for; ``future_weight`` is 0 where they are not known.
    """

    def __len__(self) -> int:
        return len(self.weight)

    def split(self, count: int) -> list[Batch]:
        """Cut into ``count`` parts of about the same size, in order; fewer if there are few rows.

        The arrays are views of this batch's.
        """
        ends = np.linspace(0, len(self), min(count, len(self)) + 1).astype(int)
        return [
            self.changed(**{name: array[start:end] for name, array in self.columns.items()})
            for start, end in pairwise(ends)
        ]


class ReplayWindow:
    """A ring of the latest rows, of which the newest ``size`` are in use."""

    def __init__(self, spec: GameSpec, config: ReplayConfig, *, by_weight: bool = False) -> None:
        """An empty window. With ``by_weight``, rows are drawn in proportion to their weights."""
        self._by_weight = by_weight
        self.layout = InputLayout.of(spec)
        self._symmetries = spec.symmetries if config.symmetries else ALL[:1]
        self._config = config
        self._ring: dict[str, NDArray[Any]] = {}
        self._total = 0
        self.reach: float | None = None
        """Rows in use, where they follow measurements and not the settings."""

    @property
    def total_rows(self) -> int:
        """Rows ever added."""
        return self._total

    @property
    def size(self) -> int:
        """Rows in use: ``first_rows`` and a share of what came after, within the capacity."""
        return self.size_at(self._total)

    def size_at(self, total: int) -> int:
        """Rows in use once ``total`` were added. The oldest of them never moves back."""
        grown = self._config.first_rows + self._config.growth * (total - self._config.first_rows)
        grown = grown if self.reach is None else self.reach
        return int(min(total, self._config.capacity, max(grown, self._config.first_rows)))

    def skip(self, count: int) -> None:
        """Count rows that came before and are out of reach: a run that goes on leaves them away."""
        self._total += count

    def add(self, rows: Rows) -> None:
        """Add rows, the oldest first.

        Raises:
            RunError: if they are of another board or have other inputs.
        """
        if rows.layout != self.layout:
            raise RunError(f"expected rows of {self.layout}, got rows of {rows.layout}")
        capacity = self._config.capacity
        if not self._ring:
            self._ring = {
                name: np.zeros((capacity, *array.shape[1:]), array.dtype)
                for name, array in rows.columns.items()
            }
        at = (self._total + np.arange(len(rows))) % capacity
        for name, array in rows.columns.items():
            self._ring[name][at] = array
        self._total += len(rows)

    def sample(self, random: np.random.Generator, count: int, *, future: bool = False) -> Batch:
        """Draw rows from the window, each under a random symmetry unless the settings say not."""
        if not self._by_weight:
            ages = random.integers(1, self.size + 1, size=count)
            return self._batch(ages, random, future)
        # A heavy row counts by being drawn more often, which costs the learner nothing.
        batch = self._batch(self._heavy_ages(random, count), random, future)
        return batch.changed(weight=np.ones(count, np.float32))

    def _heavy_ages(self, random: np.random.Generator, count: int) -> NDArray[np.int64]:
        """Draw ages by weight: candidates are taken with the chance that their weight is."""
        found = np.zeros(0, np.int64)
        while len(found) < count:
            ages = random.integers(1, self.size + 1, size=4 * count)
            at = (self._total - ages) % self._config.capacity
            taken = random.random(len(ages)) * LARGEST_WEIGHT < self._ring["weight"][at]
            found = np.concatenate([found, ages[taken]])
        return found[:count]

    def newest(self, count: int) -> Batch:
        """The latest rows, as they are."""
        return self._batch(np.arange(1, min(count, self.size) + 1), None, False)

    def _batch(
        self, ages: NDArray[np.int64], random: np.random.Generator | None, future: bool
    ) -> Batch:
        """A game's rows lie one after the other, so what comes later lies a few places on."""
        at = (self._total - ages) % self._config.capacity

        def later(plies: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
            there = (at + plies) % self._config.capacity
            return there, (ages > plies) & same_game(self._ring, at, there, plies)

        return batch_from(self.layout, self._ring, at, later, random, self._symmetries, future)


Later = Callable[[int], tuple[NDArray[np.int64], NDArray[np.bool_]]]
"""Given plies, says for each row where the row that many plies later is, and if there is one."""


def same_game(
    columns: Mapping[str, NDArray[Any]],
    at: NDArray[np.int64],
    there: NDArray[np.int64],
    plies: int,
) -> NDArray[np.bool_]:
    """Whether the rows ``there`` are ``plies`` later in the games of the rows ``at``."""
    game, ply = columns["game"], columns["ply"]
    found: NDArray[np.bool_] = (game[there] == game[at]) & (ply[there] == ply[at] + plies)
    return found


def make_batch(
    rows: Rows,
    random: np.random.Generator | None,
    symmetries: tuple[int, ...] = ALL,
    *,
    at: NDArray[np.int64] | None = None,
    future: bool = False,
) -> Batch:
    """Unpack rows, or those ``at`` some places; later plies are looked for among all rows.

    Each gets one of ``symmetries`` at random, or none without a generator.
    """
    columns = rows.columns
    chosen = np.arange(len(rows)) if at is None else at

    def later(plies: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        there = np.minimum(chosen + plies, len(rows) - 1)
        return there, same_game(columns, chosen, there, plies)

    return batch_from(rows.layout, columns, chosen, later, random, symmetries, future)


def batch_from(
    layout: InputLayout,
    columns: Mapping[str, NDArray[Any]],
    at: NDArray[np.int64],
    later: Later,
    random: np.random.Generator | None,
    symmetries: tuple[int, ...],
    future: bool,
) -> Batch:
    """Gather rows from columns, turn each by a random symmetry, and add what comes later."""
    points, count, kinds = layout.points, len(at), len(layout.plane_names)
    each = np.arange(count)[:, None]
    k = None
    if random is not None:
        # A board that is not square has fewer of them.
        points_from = permutations(layout.height, layout.width, symmetries)
        actions_from = action_permutations(layout.height, layout.width, symmetries)
        k = random.integers(len(points_from), size=count)
        points_from, actions_from = points_from[k], actions_from[k]

    def turned(array: NDArray[Any], actions: bool = False) -> NDArray[Any]:
        if k is None:
            return array
        return array[each, actions_from if actions else points_from]

    found: dict[str, NDArray[Any]] = {}
    for name, column in COLUMNS.items():
        entries = columns[name][at]
        if column.packed:
            entries = unpack_planes(entries, points, kinds)
        entries = entries.astype(column.in_batch or column.dtype, copy=False)
        if column.per != "row":
            entries = turned(entries, column.per == "action")
        found[name] = entries
    found["planes"] = np.ascontiguousarray(found["planes"])
    next_at, has_next = later(1)
    reply = columns["policy"][next_at].astype(found["policy"].dtype)
    found["reply"] = turned(reply, actions=True)
    found["reply_weight"] = columns["policy_weight"][next_at] * has_next
    if future:
        own = [layout.plane_names.index(name) for name in ("own", "opponent")]
        far_at, far = later(FUTURE_PLIES)
        found["future"] = turned(unpack_planes(columns["planes"][far_at], points, kinds)[:, :, own])
        found["future_weight"] = far.astype(np.float32)
    return Batch(layout, found)
