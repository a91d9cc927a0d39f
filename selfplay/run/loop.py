"""One training run: play, store, learn, save; again until the budget is spent.

A cycle plays a fixed number of plies in every slot with one set of weights, stores the rows of the
games that ended, trains on the replay window, and saves everything, the games in flight too, as one
atomic file. A kill at any moment therefore costs only the unfinished cycle. If the budget is a
count, a resumed run is byte for byte equal to one that never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean

from agents.network.calibration import Inputs, calibrate, inputs_of
from agents.network.checkpoint import load_network, save_network
from agents.network.folded import fold_model
from agents.network.model import PolicyValueNet
from agents.torch_threads import limit_threads
from engine.errors import ConfigError, RunError
from engine.random import CyclePart, cycle_generator
from selfplay.data.shards import Rows, write_shard
from selfplay.data.windows import Windows
from selfplay.learn.learner import Learner
from selfplay.learn.parameters import trainable
from selfplay.play.league import choose_opponent
from selfplay.play.source import Published, SourceMaker, gathered
from selfplay.play.threads import ThreadSource
from selfplay.play.worker import FinishedGame
from selfplay.run.adapt import Adapter, Measured
from selfplay.run.alarms import REMEMBERED, AlarmsOfTasks
from selfplay.run.checkpoints import write_checkpoint
from selfplay.run.config import RunConfig, usual_settings
from selfplay.run.folder import RunFolder
from selfplay.run.fresh import FRESH_ROWS, of_tasks, recent_inputs
from selfplay.run.keep import clear_shards, disk_metrics
from selfplay.run.measures import memory_mb
from selfplay.run.metrics import Played, by_task, describe, entropy, of_each
from selfplay.run.rehearsal import Rehearsal, grown
from selfplay.run.shares import Shares
from selfplay.run.start import first_network, keep_start
from selfplay.run.state import (
    Arrays,
    TrainingState,
    calibration_arrays,
    load_newest,
    part_of,
    read_calibration,
    save_state,
)
from selfplay.run.tasks import Task
from selfplay.run.watch import LiveGames

_DIVERGED = 2.0
"""Multiple of the usual loss that counts as divergence; chance in a batch does not reach it."""
_GENTLER = 0.3
"""Share of the learning rate after a divergence."""

Gate = Callable[[Path, Path], bool]
"""Takes a new checkpoint and the one that plays; returns whether the new one replaces it."""
Progress = Callable[[dict[str, object]], None]
"""Callback that receives each cycle's metrics."""


