"""An AI in a thread of its own: questions in, news and decisions out, never a wait.

Networks are loaded in the thread too, one for each game and opponent that is asked for, so that a
window is there at once.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from agents.protocol import Agent, Decision, Evaluates, Limit, Thinks, Turn
from arena.analysis.life import judge_board
from arena.session.opponents import Opponent
from engine.errors import MiaiError
from engine.games.spec import GameSpec
from engine.search import SearchResult

_WARMING = 1 << 20
"""Number of the game that a new agent looks at first."""
Place = tuple[str, GameSpec]
"""What an agent is loaded for: the opponent's key and the game."""


@dataclass(frozen=True)
class Loaded:
    """An agent is ready; ``note`` says what is remarkable about it."""

    place: Place
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
    """An agent cannot be had, or nothing more can (``None``); the reason is for the person."""

    place: Place | None
    reason: str


@dataclass(frozen=True)
class Judged:
    """The stones of a board have been judged."""

    ticket: int
    dead: frozenset[int]


Event = Loaded | Thinking | Decided | Failed | Judged
Loader = Callable[[Opponent, GameSpec], tuple[Agent, str]]
"""Makes the agent for an opponent and a game, slowly, and says what is remarkable about it."""


@dataclass(frozen=True)
class Question:
    """What to think about."""

    ticket: int
    turn: Turn
    limit: Limit
    opponent: Opponent
    judges: bool = False
    """Say which stones are dead rather than what to play."""


class Thinker:
    """Owns the thread. All methods return at once."""

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._questions: queue.Queue[Question | tuple[Opponent, GameSpec] | None] = queue.Queue()
        self._agents: dict[Place, Agent] = {}
        self._events: queue.Queue[Event] = queue.Queue()
        self._wanted = -1
        self._hurried = -1
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="thinker", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._thread.is_alive()

    def prepare(self, opponent: Opponent, spec: GameSpec) -> None:
        """Load what is needed for a game; :class:`Loaded` or :class:`Failed` will tell."""
        self._questions.put((opponent, spec))

    def ask(self, question: Question) -> None:
        """Ask for a decision; a search for another ticket stops."""
        self._wanted, self._hurried = question.ticket, -1
        self._questions.put(question)

    def hurry(self, ticket: int) -> None:
        """Let the search that goes on for this ticket decide with what it knows by now."""
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
        """Stop and let the thread end; a program that is thinking is ended with it."""
        self._closed = True
        self.stop()
        self._questions.put(None)
        self._thread.join(wait_s / 4)
        if self._thread.is_alive():
            for agent in list(self._agents.values()):
                if not isinstance(agent, Thinks):  # the others were told to stop
                    agent.close()
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
            if isinstance(question, tuple):
                self._agent(*question)
            elif question.ticket == self._wanted:
                self._answer(question)
        for agent in self._agents.values():
            agent.close()

    def _answer(self, question: Question) -> None:
        ticket, turn = question.ticket, question.turn
        agent = self._agent(question.opponent, turn.spec)
        if agent is None:
            return
        if question.judges:
            self._events.put(Judged(ticket, dead_stones(agent, turn)))
            return
        try:
            if isinstance(agent, Thinks):
                going = partial(self._keeps_going, ticket)
                news = partial(self._news, ticket)
                decision = agent.think(turn, question.limit, news, keep_going=going)
            else:
                decision = agent.choose([turn])[0]
        except MiaiError as error:
            decision = Decision(-1, forfeit=str(error), termination="crash")
            self._agents.pop((question.opponent.key, turn.spec), None)
            agent.close()
        if ticket == self._wanted:
            self._events.put(Decided(ticket, decision))

    def _agent(self, opponent: Opponent, spec: GameSpec) -> Agent | None:
        """The agent for an opponent and a game, loaded when it is first asked for."""
        place = (opponent.key, spec)
        if place not in self._agents:
            try:
                agent, note = self._load(opponent, spec)
                _warm(agent, spec)
            except MiaiError as error:
                self._events.put(Failed(place, str(error)))
                return None
            self._agents[place] = agent
            self._events.put(Loaded(place, note))
        return self._agents[place]

    def _keeps_going(self, ticket: int) -> bool:
        return not self._closed and ticket == self._wanted and ticket != self._hurried

    def _news(self, ticket: int, thought: SearchResult) -> bool:
        if not self._closed and ticket == self._wanted:
            self._events.put(Thinking(ticket, thought))
        return self._keeps_going(ticket)


def dead_stones(agent: Agent, turn: Turn) -> frozenset[int]:
    """The points of stones that are dead, as far as an agent can tell."""
    if not isinstance(agent, Evaluates):
        return frozenset()
    dead = judge_board(agent.evaluator, turn.spec, turn.position).dead
    return frozenset(int(point) for point in dead.nonzero()[0])


def _warm(agent: Agent, spec: GameSpec) -> None:
    """Compile what a search needs before anybody waits for one: a minute after an update."""
    if isinstance(agent, Thinks):
        first = Turn(_WARMING, spec, spec.allocate(1), (), 0)
        agent.think(first, Limit(simulations=4), lambda _: True)
        agent.end_game(_WARMING)
