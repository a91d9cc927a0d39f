"""Several runs on one page, and side by side in a short table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from selfplay.report import wording
from selfplay.report.charts import Chart, Line, legend
from selfplay.report.page import card, grid, page, section, table
from selfplay.run.curves import RunData
from selfplay.run.settings import section as settings_of

MOST_RUNS: Final = 6
"""As many as the page has colours that stay apart."""
HEAD: Final = (
    "run",
    "game",
    "network",
    "seed",
    "time",
    "games",
    "rows",
    "Elo (95 %)",
    "policy loss",
)

_CURVES: Final = (
    ("loss_policy", "Policy loss", "Nats."),
    ("loss_value", "Value loss", "Nats."),
    ("target_entropy", "Entropy of targets", "Nats; how decided the searches are."),
    ("value_error", "Value error", "Mean square of the search's value against the result."),
    ("mean_plies", "Length of games", "Mean number of plies."),
    ("rows", "Rows", "Learned from, in all."),
    ("evaluations_per_s", "Pace", "Positions evaluated a second while playing."),
    ("learning_rate", "Learning rate", ""),
)


def rows_of(runs: Sequence[RunData]) -> list[list[str]]:
    """One line per run, under :data:`HEAD`."""
    names = labels(runs)
    lines = []
    for run, name in zip(runs, names, strict=True):
        best = run.best_known
        loss = run.number("loss_policy")
        lines.append(
            [
                name,
                wording.game_name(run),
                str(run.settings.get("network", "?")),
                str(run.settings.get("seed", "?")),
                wording.duration(wording.elapsed_s(run)),
                f"{run.number('games') or 0:,.0f}",
                f"{run.number('rows') or 0:,.0f}",
                "not rated" if best is None else wording.elo(best, run.anchor),
                "–" if loss is None else f"{loss:.2f}",
            ]
        )
    return lines


def labels(runs: Sequence[RunData]) -> list[str]:
    """The runs' names; with their folders where names are the same."""
    names = [run.name for run in runs]
    return [
        name if names.count(name) == 1 else str(run.path)
        for name, run in zip(names, runs, strict=True)
    ]


def cautions(runs: Sequence[RunData]) -> list[str]:
    """Why some numbers of these runs do not compare."""
    found = []
    if len({wording.game_name(run) for run in runs}) > 1:
        found.append("The runs learn different games: nothing but their pace compares.")
    if len({run.anchor for run in runs if run.best_known is not None}) > 1:
        found.append("Their Elo counts from different players and does not compare.")
    simulations = {settings_of(run.settings, "benchmark").get("simulations") for run in runs}
    if len(simulations) > 1:
        found.append("They were rated with different numbers of simulations.")
    if any(run.best_known is not None for run in runs):
        found.append(
            "Elo of different runs meets only through the fixed players: a difference is sure only "
            "where it exceeds both intervals. In the arena two checkpoints can play each other."
        )
    return found


def differences(runs: Sequence[RunData]) -> list[list[str]]:
    """Settings that are not the same in all runs: name, then the value in each."""
    flat = [_flat(run.settings) for run in runs]
    names = dict.fromkeys(name for settings in flat for name in settings)
    found = []
    for name in names:
        values = [settings.get(name, "–") for settings in flat]
        if len(set(values)) > 1:
            found.append([name, *values])
    return found


def _flat(settings: object, prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in settings.items() if isinstance(settings, dict) else ():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat


def compare_html(runs: Sequence[RunData]) -> str:
    """The page."""
    names = labels(runs)
    hours = max(wording.elapsed_s(run) for run in runs) > 3 * 3600
    scale, unit = (1 / 60.0, "h") if hours else (1.0, "min")
    keys = legend([Line(name, [0], [0], i) for i, name in enumerate(names)])
    named = list(enumerate(zip(runs, names, strict=True)))
    elo = Chart(
        [_elo_line(run, name, i, scale) for i, (run, name) in named],
        title="Elo over training time",
        unit="Elo",
        x_unit=unit,
        width=1050,
        height=330,
        least_span=300.0,
    )
    cards = []
    for key, title, text in _CURVES:
        lines = []
        for i, (run, name) in named:
            curve = run.curve(key)
            lines.append(Line(name, [scale * x for x in curve.minutes], curve.values, i))
        cards.append(card(title, text, Chart(lines, title=title, x_unit=unit), named=False))
    warnings = "".join(f"<li>{escape(text)}</li>" for text in cautions(runs))
    body = [
        f"<header><h1>{len(runs)} runs side by side</h1>{keys}</header>",
        section("At a glance", "As they stand now.", table(HEAD, rows_of(runs))),
        f'<ul class="notes">{warnings}</ul>' if warnings else "",
        section(
            "Strength",
            "Elo over training time, with 95 % intervals.",
            card("Elo", "", elo, named=False),
        ),
        section("Learning and playing", "The same curves of all runs.", grid(*cards)),
        section(
            "What is set differently",
            "Settings that are the same in all runs are left out.",
            table(["setting", *names], differences(runs)),
        ),
    ]
    return page(" against ".join(names), "\n".join(body))


def _elo_line(run: RunData, name: str, style: int, scale: float) -> Line:
    rated = [s for s in run.checkpoint_strengths if s.low is not None or s.high is not None]
    return Line(
        name,
        [scale * (s.minutes or 0.0) for s in rated],
        [s.elo for s in rated],
        style,
        low=[s.low for s in rated],
        high=[s.high for s in rated],
        dots=True,
    )
