"""Time settings as GTP states them: main time, then a number of stones per period."""

from __future__ import annotations

from dataclasses import dataclass

from engine.games.spec import BLACK, WHITE

_SAFETY = 0.9
_FEWEST_MOVES_LEFT = 10


@dataclass
class _Side:
    left_s: float
    stones: int  # to be played in left_s; 0 in main time


class Clock:
    """What either side has left, and how much of it to use for a move."""

    def __init__(self) -> None:
        self._limited = False
        self._main_s = self._period_s = 0.0
        self._stones = 0
        self.reset()

    def set(self, main_s: float, period_s: float, stones: int) -> None:
        """Set main time and periods; a period of no stones means no limit at all."""
        self._limited = not (period_s > 0 and stones == 0)
        self._main_s, self._period_s, self._stones = main_s, period_s, stones
        self.reset()

    def reset(self) -> None:
        """Start both clocks anew."""
        self._sides = {BLACK: self._fresh(), WHITE: self._fresh()}

    def set_left(self, colour: int, left_s: float, stones: int) -> None:
        """Take over what the controller says is left."""
        self._sides[colour] = _Side(left_s, stones)

    def spend(self, colour: int, seconds: float) -> None:
        """Count the time of one move."""
        side = self._sides[colour]
        side.left_s -= seconds
        in_period = side.stones > 0
        side.stones -= in_period
        if self._stones and side.stones == 0 and (in_period or side.left_s <= 0):
            self._sides[colour] = _Side(self._period_s, self._stones)

    def budget_s(self, colour: int, moves_left: int) -> float | None:
        """Return seconds to use for one move, ``None`` without a limit.

        Args:
            colour: who moves.
            moves_left: moves this side may still have to make; main time is shared out over them.
        """
        if not self._limited:
            return None
        side = self._sides[colour]
        left_s = max(0.0, side.left_s)
        if side.stones > 0:
            return left_s / side.stones * _SAFETY
        period_s = self._period_s / self._stones if self._stones else 0.0
        return (left_s / max(moves_left, _FEWEST_MOVES_LEFT) + period_s) * _SAFETY

    def _fresh(self) -> _Side:
        if self._main_s > 0 or not self._stones:
            return _Side(self._main_s, 0)
        return _Side(self._period_s, self._stones)
