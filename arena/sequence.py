"""Pairs of games in the order of the schedule, whichever end first."""

from __future__ import annotations

from arena.stats.sprt import Hypotheses


class PairCounter:
    """Counts pairs of one pairing as far as all pairs before them are complete.

    With a test it stops at the first pair that decides it: how many games are in play, and how long
    each of them lasts, has no say in the answer.
    """

    def __init__(self, test: Hypotheses | None = None) -> None:
        self.counts = [0] * 5
        """Pairs in which the first player scored 0, 1/2, 1, 3/2, 2 points."""
        self.decision = ""
        """``elo0`` or ``elo1`` once the test has decided."""
        self._test = test
        self._points: dict[int, float] = {}

    @property
    def pairs(self) -> int:
        """How many pairs were counted: the first so many of the schedule."""
        return sum(self.counts)

    def add(self, game: int, points: float) -> None:
        """Take in the first player's points in a game; games ``2 n`` and ``2 n + 1`` are a pair."""
        self._points[game] = points
        while not self.decision:
            pair = (2 * self.pairs, 2 * self.pairs + 1)
            if not all(number in self._points for number in pair):
                return
            self.counts[round(2 * sum(self._points.pop(number) for number in pair))] += 1
            if self._test is not None:
                self.decision = self._test.decision(self.counts)
