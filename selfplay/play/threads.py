"""Games played by threads of this process: the source that needs nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
from selfplay.run.watch import LiveGame


class ThreadSource:
    """Plays a run's groups of games, or some of them, with a thread for each share of the cores."""

    def __init__(
        self, config: RunConfig, network: Published, threads: Sequence[int] | None = None
    ) -> None:
        """Prepare the groups.

        ``threads`` are numbers below ``config.selfplay.threads``, all of them by default. Each has
        one group for every board of the run.
        """
        self._config = config
        self._spec = config.game.spec()
        self._backend = following_backend(config.evaluator)
        self._network = network
        chosen = range(config.selfplay.threads) if threads is None else threads
        boards = len(config.game.specs())
        evaluator = self._evaluator(network)
        self._groups = [
            dict(enumerate(_groups(config, evaluator, thread), thread * boards))
            for thread in chosen
        ]
        """By thread, and there by the group's index in the run."""
        self._pool = ThreadPoolExecutor(len(self._groups), "self-play")

    def publish(self, network: Published) -> None:
        evaluator = self._evaluator(network)
        for group in self._all().values():
            group.evaluator = evaluator
        self._network = network

    def _evaluator(self, network: Published) -> Evaluator:
        network.require_unchanged()
        return self._backend.load(network.path, self._spec, 1)

    def invite(self, opponent: Path) -> None:
        evaluator = network_evaluator(
            opponent, self._spec, backend=self._config.evaluator, threads=1, cached=False
        )
        for group in self._all().values():
            group.opponent = evaluator

    def play(self, plies: int, simulations: int) -> list[Lot]:
        def play(groups: dict[int, Group]) -> list[Lot]:
            _take_one_core()
            return [self._lot(index, plies, simulations) for index in groups]

        return [lot for lots in self._pool.map(play, self._groups) for lot in lots]

    def _lot(self, index: int, plies: int, simulations: int) -> Lot:
        group = self._all()[index]
        before = group.evaluations
        parts: list[Rows] = []
        games: list[FinishedGame] = []
        for _ in range(plies):
            more_rows, more_games = group.step(simulations)
            parts += more_rows
            games += more_games
        rows = Rows.concatenate(parts) if parts else None
        evaluations = group.evaluations - before
        return Lot(index, self._network.hash, rows, tuple(games), evaluations)

    def in_play(self) -> list[LiveGame]:
        return next(iter(self._all().values())).in_play()

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

    def close(self) -> None:
        self._pool.shutdown()


def _take_one_core() -> None:
    """Keep torch to one core in this thread; where it is not loaded, no thread of it runs."""
    if "torch" in sys.modules:
        from agents.evaluators.torch_evaluator import limit_threads

        limit_threads(1)


def _groups(config: RunConfig, evaluator: Evaluator, thread: int) -> list[Group]:
    """One thread's groups, a board each. What is counted in plies is scaled to a board's points."""
    specs, shares, play = config.game.specs(), config.game.shares(), config.selfplay
    stride = play.threads * len(specs)
    slots = [max(round(share * play.slots), 1) for share in shares[1:]]
    slots = [play.slots - sum(slots), *slots]
    groups = []
    for board, spec in enumerate(specs):
        scale = spec.points / specs[0].points
        search = replace(config.search, no_pass_before=round(config.search.no_pass_before * scale))
        own = replace(play, slots=slots[board], sampled_plies=round(play.sampled_plies * scale))
        first = thread * len(specs) + board
        groups.append(Group(spec, evaluator, search, own, config.seed, first, stride))
    return groups
