"""The game being looked at, without a window: all behaviour, no drawing, no threads.

The model says whose turn it is and takes what people and the AI decide. A ``ticket`` names the
position that the AI was asked about; answers with an old ticket are dropped, so undoing, resigning
and starting anew need not wait for a search to end.

Every position that was on the board stays in a tree. Going back and forth only looks: the AI then
waits until somebody plays or asks it to go on. What ends or changes a whole game stands in
:mod:`arena.session.games`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from agents.protocol import Decision, Turn
from arena.session import wording
from arena.session.clock import GameClock
from arena.session.looks import opponent
from arena.session.state import GameState, Settings
from arena.session.texts import say
from arena.session.tree import Node
from engine.games.spec import Positions
from engine.search import SearchResult

__all__ = ["GameModel", "Settings"]

RESIGN_BELOW: Final = 0.02
"""The AI resigns below this chance to win ..."""
RESIGN_TURNS: Final = 3
"""... in so many of its turns in a row ..."""
RESIGN_AFTER: Final = 0.5
"""... after so many plies a point of the board."""
_LOOK, _GAME = 3, 0
"""Numbers of the searches for the person and, from 1, for the AI of either colour: each keeps a
tree of its own."""


class GameModel(GameState):
    """What people and AIs do in a game."""

    # What a person does.

    def play(self, action: int) -> bool:
        """Play the person's action; if it cannot be, say why in ``message`` and return False."""
        if self.over:
            self.message = say("The game is over: start a new one, or take a move back")
            return False
        if self.ai_to_move:
            self.message = say("It is {name}'s turn", name=self.name_of(self.to_move))
            return False
        refusal = wording.why_illegal(self, action)
        if refusal:
            self.message = refusal
            return False
        self._play(action)
        return True

    def pass_turn(self) -> bool:
        """Pass."""
        return self.play(self.spec.pass_action)

    def resign(self) -> bool:
        """Give up the game; undo takes it back."""
        if self.over:
            self.message = say("The game is over")
            return False
        people = self.settings.people
        self.node.resigned = people[0] if len(people) == 1 else self.to_move
        self.renew()
        self.message = say("Resigned; undo takes it back")
        return True

    def undo(self) -> bool:
        """Go back to before the person's latest move, or take back how the game ended."""
        self.message = ""
        if self.node.resigned is not None or self.node.timed_out is not None:
            if self.node.timed_out is not None and self.settings.clock is not None:
                self.clock = GameClock(self.settings.clock)
            self.node.resigned = self.node.timed_out = None
            self._hopeless = 0
            self.renew()
            return True
        node = self.node.parent
        while node is not None and not self._is_persons(node):
            node = node.parent
        if node is None:
            self.message = say("Nothing to take back")
            return False
        self.go(node)
        self.paused = False
        return True

    def redo(self) -> bool:
        """Play again what was taken back, up to the person's next turn."""
        node = self.node.next
        if node is None or self.over:
            self.message = say("Nothing to play again")
            return False
        while node.next is not None and not self._is_persons(node):
            node = node.next
        self.go(node)
        self.paused = False
        return True

    def step(self, plies: int) -> bool:
        """Look at the position some plies later, or earlier if negative; the AI waits there."""
        node = self.node
        for _ in range(abs(plies)):
            further = node.next if plies > 0 else node.parent
            if further is None:
                break
            node = further
        return self.look_at(node)

    def turn_to_sibling(self, step: int) -> bool:
        """Look at the next variation of the latest move, or the previous one."""
        parent = self.node.parent
        if parent is None or len(parent.children) < 2:
            self.message = say("There is no other variation here")
            return False
        index = (parent.children.index(self.node) + step) % len(parent.children)
        parent.chosen = index
        return self.look_at(parent.children[index])

    def look_at(self, node: Node) -> bool:
        """Put another position of the tree on the board; the AI waits there."""
        if node is self.node:
            return False
        self.go(node)
        self.message = ""
        self.paused = self.ai_turn
        return True

    def go_on(self) -> bool:
        """Let the AI move again where it waits."""
        if not self.ai_turn or not self.paused:
            return False
        self.paused = False
        self.message = self.trouble = ""
        self.renew()
        return True

    def set_people(self, people: Iterable[int]) -> None:
        """Say anew which colours people play."""
        self.settings = replace(self.settings, people=tuple(sorted(people)))
        self.paused = False
        self.trouble = ""
        self.renew()

    def toggle_role(self, colour: int) -> None:
        """Let the AI play a colour that a person played, or a person the AI's."""
        self.set_people(set(self.settings.people) ^ {colour})
        who = say("a person") if colour in self.settings.people else self.name_of(colour)
        self.message = say("{colour}: {who} moves", colour=say(self.look.player(colour)), who=who)

    def swap_sides(self) -> bool:
        """The AI takes the person's colour and the person the AI's."""
        people = self.settings.people
        if len(people) != 1:
            self.message = say(
                "Only a game of a person against the AI has sides to swap; click a player's name"
            )
            return False
        self.set_people((opponent(people[0]),))
        self.message = say("You play {colour} now", colour=say(self.look.player(opponent(*people))))
        return True

    # What the AI does.

    def turn(self) -> Turn:
        """The position as a question to the AI."""
        game = _GAME + self.to_move if self.ai_to_move else _LOOK
        return self._turn_at(self.node, self.position, game)

    def turn_at(self, node: Node) -> Turn:
        """Another position of the tree as a question, for the person's eyes."""
        return self._turn_at(node, self.position_at(node), _LOOK)

    def _turn_at(self, node: Node, position: Positions, game: int) -> Turn:
        return Turn(game, self.spec, position.copy(), node.actions(), self._seed)

    def ai_thinks(self, ticket: int, thought: SearchResult) -> bool:
        """Take news of a search, also of one that only looks; return False if it is stale."""
        if ticket != self._ticket or self.over:
            return False
        self.node.look(thought)
        return True

    def ai_decides(self, ticket: int, decision: Decision) -> bool:
        """Play what the AI chose; return False if it is stale or the AI is not to move."""
        if ticket != self._ticket or self.over:
            return False
        if decision.thought is not None:
            self.node.look(decision.thought)
        if not self.ai_to_move:
            return False
        if decision.forfeit:
            self.fail(decision.forfeit)
            return True
        if self._gives_up(decision):
            self.node.resigned = self.to_move
            self.renew()
            return True
        name = self.name_of(self.to_move)
        self._play(decision.action)
        if decision.action == self.spec.pass_action and not self.over:
            self.message = say("{name} plays {move}", name=name, move=say(self.spec.pass_name))
            if self.spec.may_pass:
                self.message = say("{name} passes: pass too to end the game", name=name)
        return True

    def _gives_up(self, decision: Decision) -> bool:
        thought = decision.thought
        if thought is not None:
            hopeless = thought.win_rate < RESIGN_BELOW
            self._hopeless = self._hopeless + 1 if hopeless else 0
        late = self.node.ply >= RESIGN_AFTER * self.spec.points and self.spec.has_points
        enough = RESIGN_TURNS * (1 if self.settings.people else 2)
        return decision.resign or (self._hopeless >= enough and late)

    def fail(self, reason: str) -> None:
        """The AI to move cannot: it waits, and ``trouble`` says why; go_on tries again."""
        self.trouble = say(
            "{name} stopped: {reason}", name=self.name_of(self.to_move), reason=reason
        )
        self.paused = True

    def _is_persons(self, node: Node) -> bool:
        return self.side(node) in self.settings.people

    def _play(self, action: int) -> None:
        self.spec.play(self.position, np.array([action]))
        self.node = self.node.child(action)
        self.renew()
        self.paused = self.counting = False
        self.message = self.trouble = ""
        if self._must_pass():
            who = say(self.look.player(self.to_move))
            self._play(self.spec.pass_action)
            self.message = say("{who} cannot move and passes", who=who)

    def _must_pass(self) -> bool:
        """Whether the rules leave no choice but to pass, as in Othello."""
        legal = self.legal
        return (
            not self.spec.may_pass
            and not self.over
            and bool(legal[self.spec.pass_action])
            and not legal[:-1].any()
        )

    # Time and counting.

    def run_clock(self, now: float) -> bool:
        """Let the clock of the side to move run; return whether time was up just now."""
        if self.clock is None:
            return False
        waits = self.over or self.paused or self.counting or self.node.next is not None
        self.clock.run(None if waits else self.to_move, now)
        late = None if waits else self.clock.flagged()
        if late is None:
            return False
        self.node.timed_out = late
        self.renew()
        return True

    def toggle_dead(self, point: int) -> bool:
        """Mark the stones around a point as dead, or alive again."""
        count = self.count
        if count is None or not count.toggle(point):
            return False
        self.node.dead = frozenset(np.flatnonzero(count.dead).tolist())
        return True
