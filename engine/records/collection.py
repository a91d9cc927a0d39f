"""A file as the texts of its games, decoded; what stands around them is passed over.

A game that does not end costs itself only: where a line begins like a game, another one begins.
Time is linear in the file, however its parentheses are placed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from engine.errors import RecordError
from engine.records.sgf_encoding import (
    CERTAIN_END,
    DOUBLE_BYTES,
    choose_codec,
    declared_in,
    decoded_by_letters,
    normal_codec,
    transcoded,
)
from engine.records.sgf_tree import Place

LARGEST_GAME: Final = 16 << 20
"""Characters of one game. A 19x19 game has a few thousand, one with the analysis of each move some
millions."""
_HEAD: Final = 4096
"""Where a game says its encoding."""
_LOOKED_AT: Final = 1 << 16
"""How much of a game shows whether its encoding is the one that it says."""

_START = re.compile(r"\(\s*+;\s*+(?=[A-Za-z][A-Za-z0-9]*+\s*+\[|[;(])")
_LOOSE_STARTS = (
    re.compile(r"\(\s*+(?=[A-Za-z][A-Za-z0-9]{0,20}+\s*+\[)"),
    re.compile(r"(?=;\s*+[A-Za-z][A-Za-z0-9]{0,20}+\s*+\[)"),
    re.compile(r"\(\s*+;"),
)
_ROOT = r"(?:GM|FF|CA|SZ|AP|GN|EV|PB|PW|KM|RU|HA|RE|DT|PC)\s*+\["
_LINE_START = re.compile(rf"(?<=[\r\n])[ \t]*+(?=\(\s*+;\s*+{_ROOT})")


@dataclass(frozen=True)
class GameText:
    """The text of one game, cut out of its file and decoded."""

    text: str
    label: str
    """The file, and the number of the game if it has several."""
    place: Place
    note: str = ""
    """What there is to say of its encoding."""
    damaged: str = ""
    """Not empty: why it is not a game, although it begins like one."""


@dataclass(frozen=True)
class _Span:
    begin: int
    end: int
    closed: bool


def split_collection(data: bytes, source: str) -> Iterator[GameText]:
    """Yield the games of a file.

    Raises:
        RecordError: if there is none.
    """
    file = _File(data)
    spans = file.spans()
    first = next(spans, None)
    if first is None:
        raise RecordError(f"expected an SGF file, got no '(;' in it: {source}")
    number, line, column, counted = 0, 1, 1, 0
    while first is not None:
        following = next(spans, None)
        number += 1
        text = file.text
        breaks = text.count("\n", counted, first.begin)
        line += breaks
        column = (
            first.begin - text.rfind("\n", 0, first.begin)
            if breaks
            else column + (first.begin - counted)
        )
        counted = first.begin
        alone = number == 1 and following is None
        label = source if alone else f"{source}, game {number}"
        place = Place(line, column)
        if not first.closed and following is not None:
            why = f"expected a closing parenthesis of the game at {place.of('', 0)}, got none"
            yield GameText("", label, place, damaged=f"{why}: {label}")
        else:
            decoded, note = file.decoded(
                first.begin, min(first.end, first.begin + LARGEST_GAME + 1)
            )
            yield GameText(decoded, label, place, note)
        first = following


class _File:
    """A file's text; one letter stands for a byte where games may have encodings of their own."""

    def __init__(self, data: bytes) -> None:
        data, known = transcoded(data)
        self._data, self._note = data, ""
        self._codecs: dict[int, tuple[str, str]] = {}
        self._whole: tuple[str, str] | None = None
        self.is_bytes = True
        if data.isascii():
            self.text = data.decode("ascii")
            self.is_bytes = normal_codec(declared_in(self.text, 0, _HEAD)) == "hz"
            return
        self.text = data.decode("latin-1")
        declared = "" if known else declared_in(self.text, 0, _HEAD)
        codec, note = choose_codec(data[: 1 << 20], declared)
        if codec != "utf-8":
            return
        try:
            self.text = data.decode("utf-8")
        except UnicodeDecodeError:
            return
        self._note, self.is_bytes = note, False

    def decoded(self, begin: int, end: int) -> tuple[str, str]:
        """Return a game's text, and what there is to say of its encoding."""
        text = self.text[begin:end]
        if not self.is_bytes:
            return text, self._note
        data = text.encode("latin-1")
        if data.isascii():
            hz = normal_codec(declared_in(text, 0, _HEAD)) == "hz"
            return (data.decode("hz", "replace") if hz else text), ""
        codec, note = self._codec_at(begin)
        decoded = decoded_by_letters(data, codec)
        if not note and "\ufffd" in decoded:
            note = f"some letters are not in {codec.upper().replace('_', '-')}"
        return decoded, note

    def _codec_at(self, begin: int) -> tuple[str, str]:
        """The encoding of the game that begins somewhere; without ``CA`` that of the whole file."""
        if begin not in self._codecs:
            following = _START.search(self.text, begin + 2, begin + _LOOKED_AT)
            end = begin + _LOOKED_AT if following is None else following.start()
            declared = declared_in(self.text, begin, min(begin + _HEAD, end))
            data = self._data[begin:end]
            if declared and not data.isascii():
                found = choose_codec(data, declared)
            else:
                if self._whole is None:
                    self._whole = choose_codec(self._data[: 1 << 20], "")
                found = self._whole
            self._codecs = {begin: found}
        return self._codecs[begin]

    def _marks_at(self, begin: int) -> re.Pattern[str]:
        """What finds values and parentheses in the game that begins somewhere."""
        return _marks(self._codec_at(begin)[0] if self.is_bytes else "utf-8")

    def spans(self) -> Iterator[_Span]:
        """Where the games begin and end; without a closing parenthesis, where the next begins."""
        text = self.text
        start = _START.search(text) or next(
            (found for loose in _LOOSE_STARTS if (found := loose.search(text))), None
        )
        if start is None:
            return
        begin = start.start()
        if text.count("(") <= 1:  # the usual file: one game without variations
            yield _Span(begin, len(text), True)
            return
        starts = [found.end() for found in _LINE_START.finditer(text)]
        likely = frozenset(starts)
        while True:
            spans, end = self._game_at(begin, starts, likely)
            yield from spans
            following = _START.search(text, end)
            if following is None:
                return
            begin = following.start()

    def _game_at(
        self, begin: int, starts: list[int], likely: frozenset[int]
    ) -> tuple[list[_Span], int]:
        """The game that begins somewhere, and where to look for the next.

        If it does not end, the games that its text swallowed are found as well. ``starts``, in
        order, and ``likely`` say where a line begins like a game.
        """
        text = self.text
        index = bisect_right(starts, begin)
        open_at = [] if text[begin] == "(" else [begin]
        inner: list[_Span] = []
        end = len(text)
        for mark in self._marks_at(begin).finditer(text, begin):
            at = mark.start()
            letter = text[at]
            if letter == "(":
                open_at.append(at)
            elif letter == ")":
                opened = open_at.pop()
                if not open_at:
                    return [_Span(begin, at + 1, True)], at + 1
                if opened in likely:
                    while inner and inner[-1].begin > opened:
                        inner.pop()
                    inner.append(_Span(opened, at + 1, True))
            elif letter == "[":
                while index < len(starts) and starts[index] < at:
                    index += 1
                if index < len(starts) and starts[index] < mark.end():
                    end = starts[index]  # a value that holds the beginning of a game has no end
                    break
        begins = [begin, *(at for at in open_at if at in likely and at != begin)]
        known = {span.begin: span for span in inner}
        order = sorted({*begins, *known})
        spans = [
            known.get(at) or _Span(at, following, False)
            for at, following in zip(order, [*order[1:], end], strict=True)
        ]
        return spans, end


@cache
def _marks(codec: str) -> re.Pattern[str]:
    """A value that never closes reaches to the end: each letter is looked at once."""
    if codec not in DOUBLE_BYTES:
        return re.compile(r"\[[^\\\]]*+(?:\\.[^\\\]]*+)*+(?:\]|\\?\Z)|[()]", re.DOTALL)
    first = f"[{DOUBLE_BYTES[codec]}]"
    plain = rf"[^\\\]{DOUBLE_BYTES[codec]}]++"
    letter = rf"{first}(?:(?={CERTAIN_END})|.)"
    value = rf"\[(?:{plain}|\\(?:{letter}|.)|{letter})*+(?:\]|\\?{first}?\Z)|[()]"
    return re.compile(value, re.DOTALL)
