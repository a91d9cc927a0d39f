"""The results of an experiment as one HTML page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from miai.transfer.curves import Curve, Point
from miai.transfer.plan import MANY, NONE, TransferPlan
from miai.transfer.summary import Summary
from miai.transfer.table import (
    FURTHER_HEAD,
    HEAD,
    bar_head,
    bar_rows,
    fixed_players,
    further_rows,
    matrix_head,
    matrix_rows,
    rows_of,
)
from selfplay.report.charts import Chart, Level, Line, number
from selfplay.report.page import card, folded, grid, page, section, table


def transfer_html(plan: TransferPlan, summaries: Sequence[Summary]) -> str:
    """The page; it says so where no match has been played yet."""
    held = ", ".join(summary.board for summary in summaries) or "nothing yet"
    body = [
        "<header><h1>What other games are worth to a new one</h1></header>",
        f"<p>Held out: {escape(held)}. A network ({escape(plan.pretraining.network)}) learned the "
        "other games of the plan and then a few games of the one held out. The same budget from "
        "nothing is the measure.</p>",
        section(
            "Against the bars",
            "Elo ahead, with 95 % intervals: reached where all of it is above 0, open where it "
            "holds 0.",
            table(bar_head(summaries), bar_rows(summaries)) if summaries else "",
        ),
        *(_of_one(plan, summary) for summary in summaries),
        section(
            "What helps what",
            "Elo above the same budget from nothing, by start.",
            table(matrix_head(plan), matrix_rows(plan, summaries)),
        ),
        section(
            "How it was measured",
            "What the intervals hold, and what they do not.",
            f"<p>{plan.simulations} simulations a move, {plan.pair_games} games a pair from random "
            "openings, both colours of each. Elo of all players of a game is fitted together; 0 "
            "is the untrained network. An interval says how sure the matches are of these very "
            "networks. What another seed of the training changes is seen only where a budget has "
            "several seeds, whose mean is shown, with the standard deviation (sd) of one. "
            "All cells of a held-out game share one "
            "pretraining. The factor is what a budget is worth, divided by its games: the curve "
            "from nothing is read at the same Elo, straight between budgets in the logarithm of "
            "the games.</p>",
        ),
    ]
    return page("What other games are worth to a new one", "\n".join(body))


def _of_one(plan: TransferPlan, summary: Summary) -> str:
    budgets = sorted({point.games for points in summary.curves.values() for point in points})
    levels = [
        Level(name, summary.strengths.rating(name).elo)
        for name in plan.anchors
        if name in summary.strengths.names
    ]
    by_games = Chart(
        [
            _line(curve, points, i, [float(budgets.index(p.games)) for p in points])
            for i, (curve, points) in enumerate(summary.curves.items())
        ],
        title=f"Elo of {summary.board} over its games",
        unit="Elo",
        x_unit="games",
        levels=levels,
        width=520,
        height=300,
        right=90,
        x_marks=[(float(i), number(games)) for i, games in enumerate(budgets)],
    )
    by_time = Chart(
        [
            _line(curve, points, i, [p.cpu_s for p in points])
            for i, (curve, points) in enumerate(summary.curves.items())
        ],
        title=f"Elo of {summary.board} over processor time",
        unit="Elo",
        x_unit="s",
        width=520,
        height=300,
    )
    return section(
        summary.board,
        f"{summary.meetings} meetings, {summary.games:,} games. Fixed players: "
        f"{', '.join(fixed_players(plan, summary)).replace('`', '') or 'not met yet'}.",
        grid(
            card("Elo over games", "Of the held-out game.", by_games),
            card("Elo over processor time", "Of one core, without that of the start.", by_time),
            wide=True,
        ),
        table(HEAD, rows_of(summary)),
        folded(
            "Other starts and parameters",
            table(FURTHER_HEAD, further_rows(summary)),
        ),
    )


def _line(curve: Curve, points: Sequence[Point], style: int, x: Sequence[float]) -> Line:
    start, parameters = curve
    name = {MANY: "after transfer", NONE: "from nothing"}.get(start, f"from {start}")
    if parameters != "full":
        name += f", {parameters}"

    def end(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return Line(
        name,
        x,
        [point.elo.middle for point in points],
        style,
        low=[end(point.elo.lower) for point in points],
        high=[end(point.elo.upper) for point in points],
        dots=True,
    )
