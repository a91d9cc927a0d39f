"""The settings of a run: its game, its budget, and the combinations that are refused.

A run's budget is one of minutes, cycles, games or rows. Under the last three, all decisions follow
counts and never the clock, so a run repeats byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from agents.evaluators.registry import AUTO, BACKENDS, following
from agents.network.config import SIZES, NetworkConfig
from agents.network.heads import TEACHING
from engine.errors import ConfigError
from engine.games.spec import GameSpec
from engine.search import SearchConfig
from selfplay.data.replay import ReplayConfig
from selfplay.learn.heads import HEADS
from selfplay.learn.learner import LearnerConfig
from selfplay.play.worker import SelfPlayConfig
from selfplay.ray.config import RayConfig
from selfplay.run.adapt import AdaptConfig
from selfplay.run.benchmark import BenchmarkConfig
from selfplay.run.folder import VERSION
from selfplay.run.keep import KeepConfig
from selfplay.run.rehearsal import RehearsalConfig
from selfplay.run.state import TrainingState
from selfplay.run.tasks import Task, TaskConfig, conflicts_of, make_spec, resolved, shared_slots


@dataclass(frozen=True)
class GameConfig:
    """The game that the run learns, and its boards; the rules are the usual ones."""

    name: str = field(default="go", metadata={"why": "one of engine.games.GAMES"})
    height: int = field(default=9, metadata={"min": 2, "max": 25, "unit": "points"})
    width: int = field(default=9, metadata={"min": 2, "max": 25, "unit": "points"})
    komi: float = field(default=7.0, metadata={"unit": "points", "why": "Go: fair on 9x9"})

    other_sizes: tuple[int, ...] = field(
        default=(),
        metadata={"min": 2, "max": 25, "why": "square boards that a share of the games is on"},
    )
    other_share: float = field(
        default=0.25, metadata={"min": 0.01, "max": 0.9, "why": "of games on all of them together"}
    )

    def check(self) -> None:
        """Refuse an unknown game, or a board that the game does not have.

        Raises:
            ConfigError, SpecError: if the game or the board does not exist.
        """
        self.specs()

    def spec(self) -> GameSpec:
        """The rules; raises as :func:`~selfplay.run.tasks.make_spec`."""
        return make_spec(self.name, self.height, self.width, self.komi)

    def specs(self) -> list[GameSpec]:
        """The rules on every board of the run, its main board first."""
        return [
            self.spec(),
            *(make_spec(self.name, size, size, self.komi) for size in self.other_sizes),
        ]

    def shares(self) -> list[float]:
        """Share of the games on each board of :meth:`specs`."""
        others = len(self.other_sizes)
        if not others:
            return [1.0]
        return [1.0 - self.other_share] + [self.other_share / others] * others


@dataclass(frozen=True)
class ScheduleConfig:
    """How long the run lasts, and how self-play and learning share the time."""

    minutes: float = field(
        default=30.0, metadata={"min": 0.0, "unit": "minutes", "why": "over all resumes"}
    )
    cycles: int = field(
        default=0, metadata={"min": 0, "why": "a budget instead of minutes; 0 is none"}
    )
    games: int = field(default=0, metadata={"min": 0, "why": "the same in finished games"})
    rows: int = field(default=0, metadata={"min": 0, "why": "the same in rows"})
    plies_per_cycle: int = field(
        default=16, metadata={"min": 1, "why": "about 4,000 rows with 256 slots"}
    )
    passes: float = field(
        default=3.0, metadata={"min": 0.0, "why": "how often each row is trained on, about"}
    )
    rows_before_training: int = field(default=8000, metadata={"min": 1, "unit": "rows"})
    learning_rate: float = field(
        default=8e-3, metadata={"min": 0.0, "why": "Muon and AdamW take steps of one size"}
    )
    final_learning_rate: float = field(default=8e-4, metadata={"min": 0.0})
    decay_from: float = field(
        default=0.7, metadata={"min": 0.0, "max": 1.0, "why": "share of the run at the full rate"}
    )
    round_from: float = field(
        default=1.0,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "why": "share of the run after which it trains as 8 bits compute; 1: never",
        },
    )
    checkpoint_minutes: float = field(
        default=5.0,
        metadata={
            "min": 0.0,
            "unit": "minutes",
            "why": "with another budget, the same share of the run as it is of `minutes`",
        },
    )

    gating: bool = field(
        default=False,
        metadata={"why": "only a checkpoint that wins its match against the last one plays"},
    )

    @property
    def counted(self) -> bool:
        """Whether the budget is a count; then no decision may depend on the clock."""
        return bool(self.cycles or self.games or self.rows)

    def spent(self, counts: TrainingState) -> float:
        """The used part of the budget, in the budget's unit."""
        if self.cycles:
            return counts.cycle
        if self.games:
            return counts.games
        return counts.rows if self.rows else counts.elapsed_s

    @property
    def budget(self) -> float:
        """The whole budget, in cycles, games, rows or seconds."""
        return float(self.cycles or self.games or self.rows or self.minutes * 60.0)

    @property
    def checkpoint_every(self) -> float:
        """How much of the budget lies between checkpoints."""
        return self.budget * min(self.checkpoint_minutes / max(self.minutes, 1e-9), 1.0)

    def checkpoint_due(self, state: TrainingState) -> bool:
        """Whether the cycle that just ended makes a checkpoint."""
        due = self.spent(state) - state.checkpoint_at >= self.checkpoint_every
        return state.cycle > 1 and (due or self.progress(state) >= 1.0)

    def progress(self, counts: TrainingState) -> float:
        """Share of the run that is done, in [0, 1]."""
        return min(self.spent(counts) / max(self.budget, 1e-9), 1.0)

    def rate(self, progress: float) -> float:
        """Learning rate: constant, then exponential decay, or linear decay where the end is 0."""
        if progress <= self.decay_from or self.learning_rate == 0.0:
            return self.learning_rate
        share = (progress - self.decay_from) / max(1.0 - self.decay_from, 1e-9)
        if self.final_learning_rate == 0.0:
            return self.learning_rate * (1.0 - share)
        return float(self.learning_rate * (self.final_learning_rate / self.learning_rate) ** share)


