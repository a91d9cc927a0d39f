"""The results of an experiment as Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

from miai.transfer.curves import Interval, Point
from miai.transfer.plan import TransferPlan
from miai.transfer.summary import NOTHING, TRANSFER, Summary, bars

HEAD = ("games", "after transfer", "from nothing", "worth, in games from nothing")


def as_markdown(plan: TransferPlan, summaries: Sequence[Summary]) -> str:
    """All tables, with a sentence on what each shows."""
    parts = [
        f"Networks {plan.pretraining.network}, {plan.simulations} simulations a move, "
        f"{plan.pair_games} games a pair; Elo of all players of a game fitted together, 0 is the "
        "untrained network. Intervals (95 %) say how sure the matches are of these networks.",
        "",
    ]
    for summary in summaries:
        parts += [
            f"### {summary.board}",
            "",
            f"{summary.meetings} meetings, {summary.games:,} games.",
            "",
            markdown_table(HEAD, rows_of(summary)),
            "",
            "Fixed players: " + ", ".join(fixed_players(plan, summary)) + ".",
            "",
        ]
    if summaries:
        parts += ["### Bars", "", markdown_table(bar_head(summaries), bar_rows(summaries)), ""]
    return "\n".join(parts)


def rows_of(summary: Summary) -> list[list[str]]:
    """One row a budget, under :data:`HEAD`."""
    transfer = {p.games: p for p in summary.curves.get(TRANSFER, [])}
    nothing = {p.games: p for p in summary.curves.get(NOTHING, [])}
    return [
        [
            f"{games:,}",
            _elo(transfer.get(games)),
            _elo(nothing.get(games)),
            worth_text(summary.worth[games], games, summary.largest)
            if games in summary.worth
            else "",
        ]
        for games in sorted({*transfer, *nothing})
    ]


def further_rows(summary: Summary) -> list[list[str]]:
    """Start, what was trained, games and Elo of all curves but the two main ones."""
    return [
        [start, parameters, f"{point.games:,}", _elo(point)]
        for (start, parameters), points in summary.curves.items()
        for point in points
        if (start, parameters) not in (TRANSFER, NOTHING)
    ]


def fixed_players(plan: TransferPlan, summary: Summary) -> list[str]:
    """The anchors with their Elo."""
    known = [name for name in plan.anchors if name in summary.strengths.names]
    return [f"`{name}` {_rating(summary, name)}" for name in known]


def _rating(summary: Summary, name: str) -> str:
    rating = summary.strengths.rating(name)
    return interval_text(Interval(rating.elo, rating.lower, rating.upper))


def bar_head(summaries: Sequence[Summary]) -> list[str]:
    """Heads of :func:`bar_rows`."""
    return ["Elo ahead (95 %)", *(summary.board for summary in summaries)]


def bar_rows(summaries: Sequence[Summary]) -> list[list[str]]:
    """One row a claim, one column a held-out task."""
    return [
        [bar.claim, *(bar.verdicts[summary.held_out] for summary in summaries)]
        for bar in bars(summaries)
    ]


def interval_text(value: Interval) -> str:
    """An Elo with its interval; an open end is an ellipsis."""
    low, high = (f"{end:+.0f}" if math.isfinite(end) else "…" for end in (value.lower, value.upper))
    return f"{value.middle:+.0f} ({low} to {high})"


def worth_text(value: Interval, games: int, largest: int) -> str:
    """Games from nothing, as a number and, for a budget, as a multiple of it."""

    def shown(number: float) -> str:
        return f"{number:,.0f}" if math.isfinite(number) else f"more than {largest:,}"

    text = f"{shown(value.middle)} ({shown(value.lower)} to {shown(value.upper)})"
    if games and math.isfinite(value.middle):
        return f"{text}; factor {value.middle / games:.1f}"
    return f"{text}; factor above {largest / games:.0f}" if games else text


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is what the others are about."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _elo(point: Point | None) -> str:
    if point is None:
        return ""
    seeds = f", {point.seeds} seeds" if point.seeds > 1 else ""
    return interval_text(point.elo) + seeds
