"""The workers of a run on a Ray cluster: who is there, who joins, and who was lost."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.errors import MiaiError, RunError
from selfplay.ray.cluster import Cluster
from selfplay.ray.program import facts, refusal, remarks

_MOST_DEATHS: Final = 3
"""Deaths in a row, for each worker that is wanted, after which the run ends."""
_LONGEST_REASON: Final = 300
_LOOK_S: Final = 0.5
"""Longest time between two looks for workers that joined."""


@dataclass(eq=False)
class RemoteWorker:
    """An actor, seen from the run."""

    number: int
    actor: Any
    asked_at: float
    """When it was asked for its facts, in seconds since 1970."""
    host: str = "a host that gave no name"
    load: int = 0
    """Number of pieces that it was asked for and has not played."""
    busy_since: float = 0.0
    """When it began with the oldest of them, by the monotonic clock."""

    @property
    def name(self) -> str:
        """Number and host, for messages."""
        return f"worker {self.number} on {self.host}"


class WorkerPool:
    """Keeps a number of actors of one kind; each passes the handshake before it is used."""

    def __init__(self, cluster: Cluster, kind: type[Any], wanted: int, start_s: float) -> None:
        """Ask the cluster for ``wanted`` actors of the class ``kind``, a processor each.

        ``kind`` is made without arguments, and its method ``facts`` gives what the handshake
        compares. The first actor must be there after ``start_s`` seconds.
        """
        self._ray, self._cluster = cluster.ray, cluster
        self._kind = self._ray.remote(num_cpus=1, max_restarts=0)(kind)
        self._start_s = start_s
        self._own = facts()
        self._made = 0
        self._deaths = 0
        self._starting: dict[Any, RemoteWorker] = {}
        self._remarks: set[str] = set()
        self.wanted = wanted
        """Number of workers that there should be."""
        self.ready: list[RemoteWorker] = []
        """Workers that may be used now."""
        self.lost = 0
        """Number of workers that died or were given up."""
        self.notes: list[str] = []
        """Sentences for the run's log."""
        for _ in range(wanted):
            self._start_one()

    def _start_one(self) -> None:
        actor = self._kind.remote()
        worker = RemoteWorker(self._made, actor, time.time())
        self._made += 1
        self._starting[actor.facts.remote()] = worker

    @property
    def greetings(self) -> list[Any]:
        """References that are ready when a worker joins."""
        return [*self._starting]

    def wait_for_one(self) -> None:
        """Wait until a worker can be used.

        Raises:
            RunError: if none comes in time, or one cannot play for this run.
        """
        until = time.monotonic() + self._start_s
        while not self.ready:
            left = until - time.monotonic()
            if left <= 0.0:
                raise RunError(
                    f"expected a worker within {self._start_s:g} s (ray.start_s), got none: the "
                    f"cluster has {self._cluster.room()}, and a worker needs one"
                )
            self._ray.wait(self.greetings, num_returns=1, timeout=left)
            self.look(must_fit=True)

    def look(self, must_fit: bool = False) -> None:
        """Let workers join that are there by now.

        Raises:
            RunError: if a worker cannot play for this run and ``must_fit``, or if workers die again
                and again.
        """
        if not self._starting:
            return
        refs = self.greetings
        for ref in self._ray.wait(refs, num_returns=len(refs), timeout=0)[0]:
            worker = self._starting.pop(ref)
            try:
                theirs = self._ray.get(ref)
            except self._ray.exceptions.RayError as error:
                self._require_lasting(worker, reason_of(error))
                continue
            worker.host = str(theirs["host"])
            unfit = refusal(self._own, theirs)
            if unfit and must_fit:
                raise RunError(unfit)
            if unfit:
                self._ray.kill(worker.actor)
                self.wanted -= 1
                self.notes.append(f"{worker.name} is left out: {unfit}")
                continue
            for remark in remarks(self._own, theirs, worker.asked_at):
                if remark not in self._remarks:
                    self._remarks.add(remark)
                    self.notes.append(remark)
            self.ready.append(worker)

    def give_up(self, worker: RemoteWorker, reason: str) -> None:
        """Replace a worker that died or does not answer.

        Raises:
            RunError: if workers die again and again.
        """
        self.ready.remove(worker)
        self.lost += 1
        self.notes.append(f"{worker.name} is lost ({reason}); others play its games again")
        self._require_lasting(worker, reason)

    def _require_lasting(self, worker: RemoteWorker, reason: str) -> None:
        """Start another worker, unless too many died in a row."""
        self._ray.kill(worker.actor)
        self._deaths += 1
        if self._deaths >= _MOST_DEATHS * self.wanted:
            raise RunError(
                f"expected workers that play, got {self._deaths} deaths in a row; the last state "
                f"is intact. The last one, {worker.name}: {reason}"
            )
        self._start_one()

    def played(self) -> None:
        """Note that a worker has answered, which ends a row of deaths."""
        self._deaths = 0

    def results(self, jobs: Iterator[Any]) -> Iterator[Any]:
        """Let the workers do jobs by their method ``do``, and yield what comes back, in any order.

        A job is taken from ``jobs`` when a worker is free for it. The job of a worker that dies is
        done by another one.

        Raises:
            MiaiError: as the job raised it, with the name of the host.
        """
        again: deque[Any] = deque()
        asked: dict[Any, tuple[RemoteWorker, Any]] = {}
        while True:
            for worker in [each for each in self.ready if not each.load]:
                job = again.popleft() if again else next(jobs, None)
                if job is None:
                    break
                worker.load = 1
                asked[worker.actor.do.remote(job)] = worker, job
            if not asked and not again and self.ready:
                return
            self._ray.wait([*asked, *self.greetings], num_returns=1, timeout=_LOOK_S)
            done = self._ray.wait([*asked], num_returns=len(asked), timeout=0)[0] if asked else []
            for ref in done:
                worker, job = asked.pop(ref)
                worker.load = 0
                try:
                    result = self._ray.get(ref)
                except self._ray.exceptions.RayTaskError as error:
                    raise failure(worker, error.cause) from error
                except self._ray.exceptions.RayError as error:
                    again.append(job)
                    self.give_up(worker, reason_of(error))
                    continue
                self.played()
                yield result
            self.look()

    def close(self) -> None:
        """End all workers."""
        for worker in [*self.ready, *self._starting.values()]:
            self._ray.kill(worker.actor)


def least_loaded(workers: Sequence[RemoteWorker], home: RemoteWorker | None) -> RemoteWorker:
    """Return the worker with the fewest pieces; ``home`` if it has no more than others."""
    best = min(workers, key=lambda worker: worker.load)
    return home if home in workers and home is not None and home.load <= best.load else best


def failure(worker: RemoteWorker, cause: BaseException) -> BaseException:
    """Return the error of a worker's work, with its host where a user can act on it."""
    if isinstance(cause, OSError):
        return RunError(
            f"{worker.name}: {cause.strerror or cause}; what was finished is intact: make room on "
            "that host, or leave it out of the cluster, then give the same command again"
        )
    if isinstance(cause, MiaiError | KeyError | ValueError):
        return RunError(f"{worker.name}: {cause}")
    return cause


def reason_of(error: Exception) -> str:
    """Return what Ray says about a lost actor, as one short line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    words = ("No module named", "exit", "died")
    telling = [line for word in words for line in lines if word in line]
    text = telling[0] if telling else (lines[0] if lines else type(error).__name__)
    if "No module named" in text:
        text += ": install miai, from the same sources, on every node of the cluster"
    return text[:_LONGEST_REASON]
