"""A page on what fine-tuning changed: tables, calibration, and boards whose policy changed most.

One file that needs no other: no scripts, no fonts, no pictures from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from engine.games.spec import BLACK, EMPTY, WHITE
from engine.notation import move_name
from miai.strength import Strength
from miai.tuning import FinetuneTask
from selfplay.report.board_svg import board_svg
from selfplay.report.page import page, table, write_page
from selfplay.tune.agreement import Agreement, largest_changes
from selfplay.tune.finetune import FinetuneConfig, Outcome

_BOARDS: Final = 12
_ACTIONS: Final = 5


def write_report(
    path: Path,
    task: FinetuneTask,
    config: FinetuneConfig,
    outcome: Outcome,
    strength: Sequence[Strength],
) -> None:
    """Write the page."""
    parts = [
        "<header><h1>What fine-tuning changed</h1></header>",
        _summary(task, config, outcome),
        "<h2>Strength</h2>",
        *(f"<p>New against old: {escape(str(found))}</p>" for found in strength),
        "" if strength else "<p>Not measured; <code>--match 400</code> plays a match.</p>",
        "<h2>Held-out games</h2>",
        f"<p>{outcome.before.games} games, {outcome.before.positions:,} positions that are not "
        "among the training games'. Intervals: 95 %, by resampling games.</p>",
        _table(outcome.before, outcome.after),
        "<h2>By phase of the game</h2>",
        _phases(outcome),
        "<h2>How sure, and how often right</h2>",
        _reliability(outcome),
        *_forgetting(outcome),
        "<h2>Where the policy changed most</h2>",
        "<p>Blue: how likely the network finds a move, in percent. Red ring: what was played.</p>",
        f'<div class="grid two">{"".join(_changes(task, outcome))}</div>',
    ]
    title = f"Fine-tuning of {task.source.name}"
    write_page(path, page(title, "\n".join(parts), scripted=False))


def _summary(task: FinetuneTask, config: FinetuneConfig, outcome: Outcome) -> str:
    share = outcome.trained_parameters / task.model.parameter_count
    used = {**asdict(config), "learning_rate": config.rate}
    settings = ", ".join(f"{name} {value}" for name, value in used.items())
    mixed = "" if task.mix is None else f", mixed with {len(task.mix):,} self-play rows"
    left_out = ", ".join(f"{n} {what}" for what, n in task.loaded.reasons.most_common())
    return (
        f"<p>{escape(task.source.name)} ({escape(task.model.config.short_name)}), on "
        f"{len(task.kept)} games of {escape(str(task.spec))} ({len(task.expert):,} positions) from "
        f"{escape(', '.join(task.files))}{mixed}. Kept epoch {outcome.epoch}; trained "
        f"{outcome.trained_parameters:,} numbers, {share:.1%} of the network's.</p>"
        f"<p>Left out or cut: {escape(left_out or 'nothing')}.<br>"
        f"Settings: {escape(settings)}.</p>"
    )


def _table(before: Agreement, after: Agreement) -> str:
    rows = (
        ("top-1 agreement", before.top_1.percent(), after.top_1.percent()),
        ("top-5 agreement", before.top_5.percent(), after.top_5.percent()),
        ("log-likelihood, nats", before.log_likelihood.plain(), after.log_likelihood.plain()),
        ("value Brier score", before.brier.plain(), after.brier.plain()),
        (
            "calibration error",
            f"{before.calibration_error:.3f}",
            f"{after.calibration_error:.3f}",
        ),
    )
    return table(("", "before", "after"), rows)


def _phases(outcome: Outcome) -> str:
    head = (
        "",
        "positions",
        "top-1 before",
        "after",
        "log-likelihood before",
        "after",
        "calibration error before",
        "after",
    )
    rows = [
        (
            name,
            f"{old.positions:,}",
            old.top_1.percent(),
            new.top_1.percent(),
            f"{old.log_likelihood.mean:.3f}",
            f"{new.log_likelihood.mean:.3f}",
            f"{old.calibration_error:.3f}",
            f"{new.calibration_error:.3f}",
        )
        for name, (old, new) in outcome.phases.items()
    ]
    return table(head, rows)


def _forgetting(outcome: Outcome) -> Iterable[str]:
    if outcome.kept_before is None or outcome.kept_after is None:
        yield "<h2>Forgetting</h2><p>Not measured; <code>--mix</code> names self-play rows.</p>"
        return
    yield f"<h2>Forgetting: {outcome.kept_before.positions:,} held-out self-play positions</h2>"
    yield _table(outcome.kept_before, outcome.kept_after)


def _reliability(outcome: Outcome) -> str:
    """Predicted against actual score rate, before and after, as dots with areas of their counts."""
    side, edge = 300, 40
    lines = [
        f'<svg viewBox="0 0 {side + 2 * edge} {side + 2 * edge}" width="{side + 2 * edge}" '
        'role="img" aria-label="Predicted against actual score rate" font-family="sans-serif" '
        'font-size="12" fill="currentColor" style="max-width:100%;height:auto">',
        f'<rect x="{edge}" y="{edge}" width="{side}" height="{side}" fill="none" stroke="#888"/>',
        f'<path d="M{edge} {edge + side}L{edge + side} {edge}" stroke="#bbb"/>',
        f'<text x="{edge}" y="{side + edge + 25}">predicted score rate, 0 to 1</text>',
        f'<text x="{edge}" y="{edge - 12}">actual; <tspan fill="#d97706">before</tspan>, '
        '<tspan fill="#1d4ed8">after</tspan></text>',
    ]
    for agreement, colour in ((outcome.before, "#d97706"), (outcome.after, "#1d4ed8")):
        total = max(sum(count for *_, count in agreement.reliability), 1)
        lines += [
            f'<circle cx="{edge + side * x:.1f}" cy="{edge + side * (1 - y):.1f}" '
            f'r="{3 + 25 * (count / total) ** 0.5:.1f}" fill="{colour}" fill-opacity="0.5"/>'
            for x, y, count in agreement.reliability
        ]
    return "".join(lines) + "</svg>"


def _changes(task: FinetuneTask, outcome: Outcome) -> Iterable[str]:
    """Two boards for each of the positions whose policy changed most, one a game."""
    rows, (before, after) = task.held_out, outcome.predictions
    for at in largest_changes(before, after, rows, _BOARDS).tolist():
        record = task.held[int(rows.game[at])]
        ply, played = int(rows.ply[at]), int(rows.policy[at].argmax())
        first = record.first_to_move
        mover = first if ply % 2 == 0 else BLACK + WHITE - first
        planes = rows.take(np.array([at])).unpacked_planes()[0]
        names = rows.layout.plane_names
        stones = np.full(task.spec.points, EMPTY, np.uint8)
        stones[planes[:, names.index("own")] > 0] = mover
        stones[planes[:, names.index("opponent")] > 0] = BLACK + WHITE - mover
        who = "Black" if mover == BLACK else "White"
        move = move_name(task.spec, played)
        sides = []
        for name, prediction in (("before", before), ("after", after)):
            policy = np.exp(prediction.log_policy[at])
            best = np.argsort(-policy)[:_ACTIONS]
            shares = {int(action): float(policy[action]) for action in best}
            label = f"{who} to move, {name}: {move} at {policy[played]:.0%}"
            picture = board_svg(
                task.spec, stones.tolist(), shares=shares, meant=played, label=label
            )
            value = prediction.value[at]
            words = (
                f"{name}: {move} {policy[played]:.0%}, "
                f"{who} {value[0] + value[1] / 2:.0%}, pass {policy[-1]:.0%}"
            )
            sides.append(f"<div>{picture}{words}</div>")
        source = f"{Path(record.source).name}, move {ply + 1}, {who} to move"
        yield (
            f"<figure><figcaption>{escape(source)}</figcaption>"
            f'<div class="boards small">{"".join(sides)}</div></figure>'
        )
