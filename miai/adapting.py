"""A known network learns another game, or another board, from few games of its own.

Most of the games teach. The last tenth is held out: the newest network plays it, and the checkpoint
that predicts it best is kept. So a network that has learned its few games by heart is not chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from agents.evaluators.auto import model_evaluator
from agents.network.checkpoint import load_network
from agents.network.model import PolicyValueNet
from engine.errors import ConfigError, RunError
from engine.games.spec import GameSpec
from miai.config import build, load_preset, preset_of, to_toml
from selfplay.data.shards import Rows
from selfplay.learn.parameters import Parameters, largest_rank, trainable
from selfplay.play.worker import Group, longest_game
from selfplay.run import GameConfig, Run, RunConfig
from selfplay.run.few import few_games
from selfplay.run.folder import RunFolder
from selfplay.run.start import fit_start
from selfplay.tune.agreement import measure_agreement

FEWEST: Final = 16
"""Games below which a budget cannot teach and judge."""
HELD_OUT_SHARE: Final = 0.1
_LEAST_HELD_OUT: Final = 4
_CHECKPOINTS: Final = 4
ADAPTER_SHARE: Final = 0.05
"""Adapters are below this share of the network's parameters, if a rank of 1 is."""

Progress = Callable[[dict[str, object]], None]


@dataclass(frozen=True)
class Adapted:
    """What came out of an adaptation."""

    network: Path
    """The checkpoint that was kept; the start where no other was better."""
    adapter: Path | None
    """The adapters of that checkpoint alone, if adapters were trained."""
    games: int
    """Games that taught."""
    rows: int
    held_out_rows: int
    losses: dict[str, float]
    """Loss of policy and value on held-out games, by checkpoint; 000000 is the start."""
    trained: int
    """Parameters that were trained."""
    parameters: int
    """Parameters of the network."""

    @property
    def kept(self) -> str:
        """Name of the checkpoint that was kept."""
        return min(self.losses, key=lambda name: self.losses[name])


def adaptation(
    network: str,
    spec: GameSpec,
    games: int,
    folder: RunFolder,
    *,
    parameters: Parameters = "full",
    rank: int | None = None,
    seed: int = 1,
    threads: int | None = None,
) -> RunConfig:
    """Return the settings of the run that adapts ``network`` to ``spec`` within ``games``.

    The search and the play are those of the game's quickest preset.

    Args:
        network: a file, a run's folder, or ``shipped:NAME``; of any games.
        spec: the game to learn.
        games: those that teach and those held out.
        folder: of the run; what it began with decides the shape where it goes on.
        parameters: what is trained.
        rank: of adapters; by default the largest below :data:`ADAPTER_SHARE` of the network.
        seed: of games and adapters.
        threads: of self-play and of the learner; by default the preset's.

    Raises:
        ConfigError: if the budget is too small for a batch of rows, there is no such network, or
            its shape has no name.
        NetworkFileError: if its file is damaged.
    """
    if games < FEWEST:
        raise ConfigError(
            f"expected at least {FEWEST} games, got {games}: fewer teach nothing and leave none to "
            "judge by"
        )
    name = preset_of(spec.name)
    preset = (
        {key: value for key, value in load_preset(name).items() if key != "game"} if name else {}
    )
    config = build(RunConfig, preset, source=name or "the usual settings")
    komi = float(spec.rules["komi"]) if spec.has_komi else GameConfig().komi
    play = replace(config.selfplay, threads=threads or config.selfplay.threads)
    config = replace(
        config,
        seed=seed,
        start=network,
        game=GameConfig(spec.name, spec.height, spec.width, komi),
        selfplay=play,
    )
    config = fit_start(folder, config)
    learner = replace(config.learner, parameters=parameters)
    if parameters == "lora":
        model = PolicyValueNet(config.network_config())
        learner = replace(learner, rank=rank or largest_rank(model, ADAPTER_SHARE))
    config = few_games(replace(config, learner=learner), games - _held_out(games))
    schedule = config.schedule
    most = schedule.games * longest_game(spec, config.selfplay)
    if most < schedule.rows_before_training:
        raise ConfigError(
            f"expected games for a batch of {schedule.rows_before_training} positions, got "
            f"{games} on {spec.name} {spec.width}x{spec.height}, which have {most} at most; give "
            "more --games"
        )
    return replace(
        config,
        schedule=replace(schedule, checkpoint_minutes=schedule.minutes / _CHECKPOINTS),
    )


def adapt(config: RunConfig, games: int, folder: RunFolder, progress: Progress) -> Adapted:
    """Run an adaptation to its end, going on where it was, and choose its checkpoint.

    Args:
        config: of :func:`adaptation`.
        games: the whole budget, as given there.
        folder: of the run.
        progress: receives each cycle's metrics.

    Raises:
        RunError: if the folder belongs to other settings, cannot be written, or the games were too
            short for a single step.
    """
    with Run(folder.path, config, to_toml(config)) as run:
        run.train(progress)
        state = run.state
    if state.rows < config.schedule.rows_before_training:
        raise RunError(
            f"expected games for a batch of {config.schedule.rows_before_training} positions, got "
            f"{state.games} games with {state.rows}: nothing was learned; give more --games and "
            "another --run"
        )
    paths = folder.checkpoints()
    newest = load_network(paths[-1])[0]
    held_out = _play(newest, config, _held_out(games))
    losses = {path.stem: _loss(load_network(path)[0], held_out) for path in paths}
    kept = folder.checkpoint(int(min(losses, key=lambda name: losses[name])))
    adapter = folder.adapter(int(kept.stem))
    copy = newest.merged()
    return Adapted(
        kept,
        adapter if adapter.exists() else None,
        state.games,
        state.rows,
        len(held_out),
        losses,
        trainable(copy, config.learner.parameters, config.learner.rank, config.seed),
        newest.parameter_count,
    )


def _held_out(games: int) -> int:
    return max(round(HELD_OUT_SHARE * games), _LEAST_HELD_OUT)


def _play(model: PolicyValueNet, config: RunConfig, games: int) -> Rows:
    """Return the rows of games that ``model`` plays as in training, from another seed.

    Each slot plays one game to its end. If the first to end were taken, short games would count for
    more.
    """
    task = config.all_tasks()[0]
    play = replace(task.play, slots=games)
    evaluator = model_evaluator(model, task.spec)
    group = Group(task.spec, evaluator, task.search, play, config.seed + 1, 0, 1)
    parts: list[Rows] = []
    going = set(range(games))
    while going:
        rows, ended = group.step(play.simulations_late)
        parts += rows
        going -= {game.number for game in ended}
    found = Rows.concatenate(parts)
    return found.take(np.flatnonzero(found.game < games))


def _loss(model: PolicyValueNet, rows: Rows) -> float:
    agreement = measure_agreement(model, rows, intervals=False)
    return float(agreement.value_loss - agreement.log_likelihood.mean)
