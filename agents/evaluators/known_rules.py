"""A network of Go sees every game under the ko and suicide rules that it was trained by.

Self-play trains by one set of rules, so the inputs that tell them never change there, and their
weights mean nothing: with another value a network sees a won game at the start. Stones and komi are
what they are; that the planes of legal moves follow the rules of training does no harm, as who may
play where is the search's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from engine.games.spec import GameSpec, Positions
from engine.search import Evaluation, Evaluator

_TRAINED: Final = {"ko": "positional", "suicide": False}
VARIED: Final = "varied"
"""What the provenance of a network says under ``rules`` if it was trained by several."""


class KnownRulesEvaluator:
    """Passes positions on; those of Go by the rules of self-play."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        known = _known(spec, spec.turn)
        if known is None:
            return self._evaluator.evaluate(spec, positions)
        shown, rules = positions.copy(), known.row_rules
        for name, value in spec.row_rules.items():
            if rules[name] != value:  # what a game has changed since, such as komi, stays
                shown[name] = rules[name]
        return self._evaluator.evaluate(known, shown)

    def clear(self) -> None:
        """Let the evaluator forget what it remembers, if it does."""
        clear = getattr(self._evaluator, "clear", None)
        if clear is not None:
            clear()


@lru_cache(maxsize=64)
def _known(spec: GameSpec, turn: int) -> GameSpec | None:
    """The game by the rules of training, ``None`` if it is that; specs may differ by ``turn``."""
    rules = {name: rule for name, rule in _TRAINED.items() if name in spec.rules}
    return None if rules.items() <= spec.rules.items() else spec.changed(**rules)


def with_known_rules(evaluator: Evaluator, metadata: Mapping[str, Any]) -> Evaluator:
    """Return an evaluator for any rules; ``metadata`` is that of the network's checkpoint."""
    provenance = metadata.get("provenance") or {}
    if provenance.get("rules") == VARIED:
        return evaluator
    return KnownRulesEvaluator(evaluator)
