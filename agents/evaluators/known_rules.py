"""Input of Go positions to a network under the ko and suicide rules of its training.

Self-play trains by one set of rules, so the inputs that encode them never change and their weights
are arbitrary. With other values, a network may see a won game at the start. Stones and komi are
passed unchanged. The planes of legal moves follow the rules of training too, which does no harm
because the search decides which moves are legal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from engine.games.spec import GameSpec, Positions
from engine.search import Evaluation, Evaluator

_TRAINED: Final = {"ko": "positional", "suicide": False}
VARIED: Final = "varied"
"""The value of ``rules`` in the provenance of a network trained by several sets of rules."""


class KnownRulesEvaluator:
    """Passes positions to an evaluator; those of Go carry the rules of self-play."""

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
        """Clear the evaluator's cache, if it has one."""
        clear = getattr(self._evaluator, "clear", None)
        if clear is not None:
            clear()


@lru_cache(maxsize=64)
def _known(spec: GameSpec, turn: int) -> GameSpec | None:
    """Return the game by the rules of training, or ``None`` if it has them already.

    Specs may differ by ``turn``.
    """
    rules = {name: rule for name, rule in _TRAINED.items() if name in spec.rules}
    return None if rules.items() <= spec.rules.items() else spec.changed(**rules)


def with_known_rules(evaluator: Evaluator, metadata: Mapping[str, Any]) -> Evaluator:
    """Return an evaluator for any rules; ``metadata`` is that of the network's checkpoint."""
    provenance = metadata.get("provenance") or {}
    if provenance.get("rules") == VARIED:
        return evaluator
    return KnownRulesEvaluator(evaluator)
