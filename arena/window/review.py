"""Looking back at a game: what each move cost, as far as the AI has judged both sides of it."""

from __future__ import annotations

from dataclasses import dataclass

from arena.window.model import GameModel
from arena.window.tree import Node
from engine.games.spec import BLACK

SWEEP_SIMULATIONS = 100
"""Of the look at each position when a whole game is gone through."""


@dataclass(frozen=True)
class Move:
    """An action of the game and what it cost its player."""

    node: Node
    loss: float
    """Of the chance to win, in [-1, 1]; below 0 the AI had not seen how good it was."""


def judged_moves(model: GameModel) -> list[Move]:
    """The actions of the line on the board whose cost is known, in order."""
    moves = []
    for node in model.node.line()[1:]:
        assert node.parent is not None
        before, after = model.win_rate_at(node.parent), model.win_rate_at(node)
        if before is not None and after is not None:
            sign = 1.0 if model.side(node.parent) == BLACK else -1.0
            moves.append(Move(node, sign * (before - after)))
    return moves


def mistakes(model: GameModel, least: float = 0.03) -> list[Move]:
    """The judged moves that cost at least so much, the worst first."""
    found = [move for move in judged_moves(model) if move.loss >= least]
    return sorted(found, key=lambda move: -move.loss)


def unjudged(model: GameModel, simulations: int = SWEEP_SIMULATIONS) -> Node | None:
    """The line's first position that the AI has not looked at so deeply, the end left out."""
    for node in model.node.line():
        known = node.thought
        if known is not None and (known.simulations >= simulations or known.proven):
            continue
        if node.next is None and model.spec.finished(model.position_at(node))[0]:
            continue
        return node
    return None
