"""What the window says, in the person's language.

The program's own sentences are English and are their own names; ``texts/<language>.json`` holds
what they are called elsewhere. A sentence that a language lacks stays English.
"""

from __future__ import annotations

import json
import locale
from functools import lru_cache
from pathlib import Path
from typing import Final

LANGUAGES: Final = {"en": "English", "zh": "中文"}
_FOLDER: Final = Path(__file__).with_name("texts")
_present: dict[str, str] = {}
"""The sentences of the language in use; empty for English."""


def use(language: str) -> None:
    """Speak a language from now on; one that there is not is English."""
    _present.clear()
    _present.update(_sentences(language))


def say(words: str, /, **fields: object) -> str:
    """Return a sentence in the language in use, its fields filled in as by ``str.format``."""
    return _present.get(words, words).format(**fields)


def mark(words: str) -> str:
    """Name a sentence that is said later; a test finds it here."""
    return words


def usual_language() -> str:
    """The language that the system speaks, if the window can, else English."""
    known = (locale.getlocale()[0] or "")[:2].lower()
    return known if known in LANGUAGES else "en"


@lru_cache(maxsize=len(LANGUAGES))
def _sentences(language: str) -> dict[str, str]:
    path = _FOLDER / f"{language}.json"
    if language not in LANGUAGES or not path.is_file():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8")))
