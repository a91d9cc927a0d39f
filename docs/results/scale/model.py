"""A discrete-event model of a run on a Ray cluster: ``python docs/results/scale/model.py FILE``.

It follows the rules of selfplay/ray/source.py with SimPy (``pip install simpy``): threads play in
pieces, ``ahead`` of them wait at most, the learner takes as many pieces as there are threads, and
none that would be more than ``lag`` versions old is left. FILE holds what was measured, from
measure.py beside this file. The model is first compared with the measured cases, then asked about
clusters that are not here.
"""

from __future__ import annotations

import json
import random
import sys
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import simpy


@dataclass(frozen=True)
class Costs:
    """What each step takes; times in seconds, sizes in MB."""

    piece_s: float
    """A piece on one worker."""
    spread: float
    """Standard deviation of that as a share of it."""
    learn_s: float
    """Learning from the rows of one piece, without what the cycle costs in any case."""
    cycle_s: float
    """What a cycle costs in any case: publishing, saving the learner, the log."""
    save_s: float
    """Saving the games in flight of one thread in the run's state."""
    receive_s: float
    """The command's processor time for one piece that arrives."""
    piece_mb: float
    """Rows and games in flight of one piece."""
    network_mb: float
    link_mb_s: float
    """The command's link to the cluster, each way."""
    games: float
    """Games that end in a piece."""
    evaluations: float
    """Positions that a piece evaluates."""


@dataclass(frozen=True)
class Case:
    """A cluster."""

    workers: int
    threads: int
    strict: bool = False
    ahead: int = 1
    lag: int = 2
    nodes: int = 1
    cores: int = 10**9
    """Processors that workers and learner share; a large number if there are enough."""


@dataclass(frozen=True)
class Answer:
    """What the model says of a case."""

    games_s: float
    evaluations_s: float
    idle: float
    """Share of the workers' time."""
    lag: float
    learning: float
    """Share of the time in which the learner is at work."""
    link: float
    """Share of the time in which the command receives."""


class _Thread:
    def __init__(self, number: int) -> None:
        self.number = number
        self.asked: deque[int] = deque()
        self.arrived: deque[int] = deque()
        self.home = -1

    def ahead(self) -> int:
        return len(self.asked) + len(self.arrived)

    def oldest(self) -> int:
        return next(iter([*self.arrived, *self.asked]), 10**9)


