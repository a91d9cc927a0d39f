"""Boards as SVG and games to step through, for a page without a network. Knows no training run.

A game is drawn at its end by Python, so it shows without a script too; what each ply changed stands
beside it as JSON, for the script that walks through it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import numpy as np

from engine.diagram import star_points
from engine.games.spec import BLACK, GameSpec
from engine.notation import action_to_text, column_name, row_number
from engine.records import GameRecord

CELL: Final = 20
_MARGIN = 22
_COLOURS: Final = {1: "b", 2: "w"}


def board_svg(
    spec: GameSpec,
    stones: Sequence[int],
    *,
    last: int | None = None,
    heat: Mapping[int, float] | None = None,
    label: str = "",
) -> str:
    """Draw one board.

    Args:
        spec: the game.
        stones: ``(points,)`` 0, 1 Black, 2 White.
        last: point to mark.
        heat: share of each point, in [0, 1], to shade.
        label: what is seen, for whoever cannot see it.
    """
    width, height = _extent(spec)
    kind = "hex" if spec.slant else spec.name
    parts = [
        f'<svg class="board {escape(kind)}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}">',
        *_ground(spec, width, height),
        *_names(spec),
    ]
    for point in range(spec.points):
        x, y = _at(spec, point)
        colour = _COLOURS.get(int(stones[point]), "e")
        parts.append(f'<circle class="stone {colour}" cx="{x:g}" cy="{y:g}" r="9.2"/>')
    warmest = max(heat.values(), default=0.0) if heat else 0.0
    for point, share in (heat or {}).items():
        if share > 0.0:
            x, y = _at(spec, point)
            strength = math.sqrt(share / warmest)
            parts.append(
                f'<circle class="heat" cx="{x:g}" cy="{y:g}" r="{9 * strength:.1f}" '
                f'opacity="{0.35 + 0.55 * strength:.2f}"/>'
            )
    x, y = _at(spec, last) if last is not None else (-99.0, -99.0)
    parts.append(f'<circle class="last" cx="{x:g}" cy="{y:g}" r="3.6"/></svg>')
    return "".join(parts)


def result_text(record: GameRecord) -> str:
    """Who won, by how much where points are counted."""
    names = ("Red", "Yellow") if record.spec.stones_fall else ("Black", "White")
    if record.winner is None:
        return record.result
    if record.winner == 0:
        return "a draw"
    by = f" by {abs(record.score):g}" if record.spec.has_points and record.score else ""
    return f"{names[record.winner < 0]} wins{by}"


def game_html(record: GameRecord, title: str) -> str:
    """A game to walk through: its last position, buttons, and the plies for the script."""
    spec = record.spec
    start, plies = _plies(record)
    stones = start.copy()
    for _, changes in plies:
        for point, colour in changes:
            stones[point] = colour
    last = next((point for point, _ in reversed(plies)), -1)
    data = {
        "start": "".join(map(str, start)),
        "plies": plies,
        "names": [action_to_text(spec, action) for action in record.actions],
        "at": [[round(v, 1) for v in _at(spec, point)] for point in range(spec.points)],
    }
    board = board_svg(spec, stones, last=last if last >= 0 else None, label=title)
    text = json.dumps(data, separators=(",", ":"))
    count = len(plies)
    return (
        f'<figure class="game" tabindex="0" data-game="{escape(text)}">{board}'
        f'<figcaption><b>{escape(title)}</b><span class="where">{count} of {count} plies</span>'
        '<span class="buttons"><button data-step="-9999" aria-label="first">«</button>'
        '<button data-step="-1" aria-label="back">‹</button>'
        '<button data-step="play" aria-label="play">▶</button>'
        '<button data-step="1" aria-label="on">›</button>'
        '<button data-step="9999" aria-label="last">»</button></span></figcaption></figure>'
    )


def _plies(record: GameRecord) -> tuple[list[int], list[tuple[int, list[tuple[int, int]]]]]:
    """The first position, and each ply's point (-1: none) with what it changed on the board."""
    spec = record.spec
    position = spec.allocate(1)
    if record.has_setup or record.first_to_move != BLACK:
        board = spec.board(record.black_setup, record.white_setup)
        spec.set_up(position, board, record.first_to_move)
    start = spec.stones(position)[0].astype(int)
    before, plies = start, []
    for action in record.actions:
        spec.play(position, np.array([action]))
        after = spec.stones(position)[0].astype(int)
        changed = np.flatnonzero(after != before)
        point = action if action < spec.points else -1
        plies.append((point, [(int(p), int(after[p])) for p in changed]))
        before = after
    return start.tolist(), plies


