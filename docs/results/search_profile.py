"""Where the time of a search goes: ``python docs/results/search_profile.py``.

``parties`` prints nanoseconds a simulation by party, ``share`` how much of self-play passes inside
the evaluator: the 8-bit network of the given size, and a scripted one that takes 0.1 ms a position.
Processor time of each thread, so that other work on the machine counts little; a thread that only
waits, as in the scripted evaluator, is measured by the clock.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from agents.evaluators.auto import model_evaluator
from agents.evaluators.constant import ConstantEvaluator
from agents.torch_threads import limit_threads
from engine.games import GameSpec, make
from engine.games.spec import Positions
from engine.search import Evaluation, Evaluator, Search, SearchConfig, backup
from miai.config import build, load_preset
from miai.measure.networks import find_network
from miai.measure.search import EmptyBoardSearch
from selfplay.play.worker import Group
from selfplay.run import RunConfig

SECONDS_A_POSITION = 1e-4


class Stopwatch:
    """Adds up the time that functions take."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def watch(self, owner: Any, name: str, label: str) -> None:
        function = getattr(owner, name)

        def timed(*args: Any, **more: Any) -> Any:
            started = time.thread_time()
            result = function(*args, **more)
            self.spent[label] += time.thread_time() - started
            return result

        setattr(owner, name, timed)


def parties(spec: GameSpec, slots: int, leaves: int, algorithm: str) -> None:
    config = SearchConfig(algorithm=algorithm)
    search = EmptyBoardSearch(spec, config, slots, leaves)
    search.step()
    best = min(_cost(search.step) for _ in range(7))
    kernels = [(config.rule, "select"), (backup, "expand_and_back_up_rows")]
    verbs = [(type(spec), name) for name in ("replay", "candidates", "features", "finished")]
    others = [(Search, "_round"), (ConstantEvaluator, "evaluate")]
    kept = [(owner, name, getattr(owner, name)) for owner, name in (*kernels, *verbs, *others)]
    watch = Stopwatch()
    for owner, name, _ in kept:
        watch.watch(owner, name, name)
    done = sum(search.step() for _ in range(7))
    for owner, name, function in kept:
        setattr(owner, name, function)
    parts = {name: seconds / done * 1e9 for name, seconds in watch.spent.items()}
    whole = parts.pop("_round")
    parts["the rest of a round"] = whole - sum(parts.values())
    print(f"{spec}, {algorithm}, {slots} trees, {leaves} in flight: {1e9 / best:,.0f} a second")
    for name, cost in sorted(parts.items(), key=lambda part: -part[1]):
        print(f"  {name:<26} {cost:6.0f} ns  {cost / whole:5.1%}")


def _cost(step: Callable[[], int]) -> float:
    """Nanoseconds a simulation."""
    started = time.thread_time()
    done = step()
    return (time.thread_time() - started) / done * 1e9


class Timed:
    """An evaluator that notes how long its callers wait for it."""

    def __init__(self, inner: Evaluator, clock: Callable[[], float]) -> None:
        self.inner, self.clock, self.inside = inner, clock, [0.0]

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        started = self.clock()
        found = self.inner.evaluate(spec, positions)
        self.inside.append(self.clock() - started)
        return found


class Waiting(ConstantEvaluator):
    """Prepares a network's inputs, then takes its time as a device would."""

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        due = time.perf_counter() + SECONDS_A_POSITION * len(positions)
        spec.features(positions)
        found = super().evaluate(spec, positions)
        time.sleep(max(due - time.perf_counter(), 0.0))
        return found


def share(network: str | None, plies: int) -> None:
    """Self-play of the preset go9 on two threads, ``plies`` in every slot."""
    config = build(RunConfig, load_preset("go9"), source="go9")
    spec, play = config.spec(), config.selfplay
    clock = time.perf_counter if network is None else time.thread_time
    if network is None:
        evaluator: Evaluator = Waiting()
    else:
        evaluator = model_evaluator(find_network(network, spec), spec, config.evaluator)
    watched = [Timed(evaluator, clock) for _ in range(play.threads)]
    groups = [
        Group(spec, watched[k], config.search, play, config.seed, k, play.threads)
        for k in range(play.threads)
    ]

    def work(group: Group) -> float:
        started = clock()
        for _ in range(plies):
            group.step(play.simulations)
        return clock() - started

    with ThreadPoolExecutor(play.threads, initializer=limit_threads, initargs=(1,)) as pool:
        for group in groups:
            group.step(play.simulations)  # compiles
        for each in watched:
            each.inside = [0.0]
        whole = np.sum(list(pool.map(work, groups)))
    inside = sum(sum(each.inside) for each in watched)
    positions = plies * play.slots * play.threads * (play.simulations + 1)
    print(
        f"{network or 'scripted, 0.1 ms a position'}: {inside / whole:.1%} of the time inside the "
        f"evaluator; outside {(whole - inside) / positions * 1e6:.2f} microseconds a simulation"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["parties", "share"])
    parser.add_argument("--network", default="b6c64")
    parser.add_argument("--plies", type=int, default=8)
    args = parser.parse_args()
    if args.what == "parties":
        parties(make("go", 9), 64, 1, "puct")
        parties(make("go", 9), 1, 8, "puct")
        parties(make("go", 9), 64, 1, "gumbel")
        parties(make("go", 19), 64, 1, "puct")
    else:
        share(args.network, args.plies)
        share(None, args.plies)


if __name__ == "__main__":
    main()
