"""One training run: play, store, learn, save; again until the budget is spent.

A cycle plays a fixed number of plies in every slot with one set of weights, stores the rows of the
games that ended, trains on the replay window, and saves everything, the games in flight too, as one
atomic file. So a kill at any moment costs the unfinished cycle and nothing else, and a run that
went on is byte for byte the run that never stopped, if its budget is a count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agents.evaluators.auto import load_evaluator, model_evaluator
from agents.evaluators.int8 import Inputs, calibrate
from agents.evaluators.torch_evaluator import limit_threads
from agents.network.checkpoint import save_network
from agents.network.folded import fold_model
from agents.network.inputs import widen
from agents.network.model import PolicyValueNet
from engine.errors import RunError
from engine.files import write_atomic
from engine.random import SYMMETRY, generator
from engine.records.record import GameRecord
from engine.records.sgf import write_sgf
from selfplay.config import GameConfig, RunConfig, ScheduleConfig
from selfplay.folder import RunFolder
from selfplay.keep import clear_shards
from selfplay.league import choose_opponent
from selfplay.learner import Learner
from selfplay.measures import opening_lines
from selfplay.metrics import describe
from selfplay.replay import ReplayWindow
from selfplay.shards import Rows, read_shard, write_shard
from selfplay.state import Arrays, TrainingState, load_newest, save_state
from selfplay.watch import LiveGame, LiveGames
from selfplay.worker import FinishedGame, Group

__all__ = ["GameConfig", "Progress", "Run", "RunConfig", "ScheduleConfig"]

_CALIBRATION_ROWS = 256
_DIVERGED = 2.0
"""Times the usual loss: more is no bad luck with a batch."""
_GENTLER = 0.3
"""Share of the learning rate after a divergence."""

Progress = Callable[[dict[str, object]], None]
"""Is told each cycle's metrics."""


