"""Bytes of a game record as text: by the encoding that it declares, else by the one that fits best.

Records of Go come in Shift_JIS, Big5 and GBK as often as in UTF-8, and in these the second byte of
a letter may be a bracket or a backslash. So a whole game is decoded before its brackets are looked
for. A declaration (``CA``) is believed unless the bytes speak against it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import cache
from typing import Final

CODECS: Final = {
    "utf-8": "UTF8 UTF-8 UNICODE UTF-8-BOM UTF16 UTF-16 UTF-16LE UTF-16BE UTF32 UTF-32",
    "gb18030": "GB GB2312 GB-2312 GBK GB18030 GB-18030 CP936 936 MS936 WINDOWS-936 EUC-CN EUCCN "
    "GB2312-80 X-GBK CHINESE",
    "cp932": "SHIFT-JIS SHIFTJIS SJIS S-JIS X-SJIS CP932 932 MS932 MS-KANJI WINDOWS-31J "
    "WINDOWS-932",
    "cp950": "BIG5 BIG-5 CP950 950 MS950 WINDOWS-950 X-BIG5 BIG5-TW",
    "big5hkscs": "BIG5-HKSCS BIG5HKSCS",
    "cp949": "EUC-KR EUCKR CP949 949 MS949 WINDOWS-949 UHC KS-C-5601-1987 KS-C-5601 KSC5601 KOREAN",
    "euc_jp": "EUC-JP EUCJP X-EUC-JP EUC UJIS",
    "iso2022_jp_ext": "ISO-2022-JP ISO2022-JP JIS",
    "hz": "HZ HZ-GB-2312",
    "cp1252": "ISO-8859-1 ISO8859-1 ISO-88591 LATIN1 LATIN-1 L1 CP1252 1252 WINDOWS-1252 ANSI "
    "US-ASCII ASCII",
    "cp1250": "CP1250 1250 WINDOWS-1250",
    "cp1251": "CP1251 1251 WINDOWS-1251",
    "cp1253": "CP1253 1253 WINDOWS-1253",
    "cp1254": "CP1254 1254 WINDOWS-1254 ISO-8859-9",
    "cp1258": "CP1258 1258 WINDOWS-1258",
    "cp874": "CP874 874 WINDOWS-874 TIS-620",
    "iso8859_2": "ISO-8859-2 ISO8859-2 LATIN2",
    "iso8859_5": "ISO-8859-5 ISO8859-5",
    "iso8859_7": "ISO-8859-7 ISO8859-7",
    "iso8859_15": "ISO-8859-15 ISO8859-15 LATIN9",
    "koi8_r": "KOI8-R KOI8R KOI8",
    "koi8_u": "KOI8-U KOI8U",
}
"""The encodings that a record may declare, by Python's names, and the names that programs write."""
_BY_NAME: Final = {name: codec for codec, names in CODECS.items() for name in names.split()}
_GUESSES: Final = ("gb18030", "cp932", "cp950", "cp949", "euc_jp", "cp1252", "cp1251", "koi8_r")
DOUBLE_BYTES: Final = {
    "gb18030": "\x81-\xfe",
    "cp950": "\x81-\xfe",
    "big5hkscs": "\x81-\xfe",
    "cp932": "\x81-\x9f\xe0-\xfc",
}
"""First bytes of letters whose second byte may be a bracket or a backslash."""
CERTAIN_END: Final = r"\](?=\s*+(?:[;()]\s*+)*+(?:[A-Za-z]{1,20}+\s*+\[|\Z))"
"""A bracket that ends a value for certain: what follows is a property, or nothing."""
_ONE_BYTE: Final = frozenset(name for name in CODECS if name[:3] in ("cp1", "cp8", "iso", "koi"))
_SAMPLE: Final = 6000
_CONVINCING: Final = 0.8
"""Plausibility per letter of two bytes from which a declared encoding needs no rival."""
_HALF_BACK: Final = 4.5
"""How much of what a half letter costs is given back to the declared encoding."""
_DECLARED = re.compile(r"(?<![A-Za-z])CA\s*\[([^\]\\]{0,40})\]")

