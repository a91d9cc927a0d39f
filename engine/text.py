"""Text that came from a file, a program or a network, made fit for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Any, Final, TextIO

_SHOWN: Final = 200


def printable(text: str, longest: int | None = _SHOWN) -> str:
    r"""Return ``text`` on one line, with everything that a terminal would obey written out.

    Controls (C0 and C1), format characters such as those that turn the direction of writing, line
    separators and lone surrogates become ``\x1b`` or ``\u202e``; other spaces become a plain one.

    Args:
        text: whatever was read.
        longest: characters that are kept, ``None`` for all; what is cut shows as ``...``.
    """
    cut = longest is not None and len(text) > longest
    if not text.isprintable():
        text = "".join(map(_shown, text[: longest if cut else None]))
    return f"{text[: longest and max(longest - 3, 0)]}..." if cut else text


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.category(character) == "Zs":
        return " "
    return ascii(character)[1:-1]


def plain(text: str) -> str:
    """Return ``text`` with its lines and tabs, and otherwise as :func:`printable` writes it."""
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" else _shown(c) for c in text)


class PlainStream:
    """A text stream to which nothing gets that a terminal would obey; all else is the stream's."""

    def __init__(self, stream: TextIO) -> None:
        """``stream`` is what is written to; ``unfiltered`` gives it back."""
        self.unfiltered = stream

    def write(self, text: str) -> int:
        """Write ``text`` as :func:`plain` makes it; a carriage return may come first."""
        first = text[:1] if text.startswith("\r") else ""
        shown = first + plain(text[len(first) :])
        try:
            self.unfiltered.write(shown)
        except UnicodeEncodeError:  # a terminal of another language
            encoding = self.unfiltered.encoding or "ascii"
            self.unfiltered.write(shown.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write each of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unfiltered, name)


def unfiltered(stream: Any) -> Any:
    """Return what a :class:`PlainStream` writes to; any other stream is returned itself."""
    return getattr(stream, "unfiltered", stream)
