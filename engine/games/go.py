"""Go on any board from 2x2 to 19x19: area scoring, two passes end the game."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from engine._kernel import kernel
from engine.errors import IllegalActionError, SpecError
from engine.games import go_features
from engine.games.go_board import (
    PLIES_PER_POINT,
    SIZE_CLASSES,
    can_play,
    cell_of,
    forget_row,
    is_own_eye,
    layout,
    play_row,
    playout_row,
    reset_row,
)
from engine.games.go_scoring import area_rows
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions

KO_RULES: Final = ("positional", "simple")
_NONE_DEAD = np.zeros((0, 0), dtype=np.bool_)


@kernel
def _reset_rows(positions):
    for i in range(len(positions)):
        reset_row(positions[i])


@kernel
def _forget_rows(positions):
    """Make the present position the first one of the game."""
    for i in range(len(positions)):
        forget_row(positions[i])


@kernel
def _legal_rows(positions, out):
    """Write bool ``out`` ``(rows, actions)``, zeroed before."""
    for i in range(len(positions)):
        row = positions[i]
        if row["finished"] != 0:
            continue
        points = row["height"] * row["width"]
        superko = row["positional_superko"] != 0
        for point in range(points):
            out[i, point] = can_play(row, cell_of(row, point), row["to_move"], superko)
        out[i, points] = True


@kernel
def _drop_eye_rows(positions, out):
    """Clear actions that fill the mover's own eyes in bool ``out`` ``(rows, actions)``."""
    for i in range(len(positions)):
        row = positions[i]
        for point in range(row["height"] * row["width"]):
            if out[i, point] and is_own_eye(row, cell_of(row, point), row["to_move"]):
                out[i, point] = False


@kernel
def _first_illegal_row(positions, actions):
    """Return the first row whose action is illegal, or -1."""
    for i in range(len(positions)):
        row = positions[i]
        points = row["height"] * row["width"]
        action = actions[i]
        if action == -1:
            continue
        if row["finished"] != 0 or action < 0 or action > points:
            return i
        superko = row["positional_superko"] != 0
        if action < points and not can_play(row, cell_of(row, action), row["to_move"], superko):
            return i
    return -1


@kernel
def _play_rows(positions, actions):
    for i in range(len(positions)):
        if actions[i] >= 0:
            play_row(positions[i], actions[i])


@kernel
def _replay_rows(roots, row_slot, paths, lengths, leaves):
    for i in range(len(row_slot)):
        leaves[i] = roots[row_slot[i]]
        for ply in range(lengths[i]):
            play_row(leaves[i], paths[i, ply])


@kernel
def _stone_rows(positions, out):
    for i in range(len(positions)):
        row = positions[i]
        for point in range(row["height"] * row["width"]):
            out[i, point] = row["board"][cell_of(row, point)]


@kernel
def _playout_rows(positions, seeds):
    for i in range(len(positions)):
        playout_row(positions[i], seeds[i])


