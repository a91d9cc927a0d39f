"""A network of Go sees every game under the ko and suicide rules that it was trained by.

Self-play trains by one set of rules, so the inputs that tell them never change there, and their
weights mean nothing: with another value a network sees a won game at the start. Stones and komi are
what they are; that the planes of legal moves follow the rules of training does no harm, as who may
play where is the search's matter.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from engine.games.go import KO_RULES, GoSpec
from engine.games.spec import GameSpec, Positions
from engine.search import Evaluation, Evaluator

_TRAINED: Final = GoSpec()
VARIED: Final = "varied"
"""What the provenance of a network says under ``rules`` if it was trained by several."""


class KnownRulesEvaluator:
    """Passes positions on; those of Go by the rules of self-play."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        if not isinstance(spec, GoSpec) or (spec.ko, spec.suicide) == _KNOWN:
            return self._evaluator.evaluate(spec, positions)
        shown = positions.copy()
        shown["superko"] = KO_RULES[_TRAINED.ko]
        shown["suicide"] = int(_TRAINED.suicide)
        known = copy.copy(spec)  # with the turn of the board, if ``spec`` is one's view
        object.__setattr__(known, "ko", _TRAINED.ko)
        object.__setattr__(known, "suicide", _TRAINED.suicide)
        return self._evaluator.evaluate(known, shown)

    def clear(self) -> None:
        """Let the evaluator forget what it remembers, if it does."""
        clear = getattr(self._evaluator, "clear", None)
        if clear is not None:
            clear()


_KNOWN: Final = (_TRAINED.ko, _TRAINED.suicide)


def with_known_rules(evaluator: Evaluator, metadata: Mapping[str, Any]) -> Evaluator:
    """Return an evaluator for any rules; ``metadata`` is that of the network's checkpoint."""
    provenance = metadata.get("provenance") or {}
    if provenance.get("rules") == VARIED:
        return evaluator
    return KnownRulesEvaluator(evaluator)
