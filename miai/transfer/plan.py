"""What a transfer experiment consists of: its games, budgets, seeds and matches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from agents.parse import read_spelling
from engine.errors import ConfigError
from miai.config import build, load_preset
from selfplay.learn.parameters import Parameters
from selfplay.run.config import GameConfig, RunConfig
from selfplay.run.few import FEWEST, few_games
from selfplay.run.tasks import TaskConfig

MANY: Final = "many"
"""A start: the network that learned all games but the one held out."""
NONE: Final = "none"
"""A start: random weights."""


@dataclass(frozen=True)
class TransferPlan:
    """Settings of a transfer experiment."""

    pretraining: RunConfig = field(
        metadata={"why": "a run of several tasks; each of their games is held out in turn"}
    )
    games: tuple[int, ...] = field(
        default=(0, 30, 100, 300, 1000, 3000),
        metadata={"min": 0, "why": "budgets of the held-out game; 0 is the start itself"},
    )
    starts: tuple[str, ...] = field(
        default=(MANY, NONE),
        metadata={"why": "many: all other games; none: nothing; or the name of one other task"},
    )
    parameters: tuple[Parameters, ...] = field(
        default=("full",), metadata={"why": "what is trained: full, lora or heads"}
    )
    rank: int = field(
        default=1, metadata={"min": 1, "max": 64, "why": "of adapters; 1 in b4c32 is 4 %"}
    )
    repeated: tuple[int, ...] = field(
        default=(100, 1000), metadata={"min": 1, "why": "budgets with more than one seed"}
    )
    seeds: int = field(default=3, metadata={"min": 1, "max": 100, "why": "of these budgets"})
    simulations: int = field(
        default=64, metadata={"min": 1, "why": "for each move of a match between networks"}
    )
    pair_games: int = field(
        default=40, metadata={"min": 2, "why": "of two players, half of them with either colour"}
    )
    anchors: tuple[str, ...] = field(
        default=("rollouts:100", "rollouts:500", "rollouts:2000"),
        metadata={"why": "players that every network meets, on any machine"},
    )

    def check(self) -> None:
        """Refuse a plan that cannot be run, before anything starts.

        Raises:
            ConfigError: with what is wrong and what to write.
        """
        tasks = self.pretraining.tasks
        if len({task.game for task in tasks}) < 2:
            raise ConfigError(
                "expected tasks of at least two games in [[pretraining.tasks]], since one is held "
                f"out, got {[task.game for task in tasks]!r}"
            )
        self.pretraining.check()
        known = (MANY, NONE, *(task.name for task in tasks))
        for start in self.starts:
            if start not in known:
                raise ConfigError(f"expected starts among {', '.join(known)}, got {start!r}")
        for name, given in (("games", self.games), ("repeated", self.repeated)):
            few = [count for count in given if 0 < count < FEWEST]
            if few:
                raise ConfigError(
                    f"expected budgets of 0 or at least {FEWEST} games in {name}, got {few[0]}: "
                    "fewer teach nothing"
                )
        if self.pair_games % 2:
            raise ConfigError(f"expected an even number for pair_games, got {self.pair_games}")
        for anchor in self.anchors:
            if read_spelling(anchor).kind not in ("rollouts", "random"):
                raise ConfigError(
                    f"expected anchors of random or rollouts:N, which any machine has, got "
                    f"{anchor!r}"
                )

    @property
    def held_out(self) -> list[str]:
        """Names of the tasks that are held out in turn: the first of each game."""
        found: dict[str, str] = {}
        for task in self.pretraining.tasks:
            found.setdefault(task.game, task.name)
        return list(found.values())

    def task(self, name: str) -> TaskConfig:
        """The settings of a task."""
        return next(task for task in self.pretraining.tasks if task.name == name)

    def starts_of(self, held_out: str) -> list[str]:
        """The starts for a held-out task: single other games are those of other games."""
        game = self.task(held_out).game
        return [s for s in self.starts if s in (MANY, NONE) or self.task(s).game != game]

    def pretraining_of(self, held_out: str, start: str) -> RunConfig:
        """The run that makes a start: its tasks are those of other games, or a single one."""
        game = self.task(held_out).game
        tasks = [task for task in self.pretraining.tasks if task.game != game]
        if start != MANY:
            tasks = [task for task in tasks if task.name == start]
        return replace(self.pretraining, tasks=tuple(tasks))

    def cell_config(
        self, held_out: str, start: str, parameters: Parameters, games: int, seed: int
    ) -> RunConfig:
        """The run of one cell; ``start`` is a network file, or empty.

        It has the task's own rules, search and self-play settings, and one thread: the number of
        threads changes how sums are rounded, and cells of several processes must be comparable.
        """
        given, base = self.task(held_out), self.pretraining
        task = next(task for task in base.all_tasks() if task.name == held_out)
        config = replace(
            RunConfig(),
            seed=seed,
            game=GameConfig(given.game, given.height, given.width, given.komi),
            evaluator=base.evaluator,
            network=base.network,
            start=start,
            search=task.search,
            selfplay=replace(task.play, slots=base.selfplay.slots, threads=1),
            replay=base.replay,
            learner=replace(base.learner, parameters=parameters, rank=self.rank),
        )
        return few_games(config, games) if games else config


def read_plan(name_or_path: str) -> TransferPlan:
    """Read and check a plan: one that comes with the program, or a TOML file.

    Raises:
        ConfigError: if there is no such plan, it is no TOML, or says something that cannot be run.
    """
    plan = build(TransferPlan, load_preset(name_or_path, "plans"), source=name_or_path)
    plan.check()
    return plan
