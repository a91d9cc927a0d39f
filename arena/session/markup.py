"""What SGF says over a board and of a move: labels, shapes, arrows, judgements. No pygame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from arena.session.texts import mark, say
from arena.session.tree import Node, Properties
from engine.errors import RecordError
from engine.games.spec import GameSpec
from engine.records.sgf_values import escape, read_point, unescape

_SHAPES: Final = {
    "TR": "triangle",
    "SQ": "square",
    "CR": "circle",
    "MA": "cross",
    "SL": "selected",
}
_LINES: Final = {"AR": True, "LN": False}
_JUDGEMENTS: Final = {
    "TE": mark("good move"),
    "BM": mark("bad move"),
    "DO": mark("doubtful move"),
    "IT": mark("interesting move"),
    "GB": mark("good for the first player"),
    "GW": mark("good for the second player"),
    "DM": mark("an even position"),
    "UC": mark("an unclear position"),
    "HO": mark("a hot spot"),
}
_LONGEST_LABEL: Final = 3
_MOST: Final = 2000


@dataclass(frozen=True)
class Markup:
    """The marks over one position."""

    labels: tuple[tuple[int, str], ...] = ()
    shapes: tuple[tuple[int, str], ...] = ()
    """Points with ``triangle``, ``square``, ``circle``, ``cross`` or ``selected``."""
    lines: tuple[tuple[int, int, bool], ...] = ()
    """From one point to another; with an arrow's head if true."""

    def __bool__(self) -> bool:
        return bool(self.labels or self.shapes or self.lines)


def markup_of(spec: GameSpec, notes: Properties) -> Markup:
    """Return the marks that properties name; what cannot be read is passed over."""
    if not notes:
        return Markup()
    labels: list[tuple[int, str]] = []
    for point, text in _pairs(spec, notes.get("LB", [])):
        labels.append((point, unescape(text).strip()[:_LONGEST_LABEL]))
    shapes = [
        (point, shape)
        for name, shape in _SHAPES.items()
        for value in notes.get(name, [])[:_MOST]
        for point in _points(spec, value)
    ]
    lines = [
        (start, end, head)
        for name, head in _LINES.items()
        for start, text in _pairs(spec, notes.get(name, []))
        for end in _points(spec, text)
    ]
    return Markup(tuple(labels), tuple(shapes[:_MOST]), tuple(lines))


def _pairs(spec: GameSpec, values: list[str]) -> Iterator[tuple[int, str]]:
    """Yield what stands left of a colon, a point, with the text right of it."""
    for value in values[:_MOST]:
        point, colon, text = value.partition(":")
        if colon:
            for found in _points(spec, point):
                yield found, text


def _points(spec: GameSpec, value: str) -> list[int]:
    """Return the point that a value names, or those of a rectangle."""
    first, colon, last = value.partition(":")
    try:
        start = read_point(spec, first, "")
        end = read_point(spec, last, "") if colon else start
    except RecordError:
        return []
    rows = sorted((start // spec.width, end // spec.width))
    columns = sorted((start % spec.width, end % spec.width))
    return [
        row * spec.width + column
        for row in range(rows[0], rows[1] + 1)
        for column in range(columns[0], columns[1] + 1)
    ]


def comment_of(node: Node) -> str:
    """Return the comment of a position."""
    return _text(node, "C")


def name_of(node: Node) -> str:
    """Return the name of a position."""
    return " ".join(_text(node, "N").split())


def judgement_of(node: Node) -> str:
    """Return what SGF says of the move or the position in a few words."""
    said = []
    for name, words in _JUDGEMENTS.items():
        if name in node.notes:
            strong = node.notes[name][:1] == ["2"]
            said.append(say("very {words}", words=say(words)) if strong else say(words))
    return ", ".join(said)


def write_comment(node: Node, name: str, comment: str) -> None:
    """Change name and comment of a position; empty ones are removed."""
    for identifier, text in (("N", " ".join(name.split())), ("C", comment.rstrip())):
        if text != (name_of(node) if identifier == "N" else comment_of(node).rstrip()):
            node.note(identifier, [escape(text)] if text else [])


def _text(node: Node, name: str) -> str:
    values = node.notes.get(name)
    return unescape(values[0]).replace("\r\n", "\n").replace("\r", "\n") if values else ""
