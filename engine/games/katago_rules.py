"""The rules of Go as KataGo writes them: a short name, ``koSIMPLEscoreAREA...``, or a JSON object.

Rules that :class:`~engine.games.go.GoSpec` lacks (taxes, the button) are refused, not ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine.errors import ConfigError
from engine.games.go import GoSpec

_BONUSES: Final = {"0": "none", "N": "stones", "N-1": "stones-1"}
_COMPACT = re.compile(
    r"ko(?P<ko>SIMPLE|POSITIONAL|SITUATIONAL)score(?P<scoring>AREA|TERRITORY)"
    r"tax(?P<tax>NONE|SEKI|ALL)sui(?P<suicide>[01])(?P<button>button1)?"
    r"(?:whb(?P<bonus>0|N-1|N))?(?:fpok[01])?"
)


def _named(ko: str, scoring: str, suicide: bool, bonus: str) -> dict[str, Any]:
    return {"ko": ko, "scoring": scoring, "suicide": suicide, "whiteHandicapBonus": bonus}


_TERRITORY: Final = _named("SIMPLE", "TERRITORY", False, "0")
NAMES: Final[Mapping[str, Mapping[str, Any]]] = {
    "tromp-taylor": _named("POSITIONAL", "AREA", True, "0"),
    "chinese": _named("SIMPLE", "AREA", False, "N"),
    "chinese-ogs": _named("POSITIONAL", "AREA", False, "N"),
    "chinese-kgs": _named("POSITIONAL", "AREA", False, "N"),
    "japanese": _TERRITORY,
    "korean": _TERRITORY,
    "aga": _named("SITUATIONAL", "AREA", False, "N-1"),
    "bga": _named("SITUATIONAL", "AREA", False, "N-1"),
    "new-zealand": _named("SITUATIONAL", "AREA", True, "0"),
    "goe": _named("POSITIONAL", "AREA", True, "0"),
}
"""The fields that a name sets. Japanese and Korean rules tax sekis in KataGo; here the players
judge sekis (``engine/games/go_rules.py``)."""


def rules_of(spec: GoSpec) -> dict[str, Any]:
    """Return the rules as KataGo's JSON object has them."""
    bonus = next(text for text, ours in _BONUSES.items() if ours == spec.handicap_bonus)
    return {
        "hasButton": False,
        "ko": spec.ko.upper(),
        "scoring": spec.scoring.upper(),
        "suicide": spec.suicide,
        "tax": "NONE",
        "whiteHandicapBonus": bonus,
    }


def with_rules(spec: GoSpec, rules: str | Mapping[str, Any]) -> GoSpec:
    """Return ``spec`` with other rules and the same size and komi.

    Raises:
        ConfigError: if the rules cannot be read, or ``GoSpec`` does not have them.
    """
    if isinstance(rules, Mapping):
        return _with_fields(spec, rules)
    text = rules.strip()
    if text.startswith("{"):
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            raise ConfigError(f"expected rules as a JSON object, got {text[:80]!r}") from None
        return _with_fields(spec, fields)
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        found = compact.groupdict()
        return _with_fields(
            spec,
            {
                "ko": found["ko"],
                "scoring": found["scoring"],
                "tax": found["tax"],
                "suicide": found["suicide"] == "1",
                "hasButton": found["button"] is not None,
                "whiteHandicapBonus": found["bonus"] or "0",
            },
        )
    name = text.lower().replace("_", "-").replace(" ", "-")
    if name not in NAMES:
        raise ConfigError(
            f"expected rules from {', '.join(NAMES)}, or a JSON object, got {text[:80]!r}"
        )
    return _with_fields(spec, NAMES[name])


def with_rule(spec: GoSpec, name: str, value: str) -> GoSpec:
    """Return ``spec`` with one field changed, as ``kata-set-rule`` names it; raises as above."""
    words = {"true": True, "false": False}
    return _with_fields(spec, {name: words.get(value.lower(), value)})


def _with_fields(spec: GoSpec, fields: Mapping[str, Any]) -> GoSpec:
    changes: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "ko":
            changes["ko"] = _word(name, value, ("SIMPLE", "POSITIONAL", "SITUATIONAL")).lower()
        elif name in ("scoring", "scoringRule"):
            changes["scoring"] = _word(name, value, ("AREA", "TERRITORY")).lower()
        elif name in ("suicide", "multiStoneSuicideLegal"):
            changes["suicide"] = _flag(name, value)
        elif name == "whiteHandicapBonus":
            word = _word(name, "0" if value == 0 else value, tuple(_BONUSES))
            changes["handicap_bonus"] = _BONUSES[word]
        elif name == "hasButton":
            if _flag(name, value):
                raise ConfigError("expected rules without a button, got hasButton true")
        elif name in ("tax", "taxRule"):
            tax = _word(name, value, ("NONE", "SEKI", "ALL"))
            territory = fields.get("scoring", spec.scoring.upper()) == "TERRITORY"
            if tax == "ALL" or (tax == "SEKI" and not territory):
                raise ConfigError(f"expected rules without a tax on groups, got tax {tax}")
        elif name == "friendlyPassOk":
            _flag(name, value)  # games here always end with two passes
        else:
            raise ConfigError(f"expected a rule from {', '.join(rules_of(spec))}, got {name!r}")
    return replace(spec, **changes)


def _word(name: str, value: Any, known: tuple[str, ...]) -> str:
    word = value.upper() if isinstance(value, str) else value
    if word not in known:
        raise ConfigError(f"expected {name} from {', '.join(known)}, got {value!r}")
    return str(word)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"expected true or false for {name}, got {value!r}")
    return value
