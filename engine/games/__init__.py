"""The games, by name."""

from __future__ import annotations

from typing import Any, Final

from engine.errors import SpecError
from engine.games.go import GoSpec
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions

__all__ = ["BLACK", "EMPTY", "GAMES", "WHITE", "GameSpec", "GoSpec", "Positions", "make"]

GAMES: Final[dict[str, type[GameSpec]]] = {GoSpec.name: GoSpec}


def make(name: str, height: int, width: int | None = None, **rules: Any) -> GameSpec:
    """Return the spec of a registered game.

    Raises:
        SpecError: if the game, its size or a rule does not exist.
    """
    if name not in GAMES:
        raise SpecError(f"expected a game from {', '.join(sorted(GAMES))}, got {name!r}")
    try:
        return GAMES[name](height, height if width is None else width, **rules)
    except TypeError as error:
        raise SpecError(f"expected rules that {name} has, got {rules!r}: {error}") from error
