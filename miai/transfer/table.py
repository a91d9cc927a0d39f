"""The results of an experiment as Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

from miai.transfer.curves import Curve, Interval, Point
from miai.transfer.plan import NONE, TransferPlan
from miai.transfer.summary import NOTHING, TRANSFER, Summary, bars

HEAD = ("games", "after transfer", "from nothing", "worth, in games from nothing", "factor")
FURTHER_HEAD = ("start", "trained", "games", "Elo", "worth, in games from nothing", "factor")


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
            "Fixed players: " + (", ".join(fixed_players(plan, summary)) or "not met yet") + ".",
            "",
        ]
        if further := further_rows(summary):
            parts += ["Other starts and parameters:", "", markdown_table(FURTHER_HEAD, further), ""]
    if matrix := matrix_rows(plan, summaries):
        parts += [
            "### What helps what",
            "",
            "Elo above the same budget from nothing.",
            "",
            markdown_table(matrix_head(plan), matrix),
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
            *_worth_cells(summary, TRANSFER, games),
        ]
        for games in sorted({*transfer, *nothing})
    ]


def further_rows(summary: Summary) -> list[list[str]]:
    """One row a budget of all curves but the two main ones, under :data:`FURTHER_HEAD`."""
    return [
        [*curve, f"{point.games:,}", _elo(point), *_worth_cells(summary, curve, point.games)]
        for curve, points in summary.curves.items()
        for point in points
        if curve not in (TRANSFER, NOTHING)
    ]


def matrix_head(plan: TransferPlan) -> list[str]:
    """Heads of :func:`matrix_rows`."""
    return ["held out", "games", *(f"from {start}" for start in plan.starts if start != NONE)]


def matrix_rows(plan: TransferPlan, summaries: Sequence[Summary]) -> list[list[str]]:
    """What each start adds to each held-out task: Elo above the same budget from nothing.

    One row a task and budget that more than one start has played; no row where the plan has no
    single games.
    """
    starts = [start for start in plan.starts if start != NONE]
    rows = []
    for summary in summaries:
        for games in sorted(plan.games):
            gains = [summary.ahead((start, games), (NONE, games)) for start in starts]
            if sum(gain is not None for gain in gains) > 1:
                cells = [interval_text(gain) if gain else "" for gain in gains]
                rows.append([summary.board, f"{games:,}", *cells])
    return rows


def fixed_players(plan: TransferPlan, summary: Summary) -> list[str]:
    """The anchors with their Elo."""
    known = [name for name in plan.anchors if name in summary.strengths.names]
    return [f"`{name}` {_rating(summary, name)}" for name in known]


def _rating(summary: Summary, name: str) -> str:
    rating = summary.strengths.rating(name)
    return interval_text(Interval(rating.elo, rating.lower, rating.upper))


def bar_head(summaries: Sequence[Summary]) -> list[str]:
    """Heads of :func:`bar_rows`."""
    return ["Elo ahead (95 %)", "reached in", *(summary.board for summary in summaries)]


def bar_rows(summaries: Sequence[Summary]) -> list[list[str]]:
    """One row a claim, one column a held-out task."""
    return [
        [bar.claim, bar.count, *(bar.verdicts[summary.held_out] for summary in summaries)]
        for bar in bars(summaries)
    ]


def interval_text(value: Interval) -> str:
    """An Elo with its interval; an open end is an ellipsis."""
    low, high = (f"{end:+.0f}" if math.isfinite(end) else "…" for end in (value.lower, value.upper))
    return f"{value.middle:+.0f} ({low} to {high})"


def worth_text(value: Interval, largest: int) -> str:
    """Games from nothing with their interval; beyond the largest budget only a bound is known."""

    def shown(number: float) -> str:
        return f"{number:,.0f}" if math.isfinite(number) else f"more than {largest:,}"

    if math.isinf(value.lower):
        return shown(value.lower)
    return f"{shown(value.middle)} ({shown(value.lower)} to {shown(value.upper)})"


def factor_text(value: Interval, games: int, largest: int) -> str:
    """What a budget is worth as a multiple of itself, with the interval; empty for no games."""
    if not games:
        return ""

    def shown(number: float) -> str:
        known = math.isfinite(number)
        return f"{'' if known else 'above '}{(number if known else largest) / games:.1f}"

    if math.isinf(value.lower):
        return shown(value.lower)
    return f"{shown(value.middle)} ({shown(value.lower)} to {shown(value.upper)})"


def _worth_cells(summary: Summary, curve: Curve, games: int) -> list[str]:
    value = summary.worth.get(curve, {}).get(games)
    if value is None:
        return ["", ""]
    return [worth_text(value, summary.largest), factor_text(value, games, summary.largest)]


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is what the others are about."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _elo(point: Point | None) -> str:
    if point is None:
        return ""
    seeds = f", {point.seeds} seeds, sd {point.spread:.0f}" if point.seeds > 1 else ""
    return interval_text(point.elo) + seeds
