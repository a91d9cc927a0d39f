"""Time settings of all kinds that controllers state, and how much to use for one move."""

from __future__ import annotations

from dataclasses import dataclass

from agents.protocol import FEWEST_MOVES_LEFT, TIME_SAFETY
from engine.games.spec import BLACK, WHITE


@dataclass(frozen=True)
class TimeControl:
    """The time that either side gets. If all fields are 0, there is no time at all."""

    main_s: float = 0.0
    period_s: float = 0.0
    """Length of an overtime period."""
    stones: int = 0
    """Moves to play in each period (Canadian overtime); 1 with ``periods``."""
    periods: int = 0
    """Byo-yomi: number of periods; a period is kept if the move was made within it. It is 0 for
    Canadian overtime, which never runs out."""
    increment_s: float = 0.0
    """Fischer: seconds added for each move."""
    most_main_s: float = 0.0
    """Fischer: largest time that can be saved, in seconds; 0 for no limit."""
    most_move_s: float = 0.0
    """Fischer: longest time for one move, in seconds; 0 for no limit."""


@dataclass
class _Side:
    left_s: float
    stones: int  # to be played in left_s; 0 in main time
    periods: int = 0  # of byo-yomi, the present one included


class Clock:
    """The time that either side has left, and the part to use for a move."""

    def __init__(self) -> None:
        self._control: TimeControl | None = None
        self.reset()

    def set(self, main_s: float, period_s: float, stones: int) -> None:
        """Set Canadian time; a period of no stones means no limit at all."""
        unlimited = period_s > 0 and stones == 0
        self.control(None if unlimited else TimeControl(main_s, period_s, stones))

    def control(self, control: TimeControl | None) -> None:
        """Play by ``control`` from now on; ``None`` is no limit."""
        self._control = control
        self.reset()

    def reset(self) -> None:
        """Start both clocks anew."""
        self._sides = {BLACK: self._fresh(), WHITE: self._fresh()}

    def set_left(self, colour: int, left_s: float, stones: int) -> None:
        """Take over what the controller says is left; in byo-yomi ``stones`` are periods."""
        if self._control is not None and self._control.periods and stones:
            self._sides[colour] = _Side(left_s, 1, stones)
        else:
            periods = 0 if self._control is None else self._control.periods
            self._sides[colour] = _Side(left_s, stones, periods)

    def spend(self, colour: int, seconds: float) -> None:
        """Count the time of one move."""
        control, side = self._control, self._sides[colour]
        if control is None:
            return
        in_period = side.stones > 0
        side.left_s -= seconds
        if control.periods:
            self._spend_byo_yomi(control, side)
            return
        side.left_s += control.increment_s
        if control.most_main_s > 0:
            side.left_s = min(side.left_s, control.most_main_s)
        side.stones -= in_period
        if control.stones and side.stones == 0 and (in_period or side.left_s <= 0):
            self._sides[colour] = _Side(control.period_s, control.stones)

    @staticmethod
    def _spend_byo_yomi(control: TimeControl, side: _Side) -> None:
        """Restart the period after a move; time beyond it costs further periods."""
        if side.left_s <= 0 and not side.stones:
            side.stones = 1
            side.left_s += control.period_s
        if side.left_s <= 0 and side.periods > 1 and control.period_s > 0:
            over = -side.left_s / control.period_s
            side.periods -= 1 + int(min(over, side.periods - 2))
        if side.stones:
            side.left_s = control.period_s

    def budget_s(self, colour: int, moves_left: int) -> float | None:
        """Return seconds to use for one move, ``None`` without a limit.

        Args:
            colour: who moves.
            moves_left: moves this side may still have to make; main time is shared out over them.
        """
        control = self._control
        if control is None:
            return None
        side = self._sides[colour]
        left_s = max(0.0, side.left_s)
        if side.stones > 0:
            return left_s / side.stones * TIME_SAFETY
        period_s = control.period_s / control.stones if control.stones else 0.0
        more_s = period_s + control.increment_s
        budget = left_s / max(moves_left, FEWEST_MOVES_LEFT) + more_s
        if control.increment_s > 0:
            budget = min(budget, left_s)  # the increment comes after the move
        if control.most_move_s > 0:
            budget = min(budget, control.most_move_s)
        return budget * TIME_SAFETY

    def _fresh(self) -> _Side:
        control = self._control or TimeControl()
        if control.main_s > 0 or not control.stones:
            return _Side(control.main_s, 0, control.periods)
        return _Side(control.period_s, control.stones, control.periods)
