"""One training run: play, store, learn, save; again until the time is up.

A cycle plays a fixed number of plies in every slot with one set of weights, stores the rows of the
games that ended, trains on the replay window, and saves everything as one atomic file. So a kill at
any moment costs the games in flight and the unfinished cycle's training, nothing else.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

import engine.games
from agents.evaluators.auto import Backend, model_evaluator
from agents.evaluators.int8 import Inputs, calibrate
from agents.evaluators.torch_evaluator import limit_threads
from agents.network.checkpoint import save_network
from agents.network.config import NetworkConfig
from agents.network.folded import fold_model
from agents.network.inputs import widen
from agents.network.model import PolicyValueNet
from engine.errors import RunError
from engine.files import write_atomic
from engine.games.spec import GameSpec
from engine.random import SYMMETRY, generator
from engine.records.record import GameRecord
from engine.records.sgf import write_sgf
from engine.search import SearchConfig
from selfplay.benchmark import BenchmarkConfig
from selfplay.folder import RunFolder
from selfplay.keep import KeepConfig, clear_shards
from selfplay.learner import Learner, LearnerConfig
from selfplay.measures import calibration, opening_lines
from selfplay.replay import ReplayConfig, ReplayWindow
from selfplay.shards import Rows, read_shard, write_shard
from selfplay.state import TrainingState, load_state, save_state
from selfplay.watch import LiveGame, LiveGames
from selfplay.worker import FinishedGame, Group, SelfPlayConfig

_CALIBRATION_ROWS = 256
_DIVERGED = 2.0
"""Times the usual loss: more is no bad luck with a batch."""
_GENTLER = 0.3
"""Share of the learning rate after a divergence."""

Progress = Callable[[dict[str, object]], None]
"""Is told each cycle's metrics."""


@dataclass(frozen=True)
class GameConfig:
    """Which game is learned, with its usual rules."""

    name: Literal["go", "othello", "gomoku", "tic_tac_toe", "connect_four", "hex"] = "go"
    height: int = field(default=9, metadata={"min": 2, "max": 25, "unit": "points"})
    width: int = field(default=9, metadata={"min": 2, "max": 25, "unit": "points"})
    komi: float = field(default=7.0, metadata={"unit": "points", "why": "Go: fair on 9x9"})

    def spec(self) -> GameSpec:
        """The rules."""
        return self.spec_with(self.komi)

    def spec_with(self, komi: float) -> GameSpec:
        """The rules with another komi, in a game that has one."""
        rules = {"komi": komi} if self.name == "go" else {}
        return engine.games.make(self.name, self.height, self.width, **rules)


@dataclass(frozen=True)
class ScheduleConfig:
    """How long, and how the time is shared."""

    minutes: float = field(
        default=30.0, metadata={"min": 0.0, "unit": "minutes", "why": "over all resumes"}
    )
    cycles: int = field(
        default=0, metadata={"min": 0, "why": "0: the clock decides; else exactly so many"}
    )
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
    checkpoint_minutes: float = field(default=5.0, metadata={"min": 0.0, "unit": "minutes"})