class Run:
    """A run in its folder. Use as a context manager: it holds the folder's lock.

    Raises:
        ConfigError: if settings do not go together; nothing has been written then.
        RunError: if the folder is in use, or belongs to another configuration or version.
    """

    def __init__(self, path: Path, config: RunConfig, config_text: str) -> None:
        config.check()
        self.folder = RunFolder(path)
        self.folder.check_version()
        self.config = config
        self.spec = config.game.spec()
        self._notes: list[str] = []
        self._learner = Learner(
            PolicyValueNet.initial(config.network_config(), config.seed), config.learner
        )
        self._evaluator = model_evaluator(
            self._learner.averaged_model(), self.spec, config.evaluator
        )
        self._seen: Inputs | None = None
        """What the evaluator was calibrated on, if not on random games."""
        self._opponent: Path | None = None
        self._groups = [
            Group(
                self.spec,
                self._evaluator,
                config.search,
                config.selfplay,
                config.seed,
                thread,
                config.selfplay.threads,
            )
            for thread in range(config.selfplay.threads)
        ]
        by_weight = config.selfplay.surprise_share > 0.0
        self._window = ReplayWindow(self.spec, config.replay, by_weight=by_weight)
        self.state = TrainingState()
        self._live = LiveGames(self.folder.live)
        self._lock = self.folder.lock()
        try:
            self.folder.write_config(config_text)
            self.resumed = self._resume()
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _resume(self) -> bool:
        """Take up the newest state; say whether there was one."""
        found, passed = load_newest(self.folder.states, self._use)
        self._notes += passed
        self.folder.forget_after(self.state.cycle)
        self._reload_window()
        return found is not None

    def _use(self, arrays: Arrays, state: TrainingState) -> None:
        """Put back what :meth:`_arrays` took."""
        self._learner.load_arrays(_part(arrays, "learner."))
        for index, group in enumerate(self._groups):
            group.restore(_part(arrays, f"group.{index}."))
        if "calibration.planes" in arrays:
            self._seen = (arrays["calibration.planes"], arrays["calibration.globals"])
            self._evaluator.update(self._learner.averaged_model(), self._seen)
        self.state = state

    def _arrays(self) -> Arrays:
        """The learner, the games in flight and the calibration, by name."""
        arrays = {f"learner.{name}": value for name, value in self._learner.arrays().items()}
        for index, group in enumerate(self._groups):
            arrays |= {f"group.{index}.{name}": v for name, v in group.state().items()}
        if self._seen is not None:
            arrays["calibration.planes"], arrays["calibration.globals"] = self._seen
        return arrays

    def _reload_window(self) -> None:
        """Bring back the newest rows that the state knows of, as many as the window may hold."""
        parts: list[Rows] = []
        have = 0
        needed = self._window.size_at(self.state.rows)
        for number in range(self.state.next_shard - 1, 0, -1):
            if have >= needed:
                break
            try:
                parts.append(read_shard(self.folder.shard(number)))
                have += len(parts[-1])
            except RunError as error:
                self._notes.append(f"{error}: going on without its rows")
        if have >= needed:
            self._window.skip(self.state.rows - have)
        for rows in reversed(parts):
            self._window.add(rows)

    @property
    def progress(self) -> float:
        """Share of the run that is done, in [0, 1]."""
        return self.config.schedule.progress(self.state)

    def train(self, report: Progress) -> None:
        """Go on until the run's budget is spent.

        Raises:
            RunError: if the folder cannot be written or training diverged; the last state is
                intact.
        """
        try:
            with ThreadPoolExecutor(self.config.selfplay.threads) as pool:
                while self.progress < 1.0:
                    self._cycle(pool, report)
        except OSError as error:
            raise RunError(
                f"expected to write into {str(self.folder.path)!r}, "
                f"got {error.strerror or str(error)!r}; the last state is intact: "
                "make room or give the right to write, then give the same command again"
            ) from error

    def _cycle(self, pool: ThreadPoolExecutor, report: Progress) -> None:
        started = time.perf_counter()
        simulations = self._simulations()
        rows, games, evaluations = self._play(pool, simulations)
        played = time.perf_counter()
        losses, steps = self._learn(rows)
        learned = time.perf_counter()
        self.state.cycle += 1
        self.state.games += len(games)
        self.state.rows += 0 if rows is None else len(rows)
        seconds = learned - started
        self.state.elapsed_s += seconds
        metrics: dict[str, object] = {
            "cycle": self.state.cycle,
            "games": self.state.games,
            "rows": self.state.rows,
            "window_rows": self._window.size,
            "new_rows": 0 if rows is None else len(rows),
            "steps": steps,
            "learning_rate": self._learning_rate(),
            **describe(self.spec, rows, games, self._groups[0].longest),
            **{f"loss_{name}": value for name, value in losses.items()},
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
    ) -> tuple[Rows | None, list[FinishedGame], int]:
        """Play the cycle's plies in all groups at once; count the evaluations too."""
        plies = self.config.schedule.plies_per_cycle
        self._invite_opponent()

        def play(group: Group) -> tuple[list[Rows], list[FinishedGame]]:
            limit_threads(1)
            parts: list[Rows] = []
            games: list[FinishedGame] = []
            for _ in range(plies):
                more_rows, more_games = group.step(simulations)
                parts += more_rows
                games += more_games
            return parts, games

        before = sum(group.evaluations for group in self._groups)
        outcomes = list(pool.map(play, self._groups))
        parts = [part for rows, _ in outcomes for part in rows]
        games = [game for _, finished in outcomes for game in finished]
        self.state.next_game = max(group.games_started for group in self._groups)
        evaluations = sum(group.evaluations for group in self._groups) - before
        return (Rows.concatenate(parts) if parts else None), games, evaluations

    def _invite_opponent(self) -> None:
        """Let an earlier checkpoint play its side of the league's games in this cycle."""
        if self.config.selfplay.league_share <= 0.0:
            return
        path = choose_opponent(self.config.seed, self.state.cycle, self.folder.checkpoints())
        if path is None or path == self._opponent:
            return
        evaluator = load_evaluator(path, self.spec, self.config.evaluator, threads=1)
        for group in self._groups:
            group.opponent = evaluator
        self._opponent = path

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
            self._seen = self._recent_inputs()
            self._evaluator.update(self._learner.averaged_model(), self._seen)
        return totals, steps

    def _take_steps(self, steps: int) -> dict[str, float]:
        """Train; a loss that leaves its level brings back the last saved weights, once."""
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
        self._learner.load_arrays(_part(arrays, "learner."))

    def _mean_losses(self, steps: int) -> dict[str, float]:
        totals: dict[str, float] = {}
        random = generator(self.config.seed, self.state.cycle, 0, SYMMETRY)
        future = self.config.future_head
        for _ in range(steps):
            drawn = self._window.sample(random, self.config.learner.batch, future=future)
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
        return self.config.schedule.rate(self.progress) * self.state.rate_share

    def _save(
        self,
        rows: Rows | None,
        games: Sequence[FinishedGame],
        metrics: dict[str, object],
    ) -> None:
        """Write what the cycle made. The state comes last: before it, the cycle has not been."""
        state, folder, schedule = self.state, self.folder, self.config.schedule
        if rows is not None:
            write_shard(folder.shard(state.next_shard), rows)
            state.next_shard += 1
        due = schedule.spent(state) - state.checkpoint_at >= schedule.checkpoint_every
        if (due or self.progress >= 1.0) and self._window.size and state.cycle > 1:
            started = time.perf_counter()
            self._write_checkpoint(games)
            metrics["checkpoint"] = folder.checkpoint(state.cycle).stem
            clear_shards(self.config.keep, folder.shards(), self._window.size)
            state.elapsed_s += time.perf_counter() - started
            state.checkpoint_at = schedule.spent(state)
        folder.append(folder.metrics, metrics)
        lines = opening_lines(self.spec, {game.number: game.actions for game in games}, rows)
        folder.append(folder.openings, {"cycle": state.cycle, "games": lines})
        save_state(folder.states, self._arrays(), state)

    def _write_checkpoint(self, games: Sequence[FinishedGame]) -> None:
        state = self.state
        provenance: dict[str, object] = {
            "made_by": "self-play",
            "game": self.config.game.name,
            "height": self.config.game.height,
            "width": self.config.game.width,
            "seed": self.config.seed,
            "cycle": state.cycle,
            "games": state.games,
            "rows": state.rows,
        }
        if not self.config.schedule.counted:  # else equal runs are equal files
            provenance["minutes"] = round(state.elapsed_s / 60.0, 2)
        model = self._learner.averaged_model()
        inputs = self._recent_inputs()
        path = self.folder.checkpoint(state.cycle)
        save_network(path, model, provenance, calibrate(fold_model(model), inputs))
        records = [write_sgf(self._record(game)) for game in games[: self.config.keep.games]]
        if records:
            write_atomic(self.folder.games(state.cycle), b"\n".join(records))

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


def _part(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays whose names begin so, by the rest of their names."""
    length = len(prefix)
    return {name[length:]: v for name, v in arrays.items() if name.startswith(prefix)}
