"""The table of a tournament, computed from its stored games alone."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arena.openings import distinct_games
from arena.play.verdict import FORFEITS
from arena.results import Conditions, GameLine
from arena.stats.intervals import superiority, wilson
from arena.stats.pentanomial import count_pairs
from arena.stats.ratings import Rating, Ratings, Score, rate
from arena.stats.stopping import StoppedEstimate, estimate_after_stopping
from arena.tournament import pair_counter, points_of
from engine.notation import move_name


@dataclass(frozen=True)
class Standing:
    """One agent's line of the table."""

    name: str
    rating: Rating
    wins: int
    draws: int
    losses: int
    seconds_per_move: float | None
    lost_by: dict[str, int]
    """Games lost by a fault, per kind."""
    voids: int
    """Games that did not count: it failed before its first move, or played by other rules."""
    as_black: tuple[float, int]
    """Points and games with either colour."""
    as_white: tuple[float, int]

    @property
    def games(self) -> int:
        """Games played."""
        return self.wins + self.draws + self.losses

    @property
    def points(self) -> float:
        """Wins and half the draws."""
        return self.wins + self.draws / 2


@dataclass(frozen=True)
class Pairing:
    """What two agents' games against each other say, from the first's side."""

    first: str
    second: str
    wins: int
    draws: int
    losses: int
    pairs: tuple[int, ...]
    """Pairs of games in which the first scored 0, 1/2, 1, 3/2, 2."""

    @property
    def games(self) -> int:
        """Games played."""
        return self.wins + self.draws + self.losses

    @property
    def points(self) -> float:
        """The first's wins and half the draws."""
        return self.wins + self.draws / 2


@dataclass(frozen=True)
class OpeningResult:
    """How the games from one opening ended."""

    moves: str
    games: int
    black_points: float


@dataclass(frozen=True)
class Decided:
    """What a sequential test says."""

    ratio: float
    """Log-likelihood ratio of the pairs that count."""
    decision: str
    """``elo0``, ``elo1``, or nothing if it could not decide."""
    pairs: tuple[int, ...]
    repeated: int
    """Pairs left out because they repeat earlier ones move for move."""
    estimate: StoppedEstimate


@dataclass(frozen=True)
class Report:
    """Everything that is printed about a tournament."""

    conditions: Conditions
    standings: tuple[Standing, ...]
    """Best first."""
    pairings: tuple[Pairing, ...]
    games: int
    distinct: int
    draws: int
    endings: dict[str, int]
    """Games by how they ended."""
    disputed: int
    agreed: int
    """Games that the players agreed about and that were played on to check it."""
    agreed_wrongly: int
    """Those of them that another player won, or that were drawn."""
    first_player: Rating
    anchor: str
    groups: tuple[tuple[str, ...], ...]
    superiority: tuple[tuple[float, ...], ...]
    """Likelihood that the agent of the row is stronger than that of the column, as in standings."""
    openings: tuple[OpeningResult, ...]
    interrupted: int
    """Games that were in play when the tournament was stopped, and were played again."""
    decided: Decided | None


def make_report(
    conditions: Conditions,
    lines: Sequence[GameLine],
    anchor: str | None = None,
    voids: Sequence[Mapping[str, Any]] = (),
) -> Report:
    """Return the table of the games played so far.

    Args:
        conditions: of the tournament.
        lines: its finished games.
        anchor: whose Elo is 0; the first agent's if ``None``.
        voids: as :meth:`arena.folder.TournamentFolder.voids` gives them.
    """
    names = conditions.names
    anchor = names[0] if anchor is None else anchor
    ratings = rate(len(names), _scores(names, lines), names.index(anchor))
    failed = Counter(void["agent"] for void in voids)
    standings = [
        _standing(name, ratings.players[i], lines, failed[name]) for i, name in enumerate(names)
    ]
    standings.sort(key=lambda standing: (-standing.rating.elo, standing.name))
    order = [names.index(standing.name) for standing in standings]
    checked = [line for line in lines if line.agreed]
    return Report(
        conditions=conditions,
        standings=tuple(standings),
        pairings=tuple(_pairings(names, lines)),
        games=len(lines),
        distinct=distinct_games(conditions.spec, [line.actions for line in lines]),
        draws=sum(line.winner == 0 for line in lines),
        endings=dict(Counter(line.termination for line in lines)),
        disputed=sum(line.disputed for line in lines),
        agreed=len(checked),
        agreed_wrongly=sum(line.agreed != line.winner for line in checked),
        first_player=ratings.first_player,
        anchor=anchor,
        groups=_met(names, ratings),
        superiority=tuple(tuple(ratings.superiority(i, j) for j in order) for i in order),
        openings=_openings(conditions, lines),
        interrupted=failed[""],
        decided=_decided(conditions, lines),
    )


def _openings(conditions: Conditions, lines: Sequence[GameLine]) -> tuple[OpeningResult, ...]:
    games: Counter[tuple[int, ...]] = Counter()
    points: dict[tuple[int, ...], float] = {}
    for line in lines:
        opening = line.actions[: line.opening_plies]
        games[opening] += 1
        points[opening] = points.get(opening, 0.0) + line.black_points
    spec = conditions.spec
    return tuple(
        OpeningResult(
            " ".join(move_name(spec, action) for action in opening), count, points[opening]
        )
        for opening, count in sorted(games.items())
    )


