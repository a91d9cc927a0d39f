"""Game clocks: a main time, then byo-yomi periods, of which one is lost when it runs out.

The module reads no real clock. The caller passes the time, so tests need not wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from arena.session.texts import mark, say
from engine.games.spec import BLACK, WHITE

_SOON_S: Final = 10.0


@dataclass(frozen=True)
class ClockRule:
    """The main time and the periods that each side gets."""

    main_s: float
    periods: int = 0
    """Extra periods (byo-yomi) after the main time; one is lost each time it runs out."""
    period_s: float = 0.0


RULES: Final[tuple[ClockRule | None, ...]] = (
    None,
    ClockRule(60, 3, 10),
    ClockRule(300, 3, 20),
    ClockRule(600, 5, 30),
    ClockRule(1800, 5, 30),
    ClockRule(300),
    ClockRule(3600),
)
_NONE: Final = mark("no clock")


def rule_words(rule: ClockRule | None) -> str:
    """Describe a rule in a few words."""
    if rule is None:
        return say(_NONE)
    if rule.periods == 0:
        return say("{minutes:g} min", minutes=rule.main_s / 60)
    return say(
        "{minutes:g} min + {periods} x {seconds:g} s",
        minutes=rule.main_s / 60,
        periods=rule.periods,
        seconds=rule.period_s,
    )


class GameClock:
    """The clocks of both sides; at most one of them runs."""

    def __init__(self, rule: ClockRule) -> None:
        self.rule = rule
        self.main_s = {BLACK: rule.main_s, WHITE: rule.main_s}
        self.periods = {BLACK: rule.periods, WHITE: rule.periods}
        self.period_left_s = {BLACK: rule.period_s, WHITE: rule.period_s}
        self._running: int | None = None
        self._mover: int | None = None
        """The side whose clock ran most recently."""
        self._since = 0.0

    def run(self, colour: int | None, now: float) -> None:
        """Start a side's clock, or stop both; a side that has moved gets a full period.

        A side has moved when the other side's clock starts: no clock runs during a review.
        """
        self.tick(now)
        if colour is not None:
            if self._mover not in (None, colour):
                self.period_left_s[BLACK + WHITE - colour] = self.rule.period_s
            self._mover = colour
        self._running, self._since = colour, now

    def stop(self) -> None:
        """Stop both clocks until the next call of :meth:`run`."""
        self._running = None

    def tick(self, now: float) -> None:
        """Subtract the time that has passed from the running clock."""
        spent, self._since = now - self._since, now
        colour = self._running
        if colour is None or spent <= 0:
            return
        from_main = min(spent, self.main_s[colour])
        self.main_s[colour] -= from_main
        spent -= from_main
        if spent > 0 and self.periods[colour] > 0:
            self._spend_periods(colour, spent)

    def _spend_periods(self, colour: int, spent: float) -> None:
        """Subtract time from the present period, and drop the periods that it uses up."""
        length = self.rule.period_s
        over = spent - self.period_left_s[colour]
        if over < 0:
            self.period_left_s[colour] = -over
            return
        more = min(over // length, self.periods[colour]) if length > 0 else self.periods[colour]
        self.periods[colour] = max(self.periods[colour] - 1 - int(more), 0)
        left = length - (over - more * length)
        self.period_left_s[colour] = left if self.periods[colour] else length

    def flagged(self) -> int | None:
        """Return the side whose time is up; ``None`` if both have time left."""
        for colour in (BLACK, WHITE):
            if self.main_s[colour] <= 0 and self.periods[colour] <= 0:
                return colour
        return None

    def hurries(self, colour: int) -> bool:
        """Whether a side has little time left."""
        left = self.main_s[colour] or self.period_left_s[colour]
        return self.main_s[colour] <= 0 or left < _SOON_S

    def allowance_s(self, colour: int) -> float:
        """Return the seconds that an AI may spend on one move without running out of time."""
        if self.main_s[colour] <= 0:
            return max(self.period_left_s[colour] * 0.7, 0.05)
        return max(self.main_s[colour] / 25 + self.rule.period_s * 0.5, 0.05)

    def words(self, colour: int) -> str:
        """Return the remaining time of a side as text."""
        if self.main_s[colour] > 0:
            return _minutes(self.main_s[colour])
        return f"{_minutes(self.period_left_s[colour])} ({self.periods[colour]})"


def _minutes(seconds: float) -> str:
    whole = int(seconds + 0.999)
    return f"{whole // 60}:{whole % 60:02d}"