@dataclass(frozen=True)
class GoSpec(GameSpec):
    """Rules of Go.

    Raises:
        SpecError: on a size, komi or ko rule that does not exist.
    """

    height: int = 9
    width: int = 9
    komi: float = 7.0
    """Points that White gets; half points allowed."""
    ko: str = "positional"
    """``positional``: no position of stones may come back, whoever is to move. ``simple``: a single
    stone that just captured a single stone may not be retaken at once."""
    suicide: bool = False
    """Whether a chain may take its own last liberty; it is then removed."""

    name: ClassVar[str] = "go"
    plane_names: ClassVar[tuple[str, ...]] = go_features.PLANE_NAMES
    global_names: ClassVar[tuple[str, ...]] = go_features.GLOBAL_NAMES

    def __post_init__(self) -> None:
        largest = SIZE_CLASSES[-1]
        if not (2 <= self.height <= largest and 2 <= self.width <= largest):
            raise SpecError(
                f"expected a Go board from 2x2 to {largest}x{largest}, "
                f"got {self.height!r}x{self.width!r}"
            )
        if not abs(self.komi) <= 400 or self.komi * 2 != int(self.komi * 2):
            raise SpecError(f"expected komi as a multiple of 0.5 up to 400, got {self.komi!r}")
        if self.ko not in KO_RULES:
            raise SpecError(f"expected a ko rule from {', '.join(KO_RULES)}, got {self.ko!r}")

    @property
    def _size_class(self) -> int:
        longer = max(self.height, self.width)
        return next(size for size in SIZE_CLASSES if size >= longer)

    @property
    def dtype(self) -> np.dtype[Any]:
        return layout(self._size_class)

    @property
    def max_plies(self) -> int:
        return PLIES_PER_POINT * self._size_class**2

    def allocate(self, count: int) -> Positions:
        positions = np.zeros(count, self.dtype)
        positions["height"] = self.height
        positions["width"] = self.width
        positions["komi_half_points"] = int(self.komi * 2)
        positions["positional_superko"] = self.ko == "positional"
        positions["suicide"] = self.suicide
        _reset_rows(positions)
        return positions

    def reset(self, positions: Positions) -> None:
        """Turn rows back into start positions; each keeps its own komi."""
        _reset_rows(positions)

    def set_up(
        self, positions: Positions, black: Sequence[int], white: Sequence[int], to_move: int
    ) -> None:
        """Put stones on empty boards, in place: handicaps and problems.

        Raises:
            IllegalActionError: if a point is taken twice, or a chain would have no liberty.
        """
        for colour, points in ((BLACK, black), (WHITE, white)):
            for point in points:
                positions["to_move"] = colour
                self.play(positions, np.full(len(positions), point))
        if np.any(positions["prisoners"]):
            raise IllegalActionError(
                f"expected set-up stones with liberties, got black {list(black)!r} "
                f"and white {list(white)!r}, which capture each other"
            )
        positions["to_move"] = to_move
        _forget_rows(positions)

    def legal(self, positions: Positions) -> NDArray[np.bool_]:
        out = np.zeros((len(positions), self.actions), np.bool_)
        _legal_rows(positions, out)
        return out

    def candidates(self, positions: Positions) -> NDArray[np.bool_]:
        """Return the legal actions that do not fill an own eye; the pass is always among them."""
        out = self.legal(positions)
        _drop_eye_rows(positions, out)
        return out

    def play(self, positions: Positions, actions: NDArray[Any]) -> None:
        actions = np.ascontiguousarray(actions, np.int64)
        bad = _first_illegal_row(positions, actions)
        if bad >= 0:
            raise IllegalActionError(self._why_illegal(positions[bad], int(actions[bad]), bad))
        _play_rows(positions, actions)

    def _why_illegal(self, row: Any, action: int, index: int) -> str:
        where = f"at ply {int(row['plies'])}, row {index}"
        if row["finished"]:
            return f"expected a game that is not over, got action {action!r} {where}"
        if not 0 <= action <= self.points:
            return f"expected an action from 0 to {self.points}, got {action!r} {where}"
        point = f"point {action!r} (row {action // self.width}, column {action % self.width})"
        cell = action + action // self.width + self.width + 2
        if row["board"][cell] != EMPTY:
            return f"expected an empty point, got {point}, which is occupied, {where}"
        if not row["suicide"] and not go_features.breathes(row, cell, row["to_move"]):
            return f"expected a point with a liberty, got suicide on {point} {where}"
        return f"expected a new position, got {point}, which the ko rule forbids, {where}"

    def replay(
        self,
        roots: Positions,
        row_slot: NDArray[np.int32],
        paths: NDArray[np.int16],
        lengths: NDArray[np.int32],
        leaves: Positions,
    ) -> None:
        _replay_rows(roots, row_slot, paths, lengths, leaves)

    def finished(self, positions: Positions) -> NDArray[np.bool_]:
        return positions["finished"] != 0

    def to_move(self, positions: Positions) -> NDArray[np.uint8]:
        return np.ascontiguousarray(positions["to_move"])

    def stones(self, positions: Positions) -> NDArray[np.uint8]:
        out = np.empty((len(positions), self.points), np.uint8)
        _stone_rows(positions, out)
        return out

    def score(
        self, positions: Positions, dead: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """Return the area score; ``dead`` ``(rows, points)`` marks stones to take off first."""
        return self._area(positions, dead)[1]

    def ownership(
        self, positions: Positions, dead: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int8]:
        return self._area(positions, dead)[0]

    def _area(
        self, positions: Positions, dead: NDArray[np.bool_] | None
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        ownership = np.empty((len(positions), self.points), np.int8)
        scores = np.empty(len(positions), np.float32)
        if len(positions):
            area_rows(positions, _NONE_DEAD if dead is None else dead, ownership, scores)
        return ownership, scores

    def features(self, positions: Positions) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        planes = np.zeros((len(positions), self.points, len(self.plane_names)), np.uint8)
        globals_ = np.empty((len(positions), len(self.global_names)), np.float32)
        if len(positions):
            go_features.feature_rows(positions, planes, globals_)
        return planes, globals_

    def playout(self, positions: Positions, seeds: NDArray[np.uint64]) -> None:
        _playout_rows(positions, seeds)
