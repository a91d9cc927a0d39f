"""Writes what moves cost into their comments, where every other program shows it too."""

from __future__ import annotations

from typing import Final

from arena.session.game import Game
from arena.session.markup import comment_of, name_of, write_comment
from arena.session.review import Move, judged_moves
from arena.session.texts import say
from engine.notation import move_name

_MARKS: Final = ((0.1, "BM", "2"), (0.05, "BM", "1"), (0.03, "DO", ""))
"""Least losses as win rates, with the SGF property that says so and its value."""
_JUDGEMENTS: Final = ("BM", "DO", "IT", "TE")


def write_remarks(game: Game) -> int:
    """Add a sentence to each costly move of the line on the board; return how many were added.

    Moves that a person or a file judges already keep their judgement.
    """
    added = 0
    for move in judged_moves(game):
        mark = next(
            ((name, value) for least, name, value in _MARKS if move.severity >= least), None
        )
        if mark is None:
            continue
        words = _sentence(game, move)
        comment = comment_of(move.node)
        if words in comment:
            continue
        write_comment(move.node, name_of(move.node), f"{comment}\n{words}".strip())
        if not any(name in move.node.notes for name in _JUDGEMENTS):
            move.node.note(mark[0], [mark[1]])
        added += 1
    return added


def _sentence(game: Game, move: Move) -> str:
    parent = move.node.parent
    assert parent is not None
    assert parent.thought is not None
    chance = say("Miai: {loss:.0%} less to win", loss=max(move.loss, 0.0))
    if move.points is not None:
        chance = say(
            "Miai: {loss:.0%} less to win, {points:.1f} points",
            loss=max(move.loss, 0.0),
            points=max(move.points, 0.0),
        )
    best = parent.thought.action
    if best == move.node.action:
        return chance
    return say("{loss}; better was {move}", loss=chance, move=move_name(game.spec, best))
