"""The rules of Go as records name them, in the ways and languages that programs and people use."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import lru_cache
from typing import Final

from engine.errors import MiaiError
from engine.games.go import GoSpec
from engine.games.katago_rules import NAMES, with_rules

_WRITTEN: Final = {
    "japanese": "japan japanese jp jpn nihon nihonkiin territory japanisch japanische japonaise "
    "japonaises japones japonesas giapponesi japanska японские 日本 日韩 日韓 일본 にほん",
    "korean": "korea korean kr kor baduk koreanisch coreen coreanas корейские 韩国 韓國 韓国 한국",
    "chinese": "china chinese cn chn chinesisch chinesische chinoise chinoises chinas cinesi "
    "китайские 中国 中國 中式 중국 数子 數子",
    "aga": "aga american usa us bga british ffg french francaise francaises",
    "new-zealand": "nz nzl newzealand zealand",
    "tromp-taylor": "tromptaylor tromp tt logical",
    "goe": "goe ing sst 应氏 應氏 応氏 計點 计点 应昌期 應昌期",
    "chinese-ogs": "chineseogs",
    "chinese-kgs": "chinesekgs",
}
"""KataGo's name of a rule set, and the words that stand for it in records."""
_BY_WORD: Final = {word: name for name, words in _WRITTEN.items() for word in words.split()}
_IDEOGRAMS: Final = tuple(word for word in _BY_WORD if ord(word[0]) > 0x3000)
_COMPACT = re.compile(
    r"ko(simple|positional|situational)score(area|territory)(?:tax(none|seki|all))?(?:sui([01]))?(.*)",
    re.IGNORECASE,
)


@lru_cache(maxsize=1024)
def rules_named(spec: GoSpec, text: str) -> tuple[GoSpec | None, str]:
    """Return a spec with the rules that a text names, or ``None``, and what there is to say of it.

    Args:
        spec: size and komi, which stay.
        text: what stands in ``RU``; not empty.
    """
    compact = _COMPACT.fullmatch(text.strip())
    if compact is not None:
        return _compact_rules(spec, compact, text)
    name = "" if text.lstrip().startswith("{") else _name_of(text)
    try:
        return with_rules(spec, name or text), ""
    except MiaiError:
        return None, f"the rules {text[:40]!r} are not known here"


def _compact_rules(spec: GoSpec, found: re.Match[str], text: str) -> tuple[GoSpec, str]:
    """KataGo's own words; what our rules cannot express is said."""
    ko, scoring, tax, suicide, rest = (part or "" for part in found.groups())
    usual = ("", "NONE", "SEKI") if scoring.upper() == "TERRITORY" else ("", "NONE")
    note = (
        "" if tax.upper() in usual else f"the tax on groups of the rules {text[:60]!r} is left out"
    )
    if "button1" in rest.lower():
        note = f"the button of the rules {text[:60]!r} is left out"
    bonus = {"whb0": "none", "whbn": "stones", "whbn-1": "stones-1"}
    paid = re.search(r"whb(?:0|n-1|n)", rest.lower())
    return (
        replace(
            spec,
            ko=ko.lower(),
            scoring=scoring.lower(),
            suicide=suicide == "1",
            handicap_bonus=bonus[paid.group()] if paid else "none",
        ),
        note,
    )


def _name_of(text: str) -> str:
    """KataGo's name of the rules that a text means; empty if it means none, or several."""
    text = unicodedata.normalize("NFKD", text).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = unicodedata.normalize("NFC", text)
    plain = "-".join(re.findall(r"\w+", text))
    if plain in NAMES:
        return plain
    words = re.findall(r"[^\W\d_]+", text)
    found = {_BY_WORD[word] for word in (*words, "".join(words)) if word in _BY_WORD}
    found |= {_BY_WORD[word] for word in _IDEOGRAMS if word in text}
    found -= {"chinese"} if {"chinese-ogs", "chinese-kgs"} & found else set()
    alike = {tuple(sorted(NAMES[name].items())) for name in found}
    return min(found) if len(alike) == 1 else ""
