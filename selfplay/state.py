"""What a run must remember besides its rows: the learner and the counters, in one atomic file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import safetensors
import safetensors.torch

from agents.network.checkpoint import sorted_header
from engine.errors import RunError
from engine.files import write_atomic
from selfplay.learner import Learner

FORMAT = "miai-training-state-1"


@dataclass
class TrainingState:
    """Counters of a run, as of its latest finished cycle."""

    cycle: int = 0
    games: int = 0
    rows: int = 0
    elapsed_s: float = 0.0
    """Time spent in finished cycles, over all resumes."""
    checkpoint_s: float = 0.0
    """Elapsed time at the latest checkpoint."""
    training_credit: float = 0.0
    """Rows that the learner may still draw."""
    next_game: int = 0
    next_shard: int = 1
    loss_level: float = 0.0
    """Running mean of the cycles' losses; 0 before the first."""
    rate_share: float = 1.0
    """Of the schedule's learning rate: lowered once if training diverges."""


def save_state(path: Path, learner: Learner, state: TrainingState) -> None:
    """Write learner and counters as one file: either both are new or neither."""
    header = {"format": FORMAT, "counters": json.dumps(asdict(state))}
    write_atomic(path, sorted_header(safetensors.torch.save(learner.state_tensors(), header)))


def load_state(path: Path, learner: Learner) -> TrainingState:
    """Fill ``learner`` and return the counters.

    Raises:
        RunError: if the file is damaged or was written by another version.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise RunError(
                    f"expected a training state of format {FORMAT!r}, "
                    f"got {header.get('format')!r} in {path}"
                )
            counters = json.loads(header["counters"])
            names = list(file.keys())
            learner.load_state_tensors({name: file.get_tensor(name) for name in names})
    except RunError:
        raise
    except (safetensors.SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise RunError(
            f"expected a training state, got a damaged file: {path} ({error}); "
            "start a new --run, or delete this file to begin again from the stored rows"
        ) from error
    known = {field.name for field in fields(TrainingState)}
    return TrainingState(**{name: value for name, value in counters.items() if name in known})
