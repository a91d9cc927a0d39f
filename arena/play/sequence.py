"""Pairs of games in the order of the schedule, whichever end first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from arena.stats.sprt import Hypotheses

_REPEATS_TO_STOP: Final = 20


class PairCounter:
    """Counts pairs of one pairing as far as all pairs before them are complete.

    A pair that repeats an earlier one, both its games move for move, is no new evidence and is left
    out: players that always choose the same do so when an opening comes again. With a test it
    stops at the first pair that decides it: how many games are in play, and how long each of them
    lasts, has no say in the answer.
    """

    def __init__(self, test: Hypotheses | None = None) -> None:
        self.counts = [0] * 5
        """Pairs in which the first player scored 0, 1/2, 1, 3/2, 2 points."""
        self.counted: list[int] = []
        """Numbers of the pairs that count, in order."""
        self.repeated = 0
        """How many pairs were left out."""
        self.decision = ""
        """``elo0`` or ``elo1`` once the test has decided."""
        self._test = test
        self._games: dict[int, tuple[float, tuple[int, ...]]] = {}
        self._known: set[tuple[tuple[int, ...], ...]] = set()
        self._in_a_row = 0

    @property
    def over(self) -> bool:
        """Whether more games are no use: the test has decided, or the players repeat themselves.

        That is so once there were as many repeated pairs in a row as pairs that count.
        """
        return bool(self.decision) or self._in_a_row >= max(len(self.counted), _REPEATS_TO_STOP)

    def add(self, game: int, points: float, actions: Sequence[int]) -> None:
        """Take in the first player's points in a game, and all its actions.

        Games ``2 n`` and ``2 n + 1`` are a pair.
        """
        self._games[game] = points, tuple(actions)
        while not self.over:
            pair = len(self.counted) + self.repeated
            if not all(number in self._games for number in (2 * pair, 2 * pair + 1)):
                return
            self._count(pair, [self._games.pop(number) for number in (2 * pair, 2 * pair + 1)])

    def _count(self, pair: int, games: Sequence[tuple[float, tuple[int, ...]]]) -> None:
        played = tuple(actions for _, actions in games)
        if played in self._known:
            self.repeated += 1
            self._in_a_row += 1
            return
        self._known.add(played)
        self._in_a_row = 0
        self.counted.append(pair)
        self.counts[round(2 * sum(points for points, _ in games))] += 1
        if self._test is not None:
            self.decision = self._test.decision(self.counts)
