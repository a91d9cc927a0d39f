"""A game without rules: every node of an endless tree has the same actions and made-up values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.search import Evaluation

_DTYPE = np.dtype([("node", np.int64), ("plies", np.int16)])


@dataclass(frozen=True)
class RandomTree(GameSpec):
    """Node ``n`` is followed by ``n * width + 1 ...``, modulo the number of nodes.

    It has the verbs that a search calls and no more.
    """

    height: int = 1
    width: int = 3
    nodes: int = 50_021
    name: ClassVar[str] = "random_tree"
    plane_names: ClassVar[tuple[str, ...]] = ()
    global_names: ClassVar[tuple[str, ...]] = ()

    @property
    def dtype(self) -> np.dtype[Any]:
        return _DTYPE

    @property
    def max_plies(self) -> int:
        return 1 << 14

    def allocate(self, count: int) -> Positions:
        return np.zeros(count, _DTYPE)

    def legal(self, positions: Positions) -> NDArray[np.bool_]:
        out = np.ones((len(positions), self.actions), np.bool_)
        out[:, self.pass_action] = False
        return out

    def replay(
        self, roots: Positions, row_slot: Any, paths: Any, lengths: Any, leaves: Positions
    ) -> None:
        for row, slot in enumerate(row_slot):
            leaves[row] = roots[slot]
            for action in paths[row, : lengths[row]]:
                following = leaves["node"][row] * self.width + 1 + action
                leaves["node"][row] = following % self.nodes
            leaves["plies"][row] += lengths[row]

    def finished(self, positions: Positions) -> NDArray[np.bool_]:
        return np.zeros(len(positions), np.bool_)

    def to_move(self, positions: Positions) -> NDArray[np.uint8]:
        return np.where(positions["plies"] % 2 == 0, BLACK, WHITE).astype(np.uint8)


class TableEvaluator:
    """Looks nodes up in tables: logits ``(nodes, width)`` and the mover's q ``(nodes,)``."""

    def __init__(self, logits: NDArray[np.float32], q: NDArray[np.float32]) -> None:
        self.logits, self.q = logits, q

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        nodes = positions["node"]
        q = self.q[nodes]
        value = np.stack([(1 + q) / 2, np.zeros_like(q), (1 - q) / 2], axis=1)
        logits = np.pad(self.logits[nodes], [(0, 0), (0, 1)])
        return Evaluation(logits, value, q, np.zeros((len(q), spec.points), np.float32))
