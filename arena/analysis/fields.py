"""Values of the JSON protocol's fields, read and checked; each refusal names its field.

Knows no query. Values are shown as they were written, in JSON.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from agents.gtp.vertex import action_of
from engine.errors import MiaiError
from engine.games.spec import BLACK, WHITE, GameSpec, Positions

MOST_MOVES: Final = 4000
_LARGEST: Final = 10**9
_COLOURS: Final = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}
_COORDINATES = re.compile(r"\(\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*\)")
_PASSES: Final = ("pss", "ps", "pa", "--", "tt")
"""How programs write a pass beside ``pass``; in games with another last action these are none."""


class QueryError(MiaiError, ValueError):
    """A query that cannot be answered; ``field`` is what was wrong with it."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


def shown(value: Any) -> str:
    """Return a value as JSON, cut to 80 characters; a text in single quotes, as elsewhere."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def typed(data: Mapping[str, Any], key: str, kind: type, what: str, default: Any) -> Any:
    """Return a field of one type, or ``default`` if it is not there; ``what`` says what it is."""
    value: Any = data.get(key, default)
    if value is default:
        return value
    if type(value) is not kind or (isinstance(value, int) and abs(value) > _LARGEST):
        raise QueryError(f"expected {what}, got {shown(value)}", key)
    return value


def number(value: Any, key: str, least: float, most: float) -> float:
    """Return a finite number in a range."""
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or not least <= value <= most:
        raise QueryError(f"expected a number from {least:g} to {most:g}, got {shown(value)}", key)
    return float(value)


def is_whole(value: Any, least: int = -_LARGEST, most: int = _LARGEST) -> bool:
    """Whether a value is a whole number in a range."""
    return type(value) is int and least <= value <= most


def colour_of(word: Any, key: str) -> int:
    """Return ``BLACK`` or ``WHITE``."""
    colour = _COLOURS.get(word.lower()) if isinstance(word, str) else None
    if colour is None:
        raise QueryError(f'expected a player "B" or "W", got {shown(word)}', key)
    return colour


def action_at(spec: GameSpec, place: Any, key: str, position: Positions | None = None) -> int:
    """Read ``D4``, ``pass`` or ``(3,15)``: column and row counted from the top left.

    With a ``position`` ``(1,)`` a column's number will do where stones fall.
    """
    if not isinstance(place, str):
        raise QueryError(f"expected a point such as D4, got {shown(place)}", key)
    word = place.strip().lower()
    match = _COORDINATES.fullmatch(word)
    if match is not None:
        column, row = int(match[1]), int(match[2])
        if column >= spec.width or row >= spec.height:
            raise QueryError(f"expected a point of {spec}, got {place!r}", key)
        return row * spec.width + column
    if word in _PASSES and spec.pass_name == "pass":
        return spec.pass_action
    try:
        return action_of(spec, place, position)
    except MiaiError as error:
        raise QueryError(str(error), key) from None


def pairs(data: Mapping[str, Any], key: str, required: bool) -> list[tuple[str, str]]:
    """Return a list of players and places."""
    found = data.get(key, None if required else [])
    if not isinstance(found, list) or len(found) > MOST_MOVES:
        raise QueryError(
            f'expected a list of at most {MOST_MOVES} pairs such as ["B","D4"], got {shown(found)}',
            key,
        )
    for pair in found:
        fits = isinstance(pair, list) and len(pair) == 2
        if not fits or not all(isinstance(word, str) for word in pair):
            raise QueryError(f'expected pairs such as ["B","D4"], got {shown(pair)}', key)
    return [(player, place) for player, place in found]


def first_not_finite(data: Any) -> tuple[str, float] | None:
    """Return a number that JSON does not have (NaN, infinity), and the field it stands in."""
    waiting: list[tuple[str, Any]] = [("", data)]
    while waiting:
        where, value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return where, value
        if isinstance(value, dict):
            waiting += [(where or str(key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(where, inner) for inner in value]
    return None
