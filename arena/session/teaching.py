"""A teacher who watches the person's moves and stops the game at costly ones.

What would have been better stays hidden until the person asks: the lesson says how much the move
cost and shows what it allows; the person may take it back or play on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from arena.session.game import Game
from arena.session.insight import cost_of
from arena.session.session import Session
from arena.session.texts import say
from arena.session.tree import Node
from engine.notation import move_name

LESSON_SIMULATIONS: Final = 150
"""Of the looks at the positions before and after a move."""
_LONGEST_LINE = 6


@dataclass
class Teacher:
    """Judges each move of a person once."""

    loss: float = 0.1
    """Chance to win that a move has to cost before the game is stopped."""
    takes_back: bool = False
    """Costly moves are taken back without being asked for; played again, they stand."""
    judged: set[Node] = field(default_factory=set)
    lesson: Node | None = None
    """The move that the game was stopped at."""
    asked: bool = False
    """The person wants to know what would have been better."""

    def wants_to_see(self, session: Session) -> Node | None:
        """A position that has to be looked at before the AI may answer; ``None`` if none has."""
        game = session.game
        node = game.node
        if node.parent is None or not game.ai_to_move or node in self.judged:
            return None
        if game.side(node.parent) not in game.settings.people:
            return None
        for position in (node.parent, node):
            if not position.known(LESSON_SIMULATIONS):
                return position
        self._judge(session)
        return None

    def _judge(self, session: Session) -> None:
        game = session.game
        node = game.node
        self.judged.add(node)
        self.lesson, self.asked = None, False
        loss = cost_of(game, node)
        if loss is None or loss < self.loss:
            return
        self.lesson = node
        if self.takes_back:
            session.undo()
        else:
            game.paused = True
            session.renew()
        session.message = self.words(game)

    def stops(self, game: Game) -> bool:
        """Whether the move on the board is the one that the game was stopped at."""
        return self.lesson is game.node and game.paused

    def hides(self, game: Game) -> bool:
        """Whether what would have been better must not be shown."""
        return self.stops(game) and not self.asked

    def words(self, game: Game) -> str:
        """What is said at a costly move and while another one is looked for, else nothing."""
        move = self.lesson
        again = move is not None and move.parent is game.node and not game.ai_turn
        if move is None or move.action is None or not (again or self.stops(game)):
            return ""
        loss = cost_of(game, move) or 0.0
        line = " ".join(move_name(game.spec, action) for action in self.refutation(move))
        known = {"move": move_name(game.spec, move.action), "loss": loss, "answer": line}
        if again:
            return say("{move} costs {loss:.0%}. Try another point; I: what is better", **known)
        if not line:
            return say("{move} costs {loss:.0%}. {ways}", ways=_ways(), **known)
        return say("{move} costs {loss:.0%}: {answer}. {ways}", ways=_ways(), **known)

    def refutation(self, node: Node) -> tuple[int, ...]:
        """The line that shows why the move was bad."""
        return () if node.thought is None else node.thought.variation[:_LONGEST_LINE]

    def show_better(self, session: Session) -> None:
        """Say what would have been better than the move that the game was stopped at."""
        assert self.lesson is not None
        before = self.lesson.parent
        self.asked = True
        if before is not None and before.thought is not None:
            thought = before.thought
            move = move_name(session.game.spec, thought.action)
            session.message = say(
                "{move} looks best ({rate:.0%} to win)", move=move, rate=thought.win_rate
            )


def _ways() -> str:
    return say("Click: another try; I: what is better; Enter: play on")