def usual_settings(config: RunConfig) -> RunConfig:
    """Return the usual settings of everything that ``config`` names, its tasks included."""
    tasks = tuple(TaskConfig(name=task.name) for task in config.tasks)
    return replace(RunConfig(), tasks=tasks)


def further_heads() -> list[str]:
    """Names of the optional heads that no other setting switches on."""
    return [name for name in TEACHING if name in HEADS and name not in ("short", "future")]


@dataclass(frozen=True)
class RunConfig:
    """All settings of a run; each part is defined beside the code that uses it."""

    version: int = field(default=VERSION, metadata={"why": "of the run folder"})
    seed: int = field(default=1, metadata={"min": 0, "max": 2**63 - 1})
    game: GameConfig = field(default_factory=GameConfig)
    tasks: tuple[TaskConfig, ...] = field(
        default=(), metadata={"why": "several games for one network, in place of the section game"}
    )
    evaluator: str = field(
        default=AUTO, metadata={"why": "8 bits on a CPU, torch where there is a GPU"}
    )
    network: str = field(default="b4c32", metadata={"why": "a named size, see agents.network"})
    start: str = field(
        default="",
        metadata={"why": "begin with this network: a file, a run's folder or shipped; empty: none"},
    )
    future_head: bool = field(
        default=False, metadata={"why": "a head that predicts the board some plies later"}
    )
    heads: tuple[str, ...] = field(
        default=(), metadata={"why": "further heads that only teach, see docs/add-a-target.md"}
    )
    search: SearchConfig = field(default_factory=lambda: SearchConfig(no_pass_before=30))
    selfplay: SelfPlayConfig = field(default_factory=SelfPlayConfig)
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    adapt: AdaptConfig = field(default_factory=AdaptConfig)
    rehearsal: RehearsalConfig = field(default_factory=RehearsalConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    benchmark: BenchmarkConfig = field(default_factory=BenchmarkConfig)
    ray: RayConfig = field(default_factory=RayConfig)
    keep: KeepConfig = field(default_factory=KeepConfig)

    @property
    def several(self) -> bool:
        """Whether the run has several tasks, each with a name of its own."""
        return len(self.tasks) > 1

    def spec(self) -> GameSpec:
        """The rules of the first task."""
        return self.tasks[0].spec() if self.tasks else self.game.spec()

    def all_tasks(self) -> list[Task]:
        """All tasks with their full settings; a run of one game has one task."""
        if self.tasks:
            return resolved(self.tasks, self.search, self.selfplay)
        specs, shares = self.game.specs(), self.game.shares()
        slots = shared_slots(self.selfplay.slots, shares)
        return [self._on(spec, shares[i], slots[i]) for i, spec in enumerate(specs)]

    def _on(self, spec: GameSpec, share: float, slots: int) -> Task:
        """Make the task of one board; settings in plies are scaled to the board's points."""
        scale = spec.points / self.game.spec().points
        no_pass_before = round(self.search.no_pass_before * scale)
        sampled_plies = round(self.selfplay.sampled_plies * scale)
        return Task(
            "",
            spec,
            share,
            replace(self.search, no_pass_before=no_pass_before),
            replace(self.selfplay, slots=slots, sampled_plies=sampled_plies),
        )

    def network_config(self) -> NetworkConfig:
        """The network's shape, with the inputs of all tasks.

        The boards of ``game.other_sizes`` have the same inputs as the run's main board.
        """
        specs = [task.spec() for task in self.tasks] or [self.game.spec()]
        return NetworkConfig.named(self.network, *specs, future=self.future_head, heads=self.heads)

    def check(self) -> None:
        """Refuse settings that contradict each other, before any work starts.

        Raises:
            ConfigError: if settings conflict; it names them and says what to change.
            SpecError: if there is no such board.
        """
        self.game.check()
        self.benchmark.check()
        for task in self.tasks:
            if task.ladder:
                replace(self.benchmark, ladder=task.ladder).check()
        for wrong, expected, got in self._conflicts():
            if wrong:
                raise ConfigError(f"expected {expected}, got {got}")

    def _conflicts_of_several(self) -> list[tuple[bool, str, str]]:
        """List the settings that several tasks cannot have, in the form of :meth:`_conflicts`."""
        played = [task for task in self.all_tasks() if task.games]
        least = min((task.play.slots for task in played), default=0)
        return [
            (
                self.game != GameConfig(),
                "a section game or tasks",
                f"both: game.name={self.game.name!r} and {len(self.tasks)} tasks",
            ),
            (not played, "a task with games above 0", "none: nothing would be played"),
            (
                bool(played) and least < 4,
                "selfplay.slots and tasks.NAME.share for at least four games of each task a thread",
                f"{least!r} of {self.selfplay.slots!r} for one of them",
            ),
        ]

    def _conflicts(self) -> list[tuple[bool, str, str]]:
        """For each refused combination: whether it is present, what is allowed, what was given."""
        schedule, play, search, replay = self.schedule, self.selfplay, self.search, self.replay
        budgets = {name: getattr(schedule, name) for name in ("cycles", "games", "rows")}
        given = {name: value for name, value in budgets.items() if value}
        idle = next(iter(search.without_effect().items()), None)
        tasks = [*conflicts_of(self.tasks), *self._conflicts_of_several()] if self.tasks else []
        return [
            *tasks,
            (
                self.adapt.shares and not self.several,
                "adapt.shares=false with a single task",
                "adapt.shares=true",
            ),
            (
                len(given) > 1,
                "one budget of schedule.cycles, schedule.games and schedule.rows",
                f"{given!r}; leave one",
            ),
            (
                len({spec.points for spec in self.game.specs()}) <= len(self.game.other_sizes),
                "different boards in game.other_sizes, none of them the run's own",
                f"{self.game.other_sizes!r}",
            ),
            (
                bool(self.game.other_sizes) and self.adapt.window,
                "adapt.window=false with game.other_sizes",
                "both",
            ),
            (
                self.selfplay.slots < 4 * len(self.game.specs()),
                "selfplay.slots for at least four games on each board",
                f"{self.selfplay.slots!r} for {len(self.game.specs())} boards",
            )
            if self.game.other_sizes
            else (False, "", ""),
            (
                self.network not in SIZES,
                f"a network size from {', '.join(SIZES)}",
                f"{self.network!r} for network",
            ),
            (
                not set(self.heads) <= set(further_heads()),
                f"heads among {further_heads()!r}, the further ones that this version has",
                f"{[*self.heads]!r}",
            ),
            (
                self.evaluator not in (AUTO, *(b.name for b in BACKENDS.values() if b.follows)),
                f"{following()} for evaluator: only they follow a network in training",
                f"{self.evaluator!r}",
            ),
            (
                True,
                f"search.algorithm={idle[0]} with settings that only it has",
                f"{search.algorithm!r} with {idle[1]!r}; leave them out",
            )
            if idle
            else (False, "", ""),
            (
                play.simulations_late < play.simulations,
                "selfplay.simulations_late at or above selfplay.simulations",
                f"{play.simulations_late!r} below {play.simulations!r}",
            ),
            (
                replay.first_rows > replay.capacity,
                "replay.capacity at or above replay.first_rows",
                f"{replay.capacity!r} below {replay.first_rows!r}",
            ),
            (
                0 < schedule.rows < schedule.rows_before_training,
                "schedule.rows at or above schedule.rows_before_training",
                f"{schedule.rows!r} below {schedule.rows_before_training!r}: nothing would be "
                "learned",
            ),
        ]
