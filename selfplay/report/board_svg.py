"""A board as SVG, the same on every page: its look is the game's own.

A page puts :data:`BOARD_STYLE` into its style once. Stones are circles with the classes
``stone b``, ``stone w`` and ``stone e`` (none), in the order of the points, so that a script may
walk through a game by changing classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from engine.diagram import star_points
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.look import Look, hexadecimal, look_of
from engine.notation import column_name, row_number

CELL: Final = 20
_MARGIN: Final = 22
_ROW_OF_HEXAGONS: Final = 17.3
_LETTERS: Final = {BLACK: "b", WHITE: "w"}
_LEAST_SHARE: Final = 0.02
BOARD_STYLE: Final = """
svg.board{display:block;width:100%;height:auto;font-family:sans-serif}
.board .ground{fill:var(--ground)}
.board .line{stroke:var(--line);stroke-width:.8;fill:none}
.board .cell{fill:var(--ground);stroke:var(--line);stroke-width:.8}.board .star{fill:var(--line)}
.board .edge{stroke-width:4;stroke-linecap:round;fill:none}
.board .edge.b{stroke:var(--b)}.board .edge.w{stroke:var(--w)}
.board .stone.b{fill:var(--b);stroke:#0008;stroke-width:.6}
.board .stone.w{fill:var(--w);stroke:#0008;stroke-width:.6}.board .stone.e{fill:var(--e)}
.board .last{fill:none;stroke:var(--last);stroke-width:1.8}.board .heat{fill:#c22f1d}
.board .share{fill:#1d4ed8}.board .percent{fill:#fff;font-size:8px;text-anchor:middle}
.board .meant{fill:none;stroke:#d11;stroke-width:2.2}
.board .coord{fill:#888;font-size:8.5px;text-anchor:middle}
"""


def board_svg(
    spec: GameSpec,
    stones: Sequence[int],
    *,
    last: int | None = None,
    heat: Mapping[int, float] | None = None,
    shares: Mapping[int, float] | None = None,
    meant: int | None = None,
    label: str = "",
) -> str:
    """Draw one board.

    Args:
        spec: the game.
        stones: ``(points,)`` 0, 1 Black, 2 White.
        last: point to mark.
        heat: share of each point, in [0, 1], to shade; the largest counts as the whole.
        shares: probability of empty points, in [0, 1], to shade and write down in percent; those
            below a fiftieth are left out, and so is the pass.
        meant: the point that gets a ring.
        label: what is seen, for people who cannot see it.
    """
    x, y = place(spec, spec.points - 1)
    width, height = x + _MARGIN, y + _MARGIN
    look = look_of(spec)
    parts = [
        f'<svg class="board" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}" style="{_colours(look)}">',
        *_ground(spec, look),
        *_names(spec),
    ]
    for point in range(spec.points):
        parts.append(_circle(spec, point, f"stone {_LETTERS.get(int(stones[point]), 'e')}", 9.2))
    warmest = max(heat.values(), default=0.0) if heat else 0.0
    for point, share in (heat or {}).items():
        if share > 0.0:
            strength = math.sqrt(share / warmest)
            parts.append(_circle(spec, point, "heat", 9 * strength, 0.35 + 0.55 * strength))
    for point, share in (shares or {}).items():
        if share >= _LEAST_SHARE and point < spec.points and not stones[point]:
            x, y = place(spec, point)
            parts.append(_circle(spec, point, "share", 6 + 3.2 * share**0.5, 0.45 + 0.5 * share))
            text = f"{100 * share:.0f}"
            parts.append(f'<text class="percent" x="{x:g}" y="{y + 2.8:g}">{text}</text>')
    if meant is not None and meant < spec.points:
        parts.append(_circle(spec, meant, "meant", 9.6))
    x, y = place(spec, last) if last is not None else (-99.0, -99.0)
    parts.append(f'<circle class="last" cx="{x:g}" cy="{y:g}" r="3.6"/></svg>')
    return "".join(parts)


def place(spec: GameSpec, point: int) -> tuple[float, float]:
    """Where the middle of a point is."""
    row, column = divmod(point, spec.width)
    if spec.slant:
        return _MARGIN + CELL * (column + row / 2) + 10, _MARGIN + _ROW_OF_HEXAGONS * row + 10
    return _MARGIN + CELL * column + 10.0, _MARGIN + CELL * row + 10.0


def _colours(look: Look) -> str:
    """The look's colours as variables of the style."""
    colours = {
        "ground": hexadecimal(look.ground),
        "line": hexadecimal(look.line),
        "b": hexadecimal(look.stone_colour(BLACK)),
        "w": hexadecimal(look.stone_colour(WHITE)),
        "e": "#fbfaf8" if look.style == "holes" else "none",
        "last": "#e0402f" if look.stones == ("black", "white") else "#fff",
    }
    return ";".join(f"--{name}:{colour}" for name, colour in colours.items())


def _circle(spec: GameSpec, point: int, kind: str, radius: float, opacity: float = 1.0) -> str:
    x, y = place(spec, point)
    shown = "" if opacity == 1.0 else f' opacity="{opacity:.2f}"'
    return f'<circle class="{kind}" cx="{x:g}" cy="{y:g}" r="{radius:.2g}"{shown}/>'


def _ground(spec: GameSpec, look: Look) -> list[str]:
    if look.style == "hexagons":
        return [*_edges(spec), *(_hexagon(*place(spec, p)) for p in range(spec.points))]
    left, top = place(spec, 0)
    right, bottom = place(spec, spec.points - 1)
    on_lines = look.style == "lines"
    pad = 14 if on_lines else 10
    parts = [
        f'<rect class="ground" x="{left - pad:g}" y="{top - pad:g}" rx="3" '
        f'width="{right - left + 2 * pad:g}" height="{bottom - top + 2 * pad:g}"/>'
    ]
    if look.style == "holes":
        return parts
    shift = 0 if on_lines else 10
    columns = range(spec.width + (not on_lines))
    rows = range(spec.height + (not on_lines))
    lines = [
        *(f"M{left - shift + CELL * c:g} {top - shift:g}V{bottom + shift:g}" for c in columns),
        *(f"M{left - shift:g} {top - shift + CELL * r:g}H{right + shift:g}" for r in rows),
    ]
    parts.append(f'<path class="line" d="{"".join(lines)}"/>')
    if spec.star_points:
        stars = sorted(star_points(spec.height, spec.width))
        parts += [_circle(spec, point, "star", 1.9) for point in stars]
    return parts


def _hexagon(x: float, y: float) -> str:
    corners = [
        (x + 11.5 * math.sin(k * math.pi / 3), y + 11.5 * math.cos(k * math.pi / 3))
        for k in range(6)
    ]
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in corners)
    return f'<path class="cell" d="M{path}Z"/>'


def _edges(spec: GameSpec) -> list[str]:
    """The sides of a board of hexagons: Black joins top and bottom, White left and right."""
    points = (0, spec.width - 1, spec.points - 1, spec.points - spec.width)
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = (place(spec, point) for point in points)
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
    """Letters above, numbers left."""
    parts = []
    for column in range(spec.width):
        x, y = place(spec, column)
        name = column_name(column, spec.letter_i)
        parts.append(f'<text class="coord" x="{x:g}" y="{y - 17:g}">{name}</text>')
    for row in range(spec.height):
        x, y = place(spec, row * spec.width)
        text = row_number(spec, row)
        parts.append(f'<text class="coord" x="{x - 20:g}" y="{y + 3:g}">{text}</text>')
    return parts
