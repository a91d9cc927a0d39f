"""Training metrics in TensorBoard and in W&B, both optional extras.

Nothing is lost without them: ``metrics.jsonl`` in the run's folder has every number.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from engine.errors import ConfigError
from engine.files import write_atomic


class Tracker(Protocol):
    """Takes each cycle's metrics."""

    def write(self, metrics: Mapping[str, object]) -> None:
        """Take one cycle."""
        ...

    def close(self) -> None:
        """Send off what is left."""
        ...


class TensorBoard:
    """TensorBoard: each number as a scalar over cycles."""

    def __init__(self, folder: Path) -> None:
        """Start logging into ``folder``.

        Raises:
            ConfigError: if TensorBoard is not installed.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise _missing("TensorBoard", "--tensorboard", "tensorboard") from error
        self._writer: Any = SummaryWriter(str(folder))

    def write(self, metrics: Mapping[str, object]) -> None:
        """Write one cycle."""
        for name, value in numbers(metrics).items():
            self._writer.add_scalar(name, value, metrics["cycle"])
        self._writer.flush()

    def close(self) -> None:
        """Close the log."""
        self._writer.close()


class WeightsAndBiases:
    """W&B: the same numbers, and the settings; a resume goes on in the same W&B run."""

    def __init__(self, project: str, run: Path, settings: Mapping[str, Any]) -> None:
        """Begin, or go on with what this folder began, under its name and a number of its own.

        Raises:
            ConfigError: if wandb is not installed.
        """
        try:
            import wandb  # type: ignore[import-not-found, unused-ignore]
        except ImportError as error:
            raise _missing("wandb", "--wandb", "wandb") from error
        run.mkdir(parents=True, exist_ok=True)
        name, known = run.resolve().name, run / "wandb.id"
        if not known.exists():  # folders of one name on two machines are two runs
            write_atomic(known, f"{name}-{secrets.token_hex(4)}".encode())
        self._run: Any = wandb.init(
            project=project,
            name=name,
            id=known.read_text(encoding="utf-8"),
            resume="allow",
            config=dict(settings),
            dir=str(run),
        )

    def write(self, metrics: Mapping[str, object]) -> None:
        """Send one cycle."""
        self._run.log(numbers(metrics), step=metrics["cycle"])

    def close(self) -> None:
        """Send off what is left."""
        self._run.finish()


def numbers(metrics: Mapping[str, object]) -> dict[str, float]:
    """Those of a cycle's metrics that are numbers, the cycle itself aside.

    Those of several tasks are called ``TASK/NAME``.
    """
    tasks = metrics.get("tasks")
    found = {
        f"{task}/{name}": value
        for task, own in (tasks.items() if isinstance(tasks, Mapping) else ())
        for name, value in numbers(own).items()
    }
    return found | {
        name: float(value)
        for name, value in metrics.items()
        if name != "cycle" and isinstance(value, int | float) and not isinstance(value, bool)
    }


def _missing(what: str, option: str, extra: str) -> ConfigError:
    return ConfigError(
        f"expected {what} to be installed for {option}, but it is not; "
        f"install it with: pip install 'miai[{extra}]'"
    )
