"""Connects the game with its AIs: sends questions to their threads and applies the answers.

It uses no pygame and never waits: :meth:`Control.update` is called many times a second. The AIs
and the analysis for the person share one thread; each external program has its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from agents.protocol import Limit
from arena.session import games
from arena.session.acquaintance import unknown_board
from arena.session.errands import DEEPEST_SWEEP, Errand, Errands
from arena.session.game import Game, Settings
from arena.session.opponents import (
    Opponent,
    adapted,
    after_game,
    keep_standing,
    standing,
)
from arena.session.session import Session
from arena.session.teaching import LESSON_SIMULATIONS, Teacher
from arena.session.texts import say
from arena.session.thinker import (
    Decided,
    Event,
    Failed,
    Judged,
    Loaded,
    Loader,
    Place,
    Question,
    Thinker,
    Thinking,
)
from arena.session.tree import Node
from arena.session.view import View
from engine.games.spec import BLACK
from engine.notation import move_name

_GLANCE: Final = 64
"""Simulations of a search that shows only the policy and the territory."""
_HINT: Final = 200
_DEPTH: Final = 20_000
"""Simulations of the analysis of the position on the board."""
_DEPTH_POINTS: Final = 2_000_000
"""Largest product of simulations and board points, to limit the memory on large boards."""
_LEAST_DEPTH: Final = 50
_SOON: Final = max(_HINT, LESSON_SIMULATIONS)
"""Simulations of the first part of the analysis; other waiting positions come after it."""
_JUDGING: Final = (-1, 0, "judging")
_HOME = "home"


class Control:
    """One game, its AIs, and the analysis that the person asked for."""

    def __init__(
        self,
        session: Session,
        load: Loader,
        network: str = "shipped",
        standings: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        view: View | None = None,
    ) -> None:
        """Start without loading any agent.

        Args:
            session: the game.
            load: makes agents.
            network: network of the analysis.
            standings: file of the results against the adaptive opponent; ``None`` for no file.
            clock: returns the time in seconds.
            view: the panes and overlays to show; the defaults if ``None``.
        """
        self.session = session
        self.network = network
        self.view = view or View()
        self.teacher: Teacher | None = None
        self.depth = 1.0
        """Factor on the simulations of the analysis."""
        self._load = load
        self._standings = standings
        self._clock = clock
        self._minds: dict[str, Thinker] = {_HOME: Thinker(load)}
        self._loaded: dict[Place, str] = {}
        self._failures: dict[Place | None, str] = {}
        self._asked: tuple[int, int, str] | None = None
        self._errands = Errands()
        self.sweep = 0
        """Simulations for each position of the whole game, as the person asked; 0 for none."""
        self._judging: tuple[int, Node] | None = None
        """Ticket of the pending question about dead stones, and its position."""
        self._judged: set[Node] = set()
        self._counted: Node | None = None
        """The position whose dead stones the person asked to mark."""
        self._hint = -1
        self._ended = -1
        self.prepare()

    @property
    def game(self) -> Game:
        """The session's present game."""
        return self.session.game

    @property
    def analyst(self) -> Opponent:
        """The AI that analyses positions for the person."""
        return Opponent("simulations", self.network, simulations=self._depth())

    def _depth(self) -> int:
        deepest = min(_DEPTH, _DEPTH_POINTS // self.game.spec.points)
        return max(int(deepest * self.depth), _LEAST_DEPTH)

    def prepare(self) -> None:
        """Load the agents that the game on the board needs."""
        game = self.game
        for colour in (BLACK, 3 - BLACK):
            if colour not in game.settings.people:
                opponent = game.settings.opponent_of(colour)
                self._mind(opponent).prepare(opponent, game.spec)
        self._minds[_HOME].prepare(self.analyst, game.spec)

    @property
    def ready(self) -> bool:
        """Whether the agents for the present move and analysis are loaded."""
        game = self.game
        who = game.mover if game.ai_turn else self.analyst
        return (who.key, game.spec) in self._loaded

    @property
    def failure(self) -> str:
        """Why the thread of the AIs has failed; empty while it works."""
        game = self.game
        who = game.mover if game.ai_turn else self.analyst
        return self._failures.get(None) or self._failures.get((who.key, game.spec), "")

    @property
    def broken(self) -> bool:
        """Whether :meth:`restart` is needed before the present move or analysis can go on."""
        return bool(self.failure or self.game.trouble)

    @property
    def note(self) -> str:
        """A lasting remark about the agents, such as that no network was found."""
        game = self.game
        alone = game.settings.people == (1, 2)
        who = self.analyst if alone else game.settings.opponent
        loaded = self._loaded.get((who.key, game.spec), "")
        silent = alone and not (self.view.overlays.looking or self.view.explains)
        return loaded or ("" if silent else unknown_board(who, game.spec))

    def restart(self) -> None:
        """Restart the failed threads and agents, and let the AI move again."""
        game = self.game
        for name, mind in list(self._minds.items()):
            if not mind.alive or name != _HOME:
                mind.close(0.2)
                del self._minds[name]
        if _HOME not in self._minds:
            self._minds[_HOME] = Thinker(self._load)
            self._loaded.clear()
        self._failures.clear()
        self._asked = None
        self._errands.forget()
        game.paused = game.ai_turn
        self.session.go_on()
        game.trouble = ""
        self.prepare()

    def close(self) -> None:
        """Stop all searches and end their threads."""
        for mind in self._minds.values():
            mind.close()

    def _mind(self, opponent: Opponent) -> Thinker:
        name = opponent.key if opponent.kind == "program" else _HOME
        if name not in self._minds:
            self._minds[name] = Thinker(self._load)
        return self._minds[name]

    # Requests of the person.

    def new_game(self, settings: Settings) -> None:
        """Start a new game; an adaptive opponent gets the level of the person's standing."""
        settings = replace(
            settings, opponent=adapted(settings.opponent, settings.spec, self._standings)
        )
        had = len(self.session.set_aside)
        games.new_game(self.session, settings)
        if len(self.session.set_aside) > had:
            self.session.message = say("B brings the earlier game back")
        self.prepare()

    def hint(self) -> None:
        """Write the AI's choice of move into the session's message when its search ends."""
        if self.teacher is not None and self.teacher.stops(self.game):
            self.teacher.show_better(self.session)
        elif self.game.over or self.game.ai_to_move:
            self.session.message = say("There is nothing to decide")
        else:
            self._hint = self.session.ticket
            self.session.message = say("Thinking of a hint ...")

    def hurry(self) -> None:
        """Let the AI move now with the result of its search so far."""
        self.session.message = say("The sweep is stopped") if self.sweep else ""
        self.sweep = 0
        if self.game.ai_to_move:
            for mind in self._minds.values():
                mind.hurry(self.session.ticket)

    def look_deeper(self, factor: float) -> None:
        """Multiply the depth of the analysis by ``factor``."""
        self.depth = min(max(self.depth * factor, 1 / 64), 16.0)
        self.session.message = say("Analysis up to {count} simulations", count=self._depth())

    def sweep_deeper(self) -> None:
        """Look at every position of the line on the board, four times as deep with each call."""
        self.sweep = min(self.sweep * 4 if self.sweep else 400, DEEPEST_SWEEP)
        words = say("The whole game at {count} simulations a move; Esc stops", count=self.sweep)
        self.session.message = words

    def use_network(self, source: str) -> None:
        """Use a network file for playing and analysis from now on."""
        session, game = self.session, self.game
        self.network = source
        opponent = game.settings.opponent
        kind = opponent.kind if opponent.kind in ("simulations", "seconds") else "simulations"
        changed = replace(opponent, kind=kind, source=source)
        game.settings = replace(game.settings, opponent=changed)
        session.renew()
        session.message = say("{name} plays and looks now", name=Path(source).name)
        games.forget_thoughts(session)
        self._asked = None
        self._errands.forget()
        self.prepare()

    def teach(self, loss: float | None, takes_back: bool = False) -> None:
        """Stop the game at moves that lose at least ``loss`` of the win rate; ``None`` disables it.

        With ``takes_back``, such moves are also taken back.
        """
        self.teacher = None if loss is None else Teacher(loss, takes_back)

    @property
    def lesson(self) -> str:
        """The teacher's present text, or an empty string."""
        return "" if self.teacher is None else self.teacher.words(self.game)

    # Answers of the AIs.

    def update(self) -> bool:
        """Apply the answers of the AIs and ask the next questions.

        Returns whether anything has changed.
        """
        events = [event for mind in list(self._minds.values()) for event in mind.events()]
        for event in events:
            self._take(event)
        late = self.session.run_clock(self._clock())
        self._note_the_end()
        self._ask()
        return bool(events) or late

    def _take(self, event: Event) -> None:
        if isinstance(event, Loaded):
            self._loaded[event.place] = event.note
            self._failures.pop(event.place, None)
        elif isinstance(event, Failed):
            self._failures[event.place] = event.reason
        elif isinstance(event, Thinking):
            if not self._errands.hear(event):
                self.session.ai_thinks(event.ticket, event.thought)
        elif isinstance(event, Judged):
            self._take_judgement(event)
        elif isinstance(event, Decided):
            if self._errands.hear(event):
                self._asked = None
            else:
                self.session.ai_decides(event.ticket, event.decision)
        self._give_hint()

    def _give_hint(self) -> None:
        thought = self.game.thought
        if self._hint != self.session.ticket or thought is None:
            return
        if thought.simulations >= _HINT or thought.proven:
            move = move_name(self.game.spec, thought.action)
            self.session.message = say(
                "{move} looks best ({rate:.0%} to win)", move=move, rate=thought.win_rate
            )
            self._hint = -1

    def _note_the_end(self) -> None:
        """At each end of a game, once, mark dead stones and update the person's standing."""
        session, game = self.session, self.game
        if not game.over or self._ended == session.ticket:
            return
        if self._to_judge() is not None or game.to_agree:
            return  # the result depends on which stones are dead
        self._ended = session.ticket
        adaptive = game.settings.opponent.kind == "adaptive"
        if not adaptive or len(game.settings.people) != 1 or self._standings is None:
            return
        if game.node.next is not None or game.node.counted:
            return
        game.node.counted = True
        before = standing(game.spec, self._standings)
        now = after_game(before, game.points_of(game.settings.people[0]))
        keep_standing(game.spec, now, self._standings)
        session.message = say("Your next opponent: level {level:g}", level=round(now.level))

    def mark_dead(self) -> None:
        """Ask which stones on the board are dead, even if the game is not over."""
        self._judged.discard(self.game.node)
        self._counted = self.game.node

    @property
    def counted(self) -> bool:
        """Whether the dead stones of the position on the board have been judged."""
        return self.game.node in self._judged or bool(self.game.node.dead)

    def _to_judge(self) -> Node | None:
        """The position on the board, if its dead stones must still be judged for counting."""
        game = self.game
        node = game.node
        ended = game.over and game.played_out and game.count is not None
        if not (ended or self._counted is node) or node.dead or node in self._judged:
            return None
        failed = None in self._failures or (self.analyst.key, game.spec) in self._failures
        return None if failed else node

    def _judge(self, node: Node) -> None:
        if self._judging is None or self._judging[1] is not node or self._asked != _JUDGING:
            ticket = self._errands.new_ticket()
            self._judging, self._asked = (ticket, node), _JUDGING
            self._errands.forget()
            turn, analyst = self.session.turn_at(node), self.analyst
            question = Question(ticket, turn, analyst.limit, analyst, judges=True)
            self._minds[_HOME].ask(question)

    def _take_judgement(self, event: Judged) -> None:
        if self._judging is None or self._judging[0] != event.ticket:
            return
        node = self._judging[1]
        self._judging = self._asked = self._counted = None
        self._judged.add(node)
        node.dead = event.dead
        if self.game.counting and node is self.game.node:
            self.session.message = ""

    @property
    def settled_in(self) -> bool:
        """Whether the agent of the analysis is loaded."""
        return (self.analyst.key, self.game.spec) in self._loaded

    # Questions to the AIs.

    def _ask(self) -> None:
        session = self.session
        game = session.game
        if game.ai_to_move and self.teacher is not None:
            before = self.teacher.wants_to_see(session)
            failure = self._failures.get((self.analyst.key, game.spec))
            if before is not None and failure is None:
                self._send(Errand(before, LESSON_SIMULATIONS))
                return
            if before is not None:
                self.teacher.judged.add(game.node)  # the AI need not wait for it
                session.message = say("No teaching: {reason}", reason=failure)
        if game.ai_to_move:
            self._ask_for_move()
            return
        node = self._to_judge()
        if node is not None:
            self._judge(node)
            return
        wanted = self._wanted_simulations()
        other = self._errands.next(game, self.view, self.sweep)
        if other is not None and game.node.known(min(wanted, _SOON)):
            self._send(other)  # the long analysis comes after the other positions
        elif wanted:
            self._ask_about_this(wanted if other is None else min(wanted, _SOON))
        elif other is not None:
            self._send(other)
        elif self._asked is not None and self._asked[0] not in (-1, session.ticket):
            self._minds[_HOME].stop()
            self._asked = (-1, 0, "")
            self._errands.forget()

    def _ask_for_move(self) -> None:
        session, game = self.session, self.game
        opponent = game.mover
        if self._failures.get(None) or (opponent.key, game.spec) in self._failures:
            return
        if opponent.kind == "program" and game.has_setup:
            session.fail(say("a program can only play games that begin on an empty board"))
            return
        limit = opponent.limit
        if game.clock is not None:
            allowed = game.clock.allowance_s(game.to_move)
            limit = replace(limit, time_limit_s=min(allowed, limit.time_limit_s or allowed))
        self._put(session.ticket, limit.simulations or 0, opponent, limit)

    def _ask_about_this(self, simulations: int) -> None:
        analyst = replace(self.analyst, simulations=simulations)
        self._put(self.session.ticket, simulations, analyst, analyst.limit)

    def _put(self, ticket: int, simulations: int, opponent: Opponent, limit: Limit) -> None:
        asked = (ticket, simulations, opponent.key)
        if asked != self._asked and (opponent.key, self.game.spec) not in self._failures:
            self._asked = asked
            self._errands.forget()  # the questions that this interrupts must be asked again
            question = Question(ticket, self.session.turn(), limit, opponent)
            self._mind(opponent).ask(question)

    def _wanted_simulations(self) -> int:
        """Simulations of the person's analysis of the present position; 0 for none."""
        game = self.game
        if game.over:
            return 0
        if self.view.wants_position:
            return self._depth()
        if self._hint == self.session.ticket:
            return _HINT
        if self.teacher is not None and game.to_move in game.settings.people:
            return LESSON_SIMULATIONS
        return _GLANCE if self.view.overlays.looking else 0

    def _send(self, errand: Errand) -> None:
        """Ask about another position than the one on the board."""
        analyst = replace(self.analyst, simulations=errand.simulations)
        if (analyst.key, self.game.spec) in self._failures:
            return
        question = self._errands.question(self.session, analyst, errand)
        if question is not None:
            self._asked = (question.ticket, errand.simulations, analyst.key)
            self._minds[_HOME].ask(question)
