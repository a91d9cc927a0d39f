"""Self-play as a training run does it, with a fresh network, without the learner."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from agents.evaluators.auto import model_evaluator
from agents.evaluators.torch_evaluator import limit_threads
from miai.config import build, load_preset
from miai.measure.networks import find_network
from miai.measure.rates import Contender
from selfplay.run import RunConfig
from selfplay.worker import Group

_TYPICAL_PLIES = 90
"""Mean length of training games on 9x9: none may end while this is measured."""


class Plies:
    """All slots of all threads, one ply at a time."""

    def __init__(self, config: RunConfig, network: str) -> None:
        spec, play = config.game.spec(), config.selfplay
        evaluator = model_evaluator(find_network(network, spec), spec, config.evaluator)
        self._simulations = play.simulations
        self._slots = play.slots * play.threads
        self._pool = ThreadPoolExecutor(play.threads, initializer=limit_threads, initargs=(1,))
        self._groups = [
            Group(spec, evaluator, config.search, play, config.seed, thread, play.threads)
            for thread in range(play.threads)
        ]
        self._plies = 0
        self._seconds = 0.0

    def step(self) -> int:
        """Play one ply in every slot; return the number of evaluations."""
        started = time.perf_counter()
        list(self._pool.map(lambda group: group.step(self._simulations), self._groups))
        self._seconds += time.perf_counter() - started
        self._plies += self._slots
        return self._slots * (self._simulations + 1)

    def facts(self) -> dict[str, float]:
        """Every ply is a row; games follow from their usual length."""
        rows = self._plies / max(self._seconds, 1e-9)
        return {
            "games at once": self._slots,
            "simulations per ply": self._simulations,
            "rows/s": rows,
            f"games/s of {_TYPICAL_PLIES} plies": rows / _TYPICAL_PLIES,
        }


def contenders(preset: str, network: str | None = None) -> list[Contender]:
    """The preset's self-play with its own network size, or another one."""
    config = build(RunConfig, load_preset(preset), source=preset)
    plies = Plies(config, network or config.network)
    name = f"miai, {network or config.network}"
    return [Contender(name, "evaluations/s", plies.step, facts=plies.facts)]
