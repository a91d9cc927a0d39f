"""Between the game and those who think about it: who is asked what, and what becomes of answers.

No pygame and no waiting: :meth:`Control.update` is called many times a second. AIs that play and
the search for the person's eyes share one thread; each program has one of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from agents.protocol import Limit
from arena.session import games
from arena.session.game import Game, Settings
from arena.session.opponents import (
    Opponent,
    after_game,
    keep_standing,
    level_number,
    standing,
)
from arena.session.review import SWEEP_SIMULATIONS, unjudged
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
from arena.session.wording import score_words
from engine.games.spec import BLACK
from engine.notation import action_to_text

_GLANCE: Final = 64
"""Simulations of a look for the policy and the territory."""
_HINT: Final = 200
_DEPTH: Final = 20_000
"""Simulations of the analysis, which goes on while somebody looks ..."""
_DEPTH_POINTS: Final = 2_000_000
"""... but fewer on large boards: simulations times points, for the memory."""
_LEAST_DEPTH: Final = 50
_SOON: Final = max(_HINT, LESSON_SIMULATIONS)
"""Simulations of a look that other positions wait for; the analysis goes on when they are done."""
_JUDGING: Final = (-1, 0, "judging")
_HOME = "home"


class Control:
    """One game, its AIs, and the person's wishes to see what they think."""

    def __init__(
        self,
        session: Session,
        load: Loader,
        network: str = "shipped",
        standings: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        view: View | None = None,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            session: the game.
            load: makes agents.
            network: what looks at positions for the person.
            standings: where results against the adaptive opponent are kept; ``None``: nowhere.
            clock: tells seconds.
            view: what the person wants to see; the usual one if there is none.
        """
        self.session = session
        self.network = network
        self.view = view or View()
        self.teacher: Teacher | None = None
        self.depth = 1.0
        """Factor of how deep the analysis goes."""
        self._load = load
        self._standings = standings
        self._clock = clock
        self._minds: dict[str, Thinker] = {_HOME: Thinker(load)}
        self._loaded: dict[Place, str] = {}
        self._failures: dict[Place | None, str] = {}
        self._asked: tuple[int, int, str] | None = None
        self._swept: dict[int, Node] = {}
        self._sweeps = 0
        self._judging: tuple[int, Node] | None = None
        """The question which stones are dead, by its ticket, and the position it is about."""
        self._judged: set[Node] = set()
        self._counted: Node | None = None
        """The position that the person wants to count."""
        self._hint = -1
        self._ended = -1
        self.prepare()

    @property
    def game(self) -> Game:
        """The game on the board."""
        return self.session.game

    @property
    def analyst(self) -> Opponent:
        """Who looks at positions for the person."""
        return Opponent("simulations", self.network, simulations=self._depth())

    def _depth(self) -> int:
        deepest = min(_DEPTH, _DEPTH_POINTS // self.game.spec.points)
        return max(int(deepest * self.depth), _LEAST_DEPTH)

    def prepare(self) -> None:
        """Load what the game on the board will ask."""
        game = self.game
        for colour in (BLACK, 3 - BLACK):
            if colour not in game.settings.people:
                opponent = game.settings.opponent_of(colour)
                self._mind(opponent).prepare(opponent, game.spec)
        self._minds[_HOME].prepare(self.analyst, game.spec)

    @property
    def ready(self) -> bool:
        """Whether those who are to move or look now are loaded."""
        game = self.game
        who = game.mover if game.ai_turn else self.analyst
        return (who.key, game.spec) in self._loaded

    @property
    def failure(self) -> str:
        """Why nothing more can be thought, empty if it can."""
        game = self.game
        who = game.mover if game.ai_turn else self.analyst
        return self._failures.get(None) or self._failures.get((who.key, game.spec), "")

    @property
    def broken(self) -> bool:
        """Whether :meth:`restart` is needed before the one who is to move or look can go on."""
        return bool(self.failure or self.game.trouble)

    @property
    def note(self) -> str:
        """A lasting remark about who plays, such as that no network was found."""
        game = self.game
        who = self.analyst if game.settings.people == (1, 2) else game.settings.opponent
        return self._loaded.get((who.key, game.spec), "")

    def restart(self) -> None:
        """Start afresh whatever has broken down, and let the AI move again."""
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
        self._swept.clear()
        game.paused = game.ai_turn
        self.session.go_on()
        game.trouble = ""
        self.prepare()

    def close(self) -> None:
        """End all thinking."""
        for mind in self._minds.values():
            mind.close()

    def _mind(self, opponent: Opponent) -> Thinker:
        name = opponent.key if opponent.kind == "program" else _HOME
        if name not in self._minds:
            self._minds[name] = Thinker(self._load)
        return self._minds[name]

    # What a person asks for.

    def new_game(self, settings: Settings) -> None:
        """Start over, against the level that suits the person if they want that."""
        if settings.opponent.kind == "adaptive" and self._standings is not None:
            level = standing(settings.spec, self._standings).level
            opponent = replace(settings.opponent, level=level_number(level))
            settings = replace(settings, opponent=opponent)
        had = len(self.session.set_aside)
        games.new_game(self.session, settings)
        if len(self.session.set_aside) > had:
            self.session.message = say("B brings the earlier game back")
        self.prepare()

    def hint(self) -> None:
        """Say in the session's message what the AI would play, as soon as it knows."""
        if self.teacher is not None and self.teacher.stops(self.game):
            self.teacher.show_better(self.session)
        elif self.game.over or self.game.ai_to_move:
            self.session.message = say("There is nothing to decide")
        else:
            self._hint = self.session.ticket
            self.session.message = say("Thinking of a hint ...")

    def hurry(self) -> None:
        """Let the AI move with what it knows by now."""
        self.session.message = ""
        if self.game.ai_to_move:
            for mind in self._minds.values():
                mind.hurry(self.session.ticket)

    def look_deeper(self, factor: float) -> None:
        """Make the analysis deeper or shallower."""
        self.depth = min(max(self.depth * factor, 1 / 64), 16.0)
        self.session.message = say("Analysis up to {count} simulations", count=self._depth())

    def use_network(self, source: str) -> None:
        """Let a network file play and look from now on."""
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
        self._swept.clear()
        self.prepare()

    def teach(self, loss: float | None, takes_back: bool = False) -> None:
        """Stop the game at moves that cost so much chance to win; ``None`` does not.

        ``takes_back`` takes them back too.
        """
        self.teacher = None if loss is None else Teacher(loss, takes_back)

    @property
    def lesson(self) -> str:
        """What the teacher has to say as long as it has, else nothing."""
        return "" if self.teacher is None else self.teacher.words(self.game)

    # What the AIs say.

    def update(self) -> bool:
        """Take what the AIs have to say and ask what is to be thought about next.

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
            node = self._swept.get(event.ticket)
            if node is not None:
                node.look(event.thought)
            else:
                self.session.ai_thinks(event.ticket, event.thought)
        elif isinstance(event, Judged):
            self._take_judgement(event)
        elif isinstance(event, Decided):
            node = self._swept.pop(event.ticket, None)
            if node is not None:
                if event.decision.thought is not None:
                    node.look(event.decision.thought)
                self._asked = None
            else:
                self.session.ai_decides(event.ticket, event.decision)
        self._give_hint()

    def _give_hint(self) -> None:
        thought = self.game.thought
        if self._hint != self.session.ticket or thought is None:
            return
        if thought.simulations >= _HINT or thought.proven:
            move = action_to_text(self.game.spec, thought.action)
            self.session.message = say(
                "{move} looks best ({rate:.0%} to win)", move=move, rate=thought.win_rate
            )
            self._hint = -1

    def _note_the_end(self) -> None:
        """Once for each end of a game: mark dead stones, keep the adaptive opponent's standing."""
        session, game = self.session, self.game
        if not game.over or self._ended == session.ticket:
            return
        if self._to_judge() is not None:
            return  # which stones are dead decides who has won
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
        """Find out which stones of the board are dead, though the game may go on."""
        self._judged.discard(self.game.node)
        self._counted = self.game.node

    def _to_judge(self) -> Node | None:
        """The position on the board, if it is to be counted and its stones have to be judged."""
        game = self.game
        node = game.node
        ended = game.over and game.played_out and game.count is not None
        if not (ended or self._counted is node) or node.dead or node in self._judged:
            return None
        failed = None in self._failures or (self.analyst.key, game.spec) in self._failures
        return None if failed else node

    def _judge(self, node: Node) -> None:
        if self._judging is None or self._judging[1] is not node or self._asked != _JUDGING:
            self._sweeps -= 1
            ticket = self._sweeps - 1
            self._judging, self._asked = (ticket, node), _JUDGING
            self._swept.clear()
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
            self.session.message = score_words(self.game)

    @property
    def settled_in(self) -> bool:
        """Whether the one who looks is loaded."""
        return (self.analyst.key, self.game.spec) in self._loaded

    # What they are asked.

    def _ask(self) -> None:
        session = self.session
        game = session.game
        if game.ai_to_move and self.teacher is not None:
            before = self.teacher.wants_to_see(session)
            failure = self._failures.get((self.analyst.key, game.spec))
            if before is not None and failure is None:
                self._sweep(before, LESSON_SIMULATIONS)
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
        wanted, other = self._wanted_simulations(), self._wanted_elsewhere()
        if other is not None and game.node.known(min(wanted, _SOON)):
            self._sweep(*other)  # what takes long waits for what is done soon
        elif wanted:
            self._ask_about_this(wanted if other is None else min(wanted, _SOON))
        elif other is not None:
            self._sweep(*other)
        elif self._asked is not None and self._asked[0] not in (-1, session.ticket):
            self._minds[_HOME].stop()
            self._asked = (-1, 0, "")
            self._swept.clear()

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
            self._swept.clear()  # what this interrupts has to be asked anew
            question = Question(ticket, self.session.turn(), limit, opponent)
            self._mind(opponent).ask(question)

    def _wanted_simulations(self) -> int:
        """How deep to look at the present position for the person; 0 is not at all."""
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

    def _wanted_elsewhere(self) -> tuple[Node, int] | None:
        """The next other position to look at and how deep, to review the game."""
        node = unjudged(self.game) if self.view.wants_game else None
        return None if node is None else (node, SWEEP_SIMULATIONS)

    def _sweep(self, node: Node, simulations: int) -> None:
        """Look at another position of the tree."""
        analyst = replace(self.analyst, simulations=simulations)
        if node in self._swept.values() or (analyst.key, self.game.spec) in self._failures:
            return
        self._sweeps -= 1
        ticket = self._sweeps - 1  # below -1, which stands for nothing
        self._swept = {ticket: node}
        self._asked = (ticket, simulations, analyst.key)
        self._minds[_HOME].ask(Question(ticket, self.session.turn_at(node), analyst.limit, analyst))
