"""Moves as GTP writes them, and as the programs of Hex do (HTP), who call the swap ``swap-pieces``.

Both sides of the protocol use it: what is sent to a program, and what a controller sends.
"""

from __future__ import annotations

from typing import Final

from engine.errors import NotationError
from engine.games.spec import GameSpec, Positions
from engine.notation import action_to_text, text_to_action

SWAP_PIECES: Final = "swap-pieces"
"""The first stone changes its colour and is mirrored; the sides stay, which is our swap too."""
_SWAP_SIDES: Final = "swap-sides"


def vertex_of(spec: GameSpec, action: int) -> str:
    """Return a move for the protocol; raises as :func:`engine.notation.action_to_text`."""
    if spec.pass_name == "swap" and action == spec.pass_action:
        return SWAP_PIECES
    return action_to_text(spec, action)


def action_of(spec: GameSpec, vertex: str, position: Positions | None = None) -> int:
    """Read a move of the protocol; see :func:`engine.notation.text_to_action`.

    Raises:
        NotationError: if it names no point of this board, or nothing that this game has.
    """
    word = vertex.strip().lower()
    if spec.pass_name == "swap":
        if word == SWAP_PIECES:
            return spec.pass_action
        if word == _SWAP_SIDES:
            raise NotationError(
                f"expected {SWAP_PIECES}, by which the stone changes its colour, got {vertex!r}, "
                "by which the players change sides"
            )
        if word == "pass":
            raise NotationError(f"expected a point such as D4, or {SWAP_PIECES}, got {vertex!r}")
    return text_to_action(spec, vertex, position)