class Model:
    """One run of a case."""

    def __init__(self, case: Case, costs: Costs, seed: int = 1) -> None:
        self.case, self.costs = case, costs
        self.env = simpy.Environment()
        self.random = random.Random(seed)
        self.threads = [_Thread(number) for number in range(case.threads)]
        self.queues: list[deque[_Thread]] = [deque() for _ in range(case.workers)]
        self.wake: list[simpy.Event] = [self.env.event() for _ in range(case.workers)]
        self.cores = simpy.Resource(self.env, min(case.cores, case.workers + 1))
        self.link = simpy.Resource(self.env, 1)
        self.news = self.env.event()
        self.version = 0
        self.busy_s = self.learn_s = self.link_s = 0.0
        self.pieces = 0
        self.lags: list[int] = []
        for number in range(case.workers):
            self.env.process(self._worker(number))

    def run(self, cycles: int) -> Answer:
        """Run some cycles; the first tenth is left out."""
        done = self.env.process(self._learner(cycles))
        self.env.run(done)
        took = self.env.now - self.began
        pieces, costs = self.pieces, self.costs
        return Answer(
            pieces * costs.games / took,
            pieces * costs.evaluations / took,
            1.0 - self.busy_s / (took * self.case.workers),
            fmean(self.lags),
            self.learn_s / took,
            self.link_s / took,
        )

    def _on_a_core(self, seconds: float) -> Any:
        with self.cores.request() as core:
            yield core
            yield self.env.timeout(seconds)

    def _worker(self, number: int) -> Any:
        costs = self.costs
        while True:
            while not self.queues[number]:
                self.wake[number] = self.env.event()
                yield self.wake[number]
            thread = self.queues[number][0]
            began = self.env.now
            least = 0.2 * costs.piece_s
            seconds = max(self.random.gauss(costs.piece_s, costs.spread * costs.piece_s), least)
            yield self.env.process(self._on_a_core(seconds))
            self.busy_s += self.env.now - began
            self.queues[number].popleft()
            self.env.process(self._arrive(thread))

    def _arrive(self, thread: _Thread) -> Any:
        with self.link.request() as link:
            yield link
            seconds = self.costs.piece_mb / self.costs.link_mb_s + self.costs.receive_s
            yield self.env.timeout(seconds)
            self.link_s += seconds
        thread.arrived.append(thread.asked.popleft())
        if not self.news.triggered:
            self.news.succeed()

    def _ask(self, threads: list[_Thread], depth: int) -> None:
        idle = {number for number, queue in enumerate(self.queues) if not queue}
        for thread in threads:
            if depth == 1:  # only workers without a piece, so never one that has this thread's
                if not idle:
                    return
                if thread.asked:
                    continue
                best = thread.home if thread.home in idle else min(idle)
            else:
                best = thread.home
                if not thread.asked and (best < 0 or self.queues[best]):
                    best = min(range(len(self.queues)), key=lambda n: len(self.queues[n]))
            idle.discard(best)
            thread.home = best
            thread.asked.append(self.version)
            self.queues[best].append(thread)
            if not self.wake[best].triggered:
                self.wake[best].succeed()

    def _may_play(self, taken: set[int]) -> list[_Thread]:
        most = 1 if self.case.strict else self.case.ahead
        able = [t for t in self.threads if t.ahead() < most and t.number not in taken]
        return sorted(able, key=_Thread.ahead)

    def _too_old(self, thread: _Thread) -> bool:
        return thread.oldest() <= self.version - self.case.lag

    def _learner(self, cycles: int) -> Any:
        case, costs, env = self.case, self.costs, self.env
        for cycle in range(cycles):
            if cycle == max(cycles // 10, 1):
                self.began = env.now
                self.busy_s = self.learn_s = self.link_s = 0.0
                self.pieces, self.lags = 0, []
            taken: set[int] = set()
            count = 0
            while True:
                for must in (True, False):
                    for thread in self.threads:
                        while thread.arrived and (
                            self._too_old(thread) if must else count < case.threads
                        ):
                            self.lags.append(self.version - thread.arrived.popleft())
                            taken.add(thread.number)
                            count += 1
                            if not must:
                                break
                if count >= case.threads and not any(map(self._too_old, self.threads)):
                    break
                self._ask(self._may_play(taken if case.strict else set()), 1)
                self.news = env.event()
                yield self.news
            if not case.strict:
                self._ask(self._may_play(set()), case.threads)
            self.pieces += count
            began = env.now
            seconds = count * costs.learn_s + costs.cycle_s + case.threads * costs.save_s
            yield env.process(self._on_a_core(seconds))
            with self.link.request() as link:  # the file goes out once per node
                yield link
                yield env.timeout(case.nodes * costs.network_mb / costs.link_mb_s)
            self.learn_s += env.now - began
            self.version += 1


def compare(measured: list[dict[str, Any]]) -> None:
    """Print the model's answers beside what was measured."""
    print("| case | games/s measured | model | idle measured | model | lag measured | model |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for entry in measured:
        case, costs = Case(**entry["case"]), Costs(**entry["costs"])
        answer = Model(case, costs).run(200)
        seen = entry["seen"]
        print(
            f"| {entry['name']} | {seen['games_s']:.2f} | {answer.games_s:.2f} "
            f"| {seen['idle']:.0%} | {answer.idle:.0%} | {seen['lag']:.2f} | {answer.lag:.2f} |"
        )


def ask(kinds: dict[str, Costs], prices: dict[str, float]) -> None:
    """Print what the model says about clusters of 1 to 1,000 workers."""
    print(
        "| kind | workers | games/s | of ideal | idle | lag | learner busy | link busy | $/1,000 |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name, costs in kinds.items():
        alone = costs.games / costs.piece_s
        for workers in (1, 10, 100, 1000):
            case = Case(workers, workers, nodes=max(workers // 16, 1))
            answer = Model(case, costs).run({1: 100, 10: 60, 100: 20, 1000: 6}[workers])
            cents = (prices["head"] + workers * prices[name]) / 3600.0 / answer.games_s * 1000
            print(
                f"| {name} | {workers:,} | {answer.games_s:,.1f} "
                f"| {answer.games_s / (alone * workers):.0%} | {answer.idle:.0%} "
                f"| {answer.lag:.1f} | {answer.learning:.0%} | {answer.link:.0%} | {cents:.2f} |"
            )


def main() -> None:
    """Compare, then ask."""
    found = json.loads(Path(sys.argv[1]).read_text())
    compare(found["cases"])
    print()
    # One thread of 16 games a worker, as measured with one worker. Saving the games in flight and
    # the link are assumptions: 200 MB/s to the disk, 10 Gbit/s, 1 ms of the command for a piece.
    one = found["cases"][0]["costs"]
    few = Costs(
        **{
            **one,
            "cycle_s": 0.3,
            "save_s": one["piece_mb"] / 200.0,
            "receive_s": 0.001,
            "link_mb_s": 1000.0,
        }
    )
    # Assumed, not measured: 400 simulations take 25 times as long as the 16 that were measured, a
    # learner on a GPU learns 30 times as fast, a GPU plays 20 times as fast as one processor.
    many = replace(few, piece_s=few.piece_s * 25, evaluations=few.evaluations * 25)
    fast = replace(many, learn_s=many.learn_s / 30)
    ask(
        {
            "CPU, 16 simulations": few,
            "CPU, 400 simulations": many,
            "the same, a GPU learns": fast,
            "GPUs play and learn": replace(fast, piece_s=fast.piece_s / 20),
        },
        {
            "head": 1.0,
            "CPU, 16 simulations": 0.04,
            "CPU, 400 simulations": 0.04,
            "the same, a GPU learns": 0.04,
            "GPUs play and learn": 0.8,
        },
    )


if __name__ == "__main__":
    main()
