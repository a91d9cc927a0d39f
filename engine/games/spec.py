"""The interface of every game: a frozen :class:`GameSpec` and its methods.

Positions are rows of one structured NumPy array whose record layout belongs to the game. Methods
work on whole arrays of positions; Python runs once per call, never once per row. The rules name
Black, who moves first, and White. Evaluations and network inputs are always from the side to move.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import IllegalActionError, SpecError
from engine.games.forced import Forced
from engine.games.rows import RowKernels, first_misfit
from engine.games.traits import Traits
from engine.symmetry import permutations

EMPTY: Final = 0
BLACK: Final = 1
WHITE: Final = 2
LARGEST_SIDE: Final = 25

Positions = NDArray[Any]
"""Structured array of shape ``(rows,)`` with the dtype of its game."""


@dataclass(frozen=True)
class GameSpec(Traits, ABC):
    """The rules of one game at one size. Equal specs play equal games.

    An action is an integer: a point ``row * width + column`` counted from the top left, or the
    pass, which is always the last action, ``height * width``.

    Methods raise :class:`SpecError` when they are given positions of another game or size.
    """

    height: int
    width: int
    turn: int = field(default=0, compare=False, repr=False, kw_only=True)
    """The one of :attr:`symmetries` by which :meth:`features` turn the board. Specs that differ in
    ``turn`` alone are equal, so that evaluators reuse what they have prepared for the game."""

    name: ClassVar[str]
    plane_names: ClassVar[tuple[str, ...]]
    """Names of the binary input planes that :meth:`features` writes, in order."""
    global_names: ClassVar[tuple[str, ...]]
    """Names of the inputs that describe the whole board, in order."""
    kernels: ClassVar[RowKernels]
    """The compiled kernels of the rules."""
    refusals: ClassVar[tuple[str, ...]] = ()
    """The reasons why :meth:`set_up` refuses stones; the kernel returns their number from 1."""

    def __str__(self) -> str:
        return f"{self.name} {self.height}x{self.width}"

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
        """The last action, which places no stone: ``height * width``."""
        return self.points

    @property
    def rules(self) -> dict[str, Any]:
        """All fields but the size, by name: ``make(spec.name, h, w, **spec.rules)`` is equal."""
        others = ("height", "width", "turn")
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in others}

    def changed(self, **rules: Any) -> Self:
        """Return the same game with other rules or another size.

        Raises:
            SpecError: if there is no such size or value of a rule.
        """
        return replace(self, **rules)

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Record layout of a position; the same object for every spec of a size class."""

    @cached_property
    def _known_dtype(self) -> np.dtype[Any]:
        """:attr:`dtype`, computed once, because each check of each batch compares it."""
        return self.dtype

    @property
    @abstractmethod
    def max_plies(self) -> int:
        """Plies after which a game ends and is scored as it stands."""

    @property
    def row_rules(self) -> dict[str, int]:
        """Fields of a position that hold rules; they are written at allocation only."""
        return {}

    def allocate(self, count: int) -> Positions:
        """Return ``count`` start positions."""
        positions = np.zeros(count, self.dtype)
        for name, value in {"height": self.height, "width": self.width, **self.row_rules}.items():
            positions[name] = value
        self.kernels.reset(positions)
        return positions

    def reset(self, positions: Positions) -> None:
        """Turn every row back into the start position, in place; each keeps its own komi."""
        self._check(positions)
        self.kernels.reset(positions)

    def board(self, black: Iterable[int] = (), white: Iterable[int] = ()) -> NDArray[np.uint8]:
        """Return stones on these points, uint8 ``(points,)``, as :meth:`set_up` takes them.

        Raises:
            IllegalActionError: if a point is not on the board or taken twice.
        """
        stones = np.zeros(self.points, np.uint8)
        for colour, points in ((BLACK, black), (WHITE, white)):
            for point in points:
                if not 0 <= point < self.points:
                    raise IllegalActionError(
                        f"expected a point from 0 to {self.points - 1}, got {point!r}"
                    )
                if stones[point] != EMPTY:
                    raise IllegalActionError(f"expected different points, got {point!r} twice")
                stones[point] = colour
        return stones

    def set_up(
        self,
        positions: Positions,
        stones: ArrayLike,
        to_move: ArrayLike = BLACK,
        strict: bool = True,
    ) -> None:
        """Begin every row's game from these stones, in place.

        Args:
            positions: ``(rows,)``.
            stones: ``EMPTY``, ``BLACK`` or ``WHITE`` per point, ``(points,)`` or
                ``(rows, points)``.
            to_move: ``BLACK`` or ``WHITE``, one for all or ``(rows,)``.
            strict: refuse also numbers of stones that alternate play from the start cannot give,
                in a game without passes; puzzles and handicaps have such numbers.

        Raises:
            IllegalActionError: if a row cannot be a position of this game; no row has changed then.
        """
        changed = positions.copy()
        refused = self.try_set_up(changed, stones, to_move, strict)
        if refused.any():
            row = int(np.flatnonzero(refused)[0])
            why = self.refusals[refused[row] - 1]
            board = np.broadcast_to(np.asarray(stones), (len(positions), self.points))[row]
            black, white = (np.flatnonzero(board == colour).tolist() for colour in (BLACK, WHITE))
            raise IllegalActionError(
                f"expected a position that {self} can have, "
                f"got {why} in row {row}: Black on {black!r}, White on {white!r}"
            )
        positions[:] = changed

    def try_set_up(
        self,
        positions: Positions,
        stones: ArrayLike,
        to_move: ArrayLike = BLACK,
        strict: bool = True,
    ) -> NDArray[np.uint8]:
        """Like :meth:`set_up`, but return 0 per row, or the number of the refusal from 1.

        Refused rows hold no playable position afterwards.
        """
        self._check(positions)
        board = np.asarray(stones)
        sides = np.asarray(to_move)
        if board.shape not in ((self.points,), (len(positions), self.points)):
            raise IllegalActionError(
                f"expected stones of shape {(self.points,)} or {(len(positions), self.points)}, "
                f"got {board.shape}"
            )
        if not np.isin(board, (EMPTY, BLACK, WHITE)).all():
            raise IllegalActionError("expected stones of 0 (empty), 1 (Black) or 2 (White)")
        if not np.isin(sides, (BLACK, WHITE)).all():
            raise IllegalActionError(f"expected 1 (Black) or 2 (White) to move, got {to_move!r}")
        full = (len(positions), self.points)
        refused = np.zeros(len(positions), np.uint8)
        self.kernels.set_up(
            positions,
            np.ascontiguousarray(np.broadcast_to(board, full), np.uint8),
            np.ascontiguousarray(np.broadcast_to(sides, len(positions)), np.uint8),
            strict,
            refused,
        )
        return refused

    def place_handicap(self, positions: Positions, points: Sequence[int]) -> None:
        """Begin every row with stones of Black on ``points``, White to move and paid for them.

        Raises:
            IllegalActionError: if a point is named twice or is not on the board.
            SpecError: in a game without handicap.
        """
        raise SpecError(f"expected a game with handicap stones, got {self}")

    def legal(self, positions: Positions) -> NDArray[np.bool_]:
        """Return legal actions, shape ``(rows, actions)``. A finished position has none."""
        self._check(positions)
        out = np.zeros((len(positions), self.actions), np.bool_)
        self.kernels.legal(positions, out)
        return out

    def candidates(self, positions: Positions) -> NDArray[np.bool_]:
        """Return the legal actions worth searching, shape ``(rows, actions)``.

        A game may leave out actions that are never sensible; an unfinished position always has one.
        """
        return self.legal(positions)

    def forced(self, positions: Positions, effort: int) -> Forced:
        """Find proven wins and necessary answers in positions ``(rows,)``.

        ``effort`` bounds the work for each position; its unit is the game's. A game without
        :attr:`has_forced` knows none.
        """
        return Forced.unknown(len(positions), self.actions)

    def play(self, positions: Positions, actions: ArrayLike) -> None:
        """Play one action per row, in place. Rows with action -1 are left alone.

        Raises:
            IllegalActionError: if any row's action is illegal; no row has changed then.
        """
        self._check(positions)
        chosen = np.asarray(actions)
        if chosen.shape != positions.shape or not np.issubdtype(chosen.dtype, np.integer):
            raise IllegalActionError(
                f"expected {len(positions)} whole numbers, one action per row, "
                f"got {chosen.dtype} of shape {chosen.shape}"
            )
        chosen = np.ascontiguousarray(chosen, np.int64)
        bad = self.kernels.first_illegal(positions, chosen)
        if bad >= 0:
            row, action = positions[bad], int(chosen[bad])
            where = f"at ply {int(row['plies'])}, row {bad}, of {self}"
            raise IllegalActionError(f"{self._why_illegal(row, action)} {where}")
        self.kernels.play(positions, chosen)

    def play_line(
        self, position: Positions, actions: ArrayLike, trace: Positions | None = None
    ) -> int:
        """Play one game's actions on ``position`` ``(1,)`` in place, as far as they are legal.

        Returns the number of actions played. ``trace[i]`` becomes the position before action ``i``,
        up to the length of ``trace`` and including the first refused action.
        """
        seen = position[:0] if trace is None else trace
        for rows in (position[:1], seen):
            self._check(rows)
        return int(self.kernels.play_line(position, np.asarray(actions, np.int64), seen))

    def _why_illegal(self, row: Any, action: int) -> str:
        if row["finished"]:
            return f"expected a game that is not over, got action {action!r}"
        if not 0 <= action <= self.points:
            return f"expected an action from 0 to {self.points}, got {action!r}"
        if action == self.pass_action:
            return f"expected a point, got the {self.pass_name}, which is not allowed now,"
        point = f"point {action!r} (row {action // self.width}, column {action % self.width})"
        if self.stones(np.atleast_1d(row))[0, action] != EMPTY:
            return f"expected an empty point, got {point}, which is occupied,"
        return self._why_point_illegal(row, point, action)

    def _why_point_illegal(self, row: Any, point: str, action: int) -> str:
        """Say why the rules refuse an empty point."""
        return f"expected a legal point, got {point}"

    def replay(
        self,
        roots: Positions,
        row_slot: NDArray[np.int32],
        paths: NDArray[np.int16],
        lengths: NDArray[np.int32],
        leaves: Positions,
    ) -> None:
        """Copy ``roots[row_slot[i]]`` to ``leaves[i]`` and play ``paths[i, :lengths[i]]`` there.

        It serves the search, whose paths are legal by construction: rules that only depend on the
        past (ko) are not checked.

        Raises:
            IllegalActionError: if a path leaves the board, the game or the array.
        """
        self._check(roots)
        rows = len(row_slot)
        if leaves.dtype != self._known_dtype or min(len(leaves), len(paths), len(lengths)) < rows:
            raise IllegalActionError(
                f"expected leaves, paths and lengths for {rows} rows, "
                f"got {len(leaves)}, {len(paths)} and {len(lengths)}"
            )
        bad = self.kernels.replay(roots, row_slot, paths, lengths, leaves)
        if bad >= 0:
            path = paths[bad, : lengths[bad]].tolist()
            raise IllegalActionError(
                f"expected a path of {self}, got {path!r} "
                f"from slot {int(row_slot[bad])} in row {bad}"
            )

    def finished(self, positions: Positions) -> NDArray[np.bool_]:
        """Return which games are over, shape ``(rows,)``."""
        return positions["finished"] != 0

    def to_move(self, positions: Positions) -> NDArray[np.uint8]:
        """Return ``BLACK`` or ``WHITE`` per row."""
        return np.ascontiguousarray(positions["to_move"])

    def stones(self, positions: Positions) -> NDArray[np.uint8]:
        """Return ``EMPTY``, ``BLACK`` or ``WHITE`` per point, shape ``(rows, points)``."""
        self._check(positions)
        out = np.empty((len(positions), self.points), np.uint8)
        self.kernels.stones(positions, out)
        return out

    def score(
        self,
        positions: Positions,
        dead: ArrayLike | None = None,
        seki: ArrayLike | None = None,
    ) -> NDArray[np.float32]:
        """Return Black's points minus White's of the board as it stands, komi included.

        Games without points give 1, 0 or -1. For a game that :attr:`has_dead_stones`, bool
        ``(rows, points)`` arrays may name stones to take off first (``dead``) and points that count
        for neither side (``seki``).
        """
        return self._scored(positions)[1]

    def ownership(self, positions: Positions, dead: ArrayLike | None = None) -> NDArray[np.int8]:
        """Return the owner of each point as the board stands: 1 Black, -1 White, 0 neither.

        It is all 0 in games that do not count points. ``dead`` is as for :meth:`score`.
        """
        return self._scored(positions)[0]

    def certain(self, positions: Positions) -> NDArray[np.int8]:
        """Return the certain owner of each point: 1 Black, -1 White, 0 open, ``(rows, points)``."""
        return np.zeros((len(positions), self.points), np.int8)

    def _scored(self, positions: Positions) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        self._check(positions)
        ownership = np.zeros((len(positions), self.points), np.int8)
        scores = np.empty(len(positions), np.float32)
        self.kernels.score(positions, ownership, scores)
        return ownership, scores

    def features(self, positions: Positions) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return network inputs from the side to move.

        Binary planes of shape ``(rows, points, planes)`` and globals of shape ``(rows, globals)``.
        """
        self._check(positions)
        planes = np.zeros((len(positions), self.points, len(self.plane_names)), np.uint8)
        globals_ = np.zeros((len(positions), len(self.global_names)), np.float32)
        self.kernels.features(positions, planes, globals_)
        if self.turn:
            points_from = permutations(self.height, self.width, self.symmetries)[self.turn]
            planes = np.ascontiguousarray(planes[:, points_from])
        return planes, globals_

    def keys(self, positions: Positions) -> NDArray[np.uint64]:
        """Return 64 bits per row that tell positions apart, shape ``(rows,)``.

        They depend on the stones, the side to move and other present state that the rules read (a
        ko, passes, a swap). They do not depend on earlier moves, size, komi or rules.
        """
        self._check(positions)
        out = np.empty(len(positions), np.uint64)
        self.kernels.keys(positions, out)
        return out

    def playout(self, positions: Positions, seeds: NDArray[np.uint64]) -> None:
        """Play uniformly random sensible actions to the end of every row, in place."""
        self._check(positions)
        if seeds.shape != positions.shape or seeds.dtype != np.uint64:
            raise IllegalActionError(
                f"expected {len(positions)} seeds of type uint64, "
                f"got {seeds.dtype} of shape {seeds.shape}"
            )
        self.kernels.playout(positions, seeds)

    def outcome(self, positions: Positions) -> NDArray[np.int8]:
        """Return the sign of the score: 1 Black is ahead, -1 White, 0 a draw."""
        return np.sign(self.score(positions)).astype(np.int8)

    def _check(self, positions: Positions) -> None:
        """Refuse positions whose kernels would write beyond the arrays that this spec allocates."""
        dtype = self._known_dtype
        if positions.dtype is not dtype and positions.dtype != dtype:
            found = "positions of another game or size class"
        elif positions.ndim != 1:
            found = f"an array of shape {positions.shape}"
        else:
            bad = first_misfit(positions, self.height, self.width)
            if bad < 0:
                return
            row = positions[bad]
            found = f"a board of {int(row['height'])}x{int(row['width'])} in row {bad}"
        raise SpecError(f"expected positions of {self}, one per row, got {found}")


def other_side(colour: int) -> int:
    """Return ``WHITE`` for ``BLACK``, and the other way round."""
    return BLACK + WHITE - colour


def check_side(game: str, height: Any, width: Any, smallest: int, largest: int) -> None:
    """Refuse a board size that is not made of whole numbers in range.

    Raises:
        SpecError: with the sizes that the game has.
    """
    for side in (height, width):
        whole = isinstance(side, (int, np.integer)) and not isinstance(side, bool)
        if not (whole and smallest <= side <= largest):
            raise SpecError(
                f"expected a board of {game} from {smallest}x{smallest} to {largest}x{largest}, "
                f"got {height!r}x{width!r}"
            )


def check_flag(name: str, value: Any) -> None:
    """Refuse a rule that is neither on nor off; raises :class:`SpecError`."""
    if value not in (False, True):
        raise SpecError(f"expected {name} on or off, true or false, got {value!r}")
