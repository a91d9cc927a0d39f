"""The replay windows of a run: one for each task, or for each board that it plays on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from agents.network.config import NetworkConfig
from engine.errors import RunError
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec
from selfplay.data.mixed import mixed
from selfplay.data.replay import Batch, ReplayConfig, ReplayWindow
from selfplay.data.shards import Rows


class Named(Protocol):
    """A task, of which only the name counts here."""

    @property
    def name(self) -> str: ...


class Windows:
    """Behaves like one window.

    With a network for several tasks each batch holds rows of all of them, by their shares.
    Otherwise a batch is of one board, of each as often as its window has rows.
    """

    def __init__(
        self,
        specs: Sequence[GameSpec],
        shares: Sequence[float],
        config: ReplayConfig,
        by_weight: Sequence[bool],
        network: NetworkConfig | None = None,
    ) -> None:
        """Make empty windows.

        Args:
            specs: of the boards, the main one first; their inputs differ.
            shares: of the rows that each gives.
            config: of all windows together.
            by_weight: whether the rows of each are drawn by their weights.
            network: whose inputs mixed batches have; ``None``: batches are of one board.
        """
        self._network = network
        self.shares = np.array(shares)
        """Shares of the rows of a mixed batch, by task; they may change while the run goes on."""
        self._windows = {
            InputLayout.of(spec): ReplayWindow(spec, _scaled(config, share), by_weight=weighted)
            for spec, share, weighted in zip(specs, shares, by_weight, strict=True)
        }

    @property
    def main(self) -> ReplayWindow:
        """That of the run's own board."""
        return next(iter(self._windows.values()))

    @property
    def totals(self) -> list[int]:
        """Rows ever added, by board."""
        return [window.total_rows for window in self._windows.values()]

    @property
    def total_rows(self) -> int:
        """Rows ever added."""
        return sum(self.totals)

    @property
    def size(self) -> int:
        """Rows in use."""
        return sum(window.size for window in self._windows.values())

    @property
    def each(self) -> list[ReplayWindow]:
        """The windows, the main one first."""
        return list(self._windows.values())

    def named(self, tasks: Sequence[Named]) -> dict[str, ReplayWindow]:
        """The windows of the first boards, by the names of their tasks."""
        return {task.name: window for task, window in zip(tasks, self.each, strict=False)}

    def add(self, rows: Rows) -> None:
        """Add rows of any one of the boards, the oldest first.

        Raises:
            RunError: if they are of another board or have other inputs.
        """
        window = self._windows.get(rows.layout)
        if window is None:
            raise RunError(f"expected rows of {[*self._windows]}, got rows of {rows.layout}")
        window.add(rows)

    def sample(self, random: np.random.Generator, count: int, *, future: bool = False) -> Batch:
        """Draw rows with a random symmetry each."""
        windows = self.each
        if len(windows) == 1:
            return windows[0].sample(random, count, future=future)
        if self._network is not None:
            counts = self.counts(count)
            drawn = [
                window.sample(random, each, future=future)
                for window, each in zip(windows, counts, strict=True)
                if each
            ]
            return mixed(self._network, drawn)
        ends = np.cumsum([window.size for window in windows])
        chosen = int(np.searchsorted(ends, random.integers(ends[-1]), side="right"))
        return windows[chosen].sample(random, count, future=future)

    def counts(self, count: int) -> list[int]:
        """How many of ``count`` rows each window gives: by shares, none of an empty one."""
        shares = self.shares * [window.size > 0 for window in self._windows.values()]
        ends = np.rint(np.cumsum(shares) / shares.sum() * count).astype(int)
        return [int(n) for n in np.diff(ends, prepend=0)]

    def known(self, random: np.random.Generator, count: int) -> Batch | None:
        """Draw rows to compare new ones with; ``None`` where there are none yet."""
        if self._network is not None:
            return self.sample(random, count) if self.size else None
        return self.main.sample(random, count) if self.main.size else None

    def newest(self, count: int, new: Sequence[Rows]) -> Batch:
        """The latest of the rows ``new`` that were just added, at most ``count``, as they are.

        Without a network for several tasks those of the first lot alone.
        """
        if self._network is None:
            return self.main.newest(min(count, len(new[0])))
        share = max(count // len(new), 1)
        lots = [self._windows[rows.layout].newest(min(share, len(rows))) for rows in new]
        return mixed(self._network, lots)

    def reload(self, totals: Sequence[int], newest: int, read: Callable[[int], Rows]) -> list[str]:
        """Bring back the newest rows from shards, as many as the windows may hold.

        Args:
            totals: rows ever added, by board.
            newest: number of the newest shard.
            read: gives a shard's rows; a shard whose reading raises ``RunError`` is left out.

        Returns:
            A sentence about each that was left out.
        """
        passed: list[str] = []
        parts: dict[InputLayout, list[Rows]] = {layout: [] for layout in self._windows}
        needed = {
            layout: window.size_at(total)
            for (layout, window), total in zip(self._windows.items(), totals, strict=True)
        }
        missing = dict(needed)
        for number in range(newest, 0, -1):
            if max(missing.values()) <= 0:
                break
            try:
                rows = read(number)
            except RunError as error:
                passed.append(f"{error}: going on without its rows")
                continue
            if missing.get(rows.layout, 0) > 0:
                parts[rows.layout].append(rows)
                missing[rows.layout] -= len(rows)
        for (layout, window), total in zip(self._windows.items(), totals, strict=True):
            if missing[layout] <= 0:
                window.skip(total - (needed[layout] - missing[layout]))
            for rows in reversed(parts[layout]):
                window.add(rows)
        return passed


def _scaled(config: ReplayConfig, share: float) -> ReplayConfig:
    """A window for a share of the rows."""
    if share == 1.0:
        return config
    first, capacity = (max(round(n * share), 1) for n in (config.first_rows, config.capacity))
    return replace(config, first_rows=first, capacity=capacity)
