"""What stands in SGF properties: text in any encoding, games and sizes, komi, points, results.

Knows no tree and plays no move.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from engine.errors import NotationError, RecordError, SpecError
from engine.games import GoSpec, make
from engine.games.spec import GameSpec
from engine.notation import text_to_action
from engine.records.record import GameRecord

GAME_NUMBERS: Final = {"go": "1", "othello": "2", "gomoku": "4", "tic_tac_toe": "4", "hex": "11"}
GAME_PROPERTY: Final = "MIAI"  # game and rules of what is not Go; others ignore the property
COORDINATES: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FOREIGN: Final = {b"2": ("othello", "8"), b"4": ("gomoku", "15"), b"11": ("hex", "11")}
"""Games of other programs by ``GM``, and the size that they mean without ``SZ``."""
_FALLBACK_ENCODINGS: Final = ("utf-8", "gb18030", "shift_jis", "latin-1")
_LARGEST_KOMI: Final = 200.0
_LARGEST_OWN_KOMI: Final = 400.0
_RULES = re.compile(rb"ko(SIMPLE|POSITIONAL|SITUATIONAL)score(AREA|TERRITORY)tax[A-Z]+sui([01])")
_LARGEST_CHINESE_KOMI: Final = 5.0
_LARGEST_TT_PASS: Final = 19
_RESULT = re.compile(r"\s*([BW])\+(.*?)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)(?![\w./])")
_WORDS: Final = {"resign": "R", "r": "R", "time": "T", "t": "T", "forfeit": "F", "f": "F"}

Properties = Mapping[str, list[bytes]]


def encodings_of(root: Properties) -> tuple[str, ...]:
    """The encodings to try on a game's texts, in order: the declared one first."""
    declared = root.get("CA", [b""])[0].decode("ascii", "replace").strip().lower()
    return (declared, *_FALLBACK_ENCODINGS) if declared else _FALLBACK_ENCODINGS


def decode(raw: bytes, encodings: tuple[str, ...]) -> str:
    """Text in the first encoding that fits; latin-1, the last, always does."""
    if raw.isascii() and b"\\" not in raw and "utf-8" in encodings:
        return raw.decode("ascii")
    value = raw.replace(b"\\\r\n", b"").replace(b"\\\n", b"")
    for encoding in encodings:
        try:
            return re.sub(r"\\(.)", r"\1", value.decode(encoding), flags=re.DOTALL)
        except (ValueError, LookupError):  # a file may declare any codec that Python has
            continue
    return value.decode("latin-1")


def read_spec(root: Properties, label: str) -> GameSpec:
    """The game that a root node announces.

    Raises:
        RecordError: if it is none of ours, or not at this size.
    """
    if GAME_PROPERTY in root:
        return _read_own_spec(root, label)
    game = root.get("GM", [b"1"])[0].strip()
    if game in _FOREIGN:
        name, usual = _FOREIGN[game]
        height, width, text = _read_size(root, usual)
        try:
            return make(name, height, width, **({"swap": True} if name == "hex" else {}))
        except SpecError as error:
            raise RecordError(f"{error}, from SZ[{text}]: {label}") from error
    if game not in (b"1", b""):
        number = game.decode("ascii", "replace")
        raise RecordError(
            f"expected Go, Othello, Gomoku or Hex (GM[1], 2, 4 or 11), got GM[{number}]: {label}"
        )
    height, width, text = _read_size(root, "19")
    try:
        return GoSpec(height, width, _read_komi(root), **_read_go_rules(root))
    except SpecError as error:
        raise RecordError(f"expected a board size from 2 to 25, got SZ[{text}]: {label}") from error


def _read_go_rules(root: Properties) -> dict[str, Any]:
    """Ko, scoring and suicide as this program and KataGo write them.

    Other records follow many ko rules; simple ko refuses the fewest of their moves.
    """
    written = _RULES.fullmatch(root.get("RU", [b""])[0].strip())
    if written is None:
        return {"ko": "simple", "suicide": b"sui1" in root.get("RU", [b""])[0]}
    ko, scoring, suicide = (part.decode() for part in written.groups())
    return {"ko": ko.lower(), "scoring": scoring.lower(), "suicide": suicide == "1"}


def _read_size(root: Properties, usual: str) -> tuple[int, int, str]:
    """Height, width, and the text they are from; 0 where there is no number."""
    text = root.get("SZ", [usual.encode()])[0].decode("ascii", "replace").strip()
    width, _, height = text.partition(":")
    try:
        return int(height or width), int(width), text
    except ValueError:
        return 0, 0, text


