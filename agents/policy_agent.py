"""A bare network: plays the action its policy likes best, without search."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from agents.protocol import Decision, Turn
from engine.games.spec import GameSpec
from engine.search import Evaluator, SearchResult


class PolicyAgent:
    """An agent that plays by a single evaluation per move, without search."""

    def __init__(self, name: str, evaluator: Evaluator) -> None:
        self._name = name
        self._evaluator = evaluator

    @property
    def name(self) -> str:
        return self._name

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        decisions: dict[int, Decision] = {}
        for spec in dict.fromkeys(turn.spec for turn in turns):
            mine = [turn for turn in turns if turn.spec == spec]
            for turn, decision in zip(mine, self._decide(spec, mine), strict=True):
                decisions[turn.game] = decision
        return [decisions[turn.game] for turn in turns]

    def _decide(self, spec: GameSpec, turns: Sequence[Turn]) -> list[Decision]:
        started = time.perf_counter()
        positions = np.concatenate([turn.position for turn in turns])
        evaluation = self._evaluator.evaluate(spec, positions)
        logits = np.where(spec.candidates(positions), evaluation.policy_logits, -np.inf)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        policy = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        seconds = (time.perf_counter() - started) / len(turns)
        none = np.zeros(spec.actions, np.float32)
        return [
            Decision(
                int(policy[i].argmax()),
                thought=SearchResult(
                    action=int(policy[i].argmax()),
                    visits=none.astype(np.int32),
                    q=none,
                    prior=policy[i],
                    policy=policy[i],
                    value=float(evaluation.q[i]),
                    score=float(evaluation.score[i]),
                    simulations=0,
                    ownership=evaluation.ownership[i],
                ),
                seconds=seconds,
            )
            for i in range(len(turns))
        ]

    def end_game(self, game: int) -> None:
        """Keeps nothing."""

    def close(self) -> None:
        """Holds nothing."""
