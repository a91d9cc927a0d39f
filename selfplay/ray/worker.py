"""The worker's side: an actor that plays pieces of a run's games.

An :class:`Order` holds all that a piece depends on, so that any worker can play it at any time.
What a worker already has is named by hash or number and not sent again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.errors import RunError
from engine.search import Evaluator
from selfplay.play.source import Lot, Published
from selfplay.play.threads import ThreadSource
from selfplay.ray.evaluators import RemoteEvaluator
from selfplay.ray.files import ReceivedFiles, SharedFile, fetched
from selfplay.ray.program import facts
from selfplay.run.config import RunConfig
from selfplay.run.state import Arrays
from selfplay.run.watch import LiveGame


@dataclass(frozen=True)
class Order:
    """A piece: some plies of all games of one of the run's threads."""

    config: Any
    """Reference to the run's settings, whose ``evaluator`` names a backend."""
    thread: int
    piece: int
    """Number of the piece among those of its thread; pieces follow each other."""
    plies: tuple[int, ...]
    simulations: tuple[int, ...]
    network: SharedFile
    opponent: SharedFile | None
    evaluator: Any | None
    """Handle of a :class:`~selfplay.ray.evaluators.DeviceEvaluator`; ``None`` to evaluate here."""
    flight: Arrays | None
    """Games in flight before the piece; ``None`` if the worker played the one before it."""


@dataclass(frozen=True)
class Piece:
    """What comes back for an :class:`Order`."""

    lots: list[Lot]
    flight: Arrays
    """Games in flight after it."""
    in_play: list[LiveGame]
    wall_s: float
    cpu_s: float


class PlayWorker:
    """Plays pieces, one after the other. Becomes an actor by ``ray.remote``."""

    def __init__(self) -> None:
        self._config: RunConfig | None = None
        self._files = ReceivedFiles()
        self._shared: dict[str, SharedFile] = {}
        self._sources: dict[int, ThreadSource] = {}
        """By thread; those whose games this worker has."""
        self._next: dict[int, int] = {}
        """By thread, the number of the piece that its games are ready for."""
        self._network: dict[int, str] = {}
        self._opponent: dict[int, str] = {}

    def facts(self) -> dict[str, object]:
        """Return what the handshake compares."""
        return facts()

    def play(self, order: Order) -> Piece:
        """Play a piece.

        Raises:
            RunError: if the networks or games do not arrive whole.
            OSError: if the disk is full.
        """
        began, cpu = time.perf_counter(), time.process_time()
        source = self._ready(order)
        lots = source.play(order.plies, order.simulations)
        self._next[order.thread] = order.piece + 1
        return Piece(
            lots,
            source.arrays(),
            source.in_play(),
            time.perf_counter() - began,
            time.process_time() - cpu,
        )

    def drop(self, threads: Sequence[int]) -> None:
        """Forget the games of threads that another worker plays now."""
        for thread in threads:
            source = self._sources.pop(thread, None)
            if source is not None:
                source.close()
            for each in (self._next, self._network, self._opponent):
                each.pop(thread, None)

    def _remote(self, actor: Any, network: Published) -> Evaluator:
        return RemoteEvaluator(actor, self._shared[network.hash])

    def _ready(self, order: Order) -> ThreadSource:
        """Return the thread's games as they were before the piece, with its networks."""
        thread = order.thread
        self._shared = {order.network.hash: order.network}
        if order.flight is None and self._next.get(thread, 0) != order.piece:
            raise RunError(
                f"expected the games of thread {thread} before piece {order.piece}, got those "
                f"before {self._next.get(thread, 0)}"
            )
        if order.flight is not None:
            self.drop([thread])
        if self._config is None:
            self._config = fetched(order.config)
        source = self._sources.get(thread)
        if source is None:
            network = self._files.get(order.network)
            load = None if order.evaluator is None else partial(self._remote, order.evaluator)
            source = ThreadSource(self._config, network, [thread], load)
            self._sources[thread] = source
            self._network[thread] = network.hash
            if order.flight:
                source.restore(order.flight)
        if self._network[thread] != order.network.hash:
            source.publish(self._files.get(order.network))
            self._network[thread] = order.network.hash
        opponent = order.opponent
        if opponent is not None and self._opponent.get(thread) != opponent.hash:
            source.invite(self._files.get(opponent).path)
            self._opponent[thread] = opponent.hash
        return source
