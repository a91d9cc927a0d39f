"""Actions as text: ``D4`` and ``pass``, as GTP and people write them.

Columns are letters from the left without I (after Z: AA, AB, ...), rows count from the bottom.
"""

from __future__ import annotations

import re

from engine.errors import NotationError
from engine.games.spec import GameSpec

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
_POINT = re.compile(r"([A-Za-z]{1,2})([1-9][0-9]?)")


def column_name(column: int) -> str:
    """Letters of a column, counted from 0."""
    if column < len(_LETTERS):
        return _LETTERS[column]
    return _LETTERS[column // len(_LETTERS) - 1] + _LETTERS[column % len(_LETTERS)]


def action_to_text(spec: GameSpec, action: int) -> str:
    """Return ``D4`` or ``pass``.

    Raises:
        NotationError: if the game has no such action.
    """
    if action == spec.pass_action:
        return "pass"
    if not 0 <= action < spec.points:
        raise NotationError(f"expected an action from 0 to {spec.pass_action}, got {action!r}")
    row, column = divmod(action, spec.width)
    return f"{column_name(column)}{spec.height - row}"


def text_to_action(spec: GameSpec, text: str) -> int:
    """Read ``D4`` or ``pass``, in any case.

    Doesn't check whether the action is legal.

    Raises:
        NotationError: if the text names no point of this board.
    """
    word = text.strip()
    if word.lower() == "pass":
        return spec.pass_action
    match = _POINT.fullmatch(word)
    if match is None:
        raise NotationError(f"expected a point such as D4, or pass, got {text!r}")
    letters = match.group(1).upper()
    column = _column_number(letters)
    row = spec.height - int(match.group(2))
    if column is None or column >= spec.width or row < 0:
        corner = f"{column_name(spec.width - 1)}{spec.height}"
        raise NotationError(f"expected a point from A1 to {corner}, got {text!r}")
    return row * spec.width + column


def _column_number(letters: str) -> int | None:
    if any(letter not in _LETTERS for letter in letters):
        return None
    number = 0
    for letter in letters:
        number = number * len(_LETTERS) + _LETTERS.index(letter) + 1
    return number - 1
