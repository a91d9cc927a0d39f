"""Results as people and servers write them, in several languages, brought to SGF's own form."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from engine.records.numerals import in_digits

_SIDE: Final = {
    "B": r"b|black|schwarz|noirs?|negras?|nero|ч[её]рны[ей]|黑|黒|흑",
    "W": r"w|white|wei(?:ss|ß)|blancs?|blanc[ao]s?|bianco|белы[ей]|白|백",
}
_STARTS: Final = {
    side: re.compile(rf"(?:{words})(?![a-zа-яё])\s*(?:\(.*?\)|方|棋|番|：|:)?\s*", re.IGNORECASE)
    for side, words in _SIDE.items()
}
_WON: Final = re.compile(
    r"\+|wins?\b|won\b|gewinnt|gewonnen|gagne(?:nt)?|ganan?|vince|выигра\w+|"
    r"胜|勝|승|贏|赢",
    re.IGNORECASE,
)
_LOST: Final = re.compile(
    r"\b(?:lost|loses?|resign(?:s|ed)|forfeits?)\b|"
    r"认输|認輸|投了|負け|负|負|超时|超時|패|기권",
    re.IGNORECASE,
)
_DRAWN: Final = re.compile(
    r"draw|drawn|jigo|tie|tied|remise|和棋|和局|持碁|持棋|ジゴ|무승부|빅", re.IGNORECASE
)
_VOID: Final = re.compile(
    r"void|no result|annulled|无胜负|無勝負|無勝負試合|打ち?掛け无|무효", re.IGNORECASE
)
_RESIGNED: Final = re.compile(
    r"resig\w*|res|r\b|中押|中盘|中盤|不计|不計|不計点|불계|认输|認輸|投了|投子|기권|aufgabe|"
    r"abandon\w*|abandono|сдал\w*",
    re.IGNORECASE,
)
_ON_TIME: Final = re.compile(
    r"on time|time(?:out)?|t\b|超时|超時|时间|時間|切れ|时限|시간|zeit\w*|temps|tiempo|"
    r"время|времени",
    re.IGNORECASE,
)
_FORFEITED: Final = re.compile(
    r"forfeit\w*|default|f\b|弃权|棄權|不戦|반칙|反则|反則", re.IGNORECASE
)
_NUMBER: Final = re.compile(
    r"(\d+(?:[.,]\d+)?)(?:\s*(?:pts?|points?|p)\b)?(?![\w/.]|\s*\d+/)", re.IGNORECASE
)
_NEAR_NUMBER: Final = re.compile(r"(\d+(?:[.,]\d+)?)")
_LONGEST: Final = 200
"""Letters of a result that are looked at."""
_HALF_SIGN: Final = re.compile(r"(\d+)?½")
_PARTS: Final = re.compile(r"([二三四])分之([一二三])")
_STONES: Final = re.compile(r"(?:(\d+)\s*又)?\s*(\d+)\s*/\s*(\d+)\s*子|(\d+(?:[.,]\d+)?)\s*子")
_HALVES: Final = re.compile(r"(\d+)?\s*(?:目|집)?\s*(?:半|반)\s*(?:目|집|子)?")


def normal_result(text: str) -> str:
    """Return a result as SGF has it: ``B+3.5``, ``W+R``, ``B+T``, ``W+F``, ``B+``, ``0``, ``Void``.

    ``?`` where it says nothing of who won.
    """
    text = _HALF_SIGN.sub(lambda found: f"{found.group(1) or 0}.5", text[:_LONGEST])
    text = unicodedata.normalize("NFKC", text).strip().rstrip(".。!")
    lowered = text.lower()
    if not text or lowered == "?":
        return "?"
    if lowered in ("0", "0.0") or _DRAWN.fullmatch(text):
        return "0"
    if _VOID.fullmatch(text):
        return "Void"
    if lowered in ("b", "w"):
        return f"{text.upper()}+"
    for side, other in (("B", "W"), ("W", "B")):
        start = _STARTS[side].match(text)
        if start is None:
            continue
        rest = text[start.end() :]
        if rest.startswith("+"):
            return f"{side}+{_margin(rest[1:].strip(), plain=True)}"
        if _LOST.search(rest) and not _WON.search(_LOST.sub("", rest)):
            return f"{other}+{_margin(rest, plain=False)}"
        if not rest:
            return f"{side}+"
        if _WON.search(rest) or _says(_RESIGNED, rest):
            return f"{side}+{_margin(rest, plain=False)}"
    return "?"


def _margin(text: str, plain: bool) -> str:
    """How it was won, as far as it can be told; ``plain`` is what stands after a plus."""
    for words, letter in ((_RESIGNED, "R"), (_ON_TIME, "T"), (_FORFEITED, "F")):
        if words.fullmatch(text) or (not plain and _says(words, text)):
            return letter
    number = _NUMBER.match(text) if plain else None
    if number is not None:
        return f"{float(number.group(1).replace(',', '.')):g}"
    if plain:
        by_words = _by_words(text)
        if text.isascii() or by_words != text:
            return by_words
    return points_in(text)


def _by_words(text: str) -> str:
    """``Resign`` and the like with something around; other words stay as they are."""
    for words, letter in ((_RESIGNED, "R"), (_ON_TIME, "T"), (_FORFEITED, "F")):
        if words.match(text):
            return letter
    return text


def _says(words: re.Pattern[str], text: str) -> bool:
    """Whether a sentence has one of the words, the single letters aside."""
    return any(len(found.group()) > 1 for found in words.finditer(text))


def points_in(text: str) -> str:
    """The number in a sentence; empty without one. A Chinese stone counts for two points."""
    text = in_digits(_PARTS.sub(r"\2/\1", text))
    stones = _STONES.search(text)
    if stones is not None:
        whole, over, under, plain = stones.groups()
        if plain is not None:
            half = 0.5 if "半" in text[stones.end() : stones.end() + 1] else 0.0
            return f"{2 * (float(plain.replace(',', '.')) + half):g}"
        if int(under):
            return f"{2 * (int(whole or 0) + int(over) / int(under)):g}"
    halves = _HALVES.search(text)
    if halves is not None:
        return f"{int(halves.group(1) or 0) + 0.5:g}"
    number = _NEAR_NUMBER.search(text)
    return "" if number is None else f"{float(number.group(1).replace(',', '.')):g}"
