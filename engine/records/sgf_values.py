"""What stands in SGF properties: text, points and moves. Knows no tree and plays no move."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from engine.errors import NotationError, RecordError
from engine.games.spec import GameSpec
from engine.notation import text_to_action
from engine.records.record import GameRecord

COORDINATES: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LARGEST_TT_PASS: Final = 19
_AS_PRINTED = re.compile(r"[A-Za-z][1-9][0-9]?")
_ESCAPED = re.compile(r"\\(\r\n|\n\r|.)", re.DOTALL)


def unescape(value: str) -> str:
    """Return the text that a value stands for: escaped line breaks go, other letters stay."""
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda found: "" if found.group(1)[0] in "\r\n" else found.group(1), value)


def escape(text: str) -> str:
    """Text as it may stand between brackets."""
    return text.replace("\\", "\\\\").replace("]", "\\]")


def read_action(spec: GameSpec, value: str, label: str) -> int:
    """The action of a move property; two letters, or as people write it.

    Raises:
        RecordError: if it names no point of the board.
    """
    known = actions_by_text(spec.height, spec.width)
    if value in known:
        return known[value]
    text = value.strip()
    if text.lower() in ("", "pass", spec.pass_name) or text.lower().startswith("swap"):
        return spec.pass_action
    return read_point(spec, text, label)


def read_point(spec: GameSpec, value: str, label: str) -> int:
    """The point of two letters, or of a letter and a number; raises as :func:`read_action`."""
    text = value.strip()
    if len(text) == 2 and all(letter in COORDINATES for letter in text):
        column, row = (COORDINATES.index(letter) for letter in text)
        if column < spec.width and row < spec.height:
            return row * spec.width + column
    if is_printed_point(text) or (spec.name != "go" and any(letter.isdigit() for letter in text)):
        try:
            return text_to_action(spec, text)
        except NotationError as error:
            raise RecordError(f"{error}: {label}") from error
    raise RecordError(
        f"expected a point of a {spec.height}x{spec.width} board, got [{text[:20]}]: {label}"
    )


def is_printed_point(text: str) -> bool:
    """Whether a point is written as on a printed board, such as ``D4``."""
    return _AS_PRINTED.fullmatch(text) is not None


@lru_cache(maxsize=64)
def actions_by_text(height: int, width: int) -> dict[str, int]:
    """The actions that most files write: points as two letters, and the passes."""
    table = {
        COORDINATES[column] + COORDINATES[row]: row * width + column
        for row in range(height)
        for column in range(width)
    }
    table[""] = height * width
    if max(height, width) <= _LARGEST_TT_PASS:
        table["tt"] = height * width
    return table


def point_text(spec: GameSpec, action: int) -> str:
    """Two letters, none for the pass."""
    if action == spec.pass_action:
        return ""
    row, column = divmod(action, spec.width)
    return COORDINATES[column] + COORDINATES[row]


def record_text(record: GameRecord) -> dict[str, str]:
    """The root's texts of a record."""
    named = {"PB": record.black, "PW": record.white, "RE": record.result, "C": record.comment}
    return {name: text for name, text in {**record.extra, **named}.items() if text}
