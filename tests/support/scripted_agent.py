"""Agents that play what a test says, and remember what they were asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from agents.protocol import Decision, Turn

Choice = Callable[[Turn], Decision]


class ScriptedAgent:
    """Decides each turn by a function."""

    def __init__(self, name: str, choice: Choice) -> None:
        self._name, self._choice = name, choice
        self.batches: list[int] = []
        self.ended: list[int] = []
        self.closed = False

    @property
    def name(self) -> str:
        return self._name

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        self.batches.append(len(turns))
        return [self._choice(turn) for turn in turns]

    def end_game(self, game: int) -> None:
        self.ended.append(game)

    def close(self) -> None:
        self.closed = True


def first_sensible(turn: Turn) -> Decision:
    """The first point that is sensible: always the same game from the same opening."""
    points = np.flatnonzero(turn.spec.candidates(turn.position)[0])
    return Decision(int(points[0]), seconds=0.25)


def passing(turn: Turn) -> Decision:
    """Pass."""
    return Decision(turn.spec.pass_action)
