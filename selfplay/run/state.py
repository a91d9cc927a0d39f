"""The training state of a run besides its rows: one atomic file each cycle.

It holds the learner, the games in flight and the counters, which suffice to resume bit for bit. The
newest few files are kept, each with a hash of its contents. A damaged file therefore costs a cycle,
and the run goes on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from agents.network.calibration import Inputs
from agents.network.checkpoint import content_hash, sorted_header
from engine.errors import RunError
from engine.files import json_of, read_file, write_atomic
from selfplay.run.folder import VERSION, require_version

_LARGEST: Final = 1 << 36
KEPT: Final = 3
"""Number of newest states that stay on the disk."""
_FORMAT: Final = "miai-training-state-"
_DAMAGED: Final = ".damaged"

Arrays = dict[str, NDArray[Any]]


@dataclass
class TrainingState:
    """Counters of a run, as of its latest finished cycle."""

    cycle: int = 0
    games: int = 0
    rows: int = 0
    elapsed_s: float = 0.0
    """Time spent in finished cycles, over all resumes."""
    checkpoint_at: float = 0.0
    """Part of the budget that was spent at the latest checkpoint, in the budget's unit."""
    training_credit: float = 0.0
    """Rows that the learner may still draw."""
    next_shard: int = 1
    window_totals: list[int] = field(default_factory=list)
    """Rows made so far, by task or board."""
    loss_level: float = 0.0
    """Running mean of the cycles' losses; 0 before the first."""
    rate_share: float = 1.0
    """Factor on the schedule's learning rate; it is lowered once if training diverges."""
    playing: int = 0
    """With gating, the cycle of the checkpoint that plays; 0 for the network in training."""
    task_games: list[int] = field(default_factory=list)
    """Games that ended so far, by task; empty in a run of one task."""
    known: list[str] = field(default_factory=list)
    """Names of the tasks that were there when the latest ones were added."""
    known_shards: int = 0
    """Number of the first shard after that."""
    adapted: dict[str, float] = field(default_factory=dict)
    """Numbers of the :class:`~selfplay.run.adapt.Adapter`, by name."""


def save_state(folder: Path, arrays: Mapping[str, NDArray[Any]], state: TrainingState) -> Path:
    """Write arrays and counters as ``NNNNNN.safetensors``; drop all but the newest few.

    Raises:
        OSError: if the disk is full; the states before are intact then.
    """
    data = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    counters = json.dumps(asdict(state))
    header = {
        "format": f"{_FORMAT}{VERSION}",
        "counters": counters,
        "content": _checksum(data, counters),
    }
    path = folder / f"{state.cycle:06d}.safetensors"
    write_atomic(path, sorted_header(safetensors.numpy.save(data, header)))
    for old in states(folder)[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _checksum(arrays: Mapping[str, NDArray[Any]], counters: str) -> str:
    return hashlib.sha256(f"{content_hash(arrays)} {counters}".encode()).hexdigest()


def states(folder: Path) -> list[Path]:
    """Paths of all stored states, oldest first."""
    return sorted(folder.glob("*.safetensors"))


def load_newest(
    folder: Path, use: Callable[[Arrays, TrainingState], None]
) -> tuple[Path | None, list[str]]:
    """Pass the newest good state to ``use``, which raises ``ValueError`` if it does not fit.

    Damaged files are renamed. While one exists, a folder without a good state is not a new run.

    Returns:
        The path, ``None`` if there are no states; and a sentence for each state that was skipped.

    Raises:
        RunError: if there are states but none is good, or one is of a later version, cannot be read
            at all, or does not fit.
    """
    passed: list[str] = []
    for path in reversed(states(folder)):
        try:
            arrays, state = load_state(path)
        except _DamagedError as error:
            passed.append(f"the state {path.name} is damaged ({error}): the one before is used")
            path.rename(path.with_suffix(_DAMAGED))
            continue
        try:
            use(arrays, state)
        except (ValueError, KeyError) as error:
            raise RunError(
                f"expected a training state of this run in {path}, which is whole, got one that "
                f"does not fit: {error}; {_way_out(folder)}"
            ) from error
        return path, passed
    if any(folder.glob(f"*{_DAMAGED}")):
        raise RunError(
            f"expected a training state, got only damaged files in {folder}; {_way_out(folder)}"
        )
    return None, passed


def _way_out(folder: Path) -> str:
    return (
        "a new run can begin with the newest network of this one: "
        f"miai train --from {folder.parent} --run ANOTHER"
    )


def part_of(arrays: Arrays, prefix: str) -> Arrays:
    """Return the arrays whose names begin with ``prefix``, by the rest of their names."""
    length = len(prefix)
    return {name[length:]: array for name, array in arrays.items() if name.startswith(prefix)}


def calibration_arrays(inputs: Sequence[Inputs]) -> Arrays:
    """Return the calibration positions of all tasks as named arrays for the state."""
    found: Arrays = {}
    for place, (planes, globals_) in enumerate(inputs):
        begins = _calibration(place)
        found |= {f"{begins}planes": planes, f"{begins}globals": globals_}
    return found


def read_calibration(arrays: Arrays) -> list[Inputs]:
    """Read the arrays of :func:`calibration_arrays` from those of a state."""
    found: list[Inputs] = []
    while f"{_calibration(len(found))}planes" in arrays:
        part = part_of(arrays, _calibration(len(found)))
        found.append((part["planes"], part["globals"]))
    return found


def _calibration(place: int) -> str:
    """Prefix of the array names of a task's calibration positions; the first has no number."""
    return f"calibration.{place}." if place else "calibration."


class _DamagedError(ValueError):
    """A file that does not hold what was written."""


def load_state(path: Path) -> tuple[Arrays, TrainingState]:
    """Read a state back.

    Raises:
        RunError: if it was written by a later version, or cannot be read.
        ValueError: if it is damaged.
    """
    try:
        data = read_file(path, _LARGEST)
    except OSError as error:
        raise RunError(f"expected to read {path}, got {error.strerror or str(error)!r}") from error
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
        arrays = safetensors.numpy.load(data)
        require_version(header["format"].removeprefix(_FORMAT), path)
        counters = json_of(header["counters"])
        known = {entry.name for entry in fields(TrainingState)}
        state = TrainingState(**{name: v for name, v in counters.items() if name in known})
    except RunError:
        raise
    except (safetensors.SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise _DamagedError(str(error) or type(error).__name__) from error
    if _checksum(arrays, header["counters"]) != header.get("content"):
        raise _DamagedError("its numbers are not those that were saved")
    return arrays, state
