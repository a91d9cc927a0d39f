"""A source whose games are played by actors on a Ray cluster.

The games of each of the run's threads are played in pieces, which follow each other. Any worker can
play any piece, because the games in flight come back with it. So workers join, leave and die at any
time, and the pieces of a dead worker are played again by another one, as the same games.

With ``ray.strict`` a call plays one piece of each thread and waits for all. The lots are then those
of the other sources. Otherwise workers play on while the run learns, and a call takes as many
pieces as there are threads, in the order in which they arrive.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from agents.evaluators.auto import following_backend
from engine.errors import ConfigError
from selfplay.data.shards import Rows
from selfplay.play.source import Lot, Published
from selfplay.ray.cluster import Cluster
from selfplay.ray.evaluators import DeviceEvaluator
from selfplay.ray.files import SharedFile, share
from selfplay.ray.measures import Measures
from selfplay.ray.pool import RemoteWorker, WorkerPool, failure, least_loaded, reason_of
from selfplay.ray.worker import Order, Piece, PlayWorker
from selfplay.run.config import RunConfig
from selfplay.run.state import Arrays, part_of
from selfplay.run.watch import LiveGame

_LOOK_S: Final = 0.5
"""Longest time between two looks for workers that joined or fell silent."""

_Work = tuple[tuple[int, ...], tuple[int, ...]]
"""Plies and simulations of a piece, by task."""


@dataclass(eq=False)
class _Thread:
    """The games of one thread, and its pieces."""

    number: int
    taken: Arrays = field(default_factory=dict)
    """Games in flight after the latest piece that the run has taken."""
    newest: Arrays = field(default_factory=dict)
    """Those after the latest piece that has arrived."""
    played: int = 0
    """Number of pieces that have arrived."""
    home: RemoteWorker | None = None
    """The worker that has the newest games in flight."""
    asked: deque[_Asked] = field(default_factory=deque)
    """Pieces that the home plays or will play, in their order."""
    arrived: deque[_Arrived] = field(default_factory=deque)
    """Pieces that have arrived and were not taken, in their order."""

    @property
    def ahead(self) -> int:
        """Number of pieces that the run has not taken."""
        return len(self.asked) + len(self.arrived)

    @property
    def oldest(self) -> int | None:
        """Version of the network that plays the next piece to be taken; ``None`` without one."""
        versions = [each.version for each in self.arrived] + [each.version for each in self.asked]
        return versions[0] if versions else None


@dataclass(eq=False)
class _Asked:
    thread: _Thread
    worker: RemoteWorker
    version: int


@dataclass(eq=False)
class _Arrived:
    thread: _Thread
    piece: Piece
    version: int


class RaySource:
    """Plays a run's games on a Ray cluster."""

    def __init__(
        self,
        config: RunConfig,
        network: Published,
        address: str,
        workers: int,
        environment: Mapping[str, str],
    ) -> None:
        """Connect to the cluster and wait for the first worker.

        Args:
            config: settings of the run.
            network: the network that plays first.
            address: see :class:`~selfplay.ray.cluster.Cluster`.
            workers: number of workers, at most ``config.selfplay.threads``.
            environment: further environment variables of a local cluster's processes.

        Raises:
            ConfigError: if Ray is not installed, or there are more workers than threads.
            RunError: if the cluster cannot be reached, or no worker can play for this run.
        """
        threads = config.selfplay.threads
        if not 1 <= workers <= threads:
            raise ConfigError(
                f"expected 1 to {threads} workers, because selfplay.threads is {threads}, "
                f"got {workers!r}; a new run can have more threads: "
                f"--set selfplay.threads={workers}"
            )
        self._settings, self._boards = config.ray, len(config.all_tasks())
        self._threads = [_Thread(number) for number in range(threads)]
        self._asked: dict[Any, _Asked] = {}
        self._version = 0
        self._opponent: SharedFile | None = None
        self._in_play: list[LiveGame] = []
        processors = workers + (config.ray.evaluators if config.ray.device == "cpu" else 0)
        self._cluster = Cluster(address, processors, config.ray, environment)
        try:
            self._ray = self._cluster.ray
            backend = following_backend(config.evaluator).name  # the same on every machine
            if config.ray.evaluators and config.ray.device == "cuda":
                backend = "torch"
            self._evaluators = self._device_evaluators(backend, workers)
            self._config = self._ray.put(replace(config, evaluator=backend))
            self._pool = WorkerPool(self._cluster, PlayWorker, workers, config.ray.start_s)
            if self._cluster.dashboard:
                self._pool.notes.append(f"Ray's dashboard: {self._cluster.dashboard}")
            self._measures = Measures()
            self._network = share(self._ray, network)
            self._pool.wait_for_one()
        except BaseException:
            self._cluster.close()
            raise

    def _device_evaluators(self, backend: str, workers: int) -> list[Any]:
        """Start the actors that evaluate for all workers; Ray starts those anew that die."""
        settings = self._settings
        on_gpu = settings.device == "cuda"
        kind = self._ray.remote(
            num_cpus=0 if on_gpu else 1,
            num_gpus=1 if on_gpu else 0,
            max_concurrency=workers + 1,
            max_restarts=-1,
            max_task_retries=-1,
        )(DeviceEvaluator)
        callers = -(-workers // max(settings.evaluators, 1))
        return [kind.remote(backend, callers) for _ in range(settings.evaluators)]

    def publish(self, network: Published) -> None:
        if network.hash != self._network.hash:
            network.require_unchanged()
            began = time.perf_counter()
            self._network = share(self._ray, network)
            self._measures.publish_s = time.perf_counter() - began
            self._version += 1

    def invite(self, opponent: Path) -> None:
        self._opponent = share(self._ray, Published.of(opponent))

    def play(self, plies: Sequence[int], simulations: Sequence[int]) -> list[Lot]:
        work = (tuple(plies), tuple(simulations))
        strict, count = self._settings.strict, len(self._threads)
        taken: list[_Arrived] = []
        while True:
            taken += self._take(count - len(taken))
            if len(taken) >= count and not any(map(self._too_old, self._threads)):
                break
            done = {arrived.thread for arrived in taken} if strict else set()
            able = [thread for thread in self._may_play() if thread not in done]
            self._ask(work, able, depth=1)
            self._wait()
        if not strict:
            self._ask(work, self._may_play(), depth=count)
        lots = [lot for arrived in taken for lot in arrived.piece.lots]
        lags = [self._version - arrived.version for arrived in taken]
        self._measures.end(lots, lags, self._pool, sum(each.ahead for each in self._threads))
        return sorted(lots, key=lambda lot: lot.group) if strict else lots

    def _take(self, most: int) -> list[_Arrived]:
        """Take all arrived pieces that must not wait, and others as long as there are ``most``."""
        found: list[_Arrived] = []
        for must in (True, False):
            for thread in self._threads:
                while thread.arrived and (self._too_old(thread) if must else len(found) < most):
                    found.append(thread.arrived.popleft())
                    thread.taken = found[-1].piece.flight
                    if not must:
                        break
        return found

    def _too_old(self, thread: _Thread) -> bool:
        """Whether a thread's next piece has to be taken in this call.

        Otherwise it would be taken after the next publication, more than ``ray.lag`` versions old.
        """
        oldest = thread.oldest
        return oldest is not None and oldest <= self._version - self._settings.lag

    def _may_play(self) -> list[_Thread]:
        """Return the threads that may play a further piece, those with the fewest first."""
        settings = self._settings
        most = 1 if settings.strict else settings.ahead
        waiting = sum(each.ahead for each in self._threads) * self._measures.lot_mb
        if waiting > settings.store_mb and self._asked:
            return []
        able = [thread for thread in self._threads if thread.ahead < most]
        return sorted(able, key=lambda thread: thread.ahead)

    def _ask(self, work: _Work, threads: Sequence[_Thread], depth: int) -> None:
        """Ask workers that have fewer than ``depth`` pieces to play those of these threads."""
        for thread in threads:
            able = [worker for worker in self._pool.ready if worker.load < depth]
            if thread.asked:
                able = [worker for worker in able if worker is thread.home]
            if able:
                self._send(work, thread, least_loaded(able, thread.home))

    def _send(self, work: _Work, thread: _Thread, worker: RemoteWorker) -> None:
        moved = worker is not thread.home
        if moved and thread.home is not None:
            thread.home.actor.drop.remote([thread.number])
        piece = thread.played + len(thread.asked)
        flight = thread.newest if moved else None
        shared = self._evaluators
        order = Order(
            config=self._config,
            thread=thread.number,
            piece=piece,
            plies=work[0],
            simulations=work[1],
            network=self._network,
            opponent=self._opponent,
            evaluator=shared[worker.number % len(shared)] if shared else None,
            flight=flight,
        )
        asked = _Asked(thread, worker, self._version)
        self._asked[worker.actor.play.remote(order)] = asked
        thread.home = worker
        thread.asked.append(asked)
        if not worker.load:
            worker.busy_since = time.monotonic()
        worker.load += 1

    def _wait(self) -> None:
        """Wait for a piece or a worker, take in all that are there, and give up silent workers."""
        refs = [*self._asked, *self._pool.greetings]
        if refs:
            self._ray.wait(refs, num_returns=1, timeout=_LOOK_S)
        asked = [*self._asked]
        if asked:
            done, _ = self._ray.wait(asked, num_returns=len(asked), timeout=0)
            for ref in [ref for ref in asked if ref in set(done)]:
                if ref in self._asked:  # not after its worker was lost
                    self._receive(ref)
        self._pool.look()
        silent = time.monotonic() - self._settings.silence_s
        for worker in [each for each in self._pool.ready if each.load]:
            if worker.busy_since < silent:
                self._lose(worker, f"no lot for {self._settings.silence_s:g} s (ray.silence_s)")

    def _receive(self, ref: Any) -> None:
        asked = self._asked[ref]
        thread, worker = asked.thread, asked.worker
        try:
            piece = _copied(self._ray.get(ref))
        except self._ray.exceptions.RayTaskError as error:
            raise failure(worker, error.cause) from error
        except self._ray.exceptions.RayError as error:
            self._lose(worker, reason_of(error))
            return
        del self._asked[ref]
        thread.asked.popleft()
        thread.arrived.append(_Arrived(thread, piece, asked.version))
        thread.newest = piece.flight
        thread.played += 1
        worker.load -= 1
        worker.busy_since = time.monotonic()
        self._in_play = piece.in_play
        self._pool.played()
        self._measures.add(piece, worker)

    def _lose(self, worker: RemoteWorker, reason: str) -> None:
        """Let others play the pieces of a worker again."""
        lost = [ref for ref, asked in self._asked.items() if asked.worker is worker]
        for ref in lost:
            self._asked.pop(ref).thread.asked.clear()
        for thread in self._threads:
            if thread.home is worker:
                thread.home = None
        self._measures.lost += len(lost)
        self._pool.give_up(worker, reason)

    def in_play(self) -> list[LiveGame]:
        return self._in_play

    def arrays(self) -> Arrays:
        return {name: array for each in self._threads for name, array in each.taken.items()}

    def restore(self, arrays: Arrays) -> None:
        if self._asked:
            raise ValueError("games in flight can be restored before the first piece only")
        for thread in self._threads:
            first = thread.number * self._boards
            prefixes = tuple(f"group.{first + board}." for board in range(self._boards))
            if not all(part_of(arrays, prefix) for prefix in prefixes):
                raise ValueError(f"no games in flight of thread {thread.number}")
            own = {name: array for name, array in arrays.items() if name.startswith(prefixes)}
            thread.taken = thread.newest = own

    def notes(self) -> list[str]:
        notes, self._pool.notes = self._pool.notes, []
        return notes

    def measures(self) -> dict[str, object]:
        return self._measures.latest

    def close(self) -> None:
        self._pool.close()
        self._cluster.close()


def _copied(piece: Piece) -> Piece:
    """Copy a piece's arrays, so that the object store can forget it."""
    lots = [
        replace(
            lot,
            rows=Rows(lot.rows.layout, **{k: v.copy() for k, v in lot.rows.columns.items()}),
        )
        if lot.rows is not None
        else lot
        for lot in piece.lots
    ]
    return replace(piece, lots=lots, flight={k: v.copy() for k, v in piece.flight.items()})
