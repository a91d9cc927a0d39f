"""Actions of a record played one after the other, also where play went on after two passes."""

from __future__ import annotations

from engine.games import GoSpec
from engine.games.spec import GameSpec, Positions


def reopen(spec: GameSpec, position: Positions) -> bool:
    """Let a game of Go go on that two passes have ended, in place; False if they have not.

    ``position`` is ``(1,)``.
    """
    row = position[0]
    if not isinstance(spec, GoSpec) or not row["finished"] or row["passes"] < 2:
        return False
    if row["plies"] >= spec.max_plies:
        return False
    position["finished"] = 0
    position["passes"] = 0
    return True
