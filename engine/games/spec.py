"""What every game is to the rest of the program: a frozen :class:`GameSpec` and the verbs it has.

Positions are rows of one structured NumPy array whose record layout belongs to the game. All verbs
work on whole arrays of positions; Python runs once per call, never once per row. Points of view:
the rules speak of Black (who moves first) and White; evaluations and network inputs are always from
the side to move.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

EMPTY: Final = 0
BLACK: Final = 1
WHITE: Final = 2

Positions = NDArray[Any]
"""Structured array of shape ``(rows,)`` with the dtype of its game."""


@dataclass(frozen=True)
class GameSpec(ABC):
    """The rules of one game at one size. Equal specs play equal games.

    An action is an integer: a point ``row * width + column`` counted from the top left, or the
    pass, which is always the last action, ``height * width``.
    """

    height: int
    width: int

    name: ClassVar[str]
    plane_names: ClassVar[tuple[str, ...]]
    """Names of the binary input planes that :meth:`features` writes, in order."""
    global_names: ClassVar[tuple[str, ...]]
    """Names of the inputs that belong to no point, in order."""

    @property
    def points(self) -> int:
        """Number of points of the board."""
        return self.height * self.width

    @property
    def actions(self) -> int:
        """Number of actions: the points and the pass."""
        return self.points + 1

    @property
    def pass_action(self) -> int:
        """The action that places nothing."""
        return self.points

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Record layout of a position; the same object for every spec of a size class."""

    @property
    @abstractmethod
    def max_plies(self) -> int:
        """Plies after which a game ends as it stands."""

    @abstractmethod
    def allocate(self, count: int) -> Positions:
        """Return ``count`` start positions."""

    @abstractmethod
    def reset(self, positions: Positions) -> None:
        """Turn every row back into the start position, in place."""

    @abstractmethod
    def legal(self, positions: Positions) -> NDArray[np.bool_]:
        """Return legal actions, shape ``(rows, actions)``. A finished position has none."""

    def candidates(self, positions: Positions) -> NDArray[np.bool_]:
        """Return the legal actions worth searching, shape ``(rows, actions)``.

        A game may leave out what is never sensible; an unfinished position always has one.
        """
        return self.legal(positions)

    @abstractmethod
    def play(self, positions: Positions, actions: NDArray[Any]) -> None:
        """Play one action per row, in place. Rows with action -1 are left alone.

        Raises:
            IllegalActionError: if any row's action is illegal; no row has changed then.
        """

    @abstractmethod
    def replay(
        self,
        roots: Positions,
        row_slot: NDArray[np.int32],
        paths: NDArray[np.int16],
        lengths: NDArray[np.int32],
        leaves: Positions,
    ) -> None:
        """Copy ``roots[row_slot[i]]`` to ``leaves[i]`` and play ``paths[i, :lengths[i]]`` there.

        For the search, whose paths are legal by construction: nothing is checked.
        """

    @abstractmethod
    def finished(self, positions: Positions) -> NDArray[np.bool_]:
        """Return which games are over, shape ``(rows,)``."""

    @abstractmethod
    def to_move(self, positions: Positions) -> NDArray[np.uint8]:
        """Return ``BLACK`` or ``WHITE`` per row."""

    @abstractmethod
    def stones(self, positions: Positions) -> NDArray[np.uint8]:
        """Return ``EMPTY``, ``BLACK`` or ``WHITE`` per point, shape ``(rows, points)``."""

    @abstractmethod
    def score(self, positions: Positions) -> NDArray[np.float32]:
        """Return Black's points minus White's of the board as it stands, komi included."""

    @abstractmethod
    def ownership(self, positions: Positions) -> NDArray[np.int8]:
        """Return who owns each point as the board stands: 1 Black, -1 White, 0 neither."""

    @abstractmethod
    def features(self, positions: Positions) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return network inputs from the side to move.

        Binary planes of shape ``(rows, points, planes)`` and globals of shape ``(rows, globals)``.
        """

    @abstractmethod
    def playout(self, positions: Positions, seeds: NDArray[np.uint64]) -> None:
        """Play uniformly random sensible actions to the end of every row, in place."""

    def outcome(self, positions: Positions) -> NDArray[np.int8]:
        """Return the sign of the score: 1 Black is ahead, -1 White, 0 a draw."""
        return np.sign(self.score(positions)).astype(np.int8)
