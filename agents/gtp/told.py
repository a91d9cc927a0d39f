"""The rules of a game, told to a program in whichever words it knows.

GTP itself has none. KataGo's ``kata-set-rules`` states them all, Fuego's ``go_param_rules`` one at
a time, ``kgs-rules`` (Pachi) and Fuego's ``go_rules`` take a name. A program that knows none of
them, such as GNU Go or Leela Zero, plays by rules of its own, and what it does then is judged by
:func:`excuse` and :func:`excuse_for_refusal`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from agents.gtp.client import GtpClient
from agents.protocol import Turn
from engine.games.go import KO_RULES, GoSpec
from engine.games.katago_rules import NAMES, rules_of
from engine.games.spec import GameSpec

_KGS_NAMES: Final = {
    "japanese": "japanese",
    "chinese": "chinese-kgs",
    "aga": "aga",
    "new_zealand": "new-zealand",
}
"""What ``kgs-rules`` takes, and which of KataGo's names has the same rules."""
_FUEGO_KO: Final = {"simple": "simple", "positional": "pos_superko", "situational": "superko"}
_FIELDS: Final = ("ko", "suicide", "scoring")


@dataclass(frozen=True)
class Told:
    """Which of the rules a program knows."""

    ko: bool = False
    suicide: bool = False
    scoring: bool = False

    @property
    def missing(self) -> str:
        """Names of the rules that it could not be told; empty if it knows them all."""
        return ", ".join(name for name in _FIELDS if not getattr(self, name))


EVERYTHING: Final = Told(True, True, True)


def tell_rules(client: GtpClient, spec: GameSpec) -> Told:
    """Tell a program the rules as far as it can be told; komi is GTP's own matter."""
    if not isinstance(spec, GoSpec):
        _tell_swap(client, spec)
        return EVERYTHING
    rules = rules_of(spec)
    if "kata-set-rules" in client.commands:
        text = json.dumps(rules, separators=(",", ":"))
        if client.ask("kata-set-rules", text).ok:
            return EVERYTHING
    if "kata-set-rule" in client.commands:
        words = {name: json.dumps(value).strip('"') for name, value in rules.items()}
        taken = {name: client.ask("kata-set-rule", name, words[name]).ok for name in words}
        return Told(taken["ko"], taken["suicide"], taken["scoring"])
    if "go_param_rules" in client.commands or "go_rules" in client.commands:
        return _tell_fuego(client, spec)
    if "kgs-rules" in client.commands:
        for name, told in _fitting_names(spec):
            if client.ask("kgs-rules", name).ok:
                return told
    return Told()


def excuse(told: Told, turn: Turn, action: int) -> str:
    """Say why an illegal action is legal for a program that was not told; empty if it is not."""
    spec = turn.spec
    if not isinstance(spec, GoSpec) or told == EVERYTHING:
        return ""
    free = replace(
        spec,
        suicide=spec.suicide if told.suicide else True,
        ko=spec.ko if told.ko else "simple",
    )
    if not _is_legal(free, turn.actions, action):
        return ""
    return f"which is legal by other rules, and could not be told {told.missing}"


def excuse_for_refusal(told: Told, turn: Turn, ply: int) -> str:
    """Say why a program may have refused the move of a ply; empty if no rules of Go forbid it."""
    spec = turn.spec
    if not isinstance(spec, GoSpec) or told == EVERYTHING:
        return ""
    kinds = [spec.ko] if told.ko else list(KO_RULES)
    suicide = spec.suicide if told.suicide else False
    for ko in kinds:
        strict = replace(spec, suicide=suicide, ko=ko)
        if not _is_legal(strict, turn.actions[:ply], turn.actions[ply]):
            return f"which other rules forbid, and could not be told {told.missing}"
    return ""


def _is_legal(spec: GameSpec, actions: tuple[int, ...], action: int) -> bool:
    """Whether an action may follow others; not if those cannot all be played."""
    position = spec.allocate(1)
    played = spec.play_line(position, np.array(actions, np.int64))
    return played == len(actions) and bool(spec.legal(position)[0, action])


def _tell_fuego(client: GtpClient, spec: GoSpec) -> Told:
    """Tell the rules in Fuego's words: a name for what has no word of its own, then each rule."""
    named = "go_rules" in client.commands and (
        client.ask("go_rules", "japanese" if spec.scoring == "territory" else "chinese").ok
    )
    if "go_param_rules" not in client.commands:
        return Told(scoring=named)
    rules = {
        "ko_rule": _FUEGO_KO[spec.ko],
        "allow_suicide": str(int(spec.suicide)),
        "japanese_scoring": str(int(spec.scoring == "territory")),
        "extra_handicap_komi": str(int(spec.handicap_bonus != "none")),
    }
    taken = [client.ask("go_param_rules", name, value).ok for name, value in rules.items()]
    return Told(taken[0], taken[1], taken[2] or named)


def _fitting_names(spec: GoSpec) -> Iterator[tuple[str, Told]]:
    """Names with this scoring and suicide, those of the same ko rule first."""
    ours = rules_of(spec)
    fitting = [
        (name, Told(NAMES[theirs]["ko"] == ours["ko"], True, True))
        for name, theirs in _KGS_NAMES.items()
        if all(NAMES[theirs][field] == ours[field] for field in ("suicide", "scoring"))
    ]
    yield from sorted(fitting, key=lambda entry: not entry[1].ko)


def _tell_swap(client: GtpClient, spec: GameSpec) -> None:
    """Say whether the swap of Hex is allowed, to programs that speak HTP."""
    if "swap" in spec.rules and "param_game" in client.commands:
        client.ask("param_game", "allow_swap", str(int(spec.rules["swap"])))
