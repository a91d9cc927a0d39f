"""Boards and games of several sizes in one batch: the same losses as apart, and it is learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games import GameSpec, GoSpec, make
from selfplay.data.mixed import mixed
from selfplay.data.replay import Batch, ReplayConfig, make_batch
from selfplay.data.windows import Windows
from selfplay.learn.learner import Learner, LearnerConfig
from tests.support.lively import enlivened
from tests.support.small import some_rows

SPECS = (GoSpec(5, 5), GoSpec(4, 7), make("hex", 6), make("othello", 4))


def batch_of(spec: GameSpec, seed: int) -> Batch:
    batch = make_batch(some_rows(spec, 6, seed), np.random.default_rng(seed), spec.symmetries)
    known = np.ones(len(batch.weight), np.float32)
    stones = np.zeros((*batch.planes.shape[:2], 2), np.uint8)
    stones[:, ::3, 0] = 1
    return batch.changed(
        weight=known,
        policy_weight=known,
        reply_weight=known,
        score=np.nan_to_num(batch.score),
        short_q=np.zeros_like(batch.short_q),
        future=stones,
        future_weight=known,
    )


def test_a_mixed_batch_has_the_losses_of_its_parts() -> None:
    model = enlivened(
        PolicyValueNet.initial(NetworkConfig.named("b2c16", *SPECS, future=True), 1), 2
    )
    learner = Learner(model, LearnerConfig())
    learner._autocast = False
    batches = [batch_of(spec, seed) for seed, spec in enumerate(SPECS)]
    with torch.no_grad():
        apart = [learner.losses(batch, learner.predict(batch)) for batch in batches]
        whole = mixed(model.config, batches)
        together = learner.losses(whole, learner.predict(whole))
    assert whole.planes.shape[:2] == (24, 6 * 7)
    assert set(together) == set(apart[0])
    for name, loss in together.items():
        expected = np.mean([float(part[name]) for part in apart])
        assert float(loss) == pytest.approx(expected, rel=1e-3, abs=1e-4), name


def test_one_network_learns_from_all_of_them_at_once() -> None:
    model = PolicyValueNet.initial(NetworkConfig.named("b2c16", *SPECS, future=True), 1)
    learner = Learner(model, LearnerConfig(root_share=0.0))
    whole = mixed(model.config, [batch_of(spec, seed) for seed, spec in enumerate(SPECS)])
    first = learner.train_step(whole, 3e-3)
    for _ in range(100):
        last = learner.train_step(whole, 3e-3)
    assert last["value"] < 0.7 * first["value"]
    assert last["total"] < first["total"]
    assert all(np.isfinite(value) for value in last.values())


def test_a_batch_without_a_future_stays_without() -> None:
    batches = [
        make_batch(some_rows(spec, 6, 1), np.random.default_rng(1), spec.symmetries)
        for spec in SPECS[:2]
    ]
    whole = mixed(NetworkConfig.named("b2c16", *SPECS[:2]), batches)
    assert "future" not in whole.columns and "future_weight" not in whole.columns
    assert whole.policy.shape == (12, 5 * 7 + 1)
    assert np.allclose(whole.policy.sum(axis=1), 1.0, atol=1e-2)


def test_windows_of_several_tasks_give_batches_with_rows_of_each() -> None:
    config = NetworkConfig.named("b2c16", *SPECS[:3])
    shares, weights = [0.5, 0.3, 0.2], [False] * 3
    windows = Windows(SPECS[:3], shares, ReplayConfig(first_rows=100), weights, config)
    random = np.random.default_rng(1)
    windows.add(some_rows(SPECS[0], 40))
    windows.add(some_rows(SPECS[1], 40))
    planes = config.plane_names.index("on_board")

    def points(count: int) -> list[int]:
        return windows.sample(random, count).planes[:, :, planes].sum(axis=1).tolist()

    assert points(16) == [25] * 10 + [28] * 6, "a window without rows gives none"
    windows.add(some_rows(SPECS[2], 40))
    assert points(20) == [25] * 10 + [28] * 6 + [36] * 4
