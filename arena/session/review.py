"""Looking back at a game: what each move cost, as far as the AI has judged both sides of it."""

from __future__ import annotations

from dataclasses import dataclass

from arena.session.game import Game
from arena.session.insight import cost_of
from arena.session.tree import Node

SWEEP_SIMULATIONS = 100
"""Of the look at each position when a whole game is gone through."""


@dataclass(frozen=True)
class Move:
    """An action of the game and what it cost its player."""

    node: Node
    loss: float
    """Of the chance to win, in [-1, 1]; below 0 the AI had not seen how good it was."""


def judged_moves(game: Game) -> list[Move]:
    """The actions of the line on the board whose cost is known, in order."""
    moves = []
    for node in game.node.line()[1:]:
        loss = cost_of(game, node)
        if loss is not None:
            moves.append(Move(node, loss))
    return moves


def mistakes(game: Game, least: float = 0.03) -> list[Move]:
    """The judged moves that cost at least so much, the worst first."""
    found = [move for move in judged_moves(game) if move.loss >= least]
    return sorted(found, key=lambda move: -move.loss)


def unjudged(game: Game, simulations: int = SWEEP_SIMULATIONS) -> Node | None:
    """The line's first position that the AI has not looked at so deeply, the end left out."""
    return next((n for n in _to_judge(game) if not n.known(simulations)), None)


def progress(game: Game, simulations: int = SWEEP_SIMULATIONS) -> tuple[int, int]:
    """How many positions of the line the AI has looked at so deeply, and how many there are."""
    nodes = _to_judge(game)
    return sum(node.known(simulations) for node in nodes), len(nodes)


def _to_judge(game: Game) -> list[Node]:
    line = game.node.line()
    over = bool(game.spec.finished(game.position_at(line[-1]))[0])
    return line[:-1] if over else line


def next_mistake(game: Game, step: int) -> Node | None:
    """The nearest costly move after the position on the board, or before it."""
    here = game.node.ply
    found = sorted(move.node.ply for move in mistakes(game))
    plies = [ply for ply in found if (ply > here if step > 0 else ply < here)]
    if not plies:
        return None
    return game.node.line()[plies[0] if step > 0 else plies[-1]]
