"""Batches for a learner."""

from __future__ import annotations

from engine.games.go import GoSpec
from selfplay.data.replay import make_batch
from tests.support.small import some_rows

SPEC = GoSpec(5, 5)


def batch_of(count: int, seed: int = 0):  # type: ignore[no-untyped-def]
    return make_batch(some_rows(SPEC, count, seed), None)
