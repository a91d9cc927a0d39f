"""Line charts as SVG text, with nothing but the standard library. Knows no training run.

Colours come from the page's style sheet, by class, so that a chart is right in light and dark. The
numbers of each curve stand in the element as JSON, for the script that shows them where the pointer
is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 12, 10, 26
_BEYOND: Final = 0.3
"""Of the curves' height: levels farther off are named at the edge, not drawn."""
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Line:
    """One curve; ``style`` is a number of the page's palette, from 0."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    style: int = 0
    low: Sequence[float | None] = ()
    """Lower ends of intervals, as long as ``y``; ``None`` is open."""
    high: Sequence[float | None] = ()
    dots: bool = False


@dataclass(frozen=True)
class Level:
    """A horizontal line with a name at its end."""

    name: str
    y: float


@dataclass(frozen=True)
class Chart:
    """What one picture shows."""

    lines: Sequence[Line]
    title: str = ""
    """Description in words, for readers that cannot see it."""
    unit: str = ""
    x_unit: str = "min"
    levels: Sequence[Level] = ()
    width: int = 350
    height: int = 165
    y_range: tuple[float | None, float | None] = (None, None)
    x_range: tuple[float, float] | None = None
    least_span: float = 0.0
    """Of the vertical axis: a smaller difference is not blown up."""
    diagonal: bool = False
    right: int = _RIGHT
    """Room for the names of levels."""
    extra: Sequence[float] = field(default_factory=tuple)
    """More values that the vertical axis has to hold."""
    x_marks: Sequence[tuple[float, str]] = ()
    """Values of the horizontal axis and their texts, where numbers at even steps do not fit."""


def svg(chart: Chart) -> str:
    """Draw it; an empty string if there is nothing to draw."""
    lines = [line for line in chart.lines if len(line.y)]
    if not lines:
        return ""
    frame = _Frame(chart, lines)
    parts = [
        f'<svg class="chart" viewBox="0 0 {chart.width} {chart.height}" role="img" '
        f'aria-label="{escape(chart.title)}" data-chart="{escape(_data(frame, lines))}">',
        *_grid(frame),
        *_levels(frame),
    ]
    if chart.diagonal:
        low, high = frame.y_low, frame.y_high
        parts.append(
            f'<path class="level" d="M{frame.x(low)} {frame.y(low)}L{frame.x(high)} '
            f'{frame.y(high)}"/>'
        )
    for line in lines:
        parts += _line(frame, line)
    return "".join([*parts, '<line class="pointer" y1="0" y2="0"/></svg>'])


class _Frame:
    """Where values lie on the picture, in its own units."""

    def __init__(self, chart: Chart, lines: Sequence[Line]) -> None:
        self.chart = chart
        xs = [x for line in lines for x in line.x]
        ends = [v for line in lines for v in (*line.low, *line.high) if v is not None]
        ys = [y for line in lines for y in line.y]
        # An interval may be far wider than the curve is high: it is cut off rather than shrink it.
        widths = sorted(
            high - low
            for line in lines
            for low, high in zip(line.low, line.high, strict=True)
            if low is not None and high is not None
        )
        usual = widths[len(widths) // 2] if widths else 0.0
        reach = max(max(ys) - min(ys), usual, 1e-9)
        ends = [min(max(v, min(ys) - reach), max(ys) + reach) for v in ends]
        ys += [*ends, *chart.extra]
        room = _BEYOND * (max(ys) - min(ys))
        near = (min(ys) - room, max(ys) + room)
        ys += [level.y for level in chart.levels if near[0] <= level.y <= near[1]]
        self.x_low, self.x_high = chart.x_range or (min(0.0, *xs, 0.0), max(xs))
        if self.x_high <= self.x_low:
            self.x_high = self.x_low + 1.0
        wanted_low, wanted_high = chart.y_range
        low = min(ys) if wanted_low is None else wanted_low
        high = max(ys) if wanted_high is None else wanted_high
        least = chart.least_span or (1.0 if high - low < 1e-9 else 0.0)
        if high - low < least:
            middle = (low + high) / 2.0
            low, high = middle - least / 2.0, middle + least / 2.0
        self.y_ticks = ticks(low, high, 5 if chart.height > 240 else 4)
        step = self.y_ticks[1] - self.y_ticks[0]
        self.y_low = low if wanted_low is not None else min(low, self.y_ticks[0])
        self.y_high = high if wanted_high is not None else max(high, self.y_ticks[-1])
        if wanted_low is None and self.y_low < self.y_ticks[0] - 1e-9:
            self.y_low = self.y_ticks[0] - step
        self.x_ticks = ticks(self.x_low, self.x_high, max(chart.width // 80, 3))

    def x(self, value: float) -> float:
        room = self.chart.width - _LEFT - self.chart.right
        return round(_LEFT + room * (value - self.x_low) / (self.x_high - self.x_low), 1)

    def y(self, value: float) -> float:
        room = self.chart.height - _TOP - _BOTTOM
        share = (value - self.y_low) / (self.y_high - self.y_low)
        return round(_TOP + room * (1.0 - min(max(share, -0.02), 1.02)), 1)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers within ``low`` and ``high``, about a given number, at least two."""
    span = max(high - low, 1e-12)
    power = 10.0 ** math.floor(math.log10(span / about))
    for step in (power * nice for nice in (*_NICE, 20.0, 50.0)):
        if span / step <= about + 0.5:
            break
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    found = [round(i * step, 10) for i in range(first, last + 1)]
    return found if len(found) > 1 else [low, high]


