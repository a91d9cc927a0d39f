"""The AI in a thread of its own: questions in, news and decisions out, never a wait.

Loading torch and the network happens in the thread too, so that a window is there at once.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from agents.protocol import Decision, Limit, Turn
from agents.search_agent import SearchAgent
from engine.errors import MiaiError
from engine.search import SearchResult


@dataclass(frozen=True)
class Loaded:
    """The AI is ready; ``note`` says what is remarkable about it."""

    name: str
    note: str = ""


@dataclass(frozen=True)
class Thinking:
    """A search goes on."""

    ticket: int
    thought: SearchResult


@dataclass(frozen=True)
class Decided:
    """A search has ended."""

    ticket: int
    decision: Decision


@dataclass(frozen=True)
class Failed:
    """The AI cannot go on; the reason is for the person."""

    reason: str


Event = Loaded | Thinking | Decided | Failed
Loader = Callable[[], tuple[SearchAgent, str]]
"""Makes the agent, slowly, and says what is remarkable about it."""


class Thinker:
    """Owns the thread. All methods return at once."""

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._questions: queue.Queue[tuple[int, Turn, Limit] | None] = queue.Queue()
        self._events: queue.Queue[Event] = queue.Queue()
        self._wanted = -1
        self._hurried = -1
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="thinker", daemon=True)
        self._thread.start()

    def ask(self, ticket: int, turn: Turn, limit: Limit) -> None:
        """Ask for a decision; a search for another ticket stops."""
        self._wanted = ticket
        self._questions.put((ticket, turn, limit))

    def hurry(self, ticket: int) -> None:
        """Let the search for this ticket decide with what it knows by now."""
        self._hurried = ticket

    def stop(self) -> None:
        """Stop what goes on; its decision is not delivered."""
        self._wanted = -1

    def events(self) -> list[Event]:
        """Everything that happened since the last call."""
        happened = []
        while True:
            try:
                happened.append(self._events.get_nowait())
            except queue.Empty:
                return happened

    def close(self, wait_s: float = 2.0) -> None:
        """Stop and let the thread end."""
        self._closed = True
        self.stop()
        self._questions.put(None)
        self._thread.join(wait_s)

    def _work(self) -> None:
        try:
            self._serve()
        except MiaiError as error:
            self._events.put(Failed(str(error)))
        except Exception as error:
            # A bug, or a machine out of memory: the window has to say so rather than wait forever.
            self._events.put(Failed(f"The AI broke down ({error!r}); the terminal shows where"))
            raise

    def _serve(self) -> None:
        agent, note = self._load()
        self._events.put(Loaded(agent.name, note))
        while (question := self._questions.get()) is not None:
            ticket, turn, limit = question
            if ticket != self._wanted:
                continue
            decision = agent.think(turn, limit, partial(self._news, ticket))
            if ticket == self._wanted:
                self._events.put(Decided(ticket, decision))
        agent.close()

    def _news(self, ticket: int, thought: SearchResult) -> bool:
        if self._closed or ticket != self._wanted:
            return False
        self._events.put(Thinking(ticket, thought))
        return ticket != self._hurried
