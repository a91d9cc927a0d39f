"""What a checkpoint leaves in the run folder: a network with its provenance, and some games."""

from __future__ import annotations

from collections.abc import Sequence

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


def write_checkpoint(
    folder: RunFolder,
    config: RunConfig,
    state: TrainingState,
    model: PolicyValueNet,
    inputs: Inputs,
    games: Sequence[FinishedGame],
) -> None:
    """Write a network, calibrated on ``inputs``, and a sample of the cycle's games.

    Raises:
        OSError: if the disk is full.
    """
    provenance: dict[str, object] = {
        "made_by": "self-play",
        "game": config.game.name,
        "height": config.game.height,
        "width": config.game.width,
        "seed": config.seed,
        "cycle": state.cycle,
        "games": state.games,
        "rows": state.rows,
    }
    if config.start:
        given = read_metadata(folder.checkpoint(0))["hash"]
        provenance["start"] = {"network": config.start, "hash": given}
    if not config.schedule.counted:  # else equal runs are equal files
        provenance["minutes"] = round(state.elapsed_s / 60.0, 2)
    path = folder.checkpoint(state.cycle)
    save_network(path, model, provenance, calibrate(fold_model(model), inputs))
    run = folder.path.name
    records = [write_sgf(_record(config, game, run)) for game in games[: config.keep.games]]
    if records:
        write_atomic(folder.games(state.cycle), b"\n".join(records))


def _record(config: RunConfig, game: FinishedGame, run: str) -> GameRecord:
    winner = "B" if game.score > 0 else "W"
    return GameRecord(
        spec=config.game.spec_with(game.komi, game.height, game.width),
        actions=game.actions,
        black="miai",
        white="miai",
        result=f"{winner}+{abs(game.score):g}" if game.score else "0",
        extra={"GN": f"game {game.number} of {run}"},
    )
