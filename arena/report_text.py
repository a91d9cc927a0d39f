"""The table of a tournament as people read it in a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from arena.play.verdict import FORFEITS
from arena.report import Pairing, Report, Standing
from arena.results import UNTOLD, Conditions
from arena.stats.intervals import superiority, wilson

_LONGEST_DETAIL: Final = 100


def as_text(report: Report) -> str:
    """Return the report as people read it."""
    parts = [
        conditions_text(report.conditions),
        _standings_text(report),
        _cross_text(report),
        _superiority_text(report),
        remarks_text(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def conditions_text(conditions: Conditions) -> str:
    """Say everything that is needed to repeat the tournament."""
    rules = ", ".join(f"{name} {value}" for name, value in conditions.rules.items())
    size = f"{conditions.game} {conditions.width}x{conditions.height}"
    rounds = f" of {conditions.rounds} rounds" if conditions.rounds else ""
    lines = [
        f"{size}{', ' if rules else ''}{rules}; {conditions.kind}{rounds}; {conditions.openings}, "
        f"both colours from each; move limit {conditions.move_limit}; seed {conditions.seed}",
        f"scoring: {conditions.scoring}",
    ]
    if conditions.clock is not None:
        lines.append(f"clock: {conditions.clock}")
    if conditions.resignation is not None:
        rule = conditions.resignation
        lines.append(
            f"given up when both players see {rule.value:g} or more for the same side "
            f"{rule.moves} moves in a row; {rule.audited:.0%} of these games played on"
        )
    for card in conditions.agents:
        details = ", ".join(f"{name} {_short(name, value)}" for name, value in card.details.items())
        lines.append(f"{card.name}: {card.spelling}" + (f" ({details})" if details else ""))
    return "\n".join(lines)


def _short(name: str, value: str) -> str:
    """A hash by its beginning, a long path by its end, which tells files apart."""
    if name == "sha256":
        return value[:40]
    return value if len(value) <= _LONGEST_DETAIL else f"...{value[-_LONGEST_DETAIL:]}"


def _standings_text(report: Report) -> str:
    rows = [
        [
            "",
            "agent",
            "Elo",
            "95 %",
            "games",
            "won",
            "drawn",
            "lost",
            "score",
            "black",
            "white",
            "s/move",
        ]
    ]
    for rank, standing in enumerate(report.standings, start=1):
        elo, interval = elo_text(standing, report.anchor)
        seconds = standing.seconds_per_move
        counts = [standing.games, standing.wins, standing.draws, standing.losses]
        rows.append(
            [
                f"{rank}",
                standing.name,
                elo,
                interval,
                *(str(count) for count in counts),
                percent(standing.points, standing.games),
                percent(*standing.as_black),
                percent(*standing.as_white),
                "-" if seconds is None else f"{seconds:.3f}",
            ]
        )
    return _columns(rows, left=(1,))


def elo_text(standing: Standing, anchor: str) -> tuple[str, str]:
    """Return a rating and its interval as they are printed."""
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


def _superiority_text(report: Report) -> str:
    """Likelihood that the agent of the row is stronger than that of the column."""
    order = [standing.name for standing in report.standings]
    if len(order) < 3:
        return ""
    rows = [["", "stronger with % than", *(str(i) for i in range(1, len(order) + 1))]]
    for rank, name in enumerate(order, start=1):
        chances = report.superiority[rank - 1]
        cells = ["-" if i == rank - 1 else f"{100 * c:.1f}" for i, c in enumerate(chances)]
        rows.append([str(rank), name, *cells])
    return _columns(rows, left=(1,))


def remarks_text(report: Report) -> str:
    """What else there is to say: one remark per line."""
    return "\n".join(
        [
            *_games_remarks(report),
            *_faults_remarks(report),
            *_test_remarks(report),
            *(_pairing_text(pairing) for pairing in report.pairings),
        ]
    )


def _games_remarks(report: Report) -> Iterator[str]:
    first = report.first_player
    yield (
        f"{report.games} games, {report.distinct} of them distinct "
        f"(rotated and reflected games are the same), {report.draws} drawn"
    )
    yield (
        f"Elo by maximum likelihood over all games, {report.anchor} = 0; playing Black was worth "
        f"{first.elo:+.0f} (95 % {first.lower:+.0f} to {first.upper:+.0f})"
    )
    if report.distinct < report.games:
        yield (
            f"{report.games - report.distinct} games repeat others move for move and say nothing "
            "new: the intervals are too narrow; use longer openings"
        )
    if report.endings:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(report.endings.items()))
        yield f"ended by {kinds}"
    if len(report.openings) > 1:
        worst = max(report.openings, key=lambda o: (abs(o.black_points / o.games - 0.5), o.games))
        yield (
            f"{len(report.openings)} openings; the most lopsided, {worst.moves or 'none'}, gave "
            f"Black {worst.black_points:g} of {worst.games}"
        )
    if report.disputed:
        yield f"{report.disputed} games whose winner depends on which stones are dead"
    if report.agreed:
        yield (
            f"{report.agreed} games that both players gave up were played on to check: "
            f"{report.agreed_wrongly} ended otherwise"
        )
    if len(report.groups) > 1:
        groups = " | ".join(", ".join(group) for group in report.groups)
        yield f"never met, directly or through others, so do not compare: {groups}"


def _faults_remarks(report: Report) -> Iterator[str]:
    """Losses by fault, games that did not count, and what programs do not know, per player."""
    for card in report.conditions.agents:
        if card.details.get(UNTOLD):
            yield (
                f"{card.name} could not be told the rules ({card.details[UNTOLD]}): a game in "
                "which it plays by others is void"
            )
    for standing in report.standings:
        if standing.lost_by:
            kinds = ", ".join(f"{kind} {count}" for kind, count in standing.lost_by.items())
            yield f"{standing.name} forfeited {sum(standing.lost_by.values())}: {kinds}"
        if standing.voids:
            yield (
                f"{standing.name} failed before its first move, or played by other rules, "
                f"{standing.voids} times: void, and played again or left out"
            )
    if report.interrupted:
        yield f"{report.interrupted} games were interrupted: void and played again"
    if any(standing.lost_by or standing.voids for standing in report.standings):
        yield f"a game is lost by {', '.join(FORFEITS)}, and void before the first move"


def _test_remarks(report: Report) -> Iterator[str]:
    decided, test = report.decided, report.conditions.test
    if decided is None or test is None:
        return
    first, second = report.conditions.names[:2]
    lower, upper = test.bounds
    answers = {
        "elo1": f"yes, {first} is stronger than {second}",
        "elo0": f"no, {first} is not stronger than {second} by so much",
        "": "not decided yet",
    }
    yield (
        f"{answers[decided.decision]}: {test.model} Elo {test.elo0:g} against {test.elo1:g} at "
        f"error rates {test.alpha:g} and {test.beta:g}, log-likelihood ratio {decided.ratio:+.2f} "
        f"({lower:+.2f} to {upper:+.2f}) after {sum(decided.pairs)} pairs {list(decided.pairs)}"
    )
    if decided.repeated:
        yield (
            f"{decided.repeated} more pairs repeat earlier ones move for move and do not count; "
            "more evidence needs other openings (--openings random, or policy:NET)"
        )
    estimate = decided.estimate
    yield (
        f"Elo after stopping, median-unbiased: {estimate.elo:+.0f} "
        f"(95 % {estimate.lower:+.0f} to {estimate.upper:+.0f})"
    )


def _pairing_text(pairing: Pairing) -> str:
    lower, upper = wilson(pairing.points, pairing.games)
    stronger = superiority(pairing.wins, pairing.losses)
    return (
        f"{pairing.first} against {pairing.second}: {100 * pairing.points / pairing.games:.1f} % "
        f"(95 % {100 * lower:.1f} to {100 * upper:.1f}), pairs {list(pairing.pairs)}, "
        f"the stronger with {100 * stronger:.1f} %"
    )


def percent(points: float, games: int) -> str:
    """Format a score for people."""
    return f"{100 * points / games:.1f} %" if games else "-"


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