def _at(spec: GameSpec, point: int) -> tuple[float, float]:
    """Where the middle of a point is."""
    row, column = divmod(point, spec.width)
    if spec.slant:
        return _MARGIN + CELL * (column + row / 2) + 10, _MARGIN + 17.3 * row + 10
    return _MARGIN + CELL * column + 10.0, _MARGIN + CELL * row + 10.0


def _extent(spec: GameSpec) -> tuple[float, float]:
    x, y = _at(spec, spec.points - 1)
    return x + _MARGIN, y + _MARGIN


def _ground(spec: GameSpec, width: float, height: float) -> list[str]:
    if spec.slant:
        return [*_hex_edges(spec), *(_hexagon(*_at(spec, p)) for p in range(spec.points))]
    left, top = _at(spec, 0)
    right, bottom = _at(spec, spec.points - 1)
    on_lines = spec.star_points or spec.name == "gomoku"
    pad = 14 if on_lines else 10
    parts = [
        f'<rect class="wood" x="{left - pad:g}" y="{top - pad:g}" rx="3" '
        f'width="{right - left + 2 * pad:g}" height="{bottom - top + 2 * pad:g}"/>'
    ]
    if spec.stones_fall:
        return parts
    shift = 0 if on_lines else 10
    columns = range(spec.width + (not on_lines))
    rows = range(spec.height + (not on_lines))
    lines = [
        *(f"M{left - shift + CELL * c:g} {top - shift:g}V{bottom + shift:g}" for c in columns),
        *(f"M{left - shift:g} {top - shift + CELL * r:g}H{right + shift:g}" for r in rows),
    ]
    parts.append(f'<path class="rule" d="{"".join(lines)}"/>')
    if spec.star_points:
        for point in sorted(star_points(spec.height, spec.width)):
            x, y = _at(spec, point)
            parts.append(f'<circle class="star" cx="{x:g}" cy="{y:g}" r="1.9"/>')
    return parts


def _hexagon(x: float, y: float) -> str:
    corners = [
        (x + 11.5 * math.sin(k * math.pi / 3), y + 11.5 * math.cos(k * math.pi / 3))
        for k in range(6)
    ]
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in corners)
    return f'<path class="cell" d="M{path}Z"/>'


def _hex_edges(spec: GameSpec) -> list[str]:
    """Whose sides are whose: Black joins top and bottom, White left and right."""
    corners = [_at(spec, p) for p in (0, spec.width - 1, spec.points - 1, spec.points - spec.width)]
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    sides = (
        ("b", ax - 8, ay - 11, bx + 4, by - 11),
        ("b", dx - 4, dy + 11, cx + 8, cy + 11),
        ("w", ax - 13, ay, dx - 13, dy + 4),
        ("w", bx + 13, by - 4, cx + 13, cy),
    )
    return [
        f'<path class="edge {who}" d="M{x0:g} {y0:g}L{x1:g} {y1:g}"/>'
        for who, x0, y0, x1, y1 in sides
    ]


def _names(spec: GameSpec) -> list[str]:
    parts = []
    for column in range(spec.width):
        x, y = _at(spec, column)
        name = column_name(column, spec.letter_i)
        parts.append(f'<text class="coord" x="{x:g}" y="{y - 17:g}">{name}</text>')
    for row in range(spec.height):
        x, y = _at(spec, row * spec.width)
        text = row_number(spec, row)
        parts.append(f'<text class="coord" x="{x - 20:g}" y="{y + 3:g}">{text}</text>')
    return parts
