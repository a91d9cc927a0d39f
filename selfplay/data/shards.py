"""Training rows, and files of them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import RunError
from engine.files import read_file, write_atomic
from engine.games.inputs import InputLayout

_LARGEST: Final = 1 << 34
WIN: Final = 0
DRAW: Final = 1
LOSS: Final = 2
LARGEST_WEIGHT: Final = 8.0
"""Of a row: how much more often than others it is drawn at most."""
SHORT_HORIZONS: Final = (6.0, 16.0)
"""Plies that the short-horizon values look ahead: means of an exponential average."""

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


@dataclass(frozen=True)
class Rows:
    """``n`` training examples of one game and size; all targets are from the side to move."""

    layout: InputLayout
    """What the inputs are, and on which board."""
    planes: NDArray[np.uint8]
    """``(n, ceil(points * planes / 8))``: binary planes, points before planes, packed."""
    globals: NDArray[np.float32]
    """``(n, globals)``"""
    policy: NDArray[np.float16]
    """``(n, actions)`` target probabilities."""
    policy_weight: NDArray[np.float32]
    """``(n,)`` 0 where the row teaches no policy."""
    outcome: NDArray[np.uint8]
    """``(n,)`` :data:`WIN`, :data:`DRAW` or :data:`LOSS`."""
    root_value: NDArray[np.float16]
    """``(n, 3)`` what the search thought of win, draw, loss."""
    short_q: NDArray[np.float16]
    """``(n, horizons)`` averages of what searches thought later on; NaN where none did."""
    score: NDArray[np.float32]
    """``(n,)`` points ahead at the end; NaN where unknown."""
    ownership: NDArray[np.int8]
    """``(n, points)`` 1 own, -1 the opponent's, 0 neither; all 0 with an unknown score."""
    weight: NDArray[np.float32]
    """``(n,)`` weight of the whole row."""
    game: NDArray[np.int64]
    """``(n,)`` number of the game the row is from."""
    ply: NDArray[np.int16]
    """``(n,)``"""

    def __len__(self) -> int:
        return len(self.game)

    def expected_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape that each array field must have on this board with these inputs."""
        count = len(self)
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(ARRAY_NAMES, (count,))
        return shapes | {
            "planes": (count, (self.layout.points * len(self.layout.plane_names) + 7) // 8),
            "globals": (count, len(self.layout.global_names)),
            "policy": (count, self.layout.points + 1),
            "root_value": (count, 3),
            "short_q": (count, len(SHORT_HORIZONS)),
            "ownership": (count, self.layout.points),
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The array fields, by name."""
        return {name: getattr(self, name) for name in ARRAY_NAMES}

    def unpacked_planes(self) -> NDArray[np.uint8]:
        """Planes as ``(n, points, planes)`` of 0 and 1."""
        return unpack_planes(self.planes, self.layout.points, len(self.layout.plane_names))

    def take(self, indices: NDArray[Any]) -> Rows:
        """Return some rows, in the order of ``indices``."""
        return Rows(self.layout, **{name: array[indices] for name, array in self.arrays().items()})

    @staticmethod
    def concatenate(parts: Sequence[Rows]) -> Rows:
        """Join rows of the same board and inputs."""
        return Rows(
            parts[0].layout,
            **{
                name: np.concatenate([getattr(part, name) for part in parts])
                for name in ARRAY_NAMES
            },
        )


ARRAY_NAMES: Final = tuple(field.name for field in fields(Rows) if field.name != "layout")


def unpack_planes(packed: NDArray[np.uint8], points: int, planes: int) -> NDArray[np.uint8]:
    """Undo the packing of :attr:`Rows.planes`."""
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
        **rows.arrays(),  # type: ignore[arg-type]
    )
    write_atomic(path, buffer.getvalue())


def read_shard(path: Path) -> Rows:
    """Read rows back.

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
            rows = Rows(
                layout,
                **{name: file[name] for name in ARRAY_NAMES},
            )
    except _DAMAGE as error:
        raise RunError(
            f"expected a shard of training rows, got a damaged file: {path} ({error}); "
            "delete it to go on without its rows"
        ) from error
    expected = rows.expected_shapes()
    for name, array in rows.arrays().items():
        if array.shape != expected[name]:
            raise RunError(
                f"expected the column {name!r} as {expected[name]}, got {array.shape} in {path}; "
                "delete it to go on without its rows"
            )
    return rows