def number(value: float) -> str:
    """As few digits as tell it apart: 1.2M, 150k, 12,400, 37, 4.25, 0.031."""
    size = abs(value)
    if size >= 1e5:
        return f"{value / 1e6:.3g}M" if size >= 1e6 else f"{value / 1e3:.3g}k"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if size < 100 else f"{value:.0f}"


def _grid(frame: _Frame) -> list[str]:
    chart = frame.chart
    right, bottom = chart.width - chart.right, chart.height - _BOTTOM
    parts = []
    for value in frame.y_ticks:
        y = frame.y(value)
        parts.append(f'<path class="grid" d="M{_LEFT} {y}H{right}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y + 3.5}">{number(value)}</text>')
    marks = chart.x_marks or [(value, number(value)) for value in frame.x_ticks]
    for value, text in marks:
        x = frame.x(value)
        last = value == marks[-1][0]
        text = f"{text} {chart.x_unit}" if last and chart.x_unit else text
        anchor = " end" if last and x > right - 24 else ""
        parts.append(
            f'<text class="tick below{anchor}" x="{x}" y="{bottom + 16}">{escape(text)}</text>'
        )
    parts.append(f'<path class="axis" d="M{_LEFT} {bottom}H{right}"/>')
    return parts


def _levels(frame: _Frame) -> list[str]:
    """Dashed lines with their names; those that lie beyond the picture are named at its edge."""
    right = frame.chart.width - frame.chart.right
    parts = []
    beyond = {"↑": (frame.y_high, 0), "↓": (frame.y_low, 0)}
    for level in sorted(frame.chart.levels, key=lambda level: level.y):
        y, name = frame.y(level.y), level.name
        if frame.y_low <= level.y <= frame.y_high:
            parts.append(f'<path class="level" d="M{_LEFT} {y}H{right}"/>')
        else:
            arrow = "↓" if level.y < frame.y_low else "↑"
            edge, count = beyond[arrow]
            beyond[arrow] = (edge, count + 1)
            y, name = frame.y(edge) + 13 * (count if arrow == "↑" else -count), f"{arrow} {name}"
        parts.append(f'<text class="levelname" x="{right + 6}" y="{y + 3.5}">{escape(name)}</text>')
    return parts


def _line(frame: _Frame, line: Line) -> list[str]:
    points = [(frame.x(x), frame.y(y)) for x, y in zip(line.x, line.y, strict=True)]
    parts = []
    if line.low and line.high:
        lows = [frame.y(frame.y_low if v is None else v) for v in line.low]
        highs = [frame.y(frame.y_high if v is None else v) for v in line.high]
        xs = [x for x, _ in points]
        outline = [*zip(xs, highs, strict=True), *reversed(list(zip(xs, lows, strict=True)))]
        parts.append(f'<path class="band s{line.style}" d="{_path(outline)}Z"/>')
        parts += [
            f'<path class="whisker s{line.style}" d="M{x} {low}V{high}"/>'
            for x, low, high in zip(xs, lows, highs, strict=True)
        ]
    if len(points) > 1:
        parts.append(f'<path class="line s{line.style}" d="{_path(points)}"/>')
    if line.dots or len(points) == 1:
        parts += [f'<circle class="dot s{line.style}" cx="{x}" cy="{y}" r="3"/>' for x, y in points]
    return parts


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def _data(frame: _Frame, lines: Sequence[Line]) -> str:
    """The numbers, and where they lie, for the script."""
    marks = dict(frame.chart.x_marks)
    content = [
        {
            "name": line.name,
            "style": line.style,
            "x": [marks.get(x, round(x, 3)) for x in line.x],
            "y": [_shown(line, i) for i in range(len(line.y))],
            "px": [frame.x(x) for x in line.x],
            "py": [frame.y(y) for y in line.y],
        }
        for line in lines
    ]
    unit = {"unit": frame.chart.unit, "x_unit": frame.chart.x_unit}
    return json.dumps({"lines": content, **unit}, separators=(",", ":"))


def _shown(line: Line, i: int) -> str:
    text = number(line.y[i])
    if line.low and line.high:
        low, high = line.low[i], line.high[i]
        ends = ("…" if v is None else number(v) for v in (low, high))
        text += " ({} to {})".format(*ends)
    return text


def legend(lines: Sequence[Line]) -> str:
    """Names of the curves beside a dash in their colour."""
    items = "".join(
        f'<span class="key"><i class="s{line.style}"></i>{escape(line.name)}</span>'
        for line in lines
        if len(line.y)
    )
    return f'<div class="legend">{items}</div>'
