"""Matches of two agents, and the question whether one is stronger than the other.

Nothing is written: for games that are kept, see :mod:`arena.tournament`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.protocol import Agent
from arena.books import make_plan, plan_openings
from arena.openings import OPENING_PLIES, OpeningPlan, distinct_games
from arena.play.game import PlayedGame, Terms
from arena.play.game_runner import GAMES_AT_ONCE, play_games
from arena.play.sequence import PairCounter
from arena.schedule import make_schedule
from arena.stats.elo import clamped_elo_difference
from arena.stats.intervals import wilson
from arena.stats.pentanomial import PairStatistics, count_pairs, pair_statistics
from arena.stats.sprt import Hypotheses
from arena.stats.stopping import StoppedEstimate, estimate_after_stopping
from engine.errors import ConfigError
from engine.games.spec import GameSpec


@dataclass(frozen=True)
class PairResult:
    """A match of two agents, seen from the first."""

    wins: int
    draws: int
    losses: int
    pairs: tuple[int, int, int, int, int]
    """Pairs of games in which the first scored 0, 1/2, 1, 3/2, 2 points."""
    games: tuple[PlayedGame, ...]
    """Ordered by number; the first agent is number 0."""
    distinct: int
    """Games that differ, rotations and reflections aside."""

    @property
    def score(self) -> float:
        """Share of the points in [0, 1]."""
        return (self.wins + self.draws / 2) / len(self.games)

    @property
    def statistics(self) -> PairStatistics:
        """What the pairs say; with a handful of them the interval is too narrow."""
        return pair_statistics(self.pairs)

    @property
    def elo(self) -> float:
        """Elo of the first above the second; at most about 1200 either way."""
        return clamped_elo_difference(self.score)

    @property
    def elo_low(self) -> float:
        """Lower end of the 95 % interval, from Wilson's of the score."""
        return clamped_elo_difference(wilson(self.score * len(self.games), len(self.games))[0])

    @property
    def elo_high(self) -> float:
        """Upper end of it."""
        return clamped_elo_difference(wilson(self.score * len(self.games), len(self.games))[1])


def play_match(
    spec: GameSpec,
    first: Agent,
    second: Agent,
    games: int,
    seed: int,
    *,
    openings: OpeningPlan | None = None,
    opening_plies: tuple[int, int] = OPENING_PLIES,
    move_limit: int | None = None,
    games_at_once: int = GAMES_AT_ONCE,
) -> PairResult:
    """Play a match in colour-balanced pairs; nothing is written.

    Openings are random ones of ``opening_plies``, or what the plan says.

    Raises:
        ConfigError: if ``games`` is not an even number above 0, or there are too few openings.
    """
    if games < 2 or games % 2:
        raise ConfigError(f"expected an even number of games of at least 2, got {games!r}")
    plan = openings or OpeningPlan("random", plies=opening_plies)
    fixtures = make_schedule([(0, 1)], plan_openings(plan, spec, games // 2, seed))
    played: list[PlayedGame] = []
    play_games(
        spec,
        (first, second),
        fixtures,
        Terms(seed, move_limit),
        on_game=played.append,
        games_at_once=games_at_once,
    )
    return _result(spec, played)


def _result(spec: GameSpec, played: Sequence[PlayedGame]) -> PairResult:
    games = sorted(played, key=lambda game: game.fixture.game)
    points = [_points(game) for game in games]
    pairs = [points[i : i + 2] for i in range(0, len(points), 2)]
    low, half, even, more, high = count_pairs(pairs)
    return PairResult(
        wins=points.count(1.0),
        draws=points.count(0.5),
        losses=points.count(0.0),
        pairs=(low, half, even, more, high),
        games=tuple(games),
        distinct=distinct_games(spec, [game.actions for game in games]),
    )


def _points(game: PlayedGame) -> float:
    """Points of agent number 0 in a game."""
    return game.black_points if game.fixture.black == 0 else 1.0 - game.black_points


@dataclass(frozen=True)
class Answer:
    """Whether one agent is stronger than another."""

    stronger: bool | None
    """``None`` if the games did not suffice to tell."""
    ratio: float
    """Log-likelihood ratio of the two hypotheses."""
    estimate: StoppedEstimate
    """Elo of the first above the second, unbiased by when the match stopped."""
    result: PairResult
    """The games that decided."""


def is_stronger(
    spec: GameSpec,
    first: Agent,
    second: Agent,
    test: Hypotheses,
    *,
    most_games: int = 1000,
    seed: int = 1,
    openings: OpeningPlan | None = None,
    games_at_once: int = GAMES_AT_ONCE,
) -> Answer:
    """Play until a sequential test tells whether ``first`` is ``elo1`` above ``second``, or not.

    It is stronger when ``elo1`` is accepted against ``elo0``, at the error rates of the test. Pairs
    of games count in the order of the schedule, whichever end first: quick games would bias it.
    Nothing is written. There may be too few openings for ``most_games``: of random ones, and those
    of a policy, there are fewer games then. A book or file begins anew, where pairs that repeat
    earlier ones move for move do not count, and players that only repeat themselves play no more.

    Raises:
        ConfigError: if ``most_games`` is not an even number above 0, or there are too few openings.
    """
    if most_games < 2 or most_games % 2:
        raise ConfigError(f"expected an even number of games of at least 2, got {most_games!r}")
    plan = openings or make_plan(None, spec)
    fixtures = make_schedule([(0, 1)], plan_openings(plan, spec, most_games // 2, seed, fewer=True))
    counter = PairCounter(test)
    played: list[PlayedGame] = []

    def note(game: PlayedGame) -> None:
        played.append(game)
        counter.add(game.fixture.game, _points(game), game.actions)

    play_games(
        spec,
        (first, second),
        fixtures,
        Terms(seed),
        on_game=note,
        go_on=lambda: not counter.over,
        games_at_once=games_at_once,
    )
    counted = [game for game in played if game.fixture.pair in counter.counted]
    return Answer(
        stronger={"elo1": True, "elo0": False}.get(counter.decision),
        ratio=test.ratio(counter.counts),
        estimate=estimate_after_stopping(counter.counts, test),
        result=_result(spec, counted),
    )
