"""Training metrics for TensorBoard, an optional extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.errors import ConfigError


class Board:
    """Writes each number of a cycle's metrics as a scalar over cycles."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, metrics: dict[str, object]) -> None:
        """Write one cycle."""
        for name, value in metrics.items():
            if isinstance(value, int | float) and name != "cycle":
                self._writer.add_scalar(name, value, metrics["cycle"])
        self._writer.flush()


def open_board(folder: Path) -> Board:
    """Start logging into ``folder``.

    Raises:
        ConfigError: if TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError(
            "expected TensorBoard to be installed for --tensorboard, but it is not; "
            "install it with: pip install 'miai[tensorboard]'"
        ) from error
    return Board(SummaryWriter(str(folder)))
