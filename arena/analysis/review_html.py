"""A looked-through game as one HTML page that needs nothing else: board, graph, mistakes.

The graph, the summary and the list of mistakes are written here, so they are there without scripts;
a script of the page draws the board and moves through the game.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from typing import Any, Final

from arena.analysis.review_json import review_data
from arena.analysis.sweep import GameReview, record_positions
from engine.diagram import star_points
from engine.games.spec import BLACK, WHITE
from engine.look import hexadecimal, look_of
from engine.notation import column_name, move_name, row_number

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 720, 260, 40, 12, 24
_MOST_LISTED: Final = 24
_DOTS: Final = {"inaccuracy": 3, "mistake": 4.5, "blunder": 6}  # size tells what colour does
_SIGNS: Final = ".XO"


def review_html(review: GameReview, conditions: dict[str, Any]) -> bytes:
    """Return the page in UTF-8."""
    data = review_data(review, conditions, move_name)
    spec = review.record.spec
    look = look_of(spec)
    page = files("arena.analysis").joinpath("review.html").read_text(encoding="utf-8")
    shown = {**data, "board": _board(review)}
    names = [
        f"{name} ({player})" if name else player
        for name, player in zip(
            (review.record.black, review.record.white), look.players, strict=True
        )
    ]
    parts = {
        "TITLE": escape(f"{names[0]} – {names[1]}, {look.title}"),
        "SUBTITLE": escape(_subtitle(review, conditions)),
        "GRAPH": _graph(data),
        "SUMMARY": _summary(data, names, spec.has_points),
        "MISTAKES": _mistakes(data, look.players, spec.has_points),
        "DATA": json.dumps(shown, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"),
    }
    for name, text in parts.items():
        page = page.replace(f"<!--{name}-->", text)
    return page.encode()


def _subtitle(review: GameReview, conditions: dict[str, Any]) -> str:
    record = review.record
    told = [str(record.spec), f"{len(record.actions)} moves"]
    if record.result not in ("", "?"):
        told.append(f"result {record.result}")
    return ", ".join([*told, *(f"{name} {value}" for name, value in conditions.items())])


def _board(review: GameReview) -> dict[str, Any]:
    """What the script needs to draw every position."""
    spec = review.record.spec
    stones = spec.stones(record_positions(review.record))
    look = look_of(spec)
    stars = sorted(star_points(spec.height, spec.width)) if spec.star_points else []
    return {
        "style": look.style,
        "players": look.players,
        "stones": look.stones,
        "fill": [hexadecimal(look.stone_colour(colour)) for colour in (BLACK, WHITE)],
        "ground": hexadecimal(look.ground),
        "line": hexadecimal(look.line),
        "stars": stars,
        "slant": spec.slant,
        "columns": [column_name(c, spec.letter_i) for c in range(spec.width)],
        "rows": [row_number(spec, r) for r in range(spec.height)],
        "plies": ["".join(_SIGNS[stone] for stone in row) for row in stones.tolist()],
    }


def _graph(data: dict[str, Any]) -> str:
    """The win rate of who moves first over the game as SVG, moves that cost something marked."""
    rates = [position["black_win_rate"] for position in data["positions"]]
    last = max(len(rates) - 1, 1)

    def x(ply: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - 8) * ply / last

    def y(rate: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - rate)

    line = " ".join(f"{x(ply):.1f},{y(rate):.1f}" for ply, rate in enumerate(rates))
    area = f"{x(0):.1f},{y(0.5):.1f} {line} {x(last):.1f},{y(0.5):.1f}"
    parts = [f'<svg id="graph" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" data-last="{last}">']
    parts.append("<title>Win rate of the first player over the game</title>")
    for rate in (0.0, 0.25, 0.5, 0.75, 1.0):
        kind = "middle" if rate == 0.5 else "grid"
        parts.append(
            f'<line class="{kind}" x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y(rate):.1f}" '
            f'y2="{y(rate):.1f}"/><text class="tick" x="{_LEFT - 6}" y="{y(rate) + 4:.1f}" '
            f'text-anchor="end">{100 * rate:.0f}</text>'
        )
    for ply in _ticks(last):
        parts.append(
            f'<text class="tick" x="{x(ply):.1f}" y="{_HEIGHT - 6}" '
            f'text-anchor="middle">{ply}</text>'
        )
    parts.append(f'<polygon class="area" points="{area}"/><polyline class="rate" points="{line}"/>')
    for move in data["moves"]:
        if move["class"]:
            ply = move["ply"]
            parts.append(
                f'<circle class="dot {move["class"]}" cx="{x(ply):.1f}" cy="{y(rates[ply]):.1f}" '
                f'r="{_DOTS[move["class"]]}"><title>{ply}. {move["move"]}: {move["class"]}, '
                f"{100 * move['loss']:.1f} %</title></circle>"
            )
    parts.append(f'<line id="cursor" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" x1="-9" x2="-9"/></svg>')
    return "".join(parts)


def _ticks(last: int) -> Iterable[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if last / step <= 12)
    return range(0, last + 1, step)


def _summary(data: dict[str, Any], names: list[str], points: bool) -> str:
    rows = []
    for letter, name in zip("BW", names, strict=True):
        summary = data["summary"][letter]
        accuracy = summary["accuracy"]
        cells = [
            escape(name),
            str(summary["moves"]),
            "–" if accuracy is None else f"{100 * accuracy:.0f} %",
            f"{100 * summary['mean_loss']:.1f} %",
            *([f"{summary['mean_score_loss']:.2f}"] if points else []),
            *(str(summary[kind]) for kind in ("inaccuracy", "mistake", "blunder")),
        ]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["", "moves", "cost < 2 %", "mean loss", *(["points"] if points else [])]
    heads += ["inaccuracies", "mistakes", "blunders"]
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _mistakes(data: dict[str, Any], players: tuple[str, str], points: bool) -> str:
    costly = [move for move in data["moves"] if move["class"]]
    costly.sort(key=lambda move: (-move["loss"], move["ply"]))
    if not costly:
        return "<p>No move cost 5 % of the chance to win or more.</p>"
    rows = []
    for move in costly[:_MOST_LISTED]:
        player = players[0 if move["colour"] == "B" else 1]
        cells = [
            f'<button data-ply="{move["ply"]}">{move["ply"]}</button>',
            f"{escape(player)} {move['move']}",
            f'<span class="tag {move["class"]}">{move["class"]}</span>',
            f"{100 * move['loss']:.1f} %",
            *([f"{move['score_loss']:.1f}"] if points else []),
            move["best"],
        ]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    heads = ["move", "", "", "loss", *(["points"] if points else []), "better"]
    head = "".join(f"<th>{name}</th>" for name in heads)
    more = len(costly) - _MOST_LISTED
    rest = f"<p>{more} more are marked in the graph.</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{rest}"
