"""The game on the board, without a window: all behaviour, no drawing, no threads.

The session says whose turn it is and takes what people and the AI decide. A ``ticket`` names the
position that the AI was asked about; answers with an old ticket are dropped, so undoing, resigning
and starting anew need not wait for a search to end.

Every position that was on the board stays in a tree. Going back and forth only looks: the AI then
waits until a person plays or asks it to go on. Changes of a whole game are in
:mod:`arena.session.games`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np

from agents.protocol import Decision, Turn
from arena.session import wording
from arena.session.clock import GameClock
from arena.session.game import Game, Settings
from arena.session.texts import say
from arena.session.tree import Node
from engine.games.spec import Positions, other_side
from engine.records import GameRecord
from engine.search import SearchResult

RESIGN_BELOW: Final = 0.02
"""Win rate below which a turn of the AI counts as hopeless."""
RESIGN_TURNS: Final = 3
"""Number of consecutive hopeless turns after which the AI resigns."""
RESIGN_AFTER: Final = 0.5
"""Plies per point of the board before which the AI never resigns."""
_LOOK, _GAME = 3, 0
"""Numbers of the searches for the person and, from 1, for the AI of either colour: each keeps a
tree of its own."""


@dataclass(frozen=True)
class SetAside:
    """What :func:`arena.session.games.restore` brings back."""

    game: Game
    deleted: Node | None = None
    """The variation that was deleted from it; without one, the game was ended."""


class Session:
    """A game on the board and those set aside, and what people and AIs do in it."""

    def __init__(self, settings: Settings, seed: int | None = None) -> None:
        self._seed = int(datetime.now().timestamp()) if seed is None else seed
        self.ticket = 0
        """Names the position; changes whenever the AI's work on it is void."""
        self.message = ""
        """What the person is told at the moment."""
        self.set_aside: list[SetAside] = []
        """Games and variations that were ended or deleted, the latest last."""
        self.begin(settings, settings.spec.allocate(1))

    def begin(self, settings: Settings, start: Positions, record: GameRecord | None = None) -> None:
        """Put a new game on the board, from a position ``(1,)``; the old one is forgotten."""
        self.put(Game(settings, start, record, self.new_seed()))

    def new_seed(self) -> int:
        """A seed that no game before it had."""
        self._seed += 1
        return self._seed

    def put(self, game: Game) -> None:
        """Put a game on the board; the old one is forgotten."""
        self.game = game
        self.message = ""
        self.renew()

    def go(self, node: Node) -> None:
        """Put a position of the tree on the board."""
        game = self.game
        game.node, game.position = node, game.position_at(node)
        game.hopeless = 0
        game.counting = False
        game.trouble = ""
        self.renew()

    def renew(self) -> None:
        """Make what AIs are thinking about now stale."""
        self.ticket += 1

    # What a person does.

    def play(self, action: int) -> bool:
        """Play the person's action; if it cannot be, say why in ``message`` and return False."""
        game = self.game
        if game.over:
            self.message = say("The game is over: start a new one, or take a move back")
            return False
        if game.ai_to_move:
            self.message = say("It is {name}'s turn", name=game.name_of(game.to_move))
            return False
        refusal = wording.why_illegal(self.game, action)
        if refusal:
            self.message = refusal
            return False
        self._play(action)
        return True

    def pass_turn(self) -> bool:
        """Pass."""
        return self.play(self.game.spec.pass_action)

    def resign(self) -> bool:
        """Give up the game; undo takes it back."""
        game = self.game
        if game.over:
            self.message = say("The game is over")
            return False
        people = game.settings.people
        game.node.resigned = people[0] if len(people) == 1 else game.to_move
        self.renew()
        self.message = say("Resigned; undo takes it back")
        return True

    def undo(self) -> bool:
        """Go back to before the person's latest move, or take back how the game ended."""
        game = self.game
        self.message = ""
        if game.node.resigned is not None or game.node.timed_out is not None:
            if game.node.timed_out is not None and game.settings.clock is not None:
                game.clock = GameClock(game.settings.clock)
            game.node.resigned = game.node.timed_out = None
            game.hopeless = 0
            self.renew()
            return True
        node = game.node.parent
        while node is not None and not self._is_persons(node):
            node = node.parent
        if node is None:
            self.message = say("Nothing to take back")
            return False
        self.go(node)
        game.paused = False
        return True

    def redo(self) -> bool:
        """Play again what was taken back, up to the person's next turn."""
        game = self.game
        node = game.node.next
        if node is None or game.over:
            self.message = say("Nothing to play again")
            return False
        while node.next is not None and not self._is_persons(node):
            node = node.next
        self.go(node)
        game.paused = False
        return True

    def step(self, plies: int) -> bool:
        """Look at the position some plies later, or earlier if negative; the AI waits there."""
        node = self.game.node
        for _ in range(abs(plies)):
            further = node.next if plies > 0 else node.parent
            if further is None:
                break
            node = further
        return self.look_at(node)

    def turn_to_sibling(self, step: int) -> bool:
        """Look at the next variation or the previous one, as far along as the present one."""
        node = self.game.node
        fork = node.fork
        if fork is None or fork.parent is None:
            self.message = say("There is no other variation here")
            return False
        siblings = fork.parent.children
        fork.parent.chosen = (siblings.index(fork) + step) % len(siblings)
        further = siblings[fork.parent.chosen]
        while further.ply < node.ply and further.next is not None:
            further = further.next
        return self.look_at(further)

    def go_to_fork(self) -> bool:
        """Look at the latest earlier position where variations part."""
        before = self.game.node.parent
        while before is not None and len(before.children) < 2:
            before = before.parent
        if before is None:
            self.message = say("No variation begins before this move")
            return False
        return self.look_at(before)

    def go_to_main_line(self) -> bool:
        """Look at the main line where it parts from the line on the board; forward follows it."""
        root = self.game.node.root
        here = set(self.game.node.path())
        while root.children and root.children[0] in here:
            root = root.children[0]
        if root is self.game.node:
            self.message = say("This is the main line")
        node = root
        while node.children:  # forward leads along the main line from here on
            node.chosen = 0
            node = node.children[0]
        return self.look_at(root)

    def look_at(self, node: Node) -> bool:
        """Put another position of the tree on the board; the AI waits there."""
        game = self.game
        if node is game.node:
            return False
        self.go(node)
        self.message = ""
        game.paused = game.ai_turn
        return True

    def go_on(self) -> bool:
        """Let the AI move again where it waits."""
        game = self.game
        if not game.ai_turn or not game.paused:
            return False
        game.paused = False
        self.message = game.trouble = ""
        self.renew()
        return True

    def set_people(self, people: Iterable[int]) -> None:
        """Say anew which colours people play."""
        game = self.game
        game.settings = replace(game.settings, people=tuple(sorted(people)))
        game.paused = False
        game.trouble = ""
        self.renew()

    def toggle_role(self, colour: int) -> None:
        """Let the AI play a colour that a person played, or a person the AI's."""
        game = self.game
        self.set_people(set(game.settings.people) ^ {colour})
        who = say("a person") if colour in game.settings.people else game.name_of(colour)
        self.message = say("{colour}: {who} moves", colour=say(game.look.player(colour)), who=who)

    def swap_sides(self) -> bool:
        """The AI takes the person's colour and the person the AI's."""
        people = self.game.settings.people
        if len(people) != 1:
            self.message = say(
                "Only a game of a person against the AI has sides to swap; click a player's name"
            )
            return False
        self.set_people((other_side(people[0]),))
        self.message = say(
            "You play {colour} now", colour=say(self.game.look.player(other_side(*people)))
        )
        return True

    # What the AI does.

    def turn(self) -> Turn:
        """The position as a question to the AI."""
        game = _GAME + self.game.to_move if self.game.ai_to_move else _LOOK
        return self._turn_at(self.game.node, self.game.position, game)

    def turn_at(self, node: Node) -> Turn:
        """Another position of the tree as a question, for the person's eyes."""
        return self._turn_at(node, self.game.position_at(node), _LOOK)

    def _turn_at(self, node: Node, position: Positions, game: int) -> Turn:
        return Turn(game, self.game.spec, position.copy(), node.actions(), self.game.seed)

    def ai_thinks(self, ticket: int, thought: SearchResult) -> bool:
        """Take news of a search, also of one that only looks; return False if it is stale."""
        if ticket != self.ticket or self.game.over:
            return False
        self.game.node.look(thought)
        return True

    def ai_decides(self, ticket: int, decision: Decision) -> bool:
        """Play what the AI chose; return False if it is stale or the AI is not to move."""
        game = self.game
        if ticket != self.ticket or game.over:
            return False
        if decision.thought is not None:
            game.node.look(decision.thought)
        if not game.ai_to_move:
            return False
        if decision.forfeit:
            self.fail(decision.forfeit)
            return True
        if self._gives_up(decision):
            game.node.resigned = game.to_move
            self.renew()
            return True
        name = game.name_of(game.to_move)
        self._play(decision.action)
        if decision.action == game.spec.pass_action and not game.over:
            self.message = say("{name} plays {move}", name=name, move=say(game.spec.pass_name))
            if game.spec.may_pass:
                self.message = say("{name} passes: pass too to end the game", name=name)
        return True

    def _gives_up(self, decision: Decision) -> bool:
        game = self.game
        thought = decision.thought
        if thought is not None:
            hopeless = thought.win_rate < RESIGN_BELOW
            game.hopeless = game.hopeless + 1 if hopeless else 0
        late = game.node.ply >= RESIGN_AFTER * game.spec.points and game.spec.has_points
        enough = RESIGN_TURNS * (1 if game.settings.people else 2)
        return decision.resign or (game.hopeless >= enough and late)

    def fail(self, reason: str) -> None:
        """The AI to move cannot: it waits, and ``trouble`` says why; go_on tries again."""
        game = self.game
        game.trouble = say(
            "{name} stopped: {reason}", name=game.name_of(game.to_move), reason=reason
        )
        game.paused = True

    def _is_persons(self, node: Node) -> bool:
        return self.game.side(node) in self.game.settings.people

    def _play(self, action: int) -> None:
        game = self.game
        game.spec.play(game.position, np.array([action]))
        game.node = game.node.child(action, first=self._replaces(game.node))
        self.renew()
        game.paused = game.counting = False
        self.message = game.trouble = ""
        if self._must_pass():
            who = say(game.look.player(game.to_move))
            self._play(game.spec.pass_action)
            self.message = say("{who} cannot move and passes", who=who)

    def _replaces(self, node: Node) -> bool:
        """Whether a new move here is the game's own, and what was played before a variation.

        So it is where a move is taken back in a game that goes on; a game that was opened, or one
        that has ended, keeps its main line.
        """
        game = self.game
        if game.record_of is not None or not node.children:
            return False
        end = node.line()[-1]
        early = end.resigned is not None or end.timed_out is not None
        return not early and not game.spec.finished(game.position_at(end))[0]

    def _must_pass(self) -> bool:
        """Whether the rules leave no choice but to pass, as in Othello."""
        game = self.game
        legal = game.legal
        return (
            not game.spec.may_pass
            and not game.over
            and bool(legal[game.spec.pass_action])
            and not legal[:-1].any()
        )

    # Time and counting.

    def run_clock(self, now: float) -> bool:
        """Let the clock of the side to move run; return whether time was up just now."""
        game = self.game
        if game.clock is None:
            return False
        waits = game.over or game.paused or game.counting or game.node.next is not None
        game.clock.run(None if waits else game.to_move, now)
        late = None if waits else game.clock.flagged()
        if late is None:
            return False
        game.node.timed_out = late
        self.renew()
        return True

    def agree(self) -> bool:
        """Accept the count of the game on the board, which ends it."""
        game = self.game
        if not game.to_agree:
            return False
        game.node.agreed = True
        game.counting = False
        self.renew()
        self.message = ""
        return True

    def toggle_dead(self, point: int) -> bool:
        """Mark the stones around a point as dead, or alive again."""
        count = self.game.count
        if count is None or not count.toggle(point):
            return False
        self.game.node.dead = frozenset(np.flatnonzero(count.dead).tolist())
        return True
