"""A memory in front of an evaluator: the same position is asked about once, whatever tree it is in.

Positions are the same if a network's inputs are: what the spec's ``features`` write of stones,
turn, latest actions and rules such as the komi. So it serves evaluators that see nothing else.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import kernel
from engine.games.spec import GameSpec, Positions
from engine.random import mix
from engine.search import Evaluation, Evaluator
from engine.symmetry import action_permutations, permutations

_SPECS: Final = 2  # tables at a time: two sizes may be played in turns
_FIRST: Final = np.uint64(0x100000001B3)
_SECOND: Final = np.uint64(0x9E3779B97F4A7C15)


@kernel
def _key_rows(
    planes: NDArray[np.uint8],
    globals_bits: NDArray[np.uint32],
    points_from: NDArray[np.int16],
    keys: NDArray[np.uint64],
    turns: NDArray[np.int64],
) -> None:
    """Hash each row's inputs, as they are or in the turn that gives the smallest number.

    Args:
        planes: uint8 ``(rows, points, planes)``; globals_bits: uint32 ``(rows, globals)``.
        points_from: int16 ``(turns, points)``, symmetries; the first is the identity.
        keys: uint64 ``(rows, 2)``, written, never 0. turns: int64 ``(rows,)``, written.
    """
    for i in range(len(planes)):
        for k in range(len(points_from)):
            first = np.uint64(14695981039346656037)
            second = np.uint64(7)
            for g in range(globals_bits.shape[1]):
                first = np.uint64((first ^ np.uint64(globals_bits[i, g])) * _FIRST)
                second = np.uint64((second + np.uint64(globals_bits[i, g])) * _SECOND)
            for point in range(planes.shape[1]):
                bits = np.uint64(1)  # of up to 63 planes
                for plane in range(planes.shape[2]):
                    value = np.uint64(planes[i, points_from[k, point], plane])
                    bits = np.uint64((bits << np.uint64(1)) ^ value)
                first = np.uint64((first ^ bits) * _FIRST)
                second = np.uint64((second + bits) * _SECOND)
            first = np.uint64(mix(first) | np.uint64(1))
            if k == 0 or first < keys[i, 0]:
                keys[i, 0] = first
                keys[i, 1] = mix(second)
                turns[i] = k


class _Table:
    """Evaluations of one spec, one place per hash: what comes later takes the place."""

    def __init__(self, spec: GameSpec, memory_bytes: int) -> None:
        row = 4 * (spec.actions + 3 + 1 + spec.points) + 16
        self.places = max(memory_bytes // row, 1)
        self.keys = np.zeros((self.places, 2), np.uint64)
        self.logits = np.zeros((self.places, spec.actions), np.float32)
        self.value = np.zeros((self.places, 3), np.float32)
        self.score = np.zeros(self.places, np.float32)
        self.ownership = np.zeros((self.places, spec.points), np.float32)


class CachedEvaluator:
    """Remembers what another evaluator said.

    Safe to call from several threads; two that miss the same position at once both ask. Results are
    the evaluator's own, so a search is the same with and without, if that is a pure function.
    """

    def __init__(
        self, evaluator: Evaluator, memory_mb: int = 64, *, symmetric: bool = False
    ) -> None:
        """Put a cache of at most ``memory_mb`` MiB in front of ``evaluator``.

        With ``symmetric``, turned and mirrored positions are one. More is found, but an evaluation
        then depends on which of them came first, as far as a network treats them differently.
        """
        self._evaluator = evaluator
        self._memory = (memory_mb << 20) // _SPECS
        self._symmetric = symmetric
        self._tables: OrderedDict[GameSpec, _Table] = OrderedDict()
        self._lock = Lock()
        self.asked = 0
        """Positions that were asked about so far."""
        self.missed = 0
        """Of these, how many the evaluator had to answer."""

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        numbers = spec.symmetries if self._symmetric else spec.symmetries[:1]
        keys, turns = self._keys(spec, positions, numbers)
        at = (keys[:, 0] >> np.uint64(1)).astype(np.int64)
        with self._lock:
            table = self._table(spec)
            at %= table.places
            known = (table.keys[at] == keys).all(axis=1)
            logits, value = table.logits[at], table.value[at]
            score, ownership = table.score[at], table.ownership[at]
        # Half of a key tells the few positions of one batch apart, and sorts ten times as fast.
        _, first, same = np.unique(keys[:, 0], return_index=True, return_inverse=True)
        asking = first[~known[first]]
        if len(asking):
            answer = self._evaluator.evaluate(spec, positions[asking])
            moved = _turned(spec, numbers, answer, turns[asking])
            with self._lock:
                here = at[asking]
                table.keys[here] = keys[asking]
                table.logits[here], table.ownership[here] = moved
                table.value[here], table.score[here] = answer.value, answer.score
            place = np.full(len(first), -1)
            place[~known[first]] = np.arange(len(asking))
            new = np.flatnonzero(~known)
            source = place[same[new]]
            logits[new], ownership[new] = moved[0][source], moved[1][source]
            value[new], score[new] = answer.value[source], answer.score[source]
        with self._lock:
            self.asked += len(positions)
            self.missed += len(asking)
        logits, ownership = _turned_back(spec, numbers, logits, ownership, turns)
        return Evaluation(logits, value, score, ownership)

    def clear(self) -> None:
        """Forget everything: the evaluator has changed."""
        with self._lock:
            self._tables.clear()

    def _keys(
        self, spec: GameSpec, positions: Positions, numbers: tuple[int, ...]
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        planes, globals_ = spec.features(positions)
        keys = np.zeros((len(positions), 2), np.uint64)
        turns = np.zeros(len(positions), np.int64)
        points_from = permutations(spec.height, spec.width, numbers).copy()
        bits = np.ascontiguousarray(globals_, np.float32).view(np.uint32)
        _key_rows(planes, bits, points_from, keys, turns)
        return keys, turns

    def _table(self, spec: GameSpec) -> _Table:
        """The table of a spec; with the lock held."""
        table = self._tables.get(spec)
        if table is None:
            table = self._tables[spec] = _Table(spec, self._memory)
            if len(self._tables) > _SPECS:
                self._tables.popitem(last=False)
        self._tables.move_to_end(spec)
        return table


def _turned(
    spec: GameSpec, numbers: tuple[int, ...], answer: Evaluation, turns: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits and ownership as seen on the boards turned by ``turns``."""
    if not turns.any():
        return answer.policy_logits, answer.ownership
    actions_from = action_permutations(spec.height, spec.width, numbers)[turns]
    points_from = permutations(spec.height, spec.width, numbers)[turns]
    return (
        np.take_along_axis(answer.policy_logits, actions_from.astype(np.int64), axis=1),
        np.take_along_axis(answer.ownership, points_from.astype(np.int64), axis=1),
    )


def _turned_back(
    spec: GameSpec,
    numbers: tuple[int, ...],
    logits: NDArray[np.float32],
    ownership: NDArray[np.float32],
    turns: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Undo :func:`_turned`."""
    if not turns.any():
        return logits, ownership
    own_logits, own_ownership = np.empty_like(logits), np.empty_like(ownership)
    actions_from = action_permutations(spec.height, spec.width, numbers)[turns].astype(np.int64)
    points_from = permutations(spec.height, spec.width, numbers)[turns].astype(np.int64)
    np.put_along_axis(own_logits, actions_from, logits, axis=1)
    np.put_along_axis(own_ownership, points_from, ownership, axis=1)
    return own_logits, own_ownership
