"""A turn of a game, for agents."""

from __future__ import annotations

import numpy as np

from agents.protocol import Turn
from engine.games.go import GoSpec
from engine.notation import text_to_action

SPEC = GoSpec(5, 5, 7.0)


def turn(game: int, *moves: str, spec: GoSpec = SPEC) -> Turn:
    position = spec.allocate(1)
    actions = tuple(text_to_action(spec, move) for move in moves)
    for action in actions:
        spec.play(position, np.array([action]))
    return Turn(game, spec, position, actions, seed=0)
