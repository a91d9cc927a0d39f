"""Which game a root node announces: its name, board, komi and rules, as programs write them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from engine.errors import RecordError, SpecError
from engine.games import GoSpec, make
from engine.games.spec import GameSpec
from engine.records.results import points_in
from engine.records.rules_text import rules_named
from engine.records.sgf_values import unescape

GAME_PROPERTY: Final = "MIAI"  # game and rules of what is not Go; others ignore the property
_FOREIGN: Final = {"2": ("othello", "8"), "4": ("gomoku", "15"), "11": ("hex", "11")}
"""Games of other programs by ``GM``, and the size that they mean without ``SZ``."""
_NAMES: Final = {"go": "1", "weiqi": "1", "baduk": "1", "igo": "1", "othello": "2", "hex": "11"}
_LONGEST: Final = 400
"""Letters of a value that are looked at."""
_LARGEST_KOMI: Final = 200.0
_LARGEST_OWN_KOMI: Final = 400.0
_LARGEST_CHINESE_KOMI: Final = 5.0
_TENTHS: Final = (55.0, 65.0, 75.0)
_SMALLEST_OF_FOX: Final = 20.0
_KOMI = re.compile(
    r"([-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+))\s*(?:points?|pts?|moku|目|집)?\s*(半|반)?", re.IGNORECASE
)

Properties = Mapping[str, list[str]]


@dataclass
class Announced:
    """What a root node says of its game."""

    spec: GameSpec
    notes: list[str] = field(default_factory=list)
    """What was read otherwise than it is written."""
    says_komi: bool = True
    says_rules: bool = True


def announced(root: Properties, label: str, beginning: Sequence[Properties] = ()) -> Announced:
    """Return the game that a root node announces.

    Args:
        root: properties of the root.
        label: for messages.
        beginning: of the first nodes, which tell what a root without ``GM`` may leave open.

    Raises:
        RecordError: if it is none of ours, or not at this size.
    """
    if GAME_PROPERTY in root:
        return Announced(_read_own_spec(root, label))
    game = unescape(root.get("GM", ["1"])[0]).strip()
    game = _NAMES.get(game.lower(), game)
    notes: list[str] = []
    if "GM" not in root and (why := _why_hex(root, beginning)):
        game = "11"
        notes.append(f"no GM, read as Hex because {why}")
    if game in _FOREIGN:
        name, usual = _FOREIGN[game]
        height, width, text = _read_size(root, usual, notes)
        try:
            spec = make(name, height, width, **({"swap": True} if name == "hex" else {}))
        except SpecError as error:
            raise RecordError(f"{error}, from SZ[{text}]: {label}") from error
        return Announced(spec, notes)
    if game not in ("1", ""):
        raise RecordError(
            f"expected Go, Othello, Gomoku or Hex (GM[1], 2, 4 or 11), got GM[{game[:20]}]: {label}"
        )
    height, width, text = _read_size(root, "19", notes)
    komi = _read_komi(root, notes)
    try:
        plain = _plain_go(height, width, komi or 0.0)
    except SpecError as error:
        raise RecordError(f"expected a board size from 2 to 25, got SZ[{text}]: {label}") from error
    rules = unescape(root.get("RU", [""])[0]).strip()[:_LONGEST]
    if not rules:
        return Announced(plain, notes, komi is not None, False)
    named, note = rules_named(plain, rules)
    if note:
        counting = "" if named else ", read as area scoring with simple ko"
        notes.append(f"{note}{counting}")
    return Announced(named or plain, notes, komi is not None, named is not None)


def _why_hex(root: Properties, beginning: Sequence[Properties]) -> str:
    """Why a file that names no game is one of Hex, such as Little Golem's; empty if it is not."""
    if root.get("EV", [""])[0].lower().startswith("hex"):
        return "EV says so"
    if root.get("AP", [""])[0].lower().startswith("hexgui"):
        return "HexGui wrote it"
    for node in beginning:
        for name in ("B", "W"):
            if node.get(name, [""])[0].strip().lower().startswith("swap"):
                return "a side swaps"
    return ""


@lru_cache(maxsize=256)
def _plain_go(height: int, width: int, komi: float) -> GoSpec:
    """Go without stated rules: of all ko rules simple ko refuses the fewest moves."""
    return GoSpec(height, width, komi, ko="simple")


def lenient_rules(spec: GoSpec, says_rules: bool) -> list[tuple[GoSpec, str]]:
    """Rules by which more moves are legal, the nearest first, and how to call them.

    Suicide is taken as allowed only where a record names no rules that we know.
    """
    found = []
    if spec.ko != "simple":
        spec = replace(spec, ko="simple")
        found.append((spec, "a position comes back: read with simple ko"))
    if not says_rules and not spec.suicide:
        found.append((replace(spec, suicide=True), "a suicide is played: read as allowed"))
    return found


def _read_size(root: Properties, usual: str, notes: list[str]) -> tuple[int, int, str]:
    """Height, width, and the text they are from; 0 where there is no number."""
    text = unicodedata.normalize("NFKC", root.get("SZ", [usual])[0][:_LONGEST]).strip()
    if not text:
        notes.append(f"SZ[] names no size, read as {usual}")
        text = usual
    width, _, height = re.sub(r"[x*×,/ ]+", ":", text.lower()).partition(":")
    try:
        return int(height or width), int(width), text[:20]
    except ValueError:
        return 0, 0, text[:20]


def _read_own_spec(root: Properties, label: str) -> GameSpec:
    """A game that SGF has no rules for, as :func:`engine.records.sgf.write_sgf` says it."""
    height, width, size = _read_size(root, "0", [])
    text = unescape(root[GAME_PROPERTY][0])
    try:
        rules = json.loads(text)
        return make(rules.pop("game"), height, width, **rules)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RecordError(
            f"expected a game of this program, got {text[:200]!r} with SZ[{size}]: {label}"
        ) from error


def _points(text: str) -> float:
    """The number that a komi is written as; not a number if it is none."""
    number = _KOMI.fullmatch(text)
    if number is not None:
        half = 0.5 if number.group(2) else 0.0
        return float(number.group(1).replace(",", ".")) + half
    return float(points_in(text) or "nan") if "子" in text else float("nan")


def _read_komi(root: Properties, notes: list[str]) -> float | None:
    """Komi in points; ``None`` if the record does not say it.

    Some servers write hundredths: 650 is 6.5, and on Fox 50 is 0.5. Quarters are Chinese counting,
    where a stone stands for two points: 3.75 is 7.5, and so is 375. No game has a komi of 65
    points, which is 6.5.
    """
    if "KM" not in root:
        return None
    text = unicodedata.normalize("NFKC", unescape(root["KM"][0])[:_LONGEST]).strip()
    komi = _points(text)
    program = root.get("AP", [""])[0].lower()
    ours, fox = program.startswith("miai"), program.startswith("foxwq")
    if ours and abs(komi) <= _LARGEST_OWN_KOMI:
        return round(komi * 2) / 2
    written = komi
    if abs(komi) > _LARGEST_KOMI or (fox and abs(komi) >= _SMALLEST_OF_FOX):
        komi /= 100.0
    elif komi in _TENTHS and "." not in text:
        komi /= 10.0
    if not abs(komi) < _LARGEST_KOMI:
        notes.append(f"KM[{text[:20]}] names no komi, read as 0")
        return None
    if abs(komi) < _LARGEST_CHINESE_KOMI and (komi * 4) % 2 == 1:
        komi *= 2.0
    komi = round(komi * 2) / 2
    if komi != written:
        notes.append(f"KM[{text[:20]}] was read as {komi:g} points")
    return komi
