"""A training run that is killed again and again: ``python -m tests.support.killed_run``.

Everything is imported and compiled once, then each attempt is a fork of this process, so that a
hundred kills take a minute. Prints one JSON line per attempt: the newest state's cycle, or what is
wrong with the folder.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from miai.config import to_toml
from selfplay.data.replay import ReplayConfig
from selfplay.learn.learner import LearnerConfig
from selfplay.play.worker import SelfPlayConfig
from selfplay.run import Run
from selfplay.run.config import GameConfig, RunConfig, ScheduleConfig
from selfplay.run.state import load_state, states


def tiny_run(cycles: int) -> RunConfig:
    """Tic-tac-toe, some tens of milliseconds a cycle."""
    return RunConfig(
        seed=5,
        game=GameConfig("tic_tac_toe", 3, 3),
        network="b2c16",
        selfplay=SelfPlayConfig(
            slots=12, threads=1, simulations=4, simulations_late=8, sampled_plies=4, first_games=8
        ),
        replay=ReplayConfig(first_rows=100, capacity=400),
        learner=LearnerConfig(batch=32),
        schedule=ScheduleConfig(
            cycles=cycles, plies_per_cycle=5, rows_before_training=60, checkpoint_minutes=1.0
        ),
    )


def train(path: Path, cycles: int, tell: Callable[[], object] = lambda: None) -> None:
    """Begin or go on, to the end; ``tell`` when the first cycle begins and when each ends."""
    config = tiny_run(cycles)
    with Run(path, config, to_toml(config)) as run:
        tell()
        run.train(lambda metrics: tell())


def attempt(path: Path, cycles: int, moments: random.Random | None) -> bool:
    """Train in a fork and kill it: while it starts, or within one of its first cycles.

    Without ``moments`` it may come to the end. Says whether it failed by itself.
    """
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            train(path, cycles, lambda: os.write(tell, b"."))
            code = 0
        finally:
            os._exit(code)
    os.close(tell)
    if moments is not None:
        began = time.monotonic()
        for _ in range(moments.randrange(4)):
            began = time.monotonic()
            os.read(ready, 1)
        time.sleep(moments.uniform(0.0, min(time.monotonic() - began, 0.2)))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(ready)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0


def main(path: Path, cycles: int, kills: int, seed: int) -> None:
    """Kill ``kills`` attempts at random moments, then let one come to the end."""
    torch.set_num_threads(1)
    config = tiny_run(1)
    warm = path.with_name("warm")
    with Run(warm, config, to_toml(config)) as run:
        run._source.play([1], [2])
    moments = random.Random(seed)
    for number in range(kills + 1):
        failed = attempt(path, cycles, moments if number < kills else None)
        newest = states(path / "states")
        cycle = load_state(newest[-1])[1].cycle if newest else 0
        print(json.dumps({"attempt": number, "cycle": cycle, "failed": failed}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
