"""Files made of a tournament for others to read: CSV tables, and a page with every game."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from arena.report import Report, as_json
from arena.report_text import conditions_text, remarks_text
from arena.results import GameLine
from engine.files import write_atomic
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.look import hexadecimal, look_of
from engine.notation import action_to_text
from engine.text import printable

_PAGE: Final = "arena.html"
_DATA_MARK: Final = "/*DATA*/"


def write_outputs(folder: Path, report: Report, lines: Sequence[GameLine]) -> None:
    """Write ``arena.html``, ``games.csv`` and ``ratings.csv`` into a tournament's folder.

    Raises:
        OSError: if the disk is full or the folder not writable.
    """
    write_atomic(folder / "games.csv", games_csv(report.conditions.spec, lines).encode())
    write_atomic(folder / "ratings.csv", ratings_csv(report).encode())
    write_atomic(folder / _PAGE, page(report, lines).encode())


def games_csv(spec: GameSpec, lines: Sequence[GameLine]) -> str:
    """Return one row per game, the moves last."""
    header = (
        "game", "pair", "black", "white", "result", "winner", "score", "termination", "note",
        "plies", "opening_plies", "black_seconds", "white_seconds", "moves",
    )  # fmt: skip
    rows = (
        (
            line.game, line.pair, line.black, line.white, line.result, line.winner,
            "" if line.score is None else line.score, line.termination, line.note,
            len(line.actions), line.opening_plies, *line.seconds,
            " ".join(action_to_text(spec, action) for action in line.actions),
        )
        for line in lines
    )  # fmt: skip
    return _csv(header, rows)


def ratings_csv(report: Report) -> str:
    """Return one row per agent, best first; open ends of intervals are empty."""
    agents = as_json(report)["agents"]
    header = (
        "rank", "name", "elo", "elo_low", "elo_high", "games", "wins", "draws", "losses", "score",
        "seconds_per_move",
    )  # fmt: skip
    rows = (
        (
            rank, a["name"], a["elo"], *a["elo_95"], a["games"], a["wins"], a["draws"],
            a["losses"], a["score"], a["seconds_per_move"],
        )
        for rank, a in enumerate(agents, start=1)
    )  # fmt: skip
    return _csv(header, rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """A cell that a spreadsheet shows and does not compute: text that may be a formula is quoted.

    Source: OWASP, CSV Injection.
    """
    if not isinstance(value, str):
        return "" if value is None else value
    text = printable(value, None)
    return f"'{text}" if text.lstrip().startswith(tuple("=+-@")) else text


def page(report: Report, lines: Sequence[GameLine]) -> str:
    """Return a self-contained page: ratings, cross table, and a board to replay every game."""
    spec = report.conditions.spec
    data = {
        "report": as_json(report),
        "conditions": conditions_text(report.conditions),
        "remarks": remarks_text(report),
        "names": list(report.conditions.names),
        "board": _board(spec),
        "games": _games(spec, report.conditions.names, lines),
    }
    template = (resources.files("arena") / "page" / _PAGE).read_text(encoding="utf-8")
    # "<" never ends the script: names and notes of agents are other people's text.
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return template.replace(_DATA_MARK, text)


def _board(spec: GameSpec) -> dict[str, Any]:
    """What the page has to know of the game: it draws boards and knows no rules."""
    start, look = spec.allocate(1), look_of(spec)
    return {
        "title": look.title,
        "style": look.style,
        "fill": [hexadecimal(look.stone_colour(colour)) for colour in (BLACK, WHITE)],
        "ground": hexadecimal(look.ground),
        "line": hexadecimal(look.line),
        "width": spec.width,
        "height": spec.height,
        "slant": spec.slant,
        "points": bool(spec.star_points),
        "falls": bool(spec.stones_fall),
        "labels": [action_to_text(spec, action) for action in range(spec.actions)],
        "start": spec.stones(start)[0].tolist(),
        "black_first": bool(spec.to_move(start)[0] == BLACK),
    }


def _games(spec: GameSpec, names: Sequence[str], lines: Sequence[GameLine]) -> list[dict[str, Any]]:
    changes = _changes(spec, [line.actions for line in lines])
    return [
        {
            "n": line.game,
            "b": names.index(line.black),
            "w": names.index(line.white),
            "r": line.result,
            "x": line.winner,
            "t": line.termination + (f": {line.note}" if line.note else ""),
            "o": line.opening_plies,
            "a": line.actions,
            "c": changed,
        }
        for line, changed in zip(lines, changes, strict=True)
    ]


def _changes(spec: GameSpec, games: Sequence[Sequence[int]]) -> list[dict[int, list[int]]]:
    """Return per game and ply what else changed than that a stone of the mover was placed.

    Points and their new colours in turns, ``{ply: [point, colour, point, colour, ...]}``.
    """
    found: list[dict[int, list[int]]] = [{} for _ in games]
    positions = spec.allocate(len(games))
    stones = spec.stones(positions)
    for ply in range(max(map(len, games), default=0)):
        actions = np.array([game[ply] if ply < len(game) else -1 for game in games], np.int64)
        movers = spec.to_move(positions)
        spec.play(positions, actions)
        expected = stones
        placed = np.flatnonzero((actions >= 0) & (actions < spec.points))
        expected[placed, actions[placed]] = movers[placed]
        stones = spec.stones(positions)
        for game in np.flatnonzero((stones != expected).any(axis=1)):
            points = np.flatnonzero(stones[game] != expected[game])
            found[game][ply] = np.stack([points, stones[game, points]], axis=1).ravel().tolist()
    return found
