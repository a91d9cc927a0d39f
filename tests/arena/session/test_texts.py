"""Every sentence of the window exists in every language, with its fields, in glyphs we have."""

from __future__ import annotations

import ast
import json
import string
from pathlib import Path

import pytest

from arena.session import texts
from engine.games import GAMES, quick
from engine.games.go_rules import RULES
from engine.look import look_of

ROOT = Path(__file__).resolve().parents[3]
SESSION = ROOT / "arena" / "session"
WINDOW = ROOT / "arena" / "window"
OTHERS = [language for language in texts.LANGUAGES if language != "en"]


def sentences() -> set[str]:
    """All that is said or marked in the sources, and what tables of other rooms name."""
    found: set[str] = set(RULES)
    for path in [*SESSION.glob("*.py"), *WINDOW.glob("*.py"), ROOT / "arena" / "terminal.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id in ("say", "mark") and node.args:
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        found.add(part.value)
    for look in map(look_of, map(quick, GAMES)):
        found |= {look.title, *look.players, look.goal, *look.how}
    return found | {"pass", "swap"}


def known(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((SESSION / "texts" / f"{language}.json").read_text("utf-8"))
    return found


def fields(words: str) -> list[tuple[str | None, str | None]]:
    return sorted((name, form) for _, name, form, _ in string.Formatter().parse(words) if name)


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_there_and_none_is_left_over(language: str) -> None:
    assert len(sentences()) > 150
    assert sentences() - set(known(language)) == set()
    assert set(known(language)) - sentences() == set()


@pytest.mark.parametrize("language", OTHERS)
def test_fields_are_the_same(language: str) -> None:
    for words, other in known(language).items():
        assert fields(words) == fields(other), words


@pytest.mark.parametrize("bold", [False, True])
def test_the_font_that_comes_along_has_every_glyph(bold: bool) -> None:
    from fontTools.ttLib import TTFont

    path = WINDOW / "fonts" / f"MiaiSans-{'Bold' if bold else 'Regular'}.otf"
    glyphs = set(TTFont(path).getBestCmap())
    said = "".join(sentences()) + "".join("".join(known(k).values()) for k in OTHERS)
    said += "".join(texts.LANGUAGES.values()) + string.printable.strip() + "–—"
    assert {letter for letter in said if ord(letter) not in glyphs} == set()


def test_fonts_are_small_and_say_under_which_licence() -> None:
    folder = WINDOW / "fonts"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 300_000
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text(encoding="utf-8")


def test_saying_follows_the_language() -> None:
    texts.use("zh")
    assert texts.say("{who} resigned: {winner} wins", who="A", winner="B") != "A resigned: B wins"
    texts.use("tlh")
    assert texts.say("{who} resigned: {winner} wins", who="A", winner="B") == "A resigned: B wins"
