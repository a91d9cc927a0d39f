"""A cache in front of an evaluator: equal positions of all trees are evaluated once.

Positions are equal if a network's inputs are equal. The inputs are what the spec's ``features``
write of stones, turn, latest actions and rules such as the komi. So the cache serves only
evaluators that read nothing else.
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
    """Hash each row's inputs, as they are or in the symmetry with the smallest hash.

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


@kernel
def _look_up_rows(
    keys: NDArray[np.uint64],
    known: NDArray[np.uint64],
    memory: NDArray[np.float32],
    answers: NDArray[np.float32],
    places: NDArray[np.int64],
    sources: NDArray[np.int64],
    asking: NDArray[np.int64],
) -> int:
    """Copy the known answers, and list the rows that the evaluator has to answer.

    Args:
        keys: uint64 ``(rows, 2)``.
        known, memory: uint64 ``(places, 2)`` and float32 ``(places, width)`` of a table.
        answers: float32 ``(rows, width)``, written where the answer is known.
        places: int64 ``(rows,)``, written: index of each row's place in the table.
        sources: int64 ``(rows,)``, written: index in ``asking`` of the row with the same key, -1
            where the answer is known.
        asking: int64 ``(rows,)``, written: rows to evaluate, each key once. Returns their number.
    """
    count = 0
    for i in range(len(keys)):
        first, second = keys[i, 0], keys[i, 1]
        place = np.int64(first >> np.uint64(1)) % len(known)
        places[i] = place
        if known[place, 0] == first and known[place, 1] == second:
            answers[i] = memory[place]
            sources[i] = -1
            continue
        same = -1
        for k in range(count):
            if keys[asking[k], 0] == first and keys[asking[k], 1] == second:
                same = k
                break
        if same < 0:
            same = count
            asking[count] = i
            count += 1
        sources[i] = same
    return count


@kernel
def _remember_rows(
    keys: NDArray[np.uint64],
    known: NDArray[np.uint64],
    memory: NDArray[np.float32],
    fresh: NDArray[np.float32],
    places: NDArray[np.int64],
    sources: NDArray[np.int64],
    answers: NDArray[np.float32],
) -> None:
    """Put ``fresh`` answers float32 ``(asked, width)`` into the table and the rows' answers."""
    for i in range(len(keys)):
        if sources[i] >= 0:
            answers[i] = fresh[sources[i]]
            memory[places[i]] = fresh[sources[i]]
            known[places[i]] = keys[i]


class _Table:
    """Evaluations of one spec, one place per hash; a later entry replaces an earlier one."""

    def __init__(self, spec: GameSpec, memory_bytes: int) -> None:
        self.width = spec.actions + 3 + 1 + spec.points
        self.places = max(memory_bytes // (4 * self.width + 16), 1)
        self.keys = np.zeros((self.places, 2), np.uint64)
        self.memory = np.zeros((self.places, self.width), np.float32)
        """float32 ``(places, width)``: logits, value, score and ownership of each place."""


class CachedEvaluator:
    """Caches the evaluations of another evaluator.

    It is safe to call from several threads; two that miss the same position at once both evaluate
    it. If the evaluator is a pure function, a search is the same with and without the cache.
    """

    def __init__(
        self, evaluator: Evaluator, memory_mb: int = 64, *, symmetric: bool = False
    ) -> None:
        """Put a cache of at most ``memory_mb`` MiB in front of ``evaluator``.

        With ``symmetric``, turned and mirrored positions share an entry. The cache then finds more
        positions, but an evaluation depends on which symmetric position came first.
        """
        self._evaluator = evaluator
        self._memory = (memory_mb << 20) // _SPECS
        self._symmetric = symmetric
        self._tables: OrderedDict[GameSpec, _Table] = OrderedDict()
        self._lock = Lock()
        self.asked = 0
        """Number of positions requested so far."""
        self.missed = 0
        """Number of requested positions that were not in the cache."""

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        numbers = spec.symmetries if self._symmetric else spec.symmetries[:1]
        keys, turns = self._keys(spec, positions, numbers)
        rows, actions = len(positions), spec.actions
        places, sources = np.empty(rows, np.int64), np.empty(rows, np.int64)
        asking = np.empty(rows, np.int64)
        with self._lock:
            table = self._table(spec)
            answers = np.empty((rows, table.width), np.float32)
            known = (table.keys, table.memory)
            count = _look_up_rows(keys, *known, answers, places, sources, asking)
        if count:
            asking = asking[:count]
            told = self._evaluator.evaluate(spec, positions[asking])
            logits, ownership = _turned(spec, numbers, told, turns[asking])
            parts = (logits, told.value, told.score[:, None], ownership)
            fresh = np.concatenate(parts, axis=1, dtype=np.float32)
            with self._lock:
                _remember_rows(keys, *known, fresh, places, sources, answers)
        with self._lock:
            self.asked += rows
            self.missed += count
        logits, ownership = _turned_back(
            spec, numbers, answers[:, :actions], answers[:, actions + 4 :], turns
        )
        value, score = answers[:, actions : actions + 3], answers[:, actions + 3]
        return Evaluation(logits.copy(), value.copy(), score.copy(), ownership.copy())

    def clear(self) -> None:
        """Drop all entries, because the evaluator has changed."""
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
        """Return the table of a spec; the caller holds the lock."""
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
    """Turn logits and ownership by the symmetries ``turns``."""
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
