"""Evaluation of positions of several games, each by the network of its game.

An analysis engine is started for one game, with a network. A query may name another game; the
network shipped for that game then evaluates it.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.games.spec import GameSpec, Positions
from engine.search import Evaluation, Evaluator


class GamesEvaluator:
    """Passes positions on to the evaluator of their game."""

    def __init__(
        self, evaluator: Evaluator, game: str, load: Callable[[GameSpec], Evaluator]
    ) -> None:
        """Evaluate ``game`` by ``evaluator``, and other games by the results of ``load``.

        Args:
            evaluator: evaluator of the usual game.
            game: name of the usual game.
            load: called once per game; raises a :class:`~engine.errors.MiaiError` without one.
        """
        self._known: dict[str, Evaluator] = {game: evaluator}
        self._load = load

    def of(self, spec: GameSpec) -> Evaluator:
        """Return the evaluator of a game; raises what ``load`` raises."""
        if spec.name not in self._known:
            self._known[spec.name] = self._load(spec)
        return self._known[spec.name]

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        return self.of(spec).evaluate(spec, positions)

    def clear(self) -> None:
        """Clear the caches of all evaluators."""
        for evaluator in self._known.values():
            clear = getattr(evaluator, "clear", None)
            if clear is not None:
                clear()
