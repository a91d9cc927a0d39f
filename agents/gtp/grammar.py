"""Lines of the Go Text Protocol, version 2 (Farnebäck, draft 2, 2002), read and written.

Knows no game, process or file: bytes and text only. A client and a server both use it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.errors import NotationError
from engine.games.spec import BLACK, WHITE

LONGEST_LINE: Final = 1 << 16
"""Bytes of one line, either way, that are still read as one."""
LONGEST_REPLY: Final = 1 << 20
"""Bytes of one whole reply."""
LARGEST_INTEGER: Final = (1 << 31) - 1

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ID = re.compile(r"[0-9]{1,10}")
_STATUS = re.compile(rb"([=?])([0-9]{0,10})(?:[ \t]+|$)")
_COLOURS: Final = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}


@dataclass(frozen=True)
class Command:
    """A GTP command line, split into its parts."""

    name: str
    arguments: tuple[str, ...] = ()
    id: int | None = None


@dataclass(frozen=True)
class Reply:
    """One answer: ``=`` with its text, or ``?`` with a reason."""

    ok: bool
    text: str = ""
    id: int | None = None


def parse_command(line: str) -> Command | None:
    """Read one line of input; ``None`` for blank lines and comments."""
    words = _plain(line).split("#", 1)[0].split()
    number = None
    if words and _ID.fullmatch(words[0]):
        number = int(words.pop(0))
    if not words:
        return None
    return Command(words[0], tuple(words[1:]), number)


def format_command(name: str, arguments: Sequence[str] = ()) -> bytes:
    """Write one request."""
    return " ".join([name, *arguments]).encode() + b"\n"


def format_reply(reply: Reply) -> bytes:
    """Write one answer with the empty line that ends it; empty lines inside are taken out."""
    lines = [_plain(line).rstrip() for line in reply.text.split("\n")]
    if len(lines) > 1:
        lines = [lines[0], *(line for line in lines[1:] if line)]
    head = ("=" if reply.ok else "?") + ("" if reply.id is None else str(reply.id))
    return f"{head} {chr(10).join(lines)}".rstrip().encode() + b"\n\n"


def reply_head(line: bytes) -> tuple[bool, int | None, str] | None:
    """Split the first line of an answer into status, id and text; ``None`` if it is not one."""
    match = _STATUS.match(line)
    if match is None:
        return None
    number = int(match.group(2)) if match.group(2) else None
    return match.group(1) == b"=", number, decode(line[match.end() :])


def decode(line: bytes) -> str:
    """Text of a received line, without control characters and a shell's byte order mark."""
    return _plain(line.decode("utf-8", errors="replace")).removeprefix("\ufeff").rstrip()


def parse_colour(word: str) -> int:
    """Return ``BLACK`` or ``WHITE``.

    Raises:
        NotationError: if the word is not a colour.
    """
    colour = _COLOURS.get(word.lower())
    if colour is None:
        raise NotationError(f"expected a colour (b, black, w, white), got {word!r}")
    return colour


def colour_word(colour: int) -> str:
    """Return ``b`` or ``w``."""
    return "b" if colour == BLACK else "w"


def parse_integer(word: str) -> int:
    """Return a whole number of at least 0; larger ones than 2**31 - 1 are taken as that.

    Raises:
        NotationError: if the word is not one.
    """
    if not re.fullmatch(r"[0-9]{1,20}", word):
        raise NotationError(f"expected a whole number of at least 0, got {word!r}")
    return min(int(word), LARGEST_INTEGER)


def parse_number(word: str) -> float:
    """Return a finite number.

    Raises:
        NotationError: if the word is not one.
    """
    if not re.fullmatch(r"[+-]?([0-9]{1,20}(\.[0-9]*)?|\.[0-9]+)", word):
        raise NotationError(f"expected a number, got {word!r}")
    return float(word)


def _plain(text: str) -> str:
    return _CONTROL.sub("", text.replace("\t", " "))
