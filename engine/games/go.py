"""Go on any board from 2x2 to 25x25; two passes end the game."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine._kernel import kernel
from engine.errors import SpecError
from engine.games import go_features, rows
from engine.games.go_board import (
    PLIES_PER_POINT,
    POSITIONAL_SUPERKO,
    SIMPLE_KO,
    SITUATIONAL_SUPERKO,
    SIZE_CLASSES,
    can_play,
    cell_of,
    is_legal,
    is_own_eye,
    is_safe,
    key_row,
    layout,
    play_row,
    reset_row,
    row_starts,
    set_up_row,
    superko_bites,
)
from engine.games.go_features import feature_row
from engine.games.go_life import certain_rows
from engine.games.go_playouts import playout_row
from engine.games.go_rules import RULES
from engine.games.go_scoring import score_row, take_off_rows
from engine.games.spec import EMPTY, WHITE, GameSpec, Positions, check_flag, check_side
from engine.look import Look, squares

__all__ = [
    "GoSpec",
    "feature_row",
    "is_legal",
    "is_safe",
    "key_row",
    "legal_row",
    "play_row",
    "playout_row",
    "reset_row",
    "score_row",
    "set_up_row",
    "stones_row",
]

KO_RULES: Final = {
    "simple": SIMPLE_KO,
    "positional": POSITIONAL_SUPERKO,
    "situational": SITUATIONAL_SUPERKO,
}
SCORING_RULES: Final = ("area", "territory")
HANDICAP_BONUSES: Final = ("none", "stones", "stones-1")
_LARGEST_KOMI = 400


@kernel
def legal_row(row, out):
    """Mark legal actions in bool ``out`` ``(actions,)``, zeroed before."""
    colour = row["to_move"]
    superko = superko_bites(row)
    point = 0
    for start in row_starts(row):
        for cell in range(start, start + row["width"]):
            out[point] = can_play(row, cell, colour, superko)
            point += 1
    out[point] = True


@kernel
def _candidate_rows(positions, out):
    """Like :func:`legal_row`, without what fills the mover's own eyes: bool ``(rows, actions)``."""
    for i in range(len(positions)):
        row = positions[i]
        if row["finished"] != 0:
            continue
        colour = row["to_move"]
        superko = superko_bites(row)
        point = 0
        for start in row_starts(row):
            for cell in range(start, start + row["width"]):
                allowed = can_play(row, cell, colour, superko)
                out[i, point] = allowed and not is_own_eye(row, cell, colour)
                point += 1
        out[i, point] = True


@kernel
def stones_row(row, out):
    """Write the colour of each point to uint8 ``out`` ``(points,)``."""
    for point in range(row["height"] * row["width"]):
        out[point] = row["board"][cell_of(row, point)]


_KERNELS = rows.bind(globals())