def _decided(conditions: Conditions, lines: Sequence[GameLine]) -> Decided | None:
    if conditions.test is None:
        return None
    counter = pair_counter(conditions, lines)
    return Decided(
        ratio=conditions.test.ratio(counter.counts),
        decision=counter.decision,
        pairs=tuple(counter.counts),
        repeated=counter.repeated,
        estimate=estimate_after_stopping(counter.counts, conditions.test),
    )


def _scores(names: Sequence[str], lines: Sequence[GameLine]) -> list[Score]:
    points: Counter[tuple[str, str]] = Counter()
    games = Counter((line.black, line.white) for line in lines)
    draws = Counter((line.black, line.white) for line in lines if line.winner == 0)
    for line in lines:
        points[line.black, line.white] += line.black_points  # type: ignore[assignment]
    return [
        Score(
            names.index(black),
            names.index(white),
            float(points[black, white]),
            count,
            draws[black, white],
        )
        for (black, white), count in games.items()
    ]


def _met(names: Sequence[str], ratings: Ratings) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(names[player] for player in group) for group in ratings.groups)


def _standing(name: str, rating: Rating, lines: Sequence[GameLine], voids: int) -> Standing:
    points = [points_of(name, line) for line in lines if name in (line.black, line.white)]
    seconds, decisions = 0.0, 0
    for line in lines:
        for side, player in enumerate((line.black, line.white)):
            if player == name:
                seconds += line.seconds[side]
                decisions += line.decisions[side]
    faults = Counter(
        line.termination for line in lines if line.loser == name and line.termination in FORFEITS
    )
    return Standing(
        name=name,
        rating=rating,
        wins=points.count(1.0),
        draws=points.count(0.5),
        losses=points.count(0.0),
        seconds_per_move=seconds / decisions if decisions else None,
        lost_by=dict(faults),
        voids=voids,
        as_black=_total(line.black_points for line in lines if line.black == name),
        as_white=_total(1.0 - line.black_points for line in lines if line.white == name),
    )


def _total(points: Iterable[float]) -> tuple[float, int]:
    scored = list(points)
    return sum(scored), len(scored)


def _pairings(names: Sequence[str], lines: Sequence[GameLine]) -> list[Pairing]:
    found = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            between = [line for line in lines if {line.black, line.white} == {first, second}]
            if not between:
                continue
            points = [points_of(first, line) for line in between]
            by_pair: dict[int, list[float]] = {}
            for line, point in zip(between, points, strict=True):
                by_pair.setdefault(line.pair, []).append(point)
            found.append(
                Pairing(
                    first=first,
                    second=second,
                    wins=points.count(1.0),
                    draws=points.count(0.5),
                    losses=points.count(0.0),
                    pairs=tuple(count_pairs(by_pair.values())),
                )
            )
    return found


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as plain lists and objects; open ends of intervals are ``None``."""
    return {
        "games": report.games,
        "distinct_games": report.distinct,
        "drawn_games": report.draws,
        "endings": report.endings,
        "disputed_games": report.disputed,
        "agreements_checked": report.agreed,
        "agreements_wrong": report.agreed_wrongly,
        "interrupted_games": report.interrupted,
        "anchor": report.anchor,
        "first_player_elo": report.first_player.elo,
        "first_player_elo_95": [report.first_player.lower, report.first_player.upper],
        "groups_that_met": [list(group) for group in report.groups],
        "superiority": [list(row) for row in report.superiority],
        "test": _decided_as_json(report),
        "agents": [_standing_as_json(standing) for standing in report.standings],
        "pairings": [_pairing_as_json(pairing) for pairing in report.pairings],
        "openings": [dataclasses.asdict(opening) for opening in report.openings],
    }


def _decided_as_json(report: Report) -> dict[str, Any] | None:
    decided, test = report.decided, report.conditions.test
    if decided is None or test is None:
        return None
    return {
        **dataclasses.asdict(test),
        "llr": decided.ratio,
        "bounds": list(test.bounds),
        "accepted": decided.decision or None,
        "pairs": list(decided.pairs),
        "pairs_repeated": decided.repeated,
        "estimate": dataclasses.asdict(decided.estimate),
    }


def _standing_as_json(standing: Standing) -> dict[str, Any]:
    lower, upper = wilson(standing.points, standing.games)
    return {
        "name": standing.name,
        "elo": standing.rating.elo,
        "elo_95": [_finite(standing.rating.lower), _finite(standing.rating.upper)],
        "games": standing.games,
        "wins": standing.wins,
        "draws": standing.draws,
        "losses": standing.losses,
        "score": standing.points / standing.games if standing.games else None,
        "score_95": [lower, upper],
        "seconds_per_move": standing.seconds_per_move,
        "lost_by": standing.lost_by,
        "voids": standing.voids,
        "as_black": list(standing.as_black),
        "as_white": list(standing.as_white),
    }


def _pairing_as_json(pairing: Pairing) -> dict[str, Any]:
    return {
        "first": pairing.first,
        "second": pairing.second,
        "wins": pairing.wins,
        "draws": pairing.draws,
        "losses": pairing.losses,
        "score_95": list(wilson(pairing.points, pairing.games)),
        "pairs": list(pairing.pairs),
        "superiority": superiority(pairing.wins, pairing.losses),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
