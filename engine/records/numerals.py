"""Numbers that are written in Chinese characters, as results and ranks have them."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = {ord(letter): str(i) for i, letter in enumerate("〇一二三四五六七八九")}
_TENS = re.compile(r"([一二三四五六七八九])?十([一二三四五六七八九])?")


def in_digits(text: str) -> str:
    """Return a text with its numbers up to 99 in digits: ``二十三`` becomes ``23``."""
    return _TENS.sub(_tens, text).translate(_DIGITS)


def _tens(found: re.Match[str]) -> str:
    tens, ones = found.groups()
    return f"{tens or '一'}{ones or '〇'}"
