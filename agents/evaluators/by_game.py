"""Positions of several games, each judged by the network of its game.

An analysis engine is started for one game, with a network; a query may name another game, and is
then judged by the network that comes along for it.
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
        """Judge ``game`` by ``evaluator``, and others by what ``load`` gives, called once a game.

        Args:
            evaluator: of the usual game.
            game: its name.
            load: raises a :class:`~engine.errors.MiaiError` if there is none for a game.
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
        """Let all evaluators forget what they remember."""
        for evaluator in self._known.values():
            clear = getattr(evaluator, "clear", None)
            if clear is not None:
                clear()
