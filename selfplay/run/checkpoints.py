"""Writes a checkpoint to the run folder: a network with its provenance, and some games."""

from __future__ import annotations

from collections.abc import Sequence

from agents.network.adapters import save_adapter
from agents.network.calibration import Inputs, calibrate
from agents.network.checkpoint import read_metadata, save_network
from agents.network.folded import fold_model
from agents.network.model import PolicyValueNet
from engine.files import write_atomic
from engine.records.record import GameRecord
from engine.records.sgf import write_sgf
from selfplay.play.worker import FinishedGame
from selfplay.run.config import RunConfig
from selfplay.run.folder import RunFolder
from selfplay.run.state import TrainingState
from selfplay.run.tasks import Task


def write_checkpoint(
    folder: RunFolder,
    config: RunConfig,
    state: TrainingState,
    model: PolicyValueNet,
    inputs: Sequence[Inputs],
    games: Sequence[FinishedGame],
) -> None:
    """Write a network, calibrated on ``inputs``, and a sample of the cycle's games.

    ``inputs`` holds one set of positions for each task.

    Raises:
        OSError: if the disk is full.
    """
    provenance: dict[str, object] = {
        "made_by": "self-play",
        **_what_it_learned(config),
        "seed": config.seed,
        "cycle": state.cycle,
        "games": state.games,
        "rows": state.rows,
    }
    if config.start:
        given = read_metadata(folder.checkpoint(0))["hash"]
        provenance["start"] = {"network": config.start, "hash": given}
    if not config.schedule.counted:  # under a count, equal runs must write equal files
        provenance["minutes"] = round(state.elapsed_s / 60.0, 2)
    path = folder.checkpoint(state.cycle)
    save_network(path, model, provenance, calibrate(fold_model(model), *inputs))
    if config.learner.parameters == "lora":
        adapter = folder.adapter(state.cycle)
        adapter.parent.mkdir(exist_ok=True)
        save_adapter(adapter, model, provenance)
    run, tasks = folder.path.name, config.all_tasks()
    records = [write_sgf(_record(tasks[game.task], game, run)) for game in _sample(config, games)]
    if records:
        write_atomic(folder.games(state.cycle), b"\n".join(records))


def _what_it_learned(config: RunConfig) -> dict[str, object]:
    """Provenance: the game and board of the first task, and a list of all tasks if several."""
    spec = config.spec()
    found: dict[str, object] = {"game": spec.name, "height": spec.height, "width": spec.width}
    if config.several:
        found["tasks"] = [
            {"name": task.name, "game": task.game, "height": task.height, "width": task.width}
            for task in config.tasks
        ]
    return found


def _sample(config: RunConfig, games: Sequence[FinishedGame]) -> Sequence[FinishedGame]:
    """Select the first games of the cycle; with several tasks the first games of each."""
    if not config.several:
        return games[: config.keep.games]
    each = -(-config.keep.games // len(config.tasks))
    return [
        game
        for task in range(len(config.tasks))
        for game in [game for game in games if game.task == task][:each]
    ]


def _record(task: Task, game: FinishedGame, run: str) -> GameRecord:
    winner = "B" if game.score > 0 else "W"
    return GameRecord(
        spec=task.spec_with(game.komi),
        actions=game.actions,
        black="miai",
        white="miai",
        result=f"{winner}+{abs(game.score):g}" if game.score else "0",
        extra={"GN": f"game {game.number} of {run}"},
    )
