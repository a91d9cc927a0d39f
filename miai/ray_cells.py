"""Cells of ``miai transfer`` on a Ray cluster; the command keeps their files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import filelock

from engine.errors import ConfigError
from engine.files import write_atomic
from miai.transfer.cells import (
    Cell,
    CellResult,
    Folders,
    Say,
    Start,
    read_result,
    run_from,
    start_of,
    write_result,
)
from miai.transfer.plan import TransferPlan
from selfplay.play.source import Published
from selfplay.ray.cluster import Cluster
from selfplay.ray.config import RayConfig
from selfplay.ray.files import ReceivedFiles, SharedFile, share
from selfplay.ray.pool import WorkerPool
from selfplay.ray.program import facts


@dataclass(frozen=True)
class _Order:
    """A cell for one worker."""

    plan: TransferPlan
    cell: Cell
    start: Start | None
    network: SharedFile | None
    """The network of ``start``, whose path is one of the command's machine."""


class CellWorker:
    """Runs cells in a temporary folder. Becomes an actor by ``ray.remote``."""

    def __init__(self) -> None:
        self._files = ReceivedFiles()

    def facts(self) -> dict[str, object]:
        """Return what the handshake compares."""
        return facts()

    def do(self, order: _Order) -> tuple[CellResult, bytes]:
        """Run a cell from its beginning; return its result and its network's file."""
        start = order.start
        if start is not None and order.network is not None:
            start = Start(self._files.get(order.network).path, start.seconds)
        with tempfile.TemporaryDirectory(prefix="miai-cell-") as name:
            folders = Folders(Path(name) / "results", Path(name) / "work")
            result = run_from(order.plan, folders, order.cell, start, lambda said: None)
            return result, folders.network(order.cell).read_bytes()


class RayCells:
    """Runs cells on a cluster, a processor each."""

    def __init__(self, address: str, workers: int, environment: Mapping[str, str]) -> None:
        """Connect to the cluster and wait for the first worker.

        Raises:
            ConfigError: if Ray is not installed, or ``workers`` is not positive.
            RunError: if the cluster cannot be reached, or no worker can be used.
        """
        if workers < 1:
            raise ConfigError(f"expected at least one job, got {workers!r}")
        settings = RayConfig()
        self._cluster = Cluster(address, workers, settings, environment)
        try:
            self._pool = WorkerPool(self._cluster, CellWorker, workers, settings.start_s)
            self._pool.wait_for_one()
        except BaseException:
            self._cluster.close()
            raise

    def run(self, plan: TransferPlan, folders: Folders, cells: Sequence[Cell], say: Say) -> None:
        """Run the cells of one held-out task that have no result.

        Their starts are trained before, by this process. The cell of a worker that dies begins
        again on another one. A cell that another process of the experiment has taken is left out.

        Raises:
            MiaiError: as a cell raised it, with the name of the host.
        """
        shared: dict[Path, SharedFile] = {}
        with ExitStack() as locks:

            def orders() -> Iterator[_Order]:
                for cell in cells:
                    if read_result(folders, cell) is not None:
                        continue
                    try:
                        lock = folders.lock(f"{cell.held_out}-{cell.name}")
                        locks.enter_context(lock.acquire(blocking=False))
                    except filelock.Timeout:
                        continue
                    start = start_of(plan, folders, cell, say)
                    if start is not None and start.network not in shared:
                        file = Published.of(start.network)
                        shared[start.network] = share(self._cluster.ray, file)
                    network = None if start is None else shared[start.network]
                    yield _Order(plan, cell, start, network)

            for result, data in self._pool.results(orders()):
                path = folders.network(result.cell)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(path, data)
                write_result(folders, result)
                say(
                    f"{result.cell.held_out}: {result.cell.name}, {result.played} games, "
                    f"{result.rows} rows, {result.cpu_s:.0f} s"
                )
                self._tell(say)

    def _tell(self, say: Say) -> None:
        for note in self._pool.notes:
            say(note)
        self._pool.notes = []

    def close(self) -> None:
        """End the workers; a local cluster ends too."""
        self._pool.close()
        self._cluster.close()
