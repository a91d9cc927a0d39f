"""A board as inline SVG: stones, how likely each action is, and which one is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import BLACK, EMPTY, GameSpec
from engine.notation import column_name, row_number

_CELL: Final = 24
_EDGE: Final = 22
_GROUND: Final = {"go": "#e3b872", "othello": "#3d8b5f", "connect_four": "#4a72b8"}
_SHOWN: Final = 0.02
_STARS: Final = {9: (2, 4, 6), 13: (3, 6, 9), 19: (3, 9, 15)}


@dataclass(frozen=True)
class Board:
    """What is to be drawn."""

    spec: GameSpec
    stones: NDArray[np.uint8]
    """``(points,)`` as of :meth:`GameSpec.stones`."""
    shares: Mapping[int, float] = field(default_factory=dict)
    """Probability of actions in [0, 1]; those below a fiftieth are left out."""
    meant: int | None = None
    """The action that gets a ring."""
    label: str = ""
    """For who cannot see it."""


def board_svg(board: Board) -> str:
    """Return one ``<svg>`` element that needs nothing else."""
    spec = board.spec
    slant = _CELL // 2 * (spec.height - 1) if spec.slant else 0
    width = 2 * _EDGE + _CELL * spec.width + slant
    height = 2 * _EDGE + _CELL * spec.height
    ground = _GROUND.get(spec.name, "#e8dcc0")
    parts = [
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{_escaped(board.label)}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="{ground}"/>',
        *_grid(spec),
        *_names(spec),
    ]
    for point in range(spec.points):
        parts += _point(board, point)
    return "".join(parts) + "</svg>"


def _place(spec: GameSpec, point: int) -> tuple[float, float]:
    """Where a point's middle is."""
    row, column = divmod(point, spec.width)
    shift = _CELL / 2 * row if spec.slant else 0.0
    return _EDGE + _CELL * (column + 0.5) + shift, _EDGE + _CELL * (row + 0.5)


def _grid(spec: GameSpec) -> list[str]:
    """Lines through the points where stones stand on crossings, else squares around them."""
    style = 'stroke="#00000066" fill="none"'
    if spec.name not in ("go", "gomoku"):
        half = _CELL / 2
        return [
            f'<rect x="{x - half:g}" y="{y - half:g}" width="{_CELL}" height="{_CELL}" {style}/>'
            for x, y in (_place(spec, point) for point in range(spec.points))
        ]
    right, bottom = _place(spec, spec.points - 1)
    left, top = _place(spec, 0)
    lines = [
        f'<path d="M{left:g} {top + _CELL * row:g}H{right:g}" {style}/>'
        for row in range(spec.height)
    ]
    lines += [
        f'<path d="M{left + _CELL * column:g} {top:g}V{bottom:g}" {style}/>'
        for column in range(spec.width)
    ]
    stars = _STARS.get(spec.width, ()) if spec.star_points and spec.width == spec.height else ()
    for row in stars:
        for column in stars:
            x, y = _place(spec, row * spec.width + column)
            lines.append(f'<circle cx="{x:g}" cy="{y:g}" r="2" fill="#00000088"/>')
    return lines


def _names(spec: GameSpec) -> list[str]:
    """Letters above, numbers left."""
    style = 'font-size="10" text-anchor="middle" dominant-baseline="central" fill="#000000aa"'
    texts = []
    for column in range(spec.width):
        x, _ = _place(spec, column)
        texts.append(
            f'<text x="{x:g}" y="{_EDGE / 2:g}" {style}>{column_name(column, spec.letter_i)}</text>'
        )
    for row in range(spec.height):
        x, y = _place(spec, row * spec.width)
        left = x - _CELL / 2 - _EDGE / 2
        texts.append(f'<text x="{left:g}" y="{y:g}" {style}>{row_number(spec, row)}</text>')
    return texts


def _point(board: Board, point: int) -> list[str]:
    """A stone, or how likely the point is, and the ring."""
    x, y = _place(board.spec, point)
    parts = []
    stone, share = board.stones[point], board.shares.get(point, 0.0)
    if stone != EMPTY:
        fill, edge = ("#111", "#111") if stone == BLACK else ("#fafafa", "#555")
        parts.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{_CELL * 0.46:g}" fill="{fill}" stroke="{edge}"/>'
        )
    elif share >= _SHOWN:
        radius = _CELL * (0.3 + 0.16 * share**0.5)
        parts.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{radius:.1f}" fill="#1d4ed8" '
            f'fill-opacity="{0.45 + 0.5 * share:.2f}"/>'
            f'<text x="{x:g}" y="{y:g}" font-size="10" fill="#fff" text-anchor="middle" '
            f'dominant-baseline="central">{100 * share:.0f}</text>'
        )
    if board.meant == point:
        parts.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{_CELL * 0.48:g}" fill="none" stroke="#d11" '
            'stroke-width="2.5"/>'
        )
    return parts


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