# What occurs in records: words of the game, surnames, and common letters of names.
_COMMON: Final = frozenset(
    "段級级黑白黒胜勝负負目子半中押盘盤局战戰戦杯期赛賽名人本因坊王座天元碁圣聖棋院围圍囲先番贴貼让讓时時間间"
    "超认認输輸韩韓国國日规則则初职業业余"
    "李张劉刘陈陳楊杨赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝唐许許冯馮邓鄧曹彭曾田董袁潘于蒋蔡余"
    "杜叶葉程苏蘇魏吕呂丁任沈姚卢盧古柯芈连辛常昊芮江伟偉明小红军文华華建志强平东東海龙龍飞宇力洁睿俊峰辉"
    "山井上木村川藤野大佐伊石武宮依羽根結城河清水坂加治勲光一遼裕太雄洋美郎司正久谷原岡島松安岩秀"
    "이박김최조유강목진원신윤한국흑백단급승집반불계프로서영창호세돌정환준동훈민규현성수안허송홍태지은혜연재석철"
    "우상경기대주인선남나도시간오권장임배황양손노하전고문류변심방"
)
_WORD = re.compile(r"[A-Za-z\u00a1-\u024f]+")
_CYRILLIC = re.compile(r"[\u0400-\u045f\u0490\u0491]+")
_SWALLOWED = re.compile(r"\[[^\]\\]*[^\x00-\x7f](?:;[BW]|[A-Z]{2})\[")


def normal_codec(declared: str) -> str:
    """Return Python's name of a declared encoding, empty if it is not on the list."""
    name = declared.strip().upper().replace("_", "-").replace(" ", "-")
    return _BY_NAME.get(name, "")


def transcoded(data: bytes) -> tuple[bytes, str]:
    """Return bytes as they can be searched for brackets, and their encoding where it is certain.

    UTF-16 and UTF-32 become UTF-8, byte order marks and the escapes of ISO-2022 go.
    """
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            if codec == "utf-8":
                return data[len(mark) :], ""
            return data.decode(codec, "replace").encode("utf-8", "replace"), "utf-8"
    if b"\0" in data[:4096]:
        start = data.find(b"(\0;", 0, 4096)
        if start >= 0 and b"(;" not in data[:start]:  # else it stands within a value
            codec = "utf-16-be" if start % 2 else "utf-16-le"
            return data.decode(codec, "replace").encode("utf-8", "replace"), "utf-8"
    if b"\x1b$" in data:
        return data.decode("iso2022_jp_ext", "replace").encode("utf-8", "replace"), "utf-8"
    return data, ""


def declared_in(text: str, start: int = 0, end: int | None = None) -> str:
    """Return what the first ``CA`` between two places declares; empty without one."""
    found = _DECLARED.search(text, start, len(text) if end is None else end)
    return "" if found is None else found.group(1).strip()


def choose_codec(data: bytes, declared: str) -> tuple[str, str]:
    """Return the encoding to read bytes by, and a note where it is not the one declared.

    Args:
        data: a game, or a file of games; not ASCII.
        declared: what ``CA`` says, empty without one.
    """
    stated = normal_codec(declared)
    said = f"CA[{declared[:20]}]" if declared else "no encoding"
    fits = _fits(data, "utf-8")
    if fits and (not stated or stated == "utf-8"):
        known = stated or not declared
        return "utf-8", "" if known else f"{said} is not an encoding known here, read as UTF-8"
    sample = _sample(data)
    if stated in DOUBLE_BYTES and not fits and _fits(data, stated):
        letters = sum(byte > 0x7F for byte in sample) / 2
        if _plausible(sample, stated) >= _CONVINCING * letters:
            return stated, ""
    order = dict.fromkeys(([stated] if stated else []) + ["utf-8", *_GUESSES])
    found = {codec: _plausible(sample, codec) for codec in order}
    if stated and _fits(data, stated):
        found[stated] += 3.0 + _HALF_BACK * decoded_by_letters(sample, stated).count("\ufffd]")
        if stated in _ONE_BYTE and fits:  # any bytes are Latin; that they are UTF-8 is no accident
            return "utf-8", f"the file says {said}, its letters are UTF-8"
    best = max(found, key=lambda codec: found[codec])
    if best == stated:
        broken = "" if _fits(data, stated) else f"some letters are not {declared}"
        return best, broken
    return best, f"the file says {said}, its letters were read as {best.upper().replace('_', '-')}"


def lenient(codec: str) -> Callable[[bytes], str]:
    """Return a decoder that never fails: what does not belong to the encoding becomes U+FFFD."""
    if codec not in _ONE_BYTE:
        return lambda data: data.decode(codec, "replace")
    known = bytes(range(256)).decode(codec, "replace")
    table = {byte: letter for byte, letter in enumerate(known) if letter != "\ufffd"}
    return lambda data: data.decode("latin-1").translate(table)


