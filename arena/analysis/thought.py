"""What an evaluator says of single positions, as plain arrays that protocols can print."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import GameSpec, Positions
from engine.search import Evaluator


@dataclass(frozen=True)
class Outlook:
    """One position without search, from its side to move."""

    policy: NDArray[np.float32]
    """``(actions,)``, sums to 1; -1 for illegal actions."""
    value: NDArray[np.float32]
    """``(3,)`` chances of win, draw, loss."""
    score: float
    ownership: NDArray[np.float32]
    """``(points,)`` in [-1, 1]."""


def raw_outlook(evaluator: Evaluator, spec: GameSpec, position: Positions) -> Outlook:
    """Ask the evaluator about one position, ``(1,)``, of a game that is not over."""
    evaluation = evaluator.evaluate(spec, position)
    legal = spec.legal(position)[0]
    logits = np.where(legal, evaluation.policy_logits[0], -np.inf)
    weights = np.exp(logits - logits[legal].max())
    policy = np.where(legal, weights / weights.sum(), -1.0).astype(np.float32)
    return Outlook(policy, evaluation.value[0], float(evaluation.score[0]), evaluation.ownership[0])


def moves_ownership(
    evaluator: Evaluator, spec: GameSpec, position: Positions, actions: NDArray[np.int64]
) -> dict[int, NDArray[np.float32]]:
    """Who owns the points after each action, ``(points,)`` for the side to move now.

    Where an action ends the game, the board as it then stands says so.
    """
    after = np.repeat(position, len(actions))
    spec.play(after, actions)
    mover = int(spec.to_move(position)[0])
    owners: dict[int, NDArray[np.float32]] = {}
    over = spec.finished(after)
    going = np.flatnonzero(~over)
    if len(going):
        evaluation = evaluator.evaluate(spec, after[going])
        sides = spec.to_move(after[going])
        for row, index in enumerate(going):
            sign = 1.0 if int(sides[row]) == mover else -1.0
            owners[int(actions[index])] = sign * evaluation.ownership[row]
    for index in np.flatnonzero(over):
        sign = 1.0 if mover == 1 else -1.0
        owners[int(actions[index])] = sign * spec.ownership(after[index : index + 1])[0].astype(
            np.float32
        )
    return owners
