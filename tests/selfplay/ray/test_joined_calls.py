"""Calls of several threads as one batch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.games import make
from engine.games.spec import Positions
from engine.search import Evaluation
from selfplay.ray.evaluators import JoinedCalls
from tests.support.positions import random_positions

SPEC = make("tic_tac_toe")


def by_plies(positions: Positions) -> Evaluation:
    """An evaluation that tells which position it belongs to."""
    rows = len(positions)
    return Evaluation(
        np.repeat(positions["plies"].astype(np.float32)[:, None], SPEC.actions, axis=1),
        np.ones((rows, 3), np.float32),
        positions["plies"].astype(np.float32),
        np.zeros((rows, SPEC.points), np.float32),
    )


def test_each_call_gets_its_own_rows_of_one_batch() -> None:
    joined = JoinedCalls(by_plies, callers=4, wait_s=10.0)
    asked = [random_positions(SPEC, 2 + n, 4, n) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(joined.evaluate, asked))
    assert joined.batches == 1
    for positions, answer in zip(asked, answers, strict=True):
        np.testing.assert_array_equal(answer.score, positions["plies"])
        assert answer.policy_logits.shape == (len(positions), SPEC.actions)


def test_a_call_that_stays_alone_is_answered() -> None:
    joined = JoinedCalls(by_plies, callers=4, wait_s=0.01)
    assert joined.evaluate(random_positions(SPEC, 3, 4, 0)).score.shape == (3,)


def test_an_error_reaches_all_callers_and_the_next_call_works() -> None:
    broken = [True]

    def sometimes(positions: Positions) -> Evaluation:
        if broken[0]:
            raise ValueError("no device")
        return by_plies(positions)

    joined = JoinedCalls(sometimes, callers=2, wait_s=10.0)

    def call(_: int) -> str:
        with pytest.raises(ValueError, match="no device") as caught:
            joined.evaluate(random_positions(SPEC, 2, 4, 0))
        return str(caught.value)

    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(call, range(2))] == ["no device"] * 2
    broken[0] = False
    joined._callers = 1
    assert len(joined.evaluate(random_positions(SPEC, 2, 4, 0)).value) == 2
