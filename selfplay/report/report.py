"""``report.html``: a whole run on one page, to look at and to send to a friend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from engine.files import LARGEST_SETTINGS, read_file
from engine.records import GameRecord
from selfplay.report import wording
from selfplay.report.boards import game_html, result_text
from selfplay.report.charts import Chart, Level, Line
from selfplay.report.openings import openings_html, read_openings
from selfplay.report.page import card, folded, grid, page, section, table, write_page
from selfplay.run.curves import Curve, RunData, read_run

_LOSS_TEXT: Final = {
    "policy": ("Policy", "Nats; levels off at the entropy of what the search wants."),
    "value": ("Value", "Nats, of win, draw and loss."),
    "ownership": ("Ownership", "Who will own each point."),
    "score": ("Score", "By how many points."),
    "reply": ("Reply", "What the opponent will answer; nats."),
    "short": ("Short horizon", "What searches of the next plies will think."),
    "score_error": ("Score's uncertainty", "By how much the score is wrong."),
    "future": ("Future board", "The stones some plies later."),
    "fresh": ("Fresh rows", "Policy and value on rows before they were trained on."),
}
_GAMES_SHOWN: Final = 4


def write_report(path: Path) -> Path:
    """Read a run folder and write its ``report.html``; return where.

    Raises:
        RunError: if the folder holds no run, or one whose settings cannot be read.
        OSError: if the disk is full or the folder not writable.
    """
    run = read_run(path)
    write_page(run.folder.report, report_html(run))
    return run.folder.report


def report_html(run: RunData) -> str:
    """The page of one run; of several tasks, each has its part of it."""
    if len(run.tasks) > 1:
        about = [_header(run), _notes(run), _learning(run), _work(run)]
        of_tasks = [part for task in run.tasks for part in _task(task)]
        whole = [*about, *of_tasks, _machine(run), _settings(run), _footer(run)]
        return page(f"{wording.game_name(run)}: {run.name}", "\n".join(whole))
    parts = [
        _header(run),
        _notes(run),
        _strength(run),
        _learning(run),
        _play(run),
        _work(run),
        _openings(run),
        _games(run),
        _machine(run),
        _settings(run),
        _footer(run),
    ]
    return page(f"{wording.game_name(run)}: {run.name}", "\n".join(parts))


def _task(task: RunData) -> list[str]:
    """What the page says of one of several tasks."""
    title = f"<h1>{escape(task.task)}: {escape(wording.game_name(task))}</h1>"
    lead = escape(wording.strength_sentence(task))
    return [
        f'<header>{title}<p class="lead">{lead}</p></header>',
        _strength(task),
        _learning(task),
        _play(task),
        _openings(task),
        _games(task),
    ]


def _header(run: RunData) -> str:
    done = wording.progress(run)
    state = "complete" if done >= 1.0 else f"{done:.0%} done"
    network = run.settings.get("network", "?")
    sub = f"run {run.name}, network {network}, seed {run.settings.get('seed', '?')}, {state}"
    best = run.best_known
    tiles = [
        ("–" if best is None else wording.elo_alone(best), f"Elo, {run.anchor} = 0"),
        (wording.duration(wording.elapsed_s(run)), "training time"),
        (_count(run.number("games")), "games played"),
        (_count(run.number("rows")), "rows learned from"),
        (_count(run.number("evaluations_per_s")), "evaluations a second"),
        (str(len(run.folder.checkpoints())), "checkpoints"),
    ]
    if len(run.tasks) > 1:
        tiles[:1] = [
            ("–" if best is None else wording.elo_alone(best), f"Elo, {task.task}")
            for task in run.tasks
            for best in [task.best_known]
        ]
    shown = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(text)}</span></div>'
        for value, text in tiles
    )
    return (
        f"<header><h1>{escape(wording.game_name(run))}, learned by self-play</h1>"
        f'<p class="sub">{escape(sub)}</p>'
        f'<div class="progress"><i style="width:{100 * done:.1f}%"></i></div>'
        f'<p class="lead">{escape(wording.strength_sentence(run))}</p>'
        f'<div class="tiles">{shown}</div></header>'
    )


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _notes(run: RunData) -> str:
    items = "".join(
        f'<li class="{kind}"><time>{wording.duration(60 * minutes)}</time>{escape(text)}</li>'
        for minutes, kind, text in run.notes[-40:]
    )
    title, lead = "Notes and alarms", "What the run noticed about itself, and what it did."
    return section(title, lead, f'<ul class="notes">{items}</ul>' if items else "")


def _strength(run: RunData) -> str:
    rated = run.checkpoint_strengths
    shown = [s for s in rated if s.low is not None or s.high is not None]
    fixed = [s for s in run.strengths if s.minutes is None]
    scale, unit = _time_scale(run)
    line = Line(
        "Elo",
        [scale * (s.minutes or 0.0) for s in shown],
        [s.elo for s in shown],
        low=[s.low for s in shown],
        high=[s.high for s in shown],
        dots=True,
    )
    known = [s for s in fixed if s.low is not None or s.high is not None]
    chart = Chart(
        [line],
        title="Elo of each checkpoint over training time",
        unit="Elo",
        x_unit=unit,
        levels=[Level(s.name, s.elo) for s in known],
        width=1050,
        height=330,
        least_span=300.0,
        right=110,
    )
    first = "Each point is a checkpoint, with its 95 % interval; dashed lines never change."
    rows = [
        [
            "–" if s.minutes is None else wording.duration(60 * s.minutes),
            s.name,
            wording.elo(s, run.anchor),
            f"{s.games}",
            f"{100 * s.points / s.games:.1f} %" if s.games else "–",
        ]
        for s in run.strengths
    ]
    games = sum(meeting.games for meeting in run.meetings)
    listing = table(["after", "player", "Elo (95 %)", "games", "score"], rows)
    return section(
        "Strength",
        f"Elo of all checkpoints and fixed players, fitted together to {games:,} games that they "
        "played beside the training.",
        card("Elo over training time", first, chart) if shown else "",
        _quiz(run),
        folded("all players", listing),
        folded("who played whom", _pairs(run)),
    )


def _quiz(run: RunData) -> str:
    """Share of solved positions in which each checkpoint plays a right move."""
    scale, unit = _time_scale(run)
    answers = run.answers
    if not answers:
        return ""
    line = Line(
        "kept",
        [scale * (a.minutes or 0.0) for a in answers],
        [a.elo for a in answers],
        2,
        low=[a.low for a in answers],
        high=[a.high for a in answers],
        dots=True,
    )
    latest = answers[-1]
    text = (
        f"Share of {latest.games} positions, solved exactly, in which a checkpoint chooses an "
        f"action that keeps their value; {latest.points:g} of them at last. 95 % intervals."
    )
    title = "Solved positions"
    picture = Chart([line], title, x_unit=unit, width=1050, height=240, y_range=(None, 1.0))
    return card(title, text, picture)


def _pairs(run: RunData) -> str:
    totals: dict[tuple[str, str], list[float]] = {}
    for meeting in run.meetings:
        entry = totals.setdefault((meeting.first, meeting.second), [0.0, 0.0, 0.0])
        entry[0] += meeting.points_as_black + meeting.points_as_white
        entry[1] += meeting.games
        entry[2] += meeting.cpu_s
    rows = [
        [first, second, f"{points:g} of {games:g}", f"{cpu / games:.2f}"]
        for (first, second), (points, games, cpu) in sorted(totals.items())
    ]
    return table(["player", "against", "points", "processor s/game"], rows)


def _time_scale(run: RunData) -> tuple[float, str]:
    """What to multiply minutes with, and the unit that gives."""
    return (1 / 60.0, "h") if wording.elapsed_s(run) > 3 * 3600 else (1.0, "min")


def _line(run: RunData, name: str, label: str, style: int = 0) -> Line:
    scale, _ = _time_scale(run)
    curve: Curve = run.curve(name)
    return Line(label, [scale * x for x in curve.minutes], curve.values, style)


def _learning(run: RunData) -> str:
    _, unit = _time_scale(run)
    cards = []
    for name in run.loss_names:
        short = name.removeprefix("loss_")
        if short == "total" or not any(run.curve(name).values):
            continue  # the sum; and what a game without points has no use for
        title, text = _LOSS_TEXT.get(short, (short.replace("_", " "), ""))
        lines = [_line(run, name, f"{title.lower()} loss")]
        if short == "policy":
            lines.append(_line(run, "target_entropy", "entropy of targets", 1))
        cards.append(card(f"{title} loss", text, Chart(lines, title=f"{title} loss", x_unit=unit)))
    return section(
        "What the network learns", "Losses over training time, lower is better.", grid(*cards)
    )


def _chart(run: RunData, title: str, text: str, *names: str, top: float | None = None) -> str:
    """A card with metrics over time from 0 up; ``names`` as ``metric: what it is called``."""
    _, unit = _time_scale(run)
    parts = [name.partition(": ") for name in names]
    lines = [_line(run, key, label, i) for i, (key, _, label) in enumerate(parts)]
    return card(title, text, Chart(lines, title, x_unit=unit, y_range=(0.0, top)))


def _play(run: RunData) -> str:
    cards = [
        _calibration(run),
        _chart(
            run,
            "Value error",
            "Mean square of the search's value against the result.",
            "value_error: value error",
        ),
        _chart(run, "Length of games", "Mean number of plies.", "mean_plies: plies per game"),
        _chart(
            run,
            "How games end",
            "Shares of games: won by Black, drawn, stopped at the longest, unlike all others.",
            "black_wins: won by Black",
            "cut_games: stopped",
            "distinct_games: distinct",
            "draws: drawn",
            top=1.0,
        ),
    ]
    if len(run.curve("held_excess")):
        text = "Policy and value on games of before, held out; nats. A rise is forgetting."
        cards.append(_chart(run, "Kept from before", text, "held_excess: excess loss"))
    if len(run.curve("share")):
        text = "Of the run's games and rows; it follows how fast the loss on new rows falls."
        cards.append(_chart(run, "Share of games and rows", text, "share: share"))
    return section("How it plays", "What the games of self-play look like.", grid(*cards))


def _work(run: RunData) -> str:
    cards = [
        _chart(
            run,
            "Pace",
            "Positions evaluated a second while playing.",
            "evaluations_per_s: evaluations/s",
        ),
        _chart(run, "Rows a second", "Of the whole cycle.", "rows_per_s: rows/s"),
        _chart(
            run,
            "Where the time goes",
            "Seconds of each cycle.",
            "play_s: playing",
            "learn_s: learning",
        ),
        _chart(run, "Simulations", "Of a thorough search.", "simulations: simulations"),
        _chart(
            run,
            "Replay window",
            "Rows that the learner draws from, and all rows so far.",
            "window_rows: window",
            "rows: all",
        ),
        _chart(
            run, "Memory", "MB, held by the process; flat once the window is full.", "memory_mb: MB"
        ),
        _chart(run, "Learning rate", "As it was used.", "learning_rate: learning rate"),
        *_workers(run),
        _chart(run, "Passes", "How often each row is trained on, about.", "passes: passes"),
    ]
    lead = "How fast it goes, and the settings that follow what the run measures."
    return section("How it works", lead, grid(*cards))


def _workers(run: RunData) -> list[str]:
    """What the workers of a cluster did; empty for a run without one."""
    if not len(run.curve("workers")):
        return []
    idle = "Share of the workers' time in which they waited."
    lag = "Versions that the networks of new rows were behind the newest."
    lost = "Workers that died or fell silent, and pieces that others played again, so far."
    return [
        _chart(run, "Workers", "Those that were there.", "workers: workers"),
        _chart(run, "Idle workers", idle, "workers_idle: idle", top=1.0),
        _chart(run, "Lag", lag, "lag: mean", "lag_most: most"),
        _chart(run, "Lost", lost, "workers_lost: workers", "lots_lost: pieces"),
    ]


def _calibration(run: RunData) -> str:
    """Expected against true score, early and late: on the diagonal, values can be believed."""
    lines = []
    for style, (name, first, last) in enumerate(
        (("last quarter of the run", 0.75, 1.0), ("first quarter", 0.0, 0.25))
    ):
        bins = [(e, s) for e, s, n in run.calibration(first, last) if n >= 20]
        lines.append(Line(name, [e for e, _ in bins], [s for _, s in bins], style, dots=True))
    picture = Chart(
        lines,
        title="Value calibration",
        x_unit="expected",
        y_range=(0.0, 1.0),
        x_range=(0.0, 1.0),
        diagonal=True,
    )
    text = "Score that searches expected, and what came of it; on the diagonal it is right."
    return card("Value calibration", text, picture)


def _openings(run: RunData) -> str:
    openings = read_openings(run)
    return section(
        "How games begin",
        "First plies of self-play, rotated and reflected games counted as the same. Games that "
        "begin with random plies on purpose are left out.",
        f'<div class="openings">{openings_html(openings)}</div>' if openings else "",
    )


def _games(run: RunData) -> str:
    shown = "".join(game_html(record, title) for record, title in _chosen(run.games))
    return section(
        "Games",
        "Typical games of self-play. Click one, then use the arrow keys (up and down jump ten "
        "plies) or the space bar.",
        f'<div class="boards">{shown}</div>' if shown else "",
    )


def _chosen(games: Mapping[str, Sequence[GameRecord]]) -> list[tuple[GameRecord, str]]:
    """A typical game each of checkpoints spread over the run, the newest first."""
    names = [name for name, records in games.items() if records]
    if not names:
        return []
    count = min(_GAMES_SHOWN, len(names))
    places = {round(i * (len(names) - 1) / max(count - 1, 1)) for i in range(count)}
    chosen = []
    for place in sorted(places, reverse=True):
        records = sorted(games[names[place]], key=lambda record: len(record.actions))
        record = records[len(records) // 2]
        title = f"Cycle {int(names[place])}" if names[place].isdecimal() else names[place]
        chosen.append((record, f"{title}: {result_text(record)}"))
    return chosen


def _machine(run: RunData) -> str:
    rows = []
    for session in run.sessions[-5:]:
        machine = session.get("machine")
        facts = {
            **{key: value for key, value in session.items() if key != "machine"},
            **(machine if isinstance(machine, dict) else {}),
        }
        rows += [[str(key).replace("_", " "), str(value)] for key, value in facts.items()]
    listing = table(["", ""], rows)
    lead = f"The run was started {len(run.sessions)} times; the latest starts are listed."
    if len(run.sessions) == 1:
        lead = "The run was started once."
    return section("Machine and versions", lead, listing)


def _settings(run: RunData) -> str:
    text = read_file(run.folder.config, LARGEST_SETTINGS).decode(errors="replace")
    return section(
        "Settings",
        "Every setting as it was used, with units and reasons; the same file makes the same run.",
        folded("config.toml", f"<pre>{escape(text)}</pre>"),
    )


def _footer(run: RunData) -> str:
    play = f"miai play --network {run.name}"
    return (
        "<footer>Made by miai from the run folder alone. From where that lies, "
        f"<code>miai report {escape(run.name)}</code> makes it anew, and "
        f"<code>{escape(play)}</code> plays against the newest network.</footer>"
    )
