"""Work that takes longer than a picture may: done in a thread, its result taken by the window."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any


class Background:
    """Runs one piece of work after the other, in their order."""

    def __init__(self, name: str) -> None:
        """Start no thread yet; ``name`` is that of the thread."""
        self._name = name
        self._todo: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any], object]]]
        self._todo = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Callable[[Any], object], Any]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._open = 0
        """Pieces of work whose result was not taken yet."""

    @property
    def busy(self) -> bool:
        """Whether there are results to come."""
        return self._open > 0

    def run(self, work: Callable[[], Any], done: Callable[[Any], object] = lambda _: None) -> None:
        """Do ``work`` in the thread; :meth:`update` gives ``done`` its result or its exception."""
        self._open += 1
        self._todo.put((work, done))
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()

    def update(self) -> bool:
        """Hand over results; return whether there were any."""
        taken = False
        while not self._done.empty():
            done, result = self._done.get()
            self._open -= 1
            done(result)
            taken = True
        return taken

    def finish(self) -> None:
        """Wait until everything is done, and hand over the results."""
        while self._open:
            done, result = self._done.get()
            self._open -= 1
            done(result)

    def _work(self) -> None:
        while True:
            work, done = self._todo.get()
            result: Any
            try:
                result = work()
            except Exception as error:
                result = error
            self._done.put((done, result))
