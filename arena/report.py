"""The table of a tournament, computed from its stored games alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arena.openings import distinct_games
from arena.results import Conditions, GameLine
from arena.stats.intervals import superiority, wilson
from arena.stats.pentanomial import count_pairs
from arena.stats.ratings import Rating, Ratings, Score, rate
from arena.verdict import FORFEITS


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
class Report:
    """Everything that is printed about a tournament."""

    conditions: Conditions
    standings: tuple[Standing, ...]
    """Best first."""
    pairings: tuple[Pairing, ...]
    games: int
    distinct: int
    disputed: int
    at_move_limit: int
    first_player: Rating
    anchor: str
    groups: tuple[tuple[str, ...], ...]


def make_report(
    conditions: Conditions, lines: Sequence[GameLine], anchor: str | None = None
) -> Report:
    """Return the table of the games played so far.

    Args:
        conditions: of the tournament.
        lines: its finished games.
        anchor: whose Elo is 0; the first agent's if ``None``.
    """
    names = conditions.names
    anchor = names[0] if anchor is None else anchor
    ratings = rate(len(names), _scores(names, lines), names.index(anchor))
    standings = [_standing(name, ratings.players[i], lines) for i, name in enumerate(names)]
    standings.sort(key=lambda standing: (-standing.rating.elo, standing.name))
    return Report(
        conditions=conditions,
        standings=tuple(standings),
        pairings=tuple(_pairings(names, lines)),
        games=len(lines),
        distinct=distinct_games(conditions.spec, [line.actions for line in lines]),
        disputed=sum(line.disputed for line in lines),
        at_move_limit=sum(line.termination == "move limit" for line in lines),
        first_player=ratings.first_player,
        anchor=anchor,
        groups=_met(names, ratings),
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


def _standing(name: str, rating: Rating, lines: Sequence[GameLine]) -> Standing:
    points = [_points_of(name, line) for line in lines if name in (line.black, line.white)]
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
    )


def _points_of(name: str, line: GameLine) -> float:
    return line.black_points if line.black == name else 1.0 - line.black_points


def _pairings(names: Sequence[str], lines: Sequence[GameLine]) -> list[Pairing]:
    found = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            between = [line for line in lines if {line.black, line.white} == {first, second}]
            if not between:
                continue
            points = [_points_of(first, line) for line in between]
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
        "disputed_games": report.disputed,
        "games_at_move_limit": report.at_move_limit,
        "anchor": report.anchor,
        "first_player_elo": report.first_player.elo,
        "first_player_elo_95": [report.first_player.lower, report.first_player.upper],
        "groups_that_met": [list(group) for group in report.groups],
        "agents": [_standing_as_json(standing) for standing in report.standings],
        "pairings": [_pairing_as_json(pairing) for pairing in report.pairings],
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


def as_text(report: Report) -> str:
    """Return the report as people read it."""
    parts = [
        _conditions_text(report.conditions),
        _standings_text(report),
        _cross_text(report),
        _remarks_text(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _conditions_text(conditions: Conditions) -> str:
    rules = ", ".join(f"{name} {value}" for name, value in conditions.rules.items())
    low, high = conditions.opening_plies
    lines = [
        f"{conditions.game} {conditions.width}x{conditions.height}, {rules}; {conditions.kind}; "
        f"random openings of {low} to {high} plies, both colours from each; "
        f"move limit {conditions.move_limit}; seed {conditions.seed}",
        f"scoring: {conditions.scoring}",
    ]
    for card in conditions.agents:
        details = ", ".join(f"{name} {value[:40]}" for name, value in card.details.items())
        lines.append(f"{card.name}: {card.spelling}" + (f" ({details})" if details else ""))
    return "\n".join(lines)


def _standings_text(report: Report) -> str:
    rows = [["", "agent", "Elo", "95 %", "games", "won", "drawn", "lost", "score", "s/move"]]
    for rank, standing in enumerate(report.standings, start=1):
        elo, interval = _elo_text(standing, report.anchor)
        played = standing.games > 0
        seconds = standing.seconds_per_move
        counts = [standing.games, standing.wins, standing.draws, standing.losses]
        rows.append(
            [
                f"{rank}",
                standing.name,
                elo,
                interval,
                *(str(count) for count in counts),
                f"{100 * standing.points / standing.games:.1f} %" if played else "-",
                "-" if seconds is None else f"{seconds:.3f}",
            ]
        )
    return _columns(rows, left=(1,))


def _elo_text(standing: Standing, anchor: str) -> tuple[str, str]:
    rating = standing.rating
    if standing.name == anchor:
        return "0", "anchor"
    if standing.games == 0 or (math.isinf(rating.lower) and math.isinf(rating.upper)):
        return "?", "unknown"
    if math.isinf(rating.upper):
        return f"{rating.elo:+.0f}", f"> {rating.lower:+.0f}"
    if math.isinf(rating.lower):
        return f"{rating.elo:+.0f}", f"< {rating.upper:+.0f}"
    return f"{rating.elo:+.0f}", f"{rating.lower:+.0f} to {rating.upper:+.0f}"


def _cross_text(report: Report) -> str:
    """Points of each agent (row) against each other (column), of how many games."""
    order = [standing.name for standing in report.standings]
    points = {(p.first, p.second): (p.points, p.games) for p in report.pairings}
    points |= {(p.second, p.first): (p.games - p.points, p.games) for p in report.pairings}
    rows = [["", "points of games against", *(str(i) for i in range(1, len(order) + 1))]]
    for rank, name in enumerate(order, start=1):
        row = [str(rank), name]
        for other in order:
            scored, games = points.get((name, other), (0.0, 0))
            row.append(f"{scored:g}/{games}" if games else "-")
        rows.append(row)
    return _columns(rows, left=(1,))


def _remarks_text(report: Report) -> str:
    first = report.first_player
    lines = [
        f"{report.games} games, {report.distinct} of them distinct "
        "(rotated and reflected games are the same)",
        f"Elo by maximum likelihood over all games, {report.anchor} = 0; playing Black was worth "
        f"{first.elo:+.0f} (95 % {first.lower:+.0f} to {first.upper:+.0f})",
    ]
    if report.distinct < report.games:
        lines.append(
            f"{report.games - report.distinct} games repeat others move for move and say nothing "
            "new: the intervals are too narrow; use longer openings"
        )
    if report.at_move_limit or report.disputed:
        lines.append(
            f"{report.at_move_limit} games scored at the move limit, {report.disputed} games whose "
            "winner depends on which stones are dead"
        )
    for standing in report.standings:
        if standing.lost_by:
            kinds = ", ".join(f"{kind} {count}" for kind, count in standing.lost_by.items())
            lines.append(f"{standing.name} forfeited {sum(standing.lost_by.values())}: {kinds}")
    if len(report.groups) > 1:
        groups = " | ".join(", ".join(group) for group in report.groups)
        lines.append(f"never met, directly or through others, so do not compare: {groups}")
    lines += [_pairing_text(pairing) for pairing in report.pairings]
    return "\n".join(lines)


def _pairing_text(pairing: Pairing) -> str:
    lower, upper = wilson(pairing.points, pairing.games)
    stronger = superiority(pairing.wins, pairing.losses)
    return (
        f"{pairing.first} against {pairing.second}: {100 * pairing.points / pairing.games:.1f} % "
        f"(95 % {100 * lower:.1f} to {100 * upper:.1f}), pairs {list(pairing.pairs)}, "
        f"the stronger with {100 * stronger:.1f} %"
    )


def _columns(rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Align columns; those of ``left`` to the left, all others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
