"""The choice of games that rate a checkpoint, and the limit of their processor time.

Every checkpoint meets earlier ones and the rungs of a fixed ladder, a few games at a time, while
the run goes on. This module chooses the next pair and records the results. The arena plays the
games and fits the ratings.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.errors import ConfigError

GAMES_PER_MEETING: Final = 8
"""Games of a pair before the next choice: four openings, each with both colours."""
_EARLIER: Final = 6
"""Number of preceding checkpoints that a checkpoint may meet, besides the first of the run."""


@dataclass(frozen=True)
class BenchmarkConfig:
    """How checkpoints are rated while the run goes on."""

    share: float = field(
        default=0.08,
        metadata={"min": 0.0, "max": 0.5, "why": "of the machine's processor time; 0 is off"},
    )
    games: int = field(
        default=64,
        metadata={"min": 0, "unit": "per checkpoint", "why": "about 85 Elo either way"},
    )
    simulations: int = field(
        default=100, metadata={"min": 1, "unit": "per move", "why": "quick, and no bare reflexes"}
    )
    ladder: tuple[str, ...] = field(
        default=("random", "rollouts:100", "rollouts:500", "rollouts:2000"),
        metadata={"why": "players that never change, weakest first, spelled as for `miai arena`"},
    )
    anchor: str = field(default="rollouts:500", metadata={"why": "the one with Elo 0"})

    def check(self) -> None:
        """Refuse an anchor that does not play.

        Raises:
            ConfigError: if the anchor is no player of the ladder.
        """
        if self.anchor not in self.ladder:
            raise ConfigError(
                f"expected benchmark.anchor from benchmark.ladder ({', '.join(self.ladder)}), "
                f"got {self.anchor!r}"
            )


@dataclass(frozen=True)
class Meeting:
    """Result of a few games of two players, with both colours equally often."""

    first: str
    second: str
    games: int
    points_as_black: float
    """Points of the first player in the games where it had Black; a draw counts 1/2."""
    points_as_white: float
    cpu_s: float
    """Processor time of all games together."""

    @staticmethod
    def read(entry: Mapping[str, object]) -> Meeting | None:
        """Parse a line of ``benchmarks.jsonl``; return ``None`` for any other kind of entry."""
        first, second, games = entry.get("first"), entry.get("second"), entry.get("games")
        numbers = [entry.get(key, 0.0) for key in ("points_as_black", "points_as_white", "cpu_s")]
        if not (isinstance(first, str) and isinstance(second, str) and isinstance(games, int)):
            return None
        if first == second or games < 2 or games % 2:
            return None
        black, white, cpu = (float(n) if isinstance(n, int | float) else -1.0 for n in numbers)
        if not (0 <= black <= games / 2 and 0 <= white <= games / 2):
            return None
        return Meeting(first, second, games, black, white, max(cpu, 0.0))


Pair = tuple[str, str]


def next_meeting(
    config: BenchmarkConfig,
    checkpoints: Sequence[str],
    played: Sequence[Meeting],
    elo: Mapping[str, float],
    exhausted: frozenset[Pair] = frozenset(),
) -> Pair | None:
    """Return the pair that should play now; ``None`` if all checkpoints have played enough.

    The newest checkpoint comes first, then the one with the fewest games. Half of its games are
    against the ladder and half against earlier checkpoints, always against the most informative
    opponent. The ladder comes first, so that all ratings are on one scale.

    Args:
        config: the settings.
        checkpoints: names, oldest first.
        played: all meetings so far.
        elo: the present ratings, by player.
        exhausted: pairs, sorted, that have no openings left.
    """
    games = _games_of(played)
    short = [name for name in checkpoints if games[name] < config.games]
    subjects = [*short[-1:], *sorted(short[:-1], key=lambda name: games[name])]
    for subject in subjects:
        opponent = _opponent(config, checkpoints, subject, played, elo, exhausted)
        if opponent is not None:
            return subject, opponent
    return _rungs_that_meet(config, played, elo, exhausted)


def _opponent(
    config: BenchmarkConfig,
    checkpoints: Sequence[str],
    subject: str,
    played: Sequence[Meeting],
    elo: Mapping[str, float],
    exhausted: frozenset[Pair],
) -> str | None:
    at = checkpoints.index(subject)
    earlier = list(
        dict.fromkeys([*checkpoints[max(at - _EARLIER, 0) : at][::-1], *checkpoints[:1]])
    )
    known = elo.get(subject, elo.get(checkpoints[at - 1], 0.0) if at else 0.0)
    met = _met(played)
    kinds = []
    for kind in (list(config.ladder), earlier):
        free = [name for name in kind if name != subject and pair(subject, name) not in exhausted]
        if free:
            kinds.append((sum(met[pair(subject, name)] for name in free), free))
    if not kinds:
        return None
    _, candidates = min(kinds, key=lambda kind: kind[0])
    return max(
        candidates,
        key=lambda name: _worth(known, elo.get(name, known), met[pair(subject, name)]),
    )


def _worth(elo: float, other: float, games: int) -> float:
    """Information of more games: most where the result is uncertain and few were played."""
    expected = 1.0 / (1.0 + 10.0 ** ((other - elo) / 400.0))
    return (expected * (1.0 - expected) + 1e-6) / (1.0 + games / GAMES_PER_MEETING)


def _rungs_that_meet(
    config: BenchmarkConfig,
    played: Sequence[Meeting],
    elo: Mapping[str, float],
    exhausted: frozenset[Pair],
) -> Pair | None:
    """Choose neighbours on the ladder once the checkpoints have their games; they fix the scale."""
    met = _met(played)
    for low, high in zip(config.ladder, config.ladder[1:], strict=False):
        known = pair(low, high)
        both_rated = low in elo and high in elo
        if both_rated and known not in exhausted and met[known] < config.games // 2:
            return high, low
    return None


def pair(first: str, second: str) -> Pair:
    """Return two players in sorted order, as a key."""
    return (first, second) if first < second else (second, first)


def _met(played: Sequence[Meeting]) -> Counter[Pair]:
    met: Counter[Pair] = Counter()
    for meeting in played:
        met[pair(meeting.first, meeting.second)] += meeting.games
    return met


def _games_of(played: Sequence[Meeting]) -> Counter[str]:
    games: Counter[str] = Counter()
    for meeting in played:
        games[meeting.first] += meeting.games
        games[meeting.second] += meeting.games
    return games


class Pace:
    """Keeps this process within a share of the machine's processor time."""

    def __init__(
        self,
        share: float,
        cores: int,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self._rate = share * cores
        self._clock, self._cpu = clock, cpu
        self._started = clock()

    def rest_s(self) -> float:
        """Seconds to wait until the time used since the process began is within the share."""
        due = self._cpu() / self._rate if self._rate > 0.0 else float("inf")
        return max(due - (self._clock() - self._started), 0.0)