@cache
def _half_letters(codec: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """What takes letters of two bytes one by one, group 1 if whole; what a half letter needs."""
    first = f"[{DOUBLE_BYTES[codec]}]"
    return (
        re.compile(rf"({first}(?!{CERTAIN_END}).)|{first}".encode("latin-1"), re.DOTALL),
        re.compile(rf"{first}{CERTAIN_END}".encode("latin-1")),
    )


def decoded_by_letters(data: bytes, codec: str) -> str:
    """Decode a game; the first half of a letter that was cut in two becomes U+FFFD.

    Programs cut names at a number of bytes. The bracket that follows would become the second half
    of that letter, and the next property a part of the name.
    """
    decode = lenient(codec)
    if codec not in DOUBLE_BYTES:
        return decode(data)
    letters, likely = _half_letters(codec)
    if likely.search(data) is None:
        return decode(data)
    halves = [found.start() for found in letters.finditer(data) if found.group(1) is None]
    begins = [0, *(at + 1 for at in halves)]
    ends = [*halves, len(data)]
    return "\ufffd".join(decode(data[a:b]) for a, b in zip(begins, ends, strict=True))


def _fits(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except ValueError:
        return False
    return True


def _sample(data: bytes) -> bytes:
    """The first part with letters beyond ASCII, from a whole letter on."""
    found = re.search(rb"[\x80-\xff]", data)
    start = max(0, found.start() - 40) if found else 0
    sample = data[start : start + _SAMPLE]
    end = max(sample.rfind(b"]"), sample.rfind(b"\n"))
    return sample[: end + 1] if end > _SAMPLE // 2 else sample


def _plausible(sample: bytes, codec: str) -> float:
    """How much some bytes look like a record in an encoding; comparable between encodings."""
    text = decoded_by_letters(sample, codec)
    if codec in _ONE_BYTE:
        return _plausible_words(text)
    total = -6.0 * len(_SWALLOWED.findall(text))
    before = ""
    for letter in text:
        if letter > "\x7f":
            total += _plausible_letter(letter, codec)
            if before.isascii() and before.islower() and codec != "utf-8":
                total -= 1.0
        elif letter.islower() and before > "\x7f" and codec != "utf-8":
            total -= 0.5
        before = letter
    return total


def _plausible_letter(letter: str, codec: str) -> float:
    if letter == "\ufffd":
        return -5.0
    if codec == "utf-8":
        return 2.0
    if letter in _COMMON:
        return 3.0
    if "\u3041" <= letter <= "\u30fa":
        return 2.0
    if "\uff61" <= letter <= "\uff9f":
        return -1.0
    if "\u3000" <= letter <= "\u303f" or "\uff01" <= letter <= "\uff5e":
        return 1.0
    if "\uac00" <= letter <= "\ud7a3" or "\u4e00" <= letter <= "\u9fff":
        return _plausible_ideogram(letter, codec)
    return -5.0 if letter < "\xa0" or "\ue000" <= letter <= "\uf8ff" else -1.0


_FIRST_LEVEL: Final = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "cp950": ("big5", 0xA4, 0xC6),
    "big5hkscs": ("big5", 0xA4, 0xC6),
    "cp932": ("euc_jp", 0xB0, 0xCF),
    "euc_jp": ("euc_jp", 0xB0, 0xCF),
    "cp949": ("euc_kr", 0xB0, 0xC8),
}


def _plausible_ideogram(letter: str, codec: str) -> float:
    """National standards list common letters first; extensions by vendors hold rare ones."""
    standard, first, last = _FIRST_LEVEL.get(codec, ("gb2312", 0xB0, 0xD7))
    try:
        lead = letter.encode(standard)[0]
    except UnicodeEncodeError:
        return -1.5
    return 1.0 if first <= lead <= last else -0.2


def _plausible_words(text: str) -> float:
    """Letters with accents stand among plain ones, Cyrillic ones among their like."""
    total = 0.0
    counted = 0
    for word in _WORD.findall(text):
        special = sum(letter > "\x7f" for letter in word)
        if not special:
            continue
        counted += special
        natural = 2 * special <= len(word) and (word[1:].islower() or word.isupper())
        total += special if natural else -special
    for word in _CYRILLIC.findall(text):
        counted += len(word)
        natural = word[1:].islower() or word.isupper()
        total += 0.7 * len(word) if natural and len(word) > 1 else -0.7 * len(word)
    others = sum(letter > "\x7f" for letter in text) - counted
    return total - 1.0 * others
