"""The evaluation cache: the same answers, fewer questions, within its memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from agents.evaluators.cached import CachedEvaluator
from engine.games import ConnectFourSpec, GameSpec, GoSpec, HexSpec, OthelloSpec
from engine.games.spec import Positions
from engine.search import Evaluation, Search, SearchConfig
from engine.search.rules import RULES
from engine.symmetry import permutations
from tests.support.evaluators import ByInputs, same, turned
from tests.support.positions import random_positions

SPECS = [GoSpec(5, 5, 0.5), OthelloSpec(6, 6), ConnectFourSpec(4, 5, 3), HexSpec(4, 4)]


def unfinished(spec: GameSpec, count: int, seed: int) -> Positions:
    positions = random_positions(spec, count, spec.points // 2, seed=seed)
    return positions[~spec.finished(positions)]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_answers_are_the_evaluators_own(spec: GameSpec) -> None:
    plain, inner = ByInputs(), ByInputs()
    cached = CachedEvaluator(inner)
    for seed in (1, 2, 1):
        positions = unfinished(spec, 40, seed)
        same(cached.evaluate(spec, positions), plain.evaluate(spec, positions))
    assert cached.asked == plain.rows
    assert cached.missed == inner.rows < plain.rows * 2 / 3 + 1


def test_equal_rows_of_a_batch_are_asked_about_once() -> None:
    spec, inner = SPECS[0], ByInputs()
    cached = CachedEvaluator(inner)
    cached.evaluate(spec, spec.allocate(64))
    assert inner.rows == 1
    cached.clear()
    cached.evaluate(spec, spec.allocate(64))
    assert inner.rows == 2


def test_rules_tell_positions_apart() -> None:
    inner = ByInputs()
    cached = CachedEvaluator(inner)
    for komi in (0.5, 7.5):
        spec = GoSpec(5, 5, komi)
        same(cached.evaluate(spec, spec.allocate(1)), ByInputs().evaluate(spec, spec.allocate(1)))
    rows = SPECS[0].allocate(3)
    rows["komi_half_points"] = [1, 5, 9]
    cached.evaluate(SPECS[0], rows)
    assert inner.rows == 4, "komi 0.5 was known"


class Fair(ByInputs):
    """Treats turned positions alike: logits and ownership are a plane of the inputs, smoothed."""

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        self.rows += len(positions)
        planes, _ = spec.features(positions)
        plane = planes @ np.arange(1, planes.shape[2] + 1)
        logits = np.concatenate([plane, plane.sum(axis=1, keepdims=True)], axis=1)
        value = np.tile(np.array([0.5, 0.2, 0.3], np.float32), (len(plane), 1))
        return Evaluation(
            logits.astype(np.float32),
            value,
            plane.sum(axis=1).astype(np.float32),
            plane.astype(np.float32),
        )


@pytest.mark.parametrize(
    "spec, actions",
    [
        (GoSpec(5, 5, 0.5), [7, 13, 3]),
        (ConnectFourSpec(4, 5, 3), [15, 16, 10]),
        (HexSpec(4, 4), [1, 6, 8]),
    ],
    ids=str,
)
def test_turned_positions_are_one_if_asked_for(spec: GameSpec, actions: list[int]) -> None:
    inner = Fair()
    cached = CachedEvaluator(inner, symmetric=True)
    count = len(permutations(spec.height, spec.width, spec.symmetries))
    for k in range(count):
        position = turned(spec, actions, k)
        same(cached.evaluate(spec, position), Fair().evaluate(spec, position))
    assert inner.rows == 1
    assert cached.asked == count >= 2


def test_memory_is_a_cap() -> None:
    spec, inner = SPECS[0], ByInputs()
    cached = CachedEvaluator(inner, memory_mb=1)
    plain = ByInputs()
    for seed in range(60):
        positions = unfinished(spec, 100, seed)
        same(cached.evaluate(spec, positions), plain.evaluate(spec, positions))
    table = cached._tables[spec]
    assert table.keys.nbytes + table.memory.nbytes <= 1 << 19
    assert inner.rows > table.places, "the table was full"
    for size in (4, 6, 7):
        other = GoSpec(size, size, 0.5)
        cached.evaluate(other, other.allocate(1))
    assert len(cached._tables) == 2


@pytest.mark.parametrize("symmetric", [False, True])
def test_threads_get_right_answers(symmetric: bool) -> None:
    spec = SPECS[0]
    inner = Fair() if symmetric else ByInputs()
    cached = CachedEvaluator(inner, memory_mb=1, symmetric=symmetric)

    def work(seed: int) -> None:
        for part in range(10):
            positions = unfinished(spec, 20, (seed + part) % 7)
            same(cached.evaluate(spec, positions), type(inner)().evaluate(spec, positions))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))


@pytest.mark.parametrize("algorithm", list(RULES))
def test_a_search_is_the_same_with_fewer_evaluations(algorithm: str) -> None:
    spec = SPECS[0]
    visits = []
    for inner in (ByInputs(), cached := CachedEvaluator(ByInputs())):
        search = Search(spec, inner, 3, SearchConfig(algorithm=algorithm), 202)
        slots, numbers = np.arange(3, dtype=np.int32), np.arange(3, dtype=np.uint64)
        for _ in range(2):
            search.begin(slots, spec.allocate(3), numbers, numbers)
            search.run(slots, 200)
        visits.append(search.read(slots).visits)
    assert np.array_equal(*visits)
    assert cached.missed < cached.asked / 4
