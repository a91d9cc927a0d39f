"""Games as lines of moves: Othello transcripts (``f5d6c3...``) and Connect Four columns (``4453``).

A line may say who won, as ``winner,moves`` does with 1, 0 or -1 for Black, and a Connect Four line
may end with the exact score for the side to move, as solvers print it. Lines that hold no moves
(headers, comments) are passed over; a line of moves that cannot be played is cut or refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import RecordError, SpecError
from engine.games import make
from engine.games.spec import GameSpec
from engine.records.record import GameRecord
from engine.records.sgf import ReadGame

_POINTS = re.compile(r"(?:[a-z][1-9][0-9]?){2,}", re.IGNORECASE)
_POINT = re.compile(r"([a-z])([1-9][0-9]?)")
_COLUMNS = re.compile(r"[1-9]{4,}")
_PASSES = re.compile(r"--|pass|ps|pa", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,3}")
_USUAL: Final = {"othello": (8, 8), "connect_four": (6, 7)}
_LONGEST_LINE: Final = 4096
_AT_ONCE: Final = 4096


@dataclass(frozen=True)
class _Line:
    """One line of moves, not played yet."""

    game: str
    label: str
    moves: tuple[int, ...]
    """Othello: points; Connect Four: columns from 0."""
    number: int | None
    """What stands beside the moves."""


def read_transcripts(
    data: bytes, source: str, size: tuple[int, int] | None = None
) -> Iterator[ReadGame | RecordError]:
    """Yield each line's game, or the error that refuses it.

    Args:
        data: of the file.
        source: for messages.
        size: height and width of the board; else the game's usual one.
    """
    lines = _lines(data, source)
    while chunk := list(islice(lines, _AT_ONCE)):
        found: dict[str, list[_Line]] = {name: [] for name in _USUAL}
        for line in chunk:
            if isinstance(line, RecordError):
                yield line
            else:
                found[line.game].append(line)
        for name, some in found.items():
            if some:
                yield from _play(_board(name, size), some, name == "othello")


def _board(name: str, size: tuple[int, int] | None) -> GameSpec:
    """The game on the wanted board, or on its usual one if it has no such size."""
    try:
        return make(name, *(size or _USUAL[name]))
    except SpecError:
        return make(name, *_USUAL[name])


def _lines(data: bytes, source: str) -> Iterator[_Line | RecordError]:
    """Each line that looks like moves."""
    number, start = 0, 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end
        number += 1
        label = f"{source}, line {number}"
        if end - start > _LONGEST_LINE:
            yield RecordError(f"expected lines of at most {_LONGEST_LINE} bytes: {label}")
        else:
            found = _read_line(data[start:end].decode("latin-1"), label)
            if found is not None:
                yield found
        start = end + 1


def _read_line(text: str, label: str) -> _Line | None:
    fields = [word for word in re.split(r"[\s,;]+", text) if word]
    for word in fields:
        if _COLUMNS.fullmatch(word):
            columns = tuple(int(digit) - 1 for digit in word)
            return _Line("connect_four", label, columns, _number(w for w in fields if w != word))
    moves = _PASSES.sub("", "".join(word for word in fields if not _NUMBER.fullmatch(word))).lower()
    if _POINTS.fullmatch(moves) is None:
        return None
    points = tuple((int(row) - 1) * 26 + ord(column) - 97 for column, row in _POINT.findall(moves))
    return _Line("othello", label, points, _number(fields))


def _number(words: Iterable[str]) -> int | None:
    """Return the number among ``words`` if there is exactly one, else ``None``."""
    numbers = [int(word) for word in words if _NUMBER.fullmatch(word)]
    return numbers[0] if len(numbers) == 1 else None


def _play(spec: GameSpec, lines: Sequence[_Line], points: bool) -> Iterator[ReadGame]:
    """Play all lines in step; passes, which are not written, are added where they are forced."""
    positions = spec.allocate(len(lines))
    actions: list[list[int]] = [[] for _ in lines]
    at = np.zeros(len(lines), np.int64)
    cuts = [""] * len(lines)
    lengths = np.array([len(line.moves) for line in lines])
    while running := np.flatnonzero(at < lengths).tolist():
        legal = spec.legal(positions[running])
        chosen = np.full(len(lines), -1, np.int64)
        for i, allowed in zip(running, legal, strict=True):
            if points and allowed[spec.pass_action]:
                chosen[i] = spec.pass_action
                continue
            action = _action(spec, lines[i].moves[at[i]], allowed, points)
            if action is None:
                cuts[i] = _why(lines[i], int(at[i]), bool(spec.finished(positions[i : i + 1])[0]))
                at[i] = lengths[i]
            else:
                chosen[i] = action
                at[i] += 1
        for i in np.flatnonzero(chosen >= 0).tolist():
            actions[i].append(int(chosen[i]))
        spec.play(positions, chosen)
    results = _results(spec, positions, lines, points)
    for line, played, cut, result in zip(lines, actions, cuts, results, strict=True):
        yield ReadGame(GameRecord(spec, tuple(played), result=result, source=line.label), cut)


def _action(spec: GameSpec, move: int, allowed: NDArray[np.bool_], points: bool) -> int | None:
    """The action that a move means, if it is legal."""
    if points:
        row, column = divmod(move, 26)
        action = row * spec.width + column
        on_board = row < spec.height and column < spec.width
        return action if on_board and allowed[action] else None
    if move >= spec.width:
        return None
    open_points = np.flatnonzero(allowed[move : spec.points : spec.width])
    return int(open_points[0]) * spec.width + move if len(open_points) else None


def _why(line: _Line, at: int, over: bool) -> str:
    what = "comes after the end of the game" if over else "is illegal"
    return f"move {at + 1} {what}: {line.label}"


def _results(
    spec: GameSpec, positions: np.ndarray, lines: Sequence[_Line], points: bool
) -> list[str]:
    """Who won: by the final board, else by the number beside the moves."""
    finished, scores = spec.finished(positions), spec.score(positions)
    to_move = spec.to_move(positions)
    results = []
    for line, over, score, side in zip(lines, finished, scores, to_move, strict=True):
        if over:
            margin = f"{abs(score):g}" if points else ""
            results.append(_result(float(score), margin))
        elif line.number is None:
            results.append("?")
        else:  # Connect Four scores are of the side to move, Othello's winners Black's
            sign = 1 if points or side == 1 else -1
            results.append(_result(sign * line.number, ""))
    return results


def _result(black: float, margin: str) -> str:
    return "0" if black == 0 else f"{'B' if black > 0 else 'W'}+{margin}"