class Run:
    """A run in its folder. Use as a context manager: it holds the folder's lock.

    Raises:
        ConfigError: if settings do not go together; nothing has been written then.
        RunError: if the folder is in use, or belongs to another configuration or version.
    """

    def __init__(
        self, path: Path, config: RunConfig, config_text: str, source: SourceMaker = ThreadSource
    ) -> None:
        """Open the folder and resume from its newest state.

        ``config_text`` is the configuration as TOML, for the folder. ``source`` decides where games
        are played; the games themselves do not depend on it.
        """
        config.check()
        self.folder = RunFolder(path)
        self.folder.check_version()
        self.config = config
        self._tasks = config.all_tasks()
        self._notes: list[str] = []
        first = first_network(self.folder, config)
        trainable(first, config.learner.parameters, config.learner.rank, config.seed)
        self._learner = Learner(first, config.learner, config.selfplay.threads)
        self._window = Windows(
            [task.spec for task in self._tasks],
            [task.share for task in self._tasks],
            config.replay,
            [task.play.surprise_share > 0.0 for task in self._tasks],
            first.config if config.several else None,
        )
        self._rehearsal = Rehearsal(self.folder, config.rehearsal, self._tasks, self._learner)
        self.state = TrainingState()
        self._excess: dict[str, float] = {}
        self._fresh: list[dict[str, float]] = []
        """Losses on the cycle's new rows before it trained on them, by task of several."""
        self._live = LiveGames(self.folder.live)
        self._lock = self.folder.lock()
        try:
            self.folder.write_config(config_text, asdict(usual_settings(config)))
            keep_start(self.folder, config, first)
            model = self._learner.averaged_model()
            self._seen: Sequence[Inputs] = ()
            """Positions, by task, that calibrated the playing network; empty for random games."""
            self._opponent: Path | None = None
            inputs = [inputs_of(model.config, task.spec) for task in self._shown]
            network = self._write_playing(model, inputs)
            self._source = source(config, network)
        except BaseException:
            self._lock.release()
            raise
        try:
            self.resumed = self._resume()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()
        self._lock.release()

    def _resume(self) -> bool:
        """Load the newest state; return whether there was one."""
        found, passed = load_newest(self.folder.states, self._use)
        self._notes += passed
        self.folder.forget_after(self.state.cycle)
        past = self.folder.read_lines(self.folder.metrics)[-REMEMBERED:]
        self._alarms = AlarmsOfTasks({task.name: task.spec.points for task in self._shown}, past)
        schedule, replay = self.config.schedule, self.config.replay
        self._adapter = Adapter(
            self.config.adapt, schedule.passes, replay.growth, self.state.adapted
        )
        self._shares = Shares(self._tasks, self.config.adapt.shares, self.state.adapted)
        self._adapter.restore(self._window.named(self._shown))
        self._window.shares = self._shares.now
        if found is not None:
            newest, totals = self.state.next_shard - 1, self.state.window_totals
            self._rehearsal.open(self.state)
            self._notes += self._window.reload(totals, newest, self._rehearsal.read)
            if self._grew:
                self._follow(self._learner.averaged_model(), self._recent_inputs())
                self._rehearsal.begin()
        return found is not None

    def _use(self, arrays: Arrays, state: TrainingState) -> None:
        """Restore the arrays and counters of :meth:`_save`, of fewer tasks if some were added."""
        self._grew = 0 < len(state.window_totals) < len(self._tasks)
        if self._grew:
            before = replace(self.config, tasks=self.config.tasks[: len(state.window_totals)])
            networks = first_network(self.folder, before).config, self._learner.model.config
            threads = self.config.selfplay.threads
            arrays, state = grown(arrays, state, self._tasks, networks, threads)
        self._learner.load_arrays(part_of(arrays, "learner."))
        self._source.restore(arrays)
        seen = read_calibration(arrays)
        if seen:
            playing = self._learner.averaged_model()
            if self._elected(state):
                playing = load_network(self.folder.checkpoint(state.playing))[0]
            self._follow(playing, seen)
        self.state = state

    @property
    def _shown(self) -> list[Task]:
        """The tasks with metrics of their own; several boards of one game share the first's."""
        return self._tasks if self.config.several else self._tasks[:1]

    @property
    def progress(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        return self.config.schedule.progress(self.state)

    def train(self, report: Progress, gate: Gate | None = None) -> None:
        """Train until the run's budget is spent.

        Raises:
            ConfigError: if checkpoints are gated and there is no ``gate``.
            RunError: if the folder cannot be written or training diverged; the last state is
                intact.
        """
        if self.config.schedule.gating and gate is None:
            raise ConfigError("expected a gate for schedule.gating, got none")
        self._gate = gate
        try:
            while self.progress < 1.0:
                self._cycle(report)
        except OSError as error:
            raise RunError(
                f"expected to write into {str(self.folder.path)!r}, "
                f"got {error.strerror or str(error)!r}; the last state is intact: "
                "make room or give the right to write, then give the same command again"
            ) from error
        except MemoryError as error:
            raise RunError(
                f"expected memory for games and rows, got {str(error) or 'none'!r}; the last state "
                "is intact: close other programs, then give the same command again"
            ) from error

    def _cycle(self, report: Progress) -> None:
        started = time.perf_counter()
        levels = [self._adapter.level(self.progress, task.name) for task in self._tasks]
        simulations = [t.simulations_at(at) for t, at in zip(self._tasks, levels, strict=True)]
        self._invite()
        plies = self.config.schedule.plies_per_cycle
        lots = self._source.play(self._shares.plies(plies), simulations)
        parts, games = gathered(lots)
        self._notes += self._source.notes()
        played = time.perf_counter()
        # Other code in the process may have set another thread count, which rounds differently.
        limit_threads(1)
        losses, steps = self._learn(parts)
        learned = time.perf_counter()
        self.state.cycle += 1
        self.state.games += len(games)
        new_rows = sum(len(rows) for rows in parts)
        self.state.rows += new_rows
        tasks = by_task(self._shown, parts, games)
        play_s, learn_s = played - started, learned - played
        worked_s, pause = self._alarms.without_pause(play_s + learn_s)
        self.state.elapsed_s += worked_s
        self._notes += pause
        metrics: dict[str, object] = {
            "cycle": self.state.cycle,
            "games": self.state.games,
            "rows": self.state.rows,
            "window_rows": self._window.size,
            "new_rows": new_rows,
            "steps": steps,
            "learning_rate": self._learning_rate(),
            "passes": self._adapter.passes,
            **({} if self.config.several else describe(tasks[0])),
            **{f"loss_{name}": value for name, value in losses.items()},
            **self._excess,
            "elapsed_s": self.state.elapsed_s,
            "progress": self.progress,
            "simulations": simulations[0],
            "play_s": play_s,
            "learn_s": learn_s,
            "evaluations_per_s": sum(lot.evaluations for lot in lots) / play_s,
            "games_per_s": len(games) / (play_s + learn_s),
            "rows_per_s": new_rows / (play_s + learn_s),
            "memory_mb": memory_mb(),
            **self._source.measures(),
        }
        if self.config.several:
            windows = self._window.each
            fresh = self._fresh or [{} for _ in tasks]
            self._notes += self._shares.follow(fresh, self._window.totals)
            self._window.shares = self._shares.now
            shares = self._shares.metrics()
            metrics["tasks"] = of_each(tasks, self.state, windows, simulations, fresh, shares)
        self._adapt(metrics, tasks)
        self._save(parts, games, metrics, tasks)
        ended = [game for each in tasks for game in each.to_watch()]
        self._live.write(self.state.cycle, play_s + learn_s, self._source.in_play(), ended)
        report(metrics)

    def _invite(self) -> None:
        """Let an earlier checkpoint play its side of the league's games in this cycle."""
        if self.config.selfplay.league_share <= 0.0:
            return
        path = choose_opponent(self.config.seed, self.state.cycle, self.folder.checkpoints())
        if path is not None and path != self._opponent:
            self._source.invite(path)
            self._opponent = path

    def _follow(self, model: PolicyValueNet, inputs: Sequence[Inputs]) -> None:
        """Publish these weights for self-play, calibrated on ``inputs``, one set for each task."""
        self._seen = inputs
        self._source.publish(self._write_playing(model, inputs))

    def _write_playing(self, model: PolicyValueNet, inputs: Sequence[Inputs]) -> Published:
        calibration = calibrate(fold_model(model), *inputs)
        save_network(self.folder.playing, model, {"made_by": "self-play"}, calibration)
        return Published.of(self.folder.playing)

    def _adapt(self, metrics: dict[str, object], tasks: Sequence[Played]) -> None:
        """Adapt the settings to the cycle's measurements, and check the alarms."""

        def number(name: str) -> float | None:
            value = metrics.get(name)
            return float(value) if isinstance(value, int | float) else None

        play_s, learn_s = number("play_s") or 0.0, number("learn_s") or 0.0
        counted = self.config.schedule.counted or not metrics["steps"]
        measured = Measured(
            number("fresh_excess"),
            number("known_excess"),
            {each.task.name: entropy(each.rows) for each in tasks if each.rows is not None}
            if metrics["steps"]
            else {},
            None if counted else learn_s / (play_s + learn_s),
        )
        self._notes += self._adapter.follow(measured)
        new_rows = {each.task.name: 0 if each.rows is None else len(each.rows) for each in tasks}
        self._adapter.grow(self._window.named(self._shown), new_rows)
        replay = self.config.replay
        if self.config.schedule.checkpoint_due(self.state):
            metrics |= disk_metrics(self.config.keep, self.folder, self.progress, replay.capacity)
        metrics["alarms_on"], new = self._alarms.look(metrics)
        if new:
            metrics["alarms"] = new
        if self._notes:
            metrics["notes"], self._notes = self._notes, []

    def _rounds(self) -> bool:
        """Whether the run has reached the part that trains with rounding to 8 bits."""
        return self.config.schedule.round_from < 1.0 and (
            self.progress >= self.config.schedule.round_from
        )

    def _elected(self, state: TrainingState) -> bool:
        """Whether gating has chosen a checkpoint to play in place of the network in training."""
        gating = self.config.schedule.gating
        return gating and bool(state.playing or self.config.start)

    def _learn(self, parts: Sequence[Rows]) -> tuple[dict[str, float], int]:
        """Train on the window in proportion to its new rows; return mean losses and steps."""
        schedule = self.config.schedule
        window, count = self._window, FRESH_ROWS
        self._fresh = []
        self._learner.set_rounding(self._rounds())
        random = cycle_generator(self.config.seed, self.state.cycle, CyclePart.COMPARING)
        known = window.known(random, count)
        for rows in parts:
            window.add(rows)
            self.state.training_credit += len(rows) * self._adapter.passes / self._shares.played
        if self._window.total_rows < schedule.rows_before_training:
            return {}, 0
        batch = self.config.learner.batch
        steps = int(self.state.training_credit // batch)
        self.state.training_credit -= steps * batch
        self._excess = {}
        if parts and steps and self.config.several:
            self._fresh = of_tasks(self._learner, window, parts)
        if parts and steps and known is not None:
            new = [losses["excess"] for losses in self._fresh if losses]
            self._excess = {
                "fresh_excess": fmean(new)
                if new
                else self._learner.excess(window.newest(count, parts)),
                "known_excess": self._learner.excess(known),
            }
        totals = self._take_steps(steps)
        if steps and not self._elected(self.state):
            self._follow(self._learner.averaged_model(), self._recent_inputs())
        return totals, steps

    def _stand_for_election(self, inputs: Sequence[Inputs]) -> None:
        """With gating, let the new checkpoint play only if it beats the one that plays.

        Before the first checkpoint, the network in training plays, or the starting network.
        """
        state, folder = self.state, self.folder
        if not self.config.schedule.gating:
            return
        assert self._gate is not None
        new, old = folder.checkpoint(state.cycle), folder.checkpoint(state.playing)
        if self._elected(state) and not self._gate(new, old):
            self._notes.append(f"checkpoint {new.stem} does not beat {old.stem}, which plays on")
            return
        state.playing = state.cycle
        self._follow(self._learner.averaged_model(), inputs)

    def _take_steps(self, steps: int) -> dict[str, float]:
        """Train; restore the last saved weights, once, if the loss diverges from its level."""
        try:
            totals = self._mean_losses(steps)
            level, total = self.state.loss_level, totals.get("total", 0.0)
            if level and total > _DIVERGED * level:
                raise RunError(f"expected a loss of about {level:.2f}, got {total:.3g}")
        except RunError as error:
            gentler = self.state.rate_share == 1.0
            if not gentler or load_newest(self.folder.states, self._use_weights)[0] is None:
                raise RunError(
                    f"training diverged: {error}; the last state is intact: start a new run with a "
                    "lower schedule.learning_rate"
                ) from error
            self.state.rate_share = _GENTLER
            self._notes.append(f"{error}: back to the last state, at {_GENTLER:g} of the rate")
            return {}
        if steps:
            self.state.loss_level = total if not level else 0.9 * level + 0.1 * total
        return totals

    def _use_weights(self, arrays: Arrays, _: TrainingState) -> None:
        self._learner.load_arrays(part_of(arrays, "learner."))

    def _mean_losses(self, steps: int) -> dict[str, float]:
        totals: dict[str, float] = {}
        random = cycle_generator(self.config.seed, self.state.cycle, CyclePart.LEARNING)
        future = self.config.future_head
        for _ in range(steps):
            drawn = self._window.sample(random, self.config.learner.batch, future=future)
            kept = sum(self._window.counts(len(drawn))[: len(self.state.known)])
            losses = self._rehearsal.step(drawn, kept, self._learning_rate())
            for name, value in losses.items():
                totals[name] = totals.get(name, 0.0) + value / steps
        return totals

    def _recent_inputs(self) -> list[Inputs]:
        """Planes and globals of some recent rows of each task, for calibration."""
        random = cycle_generator(self.config.seed, self.state.cycle, CyclePart.CALIBRATING)
        return recent_inputs(self._window, self._learner.model.config, self.config.several, random)

    def _learning_rate(self) -> float:
        rate = self.config.schedule.rate(self.progress)
        return rate * self.state.rate_share * self._adapter.rate_share

    def _save(
        self,
        parts: Sequence[Rows],
        games: Sequence[FinishedGame],
        metrics: dict[str, object],
        tasks: Sequence[Played],
    ) -> None:
        """Write the cycle's files. The state comes last; without it the cycle is repeated."""
        state, folder, schedule = self.state, self.folder, self.config.schedule
        for rows in parts:
            write_shard(folder.shard(state.next_shard), rows)
            state.next_shard += 1
        state.window_totals = self._window.totals
        if schedule.checkpoint_due(state) and self._window.size:
            started = time.perf_counter()
            model = self._learner.averaged_model()
            inputs = self._recent_inputs()
            write_checkpoint(folder, self.config, state, model, inputs, games)
            self._stand_for_election(inputs)
            metrics["checkpoint"] = folder.checkpoint(state.cycle).stem
            self._rehearsal.add_to(metrics)
            clear_shards(self.config.keep, folder.shards(), self._window.size)
            state.elapsed_s += time.perf_counter() - started
            state.checkpoint_at = schedule.spent(state)
        folder.append(folder.metrics, metrics)
        for each in tasks:
            openings = folder.of_task(each.task.name).openings
            folder.append(openings, {"cycle": state.cycle, "games": each.opening_lines()})
        learner = {f"learner.{name}": array for name, array in self._learner.arrays().items()}
        arrays = learner | self._source.arrays() | calibration_arrays(self._seen)
        save_state(folder.states, arrays, state)
