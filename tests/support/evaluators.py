"""Evaluators that know a position by a network's inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.games import GameSpec
from engine.games.spec import Positions
from engine.search import Evaluation
from engine.symmetry import action_permutations


class ByInputs:
    """Answers that look random and depend on a network's inputs alone; remembers the questions."""

    def __init__(self) -> None:
        self.rows = 0

    def weights(self, spec: GameSpec) -> NDArray[Any]:
        random = np.random.default_rng(spec.points)
        return random.normal(size=(spec.points * len(spec.plane_names), 2 * spec.actions + 3))

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        self.rows += len(positions)
        planes, globals_ = spec.features(positions)
        out = planes.reshape(len(positions), -1) @ self.weights(spec)
        out = np.sin(out + globals_.sum(axis=1, keepdims=True)).astype(np.float32)
        shares = np.exp(out[:, :3])
        return Evaluation(
            policy_logits=out[:, 3 : 3 + spec.actions],
            value=shares / shares.sum(axis=1, keepdims=True),
            score=out[:, 0] * 5,
            ownership=out[:, 3 + spec.actions : 3 + spec.actions + spec.points],
        )


def same(one: Evaluation, other: Evaluation) -> None:
    for name in ("policy_logits", "value", "score", "ownership"):
        assert np.allclose(getattr(one, name), getattr(other, name), atol=1e-6), name


def turned(spec: GameSpec, actions: list[int], k: int) -> Positions:
    """The position after ``actions``, each moved by a symmetry."""
    to = np.argsort(action_permutations(spec.height, spec.width, spec.symmetries)[k])
    position = spec.allocate(1)
    for action in actions:
        spec.play(position, np.array([to[action]]))
    return position
