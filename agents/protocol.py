"""What an agent is: something that gives an action for a position, with what it thought.

An agent is asked about many games at once, so that one network evaluates for all of them. It may
keep memory per game (a tree, an external program's board), keyed by ``Turn.game``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.games.spec import GameSpec, Positions
from engine.search.result import SearchResult


@dataclass(frozen=True)
class Turn:
    """One game in which the agent has to move."""

    game: int
    """Number of the game; the same for all its turns, distinct between concurrent games."""
    spec: GameSpec
    position: Positions
    """One row: the position as it stands. Not to be changed."""
    actions: tuple[int, ...]
    """All actions since the start position."""
    seed: int
    """Randomness for this game is a function of this seed and the ply."""


@dataclass(frozen=True)
class Decision:
    """An action and what the agent thought when it chose it."""

    action: int
    """Ignored when ``resign``."""
    resign: bool = False
    forfeit: str = ""
    """Not empty: the agent cannot go on (its program crashed, hung, cheated); the reason."""
    termination: str = "normal"
    """With ``forfeit``: ``crash``, ``stall``, ``nonsense`` or ``illegal move``."""
    thought: SearchResult | None = None
    """From the point of view of the side that moves; ``None`` if it did not search."""
    seconds: float = 0.0
    """Wall time spent on this decision, shared between games that were decided together."""


@dataclass(frozen=True)
class Limit:
    """When a search has to stop: whatever is reached first. ``None`` is no limit."""

    simulations: int | None = None
    time_limit_s: float | None = None
    patience: int | None = None
    """Simulations that the search goes on without changing its choice."""


class Agent(Protocol):
    """Whatever chooses a move."""

    @property
    def name(self) -> str:
        """How tables and records call it."""
        ...

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        """Decide every turn, in order. Never raises for what a game or program does wrong."""
        ...

    def end_game(self, game: int) -> None:
        """Forget what was kept for this game. Unknown games are ignored."""
        ...

    def close(self) -> None:
        """Release processes and memory. The agent is not used afterwards."""
        ...