@dataclass(frozen=True)
class GoSpec(GameSpec):
    """Rules of Go.

    Raises:
        SpecError: on a size or rule that does not exist.
    """

    height: int = 9
    width: int = 9
    komi: float = 7.0
    """Points that White gets; half points are allowed."""
    ko: str = "positional"
    """``positional``: no position of stones may come back. ``situational``: none may come back with
    the same side to move. ``simple``: a single stone that just captured a single stone may not be
    retaken at once."""
    suicide: bool = False
    """Whether a chain may take its own last liberty; it is then removed."""
    scoring: str = "area"
    """``area``: stones and surrounded points. ``territory``: surrounded points and prisoners; the
    two agree up to a point where both sides played equally often and no dead stone was left."""
    handicap_bonus: str = "none"
    """What White gets for ``n`` handicap stones: ``stones`` n points, ``stones-1`` n - 1."""

    name: ClassVar[str] = "go"
    plane_names: ClassVar[tuple[str, ...]] = go_features.PLANE_NAMES
    global_names: ClassVar[tuple[str, ...]] = go_features.GLOBAL_NAMES
    kernels: ClassVar[rows.RowKernels] = _KERNELS
    refusals: ClassVar[tuple[str, ...]] = ("a chain without a liberty",)
    may_pass: ClassVar[bool] = True
    has_points: ClassVar[bool] = True
    letter_i: ClassVar[bool] = False
    star_points: ClassVar[bool] = True
    has_komi: ClassVar[bool] = True
    has_handicap: ClassVar[bool] = True
    has_dead_stones: ClassVar[bool] = True
    takes_prisoners: ClassVar[bool] = True
    sgf_number: ClassVar[str] = "1"
    look: ClassVar[Look] = Look(
        sizes=squares(5, 7, 9, 13, 19),
        goal="Own more of the board than the other side at the end.",
        how=(
            "Stones are placed on crossings; a chain with no free point beside it is taken off.",
            "No earlier position may come back (ko).",
            "When both pass, the points are counted; White gets komi for moving second.",
        ),
    )

    def __post_init__(self) -> None:
        check_side(self.name, self.height, self.width, 2, SIZE_CLASSES[-1])
        check_flag("suicide", self.suicide)
        komi = self.komi
        if not abs(komi) <= _LARGEST_KOMI or komi * 2 != int(komi * 2):
            raise SpecError(
                f"expected komi as a multiple of 0.5 from -{_LARGEST_KOMI} to {_LARGEST_KOMI}, "
                f"got {komi!r}"
            )
        for what, value, known in (
            ("ko rule", self.ko, tuple(KO_RULES)),
            ("way of scoring", self.scoring, SCORING_RULES),
            ("handicap bonus", self.handicap_bonus, HANDICAP_BONUSES),
        ):
            if value not in known:
                raise SpecError(f"expected a {what} from {', '.join(known)}, got {value!r}")

    @classmethod
    def by(cls, rules: str, height: int = 9, width: int | None = None, **changes: Any) -> GoSpec:
        """Return a rule set by name, such as ``japanese``, with fields changed as given.

        Raises:
            SpecError: if there is no such rule set, size or field.
        """
        if rules not in RULES:
            raise SpecError(f"expected rules from {', '.join(RULES)}, got {rules!r}")
        return cls(height, height if width is None else width, **{**RULES[rules], **changes})

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

    @property
    def row_rules(self) -> dict[str, int]:
        return {
            "komi_half_points": int(self.komi * 2),
            "superko": KO_RULES[self.ko],
            "suicide": int(self.suicide),
            "territory": int(self.scoring == "territory"),
        }

    def place_handicap(self, positions: Positions, points: Sequence[int]) -> None:
        """Begin every row with Black stones on ``points``, White to move and paid for them.

        Raises:
            IllegalActionError: if a point is named twice or not on the board.
        """
        self.set_up(positions, self.board(black=points), WHITE)
        bonus = {"none": 0, "stones": len(points), "stones-1": max(len(points) - 1, 0)}
        positions["komi_half_points"] = int(self.komi * 2) + 2 * bonus[self.handicap_bonus]

    def candidates(self, positions: Positions) -> NDArray[np.bool_]:
        """Return the legal actions that do not fill an own eye; the pass is always among them."""
        self._check(positions)
        out = np.zeros((len(positions), self.actions), np.bool_)
        _candidate_rows(positions, out)
        return out

    def _why_point_illegal(self, row: Any, point: str, action: int) -> str:
        cell = action + action // self.width + self.width + 2
        if not row["suicide"] and not go_features.breathes(row, cell, row["to_move"]):
            return f"expected a point with a liberty, got suicide on {point}"
        return f"expected a new position, got {point}, which the ko rule forbids,"

    def score(
        self,
        positions: Positions,
        dead: ArrayLike | None = None,
        seki: ArrayLike | None = None,
    ) -> NDArray[np.float32]:
        """Return Black's points minus White's, komi included.

        Args:
            positions: ``(rows,)``.
            dead: bool ``(rows, points)``, stones to take off first.
            seki: bool ``(rows, points)``, points that count for neither side under territory
                scoring.
        """
        ownership, scores = self._settled(positions, dead)
        if seki is not None and self.scoring == "territory":
            vacant = (self.stones(positions) == EMPTY) & self._mask(positions, seki, "seki")
            scores -= (ownership * vacant).sum(axis=1, dtype=np.float32)
        return scores

    def ownership(self, positions: Positions, dead: ArrayLike | None = None) -> NDArray[np.int8]:
        return self._settled(positions, dead)[0]

    def _settled(
        self, positions: Positions, dead: ArrayLike | None
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        if dead is None:
            return self._scored(positions)
        self._check(positions)
        without = positions.copy()
        take_off_rows(without, self._mask(positions, dead, "dead"))
        return self._scored(without)

    def _mask(self, positions: Positions, mask: ArrayLike, what: str) -> NDArray[np.bool_]:
        found = np.ascontiguousarray(mask, np.bool_)
        if found.shape != (len(positions), self.points):
            raise SpecError(
                f"expected {what} points of shape {(len(positions), self.points)}, "
                f"got {found.shape}"
            )
        return found

    def certain(self, positions: Positions) -> NDArray[np.int8]:
        """Return the certain owner of each point: 1 Black, -1 White, 0 open, ``(rows, points)``.

        These are unconditionally alive chains by Benson's theorem and the regions that they
        enclose, see :mod:`engine.games.go_life`.
        """
        self._check(positions)
        out = np.zeros((len(positions), self.points), np.int8)
        certain_rows(positions, out)
        return out

    def decided(self, positions: Positions) -> NDArray[np.int8]:
        """Return the certain winner by area: 1 Black, -1 White, 0 open, ``(rows,)``.

        A win is certain if it holds with every open point given to the other side. The result is
        always 0 under territory scoring, where playing inside territory loses points.
        """
        certain = self.certain(positions)
        if self.scoring == "territory":
            return np.zeros(len(positions), np.int8)
        komi = positions["komi_half_points"] / 2.0
        lead = certain.sum(axis=1) - komi
        unsettled = (certain == 0).sum(axis=1)
        return (np.sign(lead) * (np.abs(lead) > unsettled)).astype(np.int8)
