"""The times that a Gomocup manager states, in milliseconds, and what to use of them for a move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from agents.gomocup.grammar import NO_LIMIT_MS

_OVERHEAD_S: Final = 0.05
"""Between a move that is chosen and one that the manager has read."""
_SAFETY: Final = 0.85
_FEWEST_MOVES_LEFT: Final = 15
_LEAST_S: Final = 0.01


@dataclass(frozen=True)
class Times:
    """``INFO timeout_turn``, ``timeout_match`` and ``time_left``, in milliseconds."""

    turn_ms: int | None = None
    """0 means as fast as possible; ``None``: it was not stated."""
    match_ms: int = 0
    """0 is no limit."""
    left_ms: int | None = None

    def with_info(self, key: str, value: int) -> Times:
        """Return the times with one of them stated anew."""
        if key == "timeout_turn":
            return replace(self, turn_ms=value)
        if key == "timeout_match":
            return replace(self, match_ms=value)
        return replace(self, left_ms=value)

    def for_move(self, moves_left: int) -> float | None:
        """Return seconds for one move, ``None`` without any limit.

        ``moves_left`` is how many moves this side may still have to make.
        """
        limits: list[float] = []
        if self.turn_ms is not None:
            limits.append(self.turn_ms / 1000)
        left_ms = self.left_ms if self.left_ms is not None else self.match_ms or NO_LIMIT_MS
        if left_ms < NO_LIMIT_MS:
            limits.append(left_ms / 1000 / max(moves_left, _FEWEST_MOVES_LEFT))
        if not limits:
            return None
        return max(_SAFETY * min(limits) - _OVERHEAD_S, _LEAST_S)