def _read_own_spec(root: Properties, label: str) -> GameSpec:
    """A game that SGF has no rules for, as :func:`engine.records.sgf.write_sgf` says it."""
    height, width, size = _read_size(root, "")
    text = decode(root[GAME_PROPERTY][0], ("utf-8",))
    try:
        rules = json.loads(text)
        return make(rules.pop("game"), height, width, **rules)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordError(
            f"expected a game of this program, got {text[:200]!r} with SZ[{size}]: {label}"
        ) from error


def _read_komi(root: Properties) -> float:
    """Komi in points.

    Some servers write hundredths: 650 is 6.5. Quarters are Chinese counting, where a stone stands
    for two points: 3.75 is 7.5, and so is 375.
    """
    try:
        komi = float(root.get("KM", [b"0"])[0].strip().replace(b",", b".") or b"0")
    except ValueError:
        return 0.0
    ours = root.get("AP", [b""])[0].startswith(b"Miai")
    if ours and abs(komi) <= _LARGEST_OWN_KOMI:
        return round(komi * 2) / 2
    if abs(komi) > _LARGEST_KOMI:
        komi /= 100.0
    if not abs(komi) < _LARGEST_KOMI:
        return 0.0
    if abs(komi) < _LARGEST_CHINESE_KOMI and (komi * 4) % 2 == 1:
        komi *= 2.0
    return round(komi * 2) / 2


def read_action(spec: GameSpec, value: bytes, label: str) -> int:
    """The action of a move property; two letters, or as people write it in games that are not Go.

    Raises:
        RecordError: if it names no point of the board.
    """
    known = actions_by_text(spec.height, spec.width)
    if value in known:
        return known[value]
    text = value.strip().decode("ascii", "replace")
    if text.lower() in ("", "pass", spec.pass_name) or text.lower().startswith("swap"):
        return spec.pass_action
    if spec.name != "go" and any(letter.isdigit() for letter in text):
        try:
            return text_to_action(spec, text)
        except NotationError as error:
            raise RecordError(f"{error}: {label}") from error
    return read_point(spec, value, label)


def read_point(spec: GameSpec, value: bytes, label: str) -> int:
    """The point of two letters; raises as :func:`read_action`."""
    text = value.strip().decode("ascii", "replace")
    if len(text) == 2 and all(letter in COORDINATES for letter in text):
        column, row = (COORDINATES.index(letter) for letter in text)
        if column < spec.width and row < spec.height:
            return row * spec.width + column
    raise RecordError(
        f"expected a point of a {spec.height}x{spec.width} board, got [{text[:20]}]: {label}"
    )


@lru_cache(maxsize=64)
def actions_by_text(height: int, width: int) -> dict[bytes, int]:
    """The actions that most files write: points as two letters, and the passes."""
    table = {
        (COORDINATES[column] + COORDINATES[row]).encode(): row * width + column
        for row in range(height)
        for column in range(width)
    }
    table[b""] = height * width
    if max(height, width) <= _LARGEST_TT_PASS:
        table[b"tt"] = height * width
    return table


def point_text(spec: GameSpec, action: int) -> str:
    """Two letters, none for the pass."""
    if action == spec.pass_action:
        return ""
    row, column = divmod(action, spec.width)
    return COORDINATES[column] + COORDINATES[row]


def normal_result(text: str) -> str:
    """``B+Resign`` becomes ``B+R``, a bare ``B`` becomes ``B+``; the unreadable becomes ``?``."""
    if text.lower() in ("0", "draw", "jigo"):
        return "0"
    if text.lower() == "void":
        return "Void"
    if text.upper() in ("B", "W"):
        return f"{text.upper()}+"
    match = _RESULT.fullmatch(text)
    if match is None:
        return "?"
    winner, how = match.group(1).upper(), match.group(2).strip()
    number = _NUMBER.match(how)
    if number is not None:
        return f"{winner}+{float(number.group(1)):g}"
    return f"{winner}+{_WORDS.get(how.lower(), how)}"


def escape(text: str) -> str:
    """Text as it may stand between brackets."""
    return text.replace("\\", "\\\\").replace("]", "\\]")


def record_text(record: GameRecord) -> dict[str, str]:
    """The root's texts of a record."""
    named = {"PB": record.black, "PW": record.white, "RE": record.result, "C": record.comment}
    return {name: text for name, text in {**record.extra, **named}.items() if text}
