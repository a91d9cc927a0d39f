"""Time controls of a tournament, and what a player has left in one game.

```
5         five seconds for every move
60+2      a minute, and two seconds more after every move (Fischer)
60+5x10   a minute, then five periods of ten seconds, each kept as long as it is not used up
```
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.protocol import TimeLeft
from engine.errors import ConfigError

_SPELLING = re.compile(
    r"(?P<main>\d{1,9}(?:\.\d{1,9})?)"
    r"(?:\+(?:(?P<periods>\d{1,9})x)?(?P<more>\d{1,9}(?:\.\d{1,9})?))?"
)


@dataclass(frozen=True)
class TimeControl:
    """How long either player may think, in seconds."""

    main_s: float
    increment_s: float = 0.0
    """Added after every move."""
    period_s: float = 0.0
    periods: int = 0
    """Byo-yomi: lost one by one, when a move takes longer than ``period_s``."""
    fixed: bool = False
    """``main_s`` is for each move alone."""

    def __str__(self) -> str:
        if self.fixed:
            return f"{self.main_s:g} s for every move"
        if self.periods:
            return f"{self.main_s:g} s, then {self.periods} periods of {self.period_s:g} s"
        return f"{self.main_s:g} s and {self.increment_s:g} s more after every move"


def read_time_control(text: str) -> TimeControl:
    """Read a spelling of the module's docstring.

    Raises:
        ConfigError: if it is none, or allows no time at all.
    """
    found = _SPELLING.fullmatch(text)
    if found is None:
        raise ConfigError(
            f"expected a time control such as 5, 60+2 or 60+5x10 (seconds), got {text!r}"
        )
    main_s, more = float(found["main"]), found["more"]
    if more is None:
        control = TimeControl(main_s, fixed=True)
    elif found["periods"]:
        control = TimeControl(main_s, period_s=float(more), periods=int(found["periods"]))
    else:
        control = TimeControl(main_s, increment_s=float(more))
    no_periods = found["periods"] is not None and not control.period_s * control.periods > 0
    if no_periods or not main_s + control.increment_s + control.period_s * control.periods > 0:
        raise ConfigError(
            "expected a time control that leaves time to think, in its periods too, such as "
            f"60+2 or 60+5x10, got {text!r}"
        )
    return control


class PlayerClock:
    """One player's clock in one game."""

    def __init__(self, control: TimeControl) -> None:
        self._control = control
        self._main_s, self._periods = control.main_s, control.periods

    @property
    def left(self) -> TimeLeft:
        """What the player may use now."""
        control = self._control
        if control.fixed:
            return TimeLeft(0.0, increment_s=control.main_s)
        return TimeLeft(self._main_s, control.increment_s, control.period_s, self._periods)

    def spend(self, seconds: float) -> bool:
        """Count the time of one move; return False if it was too long."""
        control = self._control
        if control.fixed:
            return seconds <= control.main_s
        over = seconds - self._main_s
        self._main_s = max(-over, 0.0) + control.increment_s
        if over <= 0:
            return True
        if not control.periods:
            return False
        # The move began in main time or in a period; a whole period used up is lost.
        self._periods -= int(min(over // control.period_s, self._periods))
        return self._periods > 0
