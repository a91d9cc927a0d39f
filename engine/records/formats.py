"""Which format a file of games has, by what it holds: SGF, or one of the others.

The others are one module each: GGF of Othello, Piskvork's files and plain coordinates of Gomoku,
and transcripts (Othello's points, Connect Four's columns).
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import RecordError
from engine.records.ggf import is_ggf, read_ggf, split_ggf
from engine.records.psq import is_points, is_psq, read_points, read_psq
from engine.records.sgf import ReadGame, read_one
from engine.records.sgf_tree import Progress, no_progress
from engine.records.transcripts import read_transcripts


def other_games(
    data: bytes, source: str, size: tuple[int, int] | None = None
) -> Iterator[ReadGame | RecordError] | None:
    """Return the games of a file that is not SGF, each or what is wrong with it; else ``None``.

    Args:
        data: of the file.
        source: for messages.
        size: height and width of boards, where the format does not say.
    """
    if is_ggf(data):
        return _ggf(data, source)
    if is_psq(data):
        return _one(data, source)
    if b"(;" not in data[:4096] and is_points(data, size):
        return read_points(data, source, size)
    return None


def other_game(data: bytes, source: str, number: int = 1) -> ReadGame | None:
    """Return one game of a file that is not SGF, counted from 1; ``None`` if it is SGF, or nothing.

    Raises:
        RecordError: if the file has no such game, or it cannot be used.
    """
    found = other_games(data, source)
    if found is None and b"(;" not in data[:4096]:
        transcripts = list(read_transcripts(data, source))
        found = iter(transcripts) if transcripts else None
    if found is None:
        return None
    count = 0
    for game in found:
        count += 1
        if count == number:
            if isinstance(game, RecordError):
                raise game
            return game
    raise RecordError(f"expected a game number from 1 to {count}, got {number!r}: {source}")


def read_game_of(
    data: bytes, source: str, number: int = 1, progress: Progress = no_progress
) -> ReadGame:
    """Return one game of a file in any format, counted from 1; raises as above."""
    return other_game(data, source, number) or read_one(data, source, number, progress=progress)


def _ggf(data: bytes, source: str) -> Iterator[ReadGame | RecordError]:
    for text, label in split_ggf(data, source):
        try:
            yield ReadGame(*read_ggf(text, label))
        except RecordError as error:
            yield error


def _one(data: bytes, source: str) -> Iterator[ReadGame | RecordError]:
    try:
        yield read_psq(data, source)
    except RecordError as error:
        yield error
