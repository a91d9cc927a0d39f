"""An agent that plays any sensible action with equal chance: the foot of every ladder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.protocol import Decision, Turn
from engine.random import MOVE, generator


class RandomAgent:
    """Uniform over the game's candidates; passes only when nothing else is left."""

    def __init__(self, name: str = "random") -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        return [self._decide(turn) for turn in turns]

    def _decide(self, turn: Turn) -> Decision:
        candidates = np.flatnonzero(turn.spec.candidates(turn.position)[0])
        points = candidates[candidates != turn.spec.pass_action]
        if not len(points):
            return Decision(turn.spec.pass_action)
        random = generator(turn.seed, turn.game, len(turn.actions), MOVE)
        return Decision(int(random.choice(points)))

    def end_game(self, game: int) -> None:
        """Keeps nothing."""

    def close(self) -> None:
        """Holds nothing."""
