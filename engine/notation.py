"""Actions as text: ``D4`` and ``pass``, as GTP and people write them.

Columns are letters from the left (in Go without I; after Z: AA, AB, ...). Rows count from the
bottom, in Othello and Hex from the top. Where stones fall, people name the column's number
(:func:`move_name`); files and protocols name the point (:func:`action_to_text`).
"""

from __future__ import annotations

import re

import numpy as np

from engine.errors import NotationError
from engine.games.spec import GameSpec, Positions

_LETTERS = {False: "ABCDEFGHJKLMNOPQRSTUVWXYZ", True: "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_POINT = re.compile(r"([A-Za-z]{1,2})([1-9][0-9]?)")
_COLUMN = re.compile(r"[0-9]{1,3}")


def column_name(column: int, letter_i: bool = False) -> str:
    """Letters of a column, counted from 0."""
    letters = _LETTERS[letter_i]
    if column < len(letters):
        return letters[column]
    return letters[column // len(letters) - 1] + letters[column % len(letters)]


def row_number(spec: GameSpec, row: int) -> int:
    """What a printed board calls a row, counted from 0 at the top."""
    return row + 1 if spec.rows_from_top else spec.height - row


def action_to_text(spec: GameSpec, action: int) -> str:
    """Return ``D4`` or ``pass``.

    Raises:
        NotationError: if the game has no such action.
    """
    if action == spec.pass_action:
        return spec.pass_name
    if not 0 <= action < spec.points:
        raise NotationError(f"expected an action from 0 to {spec.pass_action}, got {action!r}")
    row, column = divmod(action, spec.width)
    return f"{column_name(column, spec.letter_i)}{row_number(spec, row)}"


def move_name(spec: GameSpec, action: int) -> str:
    """Return what the board calls an action: ``D4``, ``pass``, or ``4`` where stones fall.

    Raises:
        NotationError: if the game has no such action.
    """
    if spec.stones_fall and 0 <= action < spec.points:
        return f"{action % spec.width + 1}"
    return action_to_text(spec, action)


def text_to_action(spec: GameSpec, text: str, position: Positions | None = None) -> int:
    """Read ``D4`` or ``pass``, in any case; with a ``position`` ``(1,)`` also a column's number.

    Doesn't check whether the action is legal.

    Raises:
        NotationError: if the text names no point of this board.
    """
    word = text.strip().lower()
    if word in ("pass", spec.pass_name):
        return spec.pass_action
    if position is not None and spec.stones_fall and _COLUMN.fullmatch(word):
        return _action_in_column(spec, text, position)
    match = _POINT.fullmatch(word)
    if match is None:
        raise NotationError(f"expected a point such as D4, or {spec.pass_name}, got {text!r}")
    column = _column_number(match.group(1).upper(), spec.letter_i)
    number = int(match.group(2))
    row = number - 1 if spec.rows_from_top else spec.height - number
    if column is None or column >= spec.width or not 0 <= row < spec.height:
        corner = f"{column_name(spec.width - 1, spec.letter_i)}{spec.height}"
        raise NotationError(f"expected a point from A1 to {corner}, got {text!r}")
    return row * spec.width + column


def _action_in_column(spec: GameSpec, text: str, position: Positions) -> int:
    column = int(text) - 1
    if not 0 <= column < spec.width:
        raise NotationError(f"expected a column from 1 to {spec.width}, got {text!r}")
    legal = np.flatnonzero(spec.legal(position)[0, : spec.points])
    here = legal[legal % spec.width == column]
    if not len(here):
        raise NotationError(f"expected a column with an empty point, got {text!r}")
    return int(here[0])


def _column_number(text: str, letter_i: bool) -> int | None:
    letters = _LETTERS[letter_i]
    if any(letter not in letters for letter in text):
        return None
    number = 0
    for letter in text:
        number = number * len(letters) + letters.index(letter) + 1
    return number - 1
