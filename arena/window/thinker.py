"""The AI in a thread of its own: questions in, news and decisions out, never a wait.

Networks are loaded in the thread too, one for each game that is asked about, so that a window is
there at once.
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
from engine.games.spec import GameSpec
from engine.search import SearchResult


@dataclass(frozen=True)
class Loaded:
    """The AI is ready for a game; ``note`` says what is remarkable about it."""

    spec: GameSpec
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
    """The AI cannot go on with a game, or at all (``None``); the reason is for the person."""

    spec: GameSpec | None
    reason: str


Event = Loaded | Thinking | Decided | Failed
Loader = Callable[[GameSpec], tuple[SearchAgent, str]]
"""Makes the agent for a game, slowly, and says what is remarkable about it."""


class Thinker:
    """Owns the thread. All methods return at once."""

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._questions: queue.Queue[tuple[int, Turn, Limit] | GameSpec | None] = queue.Queue()
        self._agents: dict[GameSpec, SearchAgent] = {}
        self._events: queue.Queue[Event] = queue.Queue()
        self._wanted = -1
        self._hurried = -1
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="thinker", daemon=True)
        self._thread.start()

    def prepare(self, spec: GameSpec) -> None:
        """Load what is needed for a game; :class:`Loaded` or :class:`Failed` will tell."""
        self._questions.put(spec)

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
        except Exception as error:
            # A bug, or a machine out of memory: the window has to say so rather than wait forever.
            reason = f"The AI broke down ({error!r}); the terminal shows where"
            self._events.put(Failed(None, reason))
            raise

    def _serve(self) -> None:
        while (question := self._questions.get()) is not None:
            if isinstance(question, GameSpec):
                self._agent(question)
                continue
            ticket, turn, limit = question
            if ticket != self._wanted:
                continue
            agent = self._agent(turn.spec)
            if agent is None:
                continue
            decision = agent.think(turn, limit, partial(self._news, ticket))
            if ticket == self._wanted:
                self._events.put(Decided(ticket, decision))
        for agent in self._agents.values():
            agent.close()

    def _agent(self, spec: GameSpec) -> SearchAgent | None:
        """The agent for a game, loaded when it is first asked for."""
        if spec not in self._agents:
            try:
                agent, note = self._load(spec)
            except MiaiError as error:
                self._events.put(Failed(spec, str(error)))
                return None
            self._agents[spec] = agent
            self._events.put(Loaded(spec, agent.name, note))
        return self._agents[spec]

    def _news(self, ticket: int, thought: SearchResult) -> bool:
        if self._closed or ticket != self._wanted:
            return False
        self._events.put(Thinking(ticket, thought))
        return ticket != self._hurried
