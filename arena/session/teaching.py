"""A teacher who watches the person's moves and stops the game at costly ones.

What would have been better stays hidden until the person asks: the lesson says how much the move
cost and shows what it allows; the person may take it back or play on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from arena.session.insight import cost_of
from arena.session.session import Session
from arena.session.texts import say
from arena.session.tree import Node
from engine.notation import action_to_text

LESSON_SIMULATIONS: Final = 150
"""Of the looks at the positions before and after a move."""
_LONGEST_LINE = 6


@dataclass
class Teacher:
    """Judges each move of a person once."""

    loss: float = 0.1
    """Chance to win that a move has to cost before the game is stopped."""
    judged: set[Node] = field(default_factory=set)
    lesson: Node | None = None
    """The move that the game was stopped at."""

    def wants_to_see(self, session: Session) -> Node | None:
        """A position that has to be looked at before the AI may answer; ``None`` if none has."""
        game = session.game
        node = game.node
        if node.parent is None or not game.ai_to_move or node in self.judged:
            return None
        if game.side(node.parent) not in game.settings.people:
            return None
        for position in (node.parent, node):
            known = position.thought
            if known is None or (known.simulations < LESSON_SIMULATIONS and not known.proven):
                return position
        self._judge(session)
        return None

    def _judge(self, session: Session) -> None:
        node = session.game.node
        self.judged.add(node)
        self.lesson = None
        loss = cost_of(session.game, node)
        if loss is None or loss < self.loss:
            return
        self.lesson = node
        session.game.paused = True
        session.renew()
        session.message = self.words(session, loss)

    def words(self, session: Session, loss: float) -> str:
        """What is said at a costly move."""
        game = session.game
        node = game.node
        assert node.action is not None
        move = action_to_text(game.spec, node.action)
        line = self.refutation(node)
        if not line:
            return say(
                "{move} costs {loss:.0%}. U: try again; Enter: play on", move=move, loss=loss
            )
        answer = " ".join(action_to_text(game.spec, action) for action in line)
        return say(
            "{move} costs {loss:.0%}: {answer}. U: try again; Enter: play on",
            move=move,
            loss=loss,
            answer=answer,
        )

    def refutation(self, node: Node) -> tuple[int, ...]:
        """The line that shows why the move was bad."""
        return () if node.thought is None else node.thought.variation[:_LONGEST_LINE]
