"""Whether the network that is to play knows the board: what it learned on stands in its file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from agents.find_network import network_path
from agents.network.checkpoint import read_metadata
from arena.session.opponents import Opponent
from arena.session.texts import say
from engine.errors import MiaiError
from engine.games.spec import GameSpec

Board = tuple[str, int, int]
"""A game's name, and the height and width of its board."""


def unknown_board(opponent: Opponent, spec: GameSpec) -> str:
    """A sentence for the person if the opponent's network never learned on this board, else empty.

    Programs are not judged, and neither is a file that says nothing of its boards.
    """
    if opponent.kind == "program":
        return ""
    try:
        path = network_path(opponent.source, spec)
        known = _boards(path, path.stat().st_mtime_ns)
    except (MiaiError, OSError):
        return ""
    sizes = sorted((height, width) for game, height, width in known if game == spec.name)
    if not known or (spec.height, spec.width) in sizes:
        return ""
    if not sizes:
        return say("The network never learned this game: expect little of it")
    return say(
        "The network learned on {sizes}, not on this board: expect less of it",
        sizes=", ".join(f"{width}x{height}" for height, width in sizes),
    )


@lru_cache(maxsize=32)
def _boards(path: Path, _: int) -> frozenset[Board]:
    """The boards that a network's file names; ``_`` tells versions of the file apart."""
    provenance = read_metadata(path).get("provenance") or {}
    tasks = provenance.get("tasks") or [provenance]
    found = {_board(task) for task in tasks if isinstance(task, Mapping)}
    return frozenset(board for board in found if board is not None)


def _board(task: Mapping[str, Any]) -> Board | None:
    name, height, width = (task.get(key) for key in ("game", "height", "width"))
    if isinstance(name, str) and isinstance(height, int) and isinstance(width, int):
        return name, height, width
    return None
