"""Makes training rows from the recorded plies of a game when the game ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.games.inputs import InputLayout
from engine.games.spec import BLACK, GameSpec, Positions
from engine.search import Roots
from selfplay.data.columns import COLUMNS, LARGEST_WEIGHT, PlayedGame
from selfplay.data.shards import Rows


class GameBuffer:
    """Records the plies of all running games until their results are known.

    Memory is fixed: ``slots * plies`` rows.
    """

    def __init__(self, spec: GameSpec, slots: int, plies: int, surprise_share: float = 0.0) -> None:
        self._spec = spec
        self._surprise_share = surprise_share
        packed = (spec.points * len(spec.plane_names) + 7) // 8
        self._columns: dict[str, NDArray[Any]] = {
            "planes": np.zeros((slots, plies, packed), np.uint8),
            "globals": np.zeros((slots, plies, len(spec.global_names)), np.float32),
            "policy": np.zeros((slots, plies, spec.actions), np.float16),
            "root_q": np.zeros((slots, plies), np.float32),
            "side": np.zeros((slots, plies), np.int8),
            "ply": np.zeros((slots, plies), np.int16),
            "policy_weight": np.zeros((slots, plies), np.float32),
            "surprise": np.zeros((slots, plies), np.float32),
        }
        self._count = np.zeros(slots, np.int64)
        self._actions: list[list[int]] = [[] for _ in range(slots)]

    def clear(self, slot: int) -> None:
        """Begin a new game in ``slot``."""
        self._count[slot] = 0
        self._actions[slot] = []

    def note_action(self, slot: int, action: int) -> None:
        """Record an action that no search chose; it makes no row."""
        self._actions[slot].append(action)

    def note_ply(
        self,
        positions: Positions,
        roots: Roots,
        actions: NDArray[np.int64],
        policy_weight: NDArray[Any] | float = 1.0,
    ) -> None:
        """Record the position, search result and chosen action of every slot.

        ``policy_weight`` ``(slots,)`` is 0 where the search teaches no policy.
        """
        slots = np.arange(len(positions))
        planes, globals_ = self._spec.features(positions)
        noted = {
            "planes": np.packbits(planes.reshape(len(positions), -1), axis=1),
            "globals": globals_,
            "policy": roots.policy,
            "root_q": roots.value,
            "side": np.where(self._spec.to_move(positions) == BLACK, 1, -1),
            "ply": positions["plies"],
            "policy_weight": policy_weight,
            "surprise": surprise(roots.policy, roots.prior) if self._surprise_share else 0.0,
        }
        for name, values in noted.items():
            self._columns[name][slots, self._count] = values
        self._count += 1
        for slot, action in zip(slots, actions, strict=True):
            self._actions[slot].append(int(action))

    def led(self, least_q: float, plies: int) -> NDArray[np.bool_]:
        """Which games one side has led by at least a value for a number of plies, ``(slots,)``."""
        back = self._count[:, None] - 1 - np.arange(plies)
        rows = np.arange(len(self._count))[:, None]
        at = np.maximum(back, 0)
        black_q = self._columns["root_q"][rows, at] * self._columns["side"][rows, at]
        led = (black_q >= least_q).all(axis=1) | (black_q <= -least_q).all(axis=1)
        found: NDArray[np.bool_] = led & (self._count >= plies)
        return found

    def actions(self, slot: int) -> tuple[int, ...]:
        """Return all actions of the slot's running game so far."""
        return tuple(self._actions[slot])

    def rows(self, slot: int, number: int, score: float, ownership: NDArray[np.int8]) -> Rows:
        """Return the game's rows; ``score`` and ``ownership`` are Black's, rows are the mover's."""
        count = int(self._count[slot])
        column = {name: values[slot, :count].copy() for name, values in self._columns.items()}
        game = PlayedGame(
            self._spec,
            column["side"],
            column["ply"],
            column["root_q"],
            len(self._actions[slot]),
            score,
            ownership,
        )
        ends = {
            name: declared.of_game(game)
            for name, declared in COLUMNS.items()
            if declared.of_game is not None
        }
        return Rows(
            layout=InputLayout.of(self._spec),
            planes=column["planes"],
            globals=column["globals"],
            policy=column["policy"],
            policy_weight=column["policy_weight"],
            weight=surprise_weights(
                column["surprise"], column["policy_weight"], self._surprise_share
            ),
            game=np.full(count, number, np.int64),
            ply=column["ply"],
            **ends,
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all recorded plies as arrays, for :meth:`restore`."""
        used = self._used()
        lengths = np.array([len(actions) for actions in self._actions], np.int64)
        played = np.array([action for actions in self._actions for action in actions], np.int16)
        return {
            "count": self._count.copy(),
            "lengths": lengths,
            "actions": played,
            **{f"column.{name}": values[used] for name, values in self._columns.items()},
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Undo :meth:`state`.

        Raises:
            KeyError, ValueError: if the state has another game, size or number of slots.
        """
        self._count[:] = state["count"]
        used = self._used()
        for name, values in self._columns.items():
            values[used] = state[f"column.{name}"]
        ends = np.cumsum(state["lengths"])
        parts = np.split(state["actions"], ends[:-1])
        self._actions = [part.tolist() for part in parts]

    def _used(self) -> NDArray[np.bool_]:
        """Which places ``(slots, plies)`` hold a ply of a running game."""
        plies = self._columns["ply"].shape[1]
        used: NDArray[np.bool_] = np.arange(plies)[None, :] < self._count[:, None]
        return used


def surprise(policy: NDArray[np.float32], prior: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divergence of the search from its prior: ``KL(policy || prior)`` in nats, ``(rows,)``."""
    ratio = np.log(np.maximum(policy, 1e-9)) - np.log(np.maximum(prior, 1e-9))
    return np.maximum((policy * ratio).sum(axis=1), 0.0).astype(np.float32)


def surprise_weights(
    surprises: NDArray[np.float32], policy_weight: NDArray[np.float32], share: float
) -> NDArray[np.float32]:
    """Weights of a game's rows, with a mean of about 1 (surprise weighting, KataGo methods).

    ``share`` of the total weight is distributed by surprise. Rows that teach no policy have no
    surprise. No row weighs more than :data:`LARGEST_WEIGHT`.
    """
    weights = np.ones(len(surprises), np.float32)
    teaching = policy_weight > 0.0
    mean = float(surprises[teaching].mean()) if share > 0.0 and teaching.any() else 0.0
    if mean <= 0.0:
        return weights
    weights[teaching] = (1.0 - share) + share * surprises[teaching] / np.float32(mean)
    return np.minimum(weights, np.float32(LARGEST_WEIGHT))
