"""The games, by name."""

from __future__ import annotations

from typing import Any, Final

from engine.errors import SpecError
from engine.games.connect_four import ConnectFourSpec
from engine.games.go import GoSpec
from engine.games.gomoku import GomokuSpec, TicTacToeSpec
from engine.games.hex import HexSpec
from engine.games.othello import OthelloSpec
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions

__all__ = [
    "BLACK",
    "EMPTY",
    "GAMES",
    "WHITE",
    "ConnectFourSpec",
    "GameSpec",
    "GoSpec",
    "GomokuSpec",
    "HexSpec",
    "OthelloSpec",
    "Positions",
    "TicTacToeSpec",
    "make",
    "quick",
]

GAMES: Final[dict[str, type[GameSpec]]] = {
    spec.name: spec
    for spec in (GoSpec, OthelloSpec, GomokuSpec, TicTacToeSpec, ConnectFourSpec, HexSpec)
}


def make(name: str, height: int | None = None, width: int | None = None, **rules: Any) -> GameSpec:
    """Return the spec of a registered game.

    Without a size the board has the game's usual one; a height alone means a square. For Go,
    ``rules`` may also be the name of a rule set, such as ``rules="japanese"``.

    Raises:
        SpecError: if the game, its size or a rule does not exist.
    """
    key = name.lower().replace("-", "_")
    if key not in GAMES:
        raise SpecError(f"expected a game from {', '.join(sorted(GAMES))}, got {name!r}")
    kind = GAMES[key]
    size: dict[str, Any] = {}
    if height is not None:
        size = {"height": height, "width": height if width is None else width}
    try:
        if issubclass(kind, GoSpec) and "rules" in rules:
            by_name = {k: v for k, v in rules.items() if k != "rules"}
            return kind.by(rules["rules"], **{"height": 9, **size}, **by_name)
        return kind(**size, **rules)
    except TypeError as error:
        raise SpecError(f"expected rules that {key} has, got {rules!r}: {error}") from error


def quick(name: str) -> GameSpec:
    """Return a game with its usual rules on a beginner's board size.

    Raises:
        SpecError: if there is no such game.
    """
    return make(name, *make(name).quick_size)
