"""Self-play as a training run does it, with a fresh network; the bare evaluator and learner beside.

Games are under way and none ends while it is measured; positions come from those games.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from agents.evaluators.auto import model_evaluator
from agents.evaluators.constant import ConstantEvaluator
from agents.torch_threads import limit_threads
from engine.games.spec import GameSpec, Positions
from engine.search import Evaluation, Evaluator
from miai.config import build, load_preset
from miai.measure.networks import find_network
from miai.measure.rates import Contender, Rate
from selfplay.data.replay import make_batch
from selfplay.data.shards import Rows
from selfplay.learn.learner import Learner
from selfplay.play.worker import Group
from selfplay.run import RunConfig

_TYPICAL_PLIES = 90
"""Mean length of training games on 9x9: none may end while this is measured."""


class _Timed:
    """An evaluator that notes how long its callers waited for it, all threads together."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._lock = threading.Lock()
        self.seconds = 0.0
        self.positions = 0

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        started = time.perf_counter()
        found = self._evaluator.evaluate(spec, positions)
        with self._lock:
            self.seconds += time.perf_counter() - started
            self.positions += len(positions)
        return found


class Plies:
    """All slots of all threads, one ply at a time."""

    def __init__(self, config: RunConfig, network: str) -> None:
        spec, play = config.spec(), config.selfplay
        self._spec = spec
        self.evaluator = model_evaluator(find_network(network, spec), spec, config.evaluator)
        self._timed = _Timed(self.evaluator)
        self.simulations = play.simulations
        self.slots = play.slots * play.threads
        self._threads = play.threads
        self._pool = ThreadPoolExecutor(play.threads, initializer=limit_threads, initargs=(1,))
        self._groups = [
            Group(spec, self._timed, config.search, play, config.seed, thread, play.threads)
            for thread in range(play.threads)
        ]
        self._plies = 0
        self._seconds = 0.0

    def step(self) -> int:
        """Play one ply in every slot; return the number of evaluations."""
        before = self._timed.positions
        started = time.perf_counter()
        list(self._pool.map(lambda group: group.step(self.simulations), self._groups))
        self._seconds += time.perf_counter() - started
        self._plies += self.slots
        return self._timed.positions - before

    def bare(self) -> int:
        """Evaluate every slot's position in all threads, and nothing else; return how many."""
        boards = [group.positions for group in self._groups]
        list(self._pool.map(lambda rows: self.evaluator.evaluate(self._spec, rows), boards))
        return self.slots

    @property
    def plies_per_s(self) -> float:
        """In all steps so far."""
        return self._plies / max(self._seconds, 1e-9)

    @property
    def evaluator_share(self) -> float:
        """Share of the threads' time that they spent in the evaluator."""
        return self._timed.seconds / max(self._seconds * self._threads, 1e-9)

    def facts(self) -> dict[str, float]:
        """Every ply is a row; games follow from their usual length."""
        return {
            "games at once": self.slots,
            "simulations per ply": self.simulations,
            "plies/s": self.plies_per_s,
            f"games/s of {_TYPICAL_PLIES} plies": self.plies_per_s / _TYPICAL_PLIES,
            "share of the time in the evaluator": self.evaluator_share,
        }


class Steps:
    """The learner on rows of random positions, one step at a time."""

    def __init__(self, config: RunConfig, network: str) -> None:
        spec, count = config.spec(), config.learner.batch
        rows = _some_rows(config, count)
        threads = config.selfplay.threads
        self._learner = Learner(find_network(network, spec), config.learner, threads)
        self._batch = make_batch(rows.take(np.arange(count)), None)

    def step(self) -> int:
        """Take one step; return its rows."""
        self._learner.train_step(self._batch, 1e-4)
        return len(self._batch.weight)


def _some_rows(config: RunConfig, count: int) -> Rows:
    """Return at least ``count`` rows of short games that were played without a network."""
    play = replace(config.selfplay, slots=64, max_plies_share=0.3)
    search = replace(config.search, no_pass_before=0)
    group = Group(config.spec(), ConstantEvaluator(), search, play, config.seed, 0, 1)
    parts: list[Rows] = []
    while sum(len(part) for part in parts) < count:
        parts += group.step(1)[0]
    return Rows.concatenate(parts)


def contenders(preset: str, network: str | None = None) -> list[Contender]:
    """The preset's self-play with its own network size, or another one; evaluator and learner."""
    config = build(RunConfig, load_preset(preset), source=preset)
    size = network or config.network
    plies, steps = Plies(config, size), Steps(config, size)
    return [
        Contender(f"miai, {size}", "evaluations/s", plies.step, facts=plies.facts),
        Contender("its evaluator alone", "evaluations/s", plies.bare),
        Contender("its learner alone", "rows/s", steps.step, group="learner"),
    ]


def as_row(rates: Sequence[Rate], preset: str, passes: float) -> dict[str, object]:
    """What ``--json`` prints.

    ``rows_per_s`` is that of a whole run, which plays and learns in turns: each row is played once
    and learned from ``passes`` times.
    """
    own, bare, learner = rates
    plies = own.facts["plies/s"]
    return {
        "preset": preset,
        "name": own.name,
        "evaluations_per_s": own.value,
        "bare_evaluations_per_s": bare.value,
        "plies_per_s": plies,
        "rows_per_s": 1.0 / (1.0 / plies + passes / learner.value),
        "learner_rows_per_s": learner.value,
        "passes": passes,
        "simulations": own.facts["simulations per ply"],
        "evaluator_share": own.facts["share of the time in the evaluator"],
    }
