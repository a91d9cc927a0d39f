"""Sentences about a game: who moves, how it ended, why a move cannot be played."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from arena.window.looks import opponent
from engine.errors import IllegalActionError
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.notation import action_to_text

if TYPE_CHECKING:
    from arena.window.model import GameModel


def status(model: GameModel) -> str:
    """One sentence: who moves, or how the game ended."""
    if model.resigned is not None:
        winner = model.look.player(opponent(model.resigned))
        return f"{model.name_of(model.resigned)} resigned: {winner} wins"
    if model.over:
        return _ending(model)
    colour = model.look.player(model.to_move)
    if model.ai_turn:
        return f"{model.ai_name} to move ({colour})"
    return f"Your move ({colour})" if len(model.settings.people) == 1 else f"{colour} to move"


def _ending(model: GameModel) -> str:
    score = float(model.spec.score(model.position)[0])
    if score == 0:
        return "The game is a draw"
    colour = BLACK if score > 0 else WHITE
    name = model.look.player(colour)
    by = f" by {abs(score):g}" if model.spec.has_points else ""
    people = model.settings.people
    if len(people) != 1:
        return f"{name} wins{by}"
    if by:
        who = "You win" if colour in people else f"{model.ai_name} wins"
        return f"{who}: {name}{by}"
    return f"You win as {name}" if colour in people else f"{model.ai_name} wins"


def why_illegal(model: GameModel, action: int) -> str:
    """A sentence for the person, empty if the action is legal."""
    if model.legal[action]:
        return ""
    spec = model.spec
    point = action_to_text(spec, action)
    if action == spec.pass_action:
        return f"You cannot {point} now"
    if model.stones[action] != EMPTY:
        return "This column is full" if spec.stones_fall else f"{point} is occupied"
    try:
        spec.play(model.position.copy(), np.array([action]))
    except IllegalActionError as error:
        if "suicide" in str(error):
            return f"{point} would be suicide: the stone would have no liberty"
        if spec.name == "othello":
            return f"{point} would turn no disc"
    if spec.name == "go":
        return f"{point} would repeat an earlier position: play elsewhere first (ko)"
    return f"{point} cannot be played now"
