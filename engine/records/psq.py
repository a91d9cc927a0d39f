"""Games of Gomoku as Piskvork saves them (``.psq``) and as plain coordinates.

A ``.psq`` file is ``Piskvorky 20x20, 11:11, 0``, then a line ``x,y,milliseconds`` for each move,
column and row from the top left, counted from 1, then the players' names. Plain coordinates are
``h8 i9 h7``, also numbered (``1. h8 i9``) or run together, with row 1 at the bottom: one game a
line, or a game with a point on each line. Neither says by which rule five win: a game that goes on
after six in a line was played by "exactly five".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from engine.errors import RecordError, SpecError
from engine.games.gomoku import GomokuSpec
from engine.games.othello import OthelloSpec
from engine.records.record import GameRecord
from engine.records.sgf import ReadGame

_HEADER = re.compile(rb"\s*Piskvorky\s+(\d{1,3})x(\d{1,3})\s*,", re.IGNORECASE)
_MOVE = re.compile(r"\s*(-?\d{1,4})\s*,\s*(-?\d{1,4})\s*(?:,\s*-?\d{1,12}\s*)*")
_NAME = re.compile(r"[^\d,-].{0,200}")
_NUMBERED = re.compile(r"\b\d{1,3}[.)]\s*")
_POINTS = re.compile(r"(?:[a-y][1-9][0-9]?)+", re.IGNORECASE)
_POINT = re.compile(r"([a-y])([1-9][0-9]?)", re.IGNORECASE)
_SIDES: Final = (15, 19, 20, 25)
_FEWEST_POINTS: Final = 2
_LONGEST_FILE: Final = 64 << 20


def is_psq(data: bytes) -> bool:
    """Whether a file begins as Piskvork's do."""
    return _HEADER.match(data[:200]) is not None


def read_psq(data: bytes, source: str) -> ReadGame:
    """Read a game of Piskvork, up to its first move that cannot be played.

    Raises:
        RecordError: if it is none, or its board has no room for five.
    """
    header = _HEADER.match(data[:200])
    if header is None:
        raise RecordError(f"expected a game of Piskvork, got {data[:40]!r}: {source}")
    width, height = int(header[1]), int(header[2])
    lines = data.decode("latin-1").splitlines()[1:]
    points: list[tuple[int, int]] = []
    names: list[str] = []
    for line in lines:
        move = _MOVE.fullmatch(line)
        if move is not None and not names:
            points.append((int(move[1]) - 1, int(move[2]) - 1))
        elif _NAME.fullmatch(line.strip()):
            names.append("".join(c for c in line.strip() if c.isprintable()))
    game = _play(_board(width, height, source), points, source)
    black, white = [*names, "", ""][:2]
    return replace(game, record=replace(game.record, black=black, white=white))


def is_points(data: bytes, size: tuple[int, int] | None = None) -> bool:
    """Whether a text is points of Gomoku: moves whose first one no game of Othello begins with.

    ``size`` is that of the board, if it is known.
    """
    for text in _texts(data[:_LONGEST_FILE]):
        points = _points(text)
        if points is None:
            continue
        height, width = size or (8, 8)
        try:
            begins = OthelloSpec(height, width)
        except SpecError:
            return True
        column, row = points[0][0], points[0][1] - 1  # Othello's rows count from the top
        legal = begins.legal(begins.allocate(1))[0]
        on_board = column < width and row < height
        return not (on_board and legal[row * width + column])
    return False


def read_points(
    data: bytes, source: str, size: tuple[int, int] | None = None
) -> Iterator[ReadGame | RecordError]:
    """Yield each game of plain coordinates, or what is wrong with it.

    The board is of ``size``, else the smallest usual one that has all points.
    """
    for number, text in enumerate(_texts(data[:_LONGEST_FILE]), start=1):
        points = _points(text)
        if points is None:
            continue
        label = f"{source}, game {number}"
        side = max(max(column + 1, row) for column, row in points)
        height, width = size or (next((s for s in _SIDES if s >= side), side),) * 2
        try:
            spec = _board(width, height, label)
        except RecordError as error:
            yield error
            continue
        yield _play(spec, [(column, height - row) for column, row in points], label)


def _texts(data: bytes) -> list[str]:
    """The games of a text: its lines, or all of it where each line has one point."""
    lines = [line for line in data.decode("latin-1").splitlines() if line.strip()]
    single = [line for line in lines if (points := _points(line, 1)) and len(points) == 1]
    return [" ".join(lines)] if len(single) == len(lines) > 1 else lines


def _points(text: str, fewest: int = _FEWEST_POINTS) -> list[tuple[int, int]] | None:
    """Column from 0 and row from 1 of each point; ``None`` if the text is anything else."""
    words = _NUMBERED.sub(" ", text).replace(",", " ").replace("-", " ").split()
    if not words or any(_POINTS.fullmatch(word) is None for word in words):
        return None
    found = [
        (ord(column.lower()) - 97, int(row))
        for word in words
        for column, row in _POINT.findall(word)
    ]
    return found if len(found) >= fewest else None


def _board(width: int, height: int, source: str) -> GomokuSpec:
    try:
        return GomokuSpec(height, width)
    except SpecError as error:
        raise RecordError(f"{error}: {source}") from None


def _play(spec: GomokuSpec, points: Sequence[tuple[int, int]], source: str) -> ReadGame:
    """Play points, of column and row from the top left, as far as that goes."""
    actions: list[int] = []
    cut = ""
    for number, (column, row) in enumerate(points, start=1):
        if not (0 <= column < spec.width and 0 <= row < spec.height):
            cut = f"move {number} is beside the board of {spec.width}x{spec.height}: {source}"
            break
        actions.append(row * spec.width + column)
    for candidate in (spec, replace(spec, exactly=True)):
        position = candidate.allocate(1)
        played = candidate.play_line(position, np.array(actions, np.int64))
        if played == len(actions):
            break
    else:
        position = spec.allocate(1)
        candidate = spec
        played = spec.play_line(position, np.array(actions, np.int64))
        over = bool(spec.finished(position)[0])
        what = "comes after the end of the game" if over else "is on a stone"
        cut = f"move {played + 1} {what}: {source}"
    result = "?"
    if candidate.finished(position)[0]:
        winner = float(candidate.score(position)[0])
        result = "0" if winner == 0 else "B+" if winner > 0 else "W+"
    record = GameRecord(candidate, tuple(actions[:played]), result=result, source=source)
    return ReadGame(record, cut)
