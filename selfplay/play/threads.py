"""A source that plays games in threads of this process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from agents.evaluators.auto import following_backend, network_evaluator
from engine.search import Evaluator
from selfplay.data.shards import Rows
from selfplay.play.source import Lot, Published
from selfplay.play.worker import FinishedGame, Group
from selfplay.run.config import RunConfig
from selfplay.run.state import Arrays, part_of
from selfplay.run.watch import WATCHED, LiveGame


class ThreadSource:
    """Plays all or some of a run's groups of games, with one thread for each share of cores."""

    def __init__(
        self,
        config: RunConfig,
        network: Published,
        threads: Sequence[int] | None = None,
        load: Callable[[Published], Evaluator] | None = None,
    ) -> None:
        """Prepare the groups. ``load`` makes evaluators in place of the run's backend.

        ``threads`` are numbers below ``config.selfplay.threads``, all of them by default. Each has
        one group for every task of the run.
        """
        self._config = config
        self._tasks = config.all_tasks()
        self._spec = self._tasks[0].spec
        self._load = load or self._by_backend
        self._network = network
        chosen = range(config.selfplay.threads) if threads is None else threads
        evaluator = self._load(network)
        self._groups = [
            dict(enumerate(self._prepared(evaluator, thread), thread * len(self._tasks)))
            for thread in chosen
        ]
        """Groups by thread; within a thread, by the group's index in the run."""
        self._pool = ThreadPoolExecutor(len(self._groups), "self-play")

    def _prepared(self, evaluator: Evaluator, thread: int) -> list[Group]:
        """Make the groups of one thread, one for each task."""
        config, count = self._config, len(self._tasks)
        stride = config.selfplay.threads * count
        return [
            Group(
                task.spec,
                evaluator,
                task.search,
                task.play,
                config.seed,
                thread * count + place,
                stride,
            )
            for place, task in enumerate(self._tasks)
        ]

    def publish(self, network: Published) -> None:
        evaluator = self._load(network)
        for group in self._all().values():
            group.evaluator = evaluator
        self._network = network

    def _by_backend(self, network: Published) -> Evaluator:
        network.require_unchanged()
        backend = following_backend(self._config.evaluator)
        return backend.load(network.path, self._spec, 1)

    def invite(self, opponent: Path) -> None:
        evaluator = network_evaluator(
            opponent, self._spec, backend=self._config.evaluator, threads=1, cached=False
        )
        for group in self._all().values():
            group.opponent = evaluator

    def play(self, plies: Sequence[int], simulations: Sequence[int]) -> list[Lot]:
        def play(groups: dict[int, Group]) -> list[Lot]:
            _take_one_core()
            tasks = {index: self._task(index) for index in groups}
            return [self._lot(i, plies[task], simulations[task]) for i, task in tasks.items()]

        return [lot for lots in self._pool.map(play, self._groups) for lot in lots]

    def _task(self, index: int) -> int:
        """Return the index of the task that a group plays."""
        return index % len(self._tasks)

    def _lot(self, index: int, plies: int, simulations: int) -> Lot:
        group = self._all()[index]
        before = group.evaluations
        parts: list[Rows] = []
        games: list[FinishedGame] = []
        for _ in range(plies):
            more_rows, more_games = group.step(simulations)
            parts += more_rows
            games += [replace(game, task=self._task(index)) for game in more_games]
        rows = Rows.concatenate(parts) if parts else None
        evaluations = group.evaluations - before
        return Lot(index, self._network.hash, rows, tuple(games), evaluations)

    def in_play(self) -> list[LiveGame]:
        first = self._groups[0]
        if not self._config.several:
            return next(iter(first.values())).in_play()
        share = max(WATCHED // len(self._tasks), 1)
        return [
            replace(game, task=self._tasks[self._task(index)].name)
            for index, group in first.items()
            for game in group.in_play()[:share]
        ]

    def _all(self) -> dict[int, Group]:
        return {index: group for groups in self._groups for index, group in groups.items()}

    def arrays(self) -> Arrays:
        return {
            f"group.{index}.{name}": array
            for index, group in self._all().items()
            for name, array in group.state().items()
        }

    def restore(self, arrays: Arrays) -> None:
        for index, group in self._all().items():
            group.restore(part_of(arrays, f"group.{index}."))

    def notes(self) -> list[str]:
        return []

    def measures(self) -> dict[str, object]:
        return {}

    def close(self) -> None:
        self._pool.shutdown()


def _take_one_core() -> None:
    """Limit torch to one core in this thread, if torch is loaded."""
    if "torch" in sys.modules:
        from agents.torch_threads import limit_threads

        limit_threads(1)
