"""Training rows, and files of them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import RunError
from engine.files import read_file, write_atomic
from engine.games.inputs import InputLayout
from selfplay.data.columns import COLUMNS, Columns

_LARGEST: Final = 1 << 34

# What NumPy and zipfile raise on flipped bits, found by flipping them.
_DAMAGE: Final = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
)


class Rows(Columns):
    """``n`` training examples of one game and size, with all of :data:`COLUMNS`."""

    def __init__(self, layout: InputLayout, **columns: ArrayLike) -> None:
        """Gather columns; those that are left away get their defaults.

        Raises:
            TypeError: if a column is unknown, or has no default and is left away.
        """
        given = {name: np.asarray(array) for name, array in columns.items()}
        lacking = [name for name, c in COLUMNS.items() if c.default is None and name not in given]
        if lacking or not given.keys() <= COLUMNS.keys():
            raise TypeError(f"expected the columns {[*COLUMNS]}, got {[*given]}")
        count = len(given["game"])
        super().__init__(
            layout,
            {
                name: given[name].astype(column.dtype, copy=False)
                if name in given
                else column.missing(layout, count)
                for name, column in COLUMNS.items()
            },
        )

    def __len__(self) -> int:
        return len(self.game)

    def unpacked_planes(self) -> NDArray[np.uint8]:
        """Planes as ``(n, points, planes)`` of 0 and 1."""
        return unpack_planes(self.planes, self.layout.points, len(self.layout.plane_names))

    def take(self, indices: NDArray[Any]) -> Rows:
        """Return some rows, in the order of ``indices``."""
        return Rows(self.layout, **{name: array[indices] for name, array in self.columns.items()})

    @staticmethod
    def concatenate(parts: Sequence[Rows]) -> Rows:
        """Join rows of the same board and inputs."""
        return Rows(
            parts[0].layout,
            **{name: np.concatenate([part.columns[name] for part in parts]) for name in COLUMNS},
        )


def unpack_planes(packed: NDArray[np.uint8], points: int, planes: int) -> NDArray[np.uint8]:
    """Undo the packing of the column ``planes``."""
    bits = np.unpackbits(packed, axis=1, count=points * planes)
    return bits.reshape(len(packed), points, planes)


def write_shard(path: Path, rows: Rows) -> None:
    """Write rows as one compressed, atomic file.

    Raises:
        OSError: if the disk is full.
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        game_name=np.array(rows.layout.game),
        shape=np.array([rows.layout.height, rows.layout.width], np.int32),
        plane_names=np.array(rows.layout.plane_names),
        global_names=np.array(rows.layout.global_names),
        **rows.columns,  # type: ignore[arg-type]
    )
    write_atomic(path, buffer.getvalue())


def read_shard(path: Path) -> Rows:
    """Read rows back. A column that the file lacks has its default where it has one.

    Raises:
        RunError: if the file is damaged or not a shard.
    """
    try:
        with np.load(io.BytesIO(read_file(path, _LARGEST)), allow_pickle=False) as file:
            height, width = (int(side) for side in file["shape"])
            layout = InputLayout(
                str(file["game_name"]),
                height,
                width,
                tuple(str(name) for name in file["plane_names"]),
                tuple(str(name) for name in file["global_names"]),
            )
            # All are read: what looks unknown may be a known one with a damaged name.
            stored = {name: file[name] for name in file.files}
            found = {
                name: stored[name]
                for name, column in COLUMNS.items()
                if column.default is None or name in stored
            }
    except _DAMAGE as error:
        raise RunError(
            f"expected a shard of training rows, got a damaged file: {path} ({error}); "
            "delete it to go on without its rows"
        ) from error
    for name, array in found.items():
        expected = (len(found["game"]), *COLUMNS[name].shape(layout))
        if array.shape != expected:
            raise RunError(
                f"expected the column {name!r} as {expected}, got {array.shape} in {path}; "
                "delete it to go on without its rows"
            )
    return Rows(layout, **found)
