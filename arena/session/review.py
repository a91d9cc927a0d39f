"""Reviews a game: the cost of each move whose positions before and after are analysed."""

from __future__ import annotations

from dataclasses import dataclass

from arena.session.game import Game
from arena.session.insight import cost_of, points_lost, severity
from arena.session.tree import Node

SWEEP_SIMULATIONS = 100
"""Simulations for each position when a whole game is reviewed."""


@dataclass(frozen=True)
class Move:
    """An action of the game and what it lost."""

    node: Node
    loss: float
    """Lost win rate in [-1, 1]; below 0 the AI had underestimated the move."""
    points: float | None = None
    """Lost points; ``None`` in games without points."""

    @property
    def severity(self) -> float:
        """The worse of both losses, as a win rate."""
        return severity(self.loss, self.points)


def judged_moves(game: Game) -> list[Move]:
    """Return the actions of the line on the board whose cost is known, in order."""
    moves = []
    for node in game.node.line()[1:]:
        loss = cost_of(game, node)
        if loss is not None:
            moves.append(Move(node, loss, points_lost(game, node)))
    return moves


def mistakes(game: Game, least: float = 0.03) -> list[Move]:
    """Return the judged moves that lose at least ``least`` of the win rate, or as many points.

    The worst come first; :func:`arena.session.insight.severity` compares points with win rates.
    """
    found = [move for move in judged_moves(game) if move.severity >= least]
    return sorted(found, key=lambda move: -move.severity)


def unjudged(game: Game, simulations: int = SWEEP_SIMULATIONS) -> Node | None:
    """Return the line's first position with fewer simulations; the final one is left out."""
    return next((n for n in _to_judge(game) if not n.known(simulations)), None)


def progress(game: Game, simulations: int = SWEEP_SIMULATIONS) -> tuple[int, int]:
    """Return the number of analysed positions of the line, and the number of all."""
    nodes = _to_judge(game)
    return sum(node.known(simulations) for node in nodes), len(nodes)


def _to_judge(game: Game) -> list[Node]:
    line = game.node.line()
    over = bool(game.spec.finished(game.position_at(line[-1]))[0])
    return line[:-1] if over else line


def next_mistake(game: Game, step: int) -> Node | None:
    """Return the nearest costly move after the position on the board, or before it."""
    here = game.node.ply
    found = sorted(move.node.ply for move in mistakes(game))
    plies = [ply for ply in found if (ply > here if step > 0 else ply < here)]
    if not plies:
        return None
    return game.node.line()[plies[0] if step > 0 else plies[-1]]
