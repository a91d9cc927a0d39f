"""A looked-through game as plain data: what ``miai analyze --json`` writes and the page shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from arena.analysis.sweep import Candidate, GameReview, Look, MoveReview
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.notation import action_to_text

MOST_CANDIDATES: Final = 8
CLASSES: Final = ((0.20, "blunder"), (0.10, "mistake"), (0.05, "inaccuracy"))
"""Names for moves by the least that they cost of the chance to win, the worst first."""


def class_of(move: MoveReview) -> str:
    """Return ``blunder``, ``mistake``, ``inaccuracy`` or nothing."""
    return next((name for least, name in CLASSES if move.loss >= least), "")


def colour_letter(colour: int) -> str:
    """Return ``B`` or ``W``."""
    return "B" if colour == BLACK else "W"


Name = Callable[[GameSpec, int], str]


def review_data(
    review: GameReview, conditions: dict[str, Any], name: Name = action_to_text
) -> dict[str, Any]:
    """Return the review as an object for JSON; ``conditions`` say how it was made.

    ``name`` writes moves: as files do, or for people to read.

    Win rates of positions are Black's, of candidates the mover's, all in [0, 1]; scores likewise,
    in points, of games that have them.
    """
    record, spec = review.record, review.record.spec
    return {
        "game": spec.name,
        "height": spec.height,
        "width": spec.width,
        "rules": spec.rules,
        "black": record.black,
        "white": record.white,
        "result": record.result,
        "source": record.source,
        "conditions": conditions,
        "summary": {colour_letter(c): _summary(review, c) for c in (BLACK, WHITE)},
        "positions": [_position(spec, look, name) for look in review.looks],
        "moves": [_move(spec, move, name) for move in review.moves],
    }


def _summary(review: GameReview, colour: int) -> dict[str, Any]:
    mine = [move for move in review.moves if move.colour == colour]
    accuracy = review.accuracy(colour)
    return {
        "moves": len(mine),
        "accuracy": None if accuracy is None else round(accuracy, 4),
        "mean_loss": round(sum(move.loss for move in mine) / max(len(mine), 1), 4),
        "mean_score_loss": round(sum(move.score_loss for move in mine) / max(len(mine), 1), 3),
        **{name: sum(class_of(move) == name for move in mine) for _, name in CLASSES},
    }


def _position(spec: GameSpec, look: Look, name: Name) -> dict[str, Any]:
    found = {
        "ply": look.ply,
        "to_move": colour_letter(look.to_move),
        "black_win_rate": round(look.black_win_rate, 4),
        "simulations": look.simulations,
        "proven": look.proven,
        "candidates": [_candidate(spec, c, name) for c in look.candidates[:MOST_CANDIDATES]],
    }
    if spec.has_points:
        found["black_score"] = round(look.black_score, 2)
    return found


def _candidate(spec: GameSpec, candidate: Candidate, name: Name) -> dict[str, Any]:
    found: dict[str, Any] = {
        "move": name(spec, candidate.action),
        "action": candidate.action,
        "visits": candidate.visits,
        "win_rate": round(candidate.win_rate, 4),
        "prior": round(candidate.prior, 4),
        "line": [name(spec, action) for action in candidate.line],
    }
    if spec.has_points:
        found["score"] = round(candidate.score, 2)
    return found


def _move(spec: GameSpec, move: MoveReview, name: Name) -> dict[str, Any]:
    return {
        "ply": move.ply,
        "colour": colour_letter(move.colour),
        "move": name(spec, move.action),
        "action": move.action,
        "loss": round(move.loss, 4),
        **({"score_loss": round(move.score_loss, 2)} if spec.has_points else {}),
        "class": class_of(move),
        "rank": move.rank,
        "best": name(spec, move.best.action),
    }
