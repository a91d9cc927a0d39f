"""Small rows, networks and runs for the tests of this room."""

from __future__ import annotations

import numpy as np

from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games.go import GoSpec
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec
from selfplay.data.replay import ReplayConfig
from selfplay.data.shards import Rows
from selfplay.learn.learner import LearnerConfig
from selfplay.play.worker import SelfPlayConfig
from selfplay.run import GameConfig, RunConfig, ScheduleConfig
from selfplay.run.keep import KeepConfig
from tests.support.positions import random_positions


def small_network(spec: GameSpec | None = None, seed: int = 0) -> PolicyValueNet:
    """An untrained b2c16."""
    spec = spec or GoSpec(5, 5)
    config = NetworkConfig.named("b2c16", spec)
    return PolicyValueNet.initial(config, seed)


def some_rows(spec: GameSpec, count: int, seed: int = 0) -> Rows:
    """Rows of real positions with made-up targets that depend on the row."""
    random = np.random.default_rng(seed)
    positions = random_positions(spec, count, spec.points // 2, seed)
    planes, globals_ = spec.features(positions)
    legal = spec.legal(positions)
    policy = np.where(legal, random.random(legal.shape), 0.0)
    outcome = random.integers(3, size=count).astype(np.uint8)
    return Rows(
        layout=InputLayout.of(spec),
        planes=np.packbits(planes.reshape(count, -1), axis=1),
        globals=globals_,
        policy=(policy / policy.sum(axis=1, keepdims=True)).astype(np.float16),
        policy_weight=np.ones(count, np.float32),
        outcome=outcome,
        root_value=np.eye(3, dtype=np.float16)[outcome],
        short_q=random.uniform(-1, 1, (count, 2)).astype(np.float16),
        score=random.normal(0, 5, count).astype(np.float32),
        ownership=random.integers(-1, 2, (count, spec.points)).astype(np.int8),
        weight=np.ones(count, np.float32),
        game=np.arange(count, dtype=np.int64) // 4,
        ply=(np.arange(count) % 4).astype(np.int16),
    )


def small_run(**schedule: float) -> RunConfig:
    """A 5x5 run whose cycles take a fraction of a second."""
    settings: dict[str, float] = {
        "cycles": 4,
        "plies_per_cycle": 30,
        "rows_before_training": 100,
        "checkpoint_minutes": 0.0,
    }
    settings |= schedule
    return RunConfig(
        seed=3,
        game=GameConfig(height=5, width=5, komi=0.5),
        network="b2c16",
        selfplay=SelfPlayConfig(
            slots=8,
            threads=2,
            simulations=4,
            simulations_late=6,
            max_plies_share=1.6,
            sampled_plies=6,
        ),
        replay=ReplayConfig(first_rows=500, capacity=5000),
        learner=LearnerConfig(batch=64),
        schedule=ScheduleConfig(**settings),  # type: ignore[arg-type]
        keep=KeepConfig(shards="all"),
    )