@dataclass(frozen=True)
class RunConfig:
    """A whole run; every part sits beside the code that obeys it."""

    seed: int = 1
    game: GameConfig = field(default_factory=GameConfig)
    evaluator: Backend = field(
        default="auto", metadata={"why": "8 bits on a CPU, torch where there is a GPU"}
    )
    network: str = field(default="b4c32", metadata={"why": "a named size, see agents.network"})
    future_head: bool = field(
        default=False, metadata={"why": "a head that predicts the board some plies later"}
    )
    search: SearchConfig = field(default_factory=lambda: SearchConfig(no_pass_before=30))
    selfplay: SelfPlayConfig = field(default_factory=SelfPlayConfig)
    replay: ReplayConfig = field(default_factory=ReplayConfig)
    learner: LearnerConfig = field(default_factory=LearnerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    benchmark: BenchmarkConfig = field(default_factory=BenchmarkConfig)
    keep: KeepConfig = field(default_factory=KeepConfig)


class Run:
    """A run in its folder. Use as a context manager: it holds the folder's lock.

    Raises:
        RunError: if the folder is in use, or belongs to another configuration.
    """

    def __init__(self, path: Path, config: RunConfig, config_text: str) -> None:
        self.folder = RunFolder(path)
        self.config = config
        self._lock = self.folder.lock()
        self.folder.write_config(config_text)
        self.spec = config.game.spec()
        network = NetworkConfig.named(config.network, self.spec, future=config.future_head)
        self._learner = Learner(PolicyValueNet.initial(network, config.seed), config.learner)
        self.state = TrainingState()
        self.resumed = self.folder.state.exists()
        if self.resumed:
            self.state = load_state(self.folder.state, self._learner)
        self._window = ReplayWindow(self.spec, config.replay)
        self._reload_window()
        self._evaluator = model_evaluator(
            self._learner.averaged_model(), self.spec, config.evaluator
        )
        self._groups = self._new_groups()
        self._future = config.future_head
        self._notes: list[str] = []
        self._live = LiveGames(self.folder.live)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _reload_window(self) -> None:
        """Bring back the rows on disk, those of a cycle that was cut off before its save too."""
        for path in self.folder.shards():
            rows = read_shard(path)
            self._window.add(rows)
            self.state.next_game = max(self.state.next_game, int(rows.game.max()) + 1)
            self.state.next_shard = max(self.state.next_shard, int(path.stem) + 1)

    def _new_groups(self) -> list[Group]:
        config = self.config.selfplay
        return [
            Group(
                self.spec,
                self._evaluator,
                self.config.search,
                config,
                self.config.seed,
                self.state.next_game + thread,
                config.threads,
            )
            for thread in range(config.threads)
        ]

    @property
    def progress(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        schedule = self.config.schedule
        if schedule.cycles:
            return min(self.state.cycle / schedule.cycles, 1.0)
        return min(self.state.elapsed_s / max(schedule.minutes * 60.0, 1e-9), 1.0)

    def train(self, report: Progress) -> None:
        """Go on until the run's time is up.

        Raises:
            RunError: if the disk is full or training diverged; the last state is intact.
        """
        try:
            with ThreadPoolExecutor(self.config.selfplay.threads) as pool:
                while self.progress < 1.0:
                    self._cycle(pool, report)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise RunError(
                f"expected room on the disk of {str(self.folder.path)!r}, found none; "
                "the last state is intact: make room, then give the same command again"
            ) from error

    def _cycle(self, pool: ThreadPoolExecutor, report: Progress) -> None:
        started = time.perf_counter()
        simulations = self._simulations()
        rows, games = self._play(pool, simulations)
        played = time.perf_counter()
        losses, steps = self._learn(rows)
        learned = time.perf_counter()
        self.state.cycle += 1
        self.state.games += len(games)
        self.state.rows += 0 if rows is None else len(rows)
        metrics = self._describe(rows, games, losses, steps)
        seconds = time.perf_counter() - started
        self.state.elapsed_s += seconds
        plies = self.config.schedule.plies_per_cycle * self.config.selfplay.slots
        evaluations = plies * self.config.selfplay.threads * (simulations + 1)
        metrics |= {
            "elapsed_s": self.state.elapsed_s,
            "progress": self.progress,
            "simulations": simulations,
            "play_s": played - started,
            "learn_s": learned - played,
            "evaluations_per_s": evaluations / (played - started),
            "games_per_s": len(games) / seconds,
            "rows_per_s": 0.0 if rows is None else len(rows) / seconds,
        }
        if self._notes:
            metrics["notes"], self._notes = self._notes, []
        self._save(rows, games, metrics)
        self._show(games, seconds)
        report(metrics)

    def _show(self, games: Sequence[FinishedGame], seconds: float) -> None:
        """Leave something to watch."""
        ended = [LiveGame(game.number, game.komi, game.actions, score=game.score) for game in games]
        self._live.write(self.state.cycle, seconds, self._groups[0].in_play(), ended)

    def _simulations(self) -> int:
        config = self.config.selfplay
        span = config.simulations_late - config.simulations
        return config.simulations + round(span * self.progress)

    def _play(
        self, pool: ThreadPoolExecutor, simulations: int
    ) -> tuple[Rows | None, list[FinishedGame]]:
        """Play the cycle's plies in all groups at once."""
        plies = self.config.schedule.plies_per_cycle

        def play(group: Group) -> tuple[list[Rows], list[FinishedGame]]:
            limit_threads(1)
            parts: list[Rows] = []
            games: list[FinishedGame] = []
            for _ in range(plies):
                more_rows, more_games = group.step(simulations)
                parts += more_rows
                games += more_games
            return parts, games

        outcomes = list(pool.map(play, self._groups))
        parts = [part for rows, _ in outcomes for part in rows]
        games = [game for _, finished in outcomes for game in finished]
        self.state.next_game = max(group.games_started for group in self._groups)
        return (Rows.concatenate(parts) if parts else None), games

    def _learn(self, rows: Rows | None) -> tuple[dict[str, float], int]:
        """Train on the window in proportion to what is new; return mean losses and steps."""
        schedule = self.config.schedule
        if rows is not None:
            self._window.add(rows)
            self.state.training_credit += len(rows) * schedule.passes
        if self._window.total_rows < schedule.rows_before_training:
            return {}, 0
        batch = self.config.learner.batch
        steps = int(self.state.training_credit // batch)
        self.state.training_credit -= steps * batch
        totals = self._take_steps(steps)
        if steps:
            self._evaluator.update(self._learner.averaged_model(), self._recent_inputs())
        return totals, steps

    def _take_steps(self, steps: int) -> dict[str, float]:
        """Train; a loss that leaves its level brings back the last saved weights, once."""
        try:
            totals = self._mean_losses(steps)
            level, total = self.state.loss_level, totals.get("total", 0.0)
            if level and total > _DIVERGED * level:
                raise RunError(f"expected a loss of about {level:.2f}, got {total:.3g}")
        except RunError as error:
            if self.state.rate_share < 1.0 or not self.folder.state.exists():
                raise RunError(
                    f"training diverged: {error}; the last state is intact: start a new run with a "
                    "lower schedule.learning_rate"
                ) from error
            load_state(self.folder.state, self._learner)
            self.state.rate_share = _GENTLER
            self._notes.append(f"{error}: back to the last state, at {_GENTLER:g} of the rate")
            return {}
        if steps:
            self.state.loss_level = total if not level else 0.9 * level + 0.1 * total
        return totals

    def _mean_losses(self, steps: int) -> dict[str, float]:
        totals: dict[str, float] = {}
        random = generator(self.config.seed, self.state.cycle, 0, SYMMETRY)
        for _ in range(steps):
            drawn = self._window.sample(random, self.config.learner.batch, future=self._future)
            losses = self._learner.train_step(drawn, self._learning_rate())
            for name, value in losses.items():
                totals[name] = totals.get(name, 0.0) + value / steps
        return totals

    def _recent_inputs(self) -> Inputs:
        """Planes and globals of some recent rows, to calibrate on."""
        random = generator(self.config.seed, self.state.cycle, 1, SYMMETRY)
        batch = self._window.sample(random, _CALIBRATION_ROWS)
        layout = batch.layout
        images = batch.planes.reshape(len(batch.planes), layout.height, layout.width, -1)
        return widen(self._learner.model.config, layout, images, batch.globals)

    def _learning_rate(self) -> float:
        schedule = self.config.schedule
        if self.progress <= schedule.decay_from:
            return schedule.learning_rate * self.state.rate_share
        share = (self.progress - schedule.decay_from) / max(1.0 - schedule.decay_from, 1e-9)
        ratio = schedule.final_learning_rate / schedule.learning_rate
        return float(schedule.learning_rate * self.state.rate_share * ratio**share)

    def _describe(
        self, rows: Rows | None, games: Sequence[FinishedGame], losses: dict[str, float], steps: int
    ) -> dict[str, object]:
        """The cycle's numbers, among them the few that show a silent failure."""
        lengths = [len(game.actions) for game in games]
        metrics: dict[str, object] = {
            "cycle": self.state.cycle,
            "games": self.state.games,
            "rows": self.state.rows,
            "window_rows": self._window.size,
            "new_rows": 0 if rows is None else len(rows),
            "steps": steps,
            "learning_rate": self._learning_rate(),
        }
        if rows is not None:
            policy = rows.policy.astype(np.float32)
            entropy = -(policy * np.log(np.maximum(policy, 1e-9))).sum(axis=1)
            result = 1.0 - rows.outcome.astype(np.float32)
            root_q = rows.root_value[:, 0].astype(np.float32) - rows.root_value[:, 2]
            metrics |= {
                "mean_plies": float(np.mean(lengths)),
                "cut_games": float(np.mean(np.array(lengths) >= self._groups[0].longest)),
                "black_wins": float(np.mean([game.score > 0 for game in games])),
                "distinct_games": len({game.actions for game in games}) / len(games),
                "target_entropy": float(entropy.mean()),
                "value_error": float(np.square(root_q - result).mean()),
                "calibration": calibration(root_q, result),
            }
        return metrics | {f"loss_{name}": value for name, value in losses.items()}

    def _save(
        self,
        rows: Rows | None,
        games: Sequence[FinishedGame],
        metrics: dict[str, object],
    ) -> None:
        state, folder = self.state, self.folder
        if rows is not None:
            write_shard(folder.shard(state.next_shard), rows)
            state.next_shard += 1
        minutes = self.config.schedule.checkpoint_minutes
        due = state.elapsed_s - state.checkpoint_s >= minutes * 60.0 or self.progress >= 1.0
        if due and rows is not None and state.cycle > 1:
            started = time.perf_counter()
            self._write_checkpoint(games)
            metrics["checkpoint"] = folder.checkpoint(state.cycle).stem
            clear_shards(self.config.keep, folder.shards(), self._window.size)
            state.elapsed_s += time.perf_counter() - started
            state.checkpoint_s = state.elapsed_s
        save_state(folder.state, self._learner, state)
        folder.append(folder.metrics, metrics)
        lines = opening_lines(self.spec, {game.number: game.actions for game in games}, rows)
        folder.append(folder.openings, {"cycle": state.cycle, "games": lines})

    def _write_checkpoint(self, games: Sequence[FinishedGame]) -> None:
        state = self.state
        save_network(
            self.folder.checkpoint(state.cycle),
            self._learner.averaged_model(),
            {
                "made_by": "self-play",
                "game": self.config.game.name,
                "height": self.config.game.height,
                "width": self.config.game.width,
                "seed": self.config.seed,
                "cycle": state.cycle,
                "games": state.games,
                "rows": state.rows,
                "minutes": round(state.elapsed_s / 60.0, 2),
            },
            calibrate(fold_model(self._learner.averaged_model()), self._recent_inputs()),
        )
        records = [self._record(game) for game in games[: self.config.keep.games]]
        write_atomic(
            self.folder.games(state.cycle), b"\n".join(write_sgf(record) for record in records)
        )

    def _record(self, game: FinishedGame) -> GameRecord:
        spec = self.config.game.spec_with(game.komi)
        winner = "B" if game.score > 0 else "W"
        return GameRecord(
            spec=spec,
            actions=game.actions,
            black="miai",
            white="miai",
            result=f"{winner}+{abs(game.score):g}" if game.score else "0",
            extra={"GN": f"game {game.number} of {self.folder.path.name}"},
        )
