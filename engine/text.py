"""Text that came from a file, a program or a network, made fit for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Final

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
