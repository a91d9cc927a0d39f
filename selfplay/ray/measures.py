"""What the workers of a Ray cluster did during a cycle, as metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from selfplay.play.source import Lot
from selfplay.ray.worker import Piece

if TYPE_CHECKING:
    from selfplay.ray.pool import RemoteWorker, WorkerPool


class Measures:
    """Counts from one call of ``play`` to the next."""

    def __init__(self) -> None:
        self.lot_mb = 0.0
        """Mean size of a piece with its games in flight, in MB."""
        self.publish_s = 0.0
        """Time that the latest network took into the object store."""
        self.lost = 0
        """Number of pieces that were played again."""
        self.latest: dict[str, object] = {}
        """The metrics of the latest call."""
        self._since = time.perf_counter()
        self._pieces: list[tuple[str, Piece]] = []

    def add(self, piece: Piece, worker: RemoteWorker) -> None:
        """Take in a piece that has arrived."""
        self._pieces.append((f"{worker.host}/{worker.number}", piece))
        size = megabytes(piece)
        self.lot_mb = size if not self.lot_mb else 0.9 * self.lot_mb + 0.1 * size

    def end(self, lots: Sequence[Lot], lags: Sequence[int], pool: WorkerPool, waiting: int) -> None:
        """End a call.

        Args:
            lots: the lots that were taken.
            lags: for each piece of them, the versions that its network was behind.
            pool: the workers.
            waiting: number of pieces that were asked for and not taken.
        """
        now = time.perf_counter()
        took, self._since = now - self._since, now
        pieces, self._pieces = self._pieces, []
        busy = sum(piece.wall_s for _, piece in pieces)
        rates: dict[str, float] = {}
        for name, piece in pieces:
            evaluations = sum(lot.evaluations for lot in piece.lots)
            rates[name] = rates.get(name, 0.0) + evaluations / took
        count = len(pool.ready)
        self.latest = {
            "evaluations_per_s": sum(lot.evaluations for lot in lots) / took,
            "workers": count,
            "workers_wanted": pool.wanted,
            "workers_lost": pool.lost,
            "workers_idle": min(max(1.0 - busy / (max(count, 1) * took), 0.0), 1.0),
            "worker_rates": {name: round(rate, 1) for name, rate in sorted(rates.items())},
            "lag": fmean(lags),
            "lag_most": max(lags),
            "lots_waiting": waiting,
            "lots_lost": self.lost,
            "lot_mb": self.lot_mb,
            "pieces": len(pieces),
            "piece_s": busy / len(pieces) if pieces else 0.0,
            "worker_cpu_s": sum(piece.cpu_s for _, piece in pieces),
            "publish_s": self.publish_s,
        }


def megabytes(piece: Piece) -> float:
    """Size of a piece's arrays, in MB."""
    rows = [lot.rows.columns.values() for lot in piece.lots if lot.rows is not None]
    arrays = [array for columns in rows for array in columns] + [*piece.flight.values()]
    return sum(array.nbytes for array in arrays) / 2**20
