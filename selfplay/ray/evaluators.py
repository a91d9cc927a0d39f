"""Evaluators for all workers: an actor for each device, which joins calls into batches.

A worker without a device of its own sends its positions to one of these actors. Calls that come
together are one batch, so a GPU sees the positions of many workers at once. With the 8-bit backend
an evaluation depends on its position alone, and the games are the same as without this.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from agents.evaluators.auto import load_evaluator
from engine.games.spec import GameSpec, Positions
from engine.search import Evaluation, Evaluator
from selfplay.ray.files import ReceivedFiles, SharedFile, fetched
from selfplay.ray.program import facts

_NETWORKS: Final = 4
_WAIT_S: Final = 0.002
"""How long a call waits for others to join it."""


@dataclass(eq=False)
class _Call:
    positions: Positions
    done: threading.Event = field(default_factory=threading.Event)
    answer: Evaluation | None = None
    error: BaseException | None = None


class JoinedCalls:
    """Joins the calls of several threads into batches. One batch is computed at a time."""

    def __init__(
        self, compute: Callable[[Positions], Evaluation], callers: int, wait_s: float = _WAIT_S
    ) -> None:
        """Compute a batch when ``callers`` calls are there, or the first has waited ``wait_s``."""
        self._compute, self._callers, self._wait_s = compute, callers, wait_s
        self._waiting: list[_Call] = []
        self._changed = threading.Condition()
        self._computing = threading.Lock()
        self.batches = 0
        """Number of batches so far."""

    def evaluate(self, positions: Positions) -> Evaluation:
        """Return the evaluation of these positions, computed with those of other threads."""
        call = _Call(positions)
        with self._changed:
            self._waiting.append(call)
            self._changed.notify_all()
        with self._computing:  # the first to come computes for all; the others find their answer
            if not call.done.is_set():
                self._compute_all()
        if call.error is not None:
            raise call.error
        assert call.answer is not None
        return call.answer

    def _compute_all(self) -> None:
        until = time.monotonic() + self._wait_s
        with self._changed:
            while len(self._waiting) < self._callers:
                left = until - time.monotonic()
                if left <= 0.0 or not self._changed.wait(left):
                    break
            calls, self._waiting = self._waiting, []
        try:
            found = self._compute(np.concatenate([call.positions for call in calls]))
            self.batches += 1
        except BaseException as error:
            for call in calls:
                call.error = error
                call.done.set()
            return
        first = 0
        for call in calls:
            rows = slice(first, first + len(call.positions))
            first = rows.stop
            call.answer = Evaluation(
                found.policy_logits[rows],
                found.value[rows],
                found.score[rows],
                found.ownership[rows],
            )
            call.done.set()


class DeviceEvaluator:
    """Evaluates for all workers. Becomes an actor with several threads by ``ray.remote``."""

    def __init__(self, backend: str, callers: int) -> None:
        """Compute with ``backend``; ``callers`` is the number of workers that will call."""
        self._backend, self._callers = backend, callers
        self._files = ReceivedFiles()
        self._joined: dict[tuple[str, str], JoinedCalls] = {}
        self._lock = threading.Lock()

    def facts(self) -> dict[str, object]:
        """Return what the handshake compares."""
        return facts()

    def evaluate(self, network: SharedFile, spec: GameSpec, positions: Positions) -> Evaluation:
        """Evaluate positions of one game with a network."""
        return self._calls(network, spec).evaluate(positions)

    def _calls(self, network: SharedFile, spec: GameSpec) -> JoinedCalls:
        key = network.hash, repr(spec)
        with self._lock:
            if key not in self._joined:
                path = self._files.get(network).path
                evaluator = load_evaluator(path, spec, self._backend)

                def compute(positions: Positions) -> Evaluation:
                    return evaluator.evaluate(spec, positions)

                for old in [*self._joined][: 1 - _NETWORKS]:
                    del self._joined[old]
                self._joined[key] = JoinedCalls(compute, self._callers)
            return self._joined[key]


class RemoteEvaluator(Evaluator):
    """A network on another process's device."""

    def __init__(self, actor: Any, network: SharedFile) -> None:
        """``actor`` is a :class:`DeviceEvaluator`."""
        self._actor, self._network = actor, network

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        found: Evaluation = fetched(self._actor.evaluate.remote(self._network, spec, positions))
        return found
