"""What an agent is: something that gives an action for a position, with what it thought.

An agent is asked about many games at once, so that one network evaluates for all of them. It may
keep memory per game (a tree, an external program's board), keyed by ``Turn.game``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from engine.games.spec import GameSpec, Positions
from engine.search.evaluation import Evaluator
from engine.search.result import SearchResult

TIME_SAFETY: Final = 0.9
"""Share of the time for a move that is used: the rest is for what lies outside the search."""
FEWEST_MOVES_LEFT: Final = 10
"""Moves over which the main time is shared out at least."""


@dataclass(frozen=True)
class TimeLeft:
    """What a player may still use of a game's time, in seconds."""

    main_s: float
    increment_s: float = 0.0
    """Given after every move; with no main time, what each move may take."""
    period_s: float = 0.0
    periods: int = 0
    """Byo-yomi periods left, after the main time."""

    def for_one_move(self, moves_left: int) -> float:
        """Return seconds to use now: the main time shared out, and most of what comes back.

        ``moves_left`` is how many moves the player may still have to make.
        """
        back = self.increment_s + (self.period_s if self.periods else 0.0)
        shared = self.main_s / max(moves_left, FEWEST_MOVES_LEFT)
        most = self.main_s + (back if self.periods or not self.main_s else 0.0)
        return TIME_SAFETY * min(shared + back, most)


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
    time_left: TimeLeft | None = None
    """Time of the side to move; ``None`` if the game is played without a clock."""


@dataclass(frozen=True)
class Decision:
    """An action and what the agent thought when it chose it."""

    action: int
    """Ignored when ``resign``."""
    resign: bool = False
    forfeit: str = ""
    """Not empty: the agent cannot go on (its program crashed, hung, cheated); the reason."""
    termination: str = "normal"
    """With ``forfeit``: ``crash``, ``stall``, ``nonsense``, ``illegal move`` or ``other rules``."""
    void: bool = False
    """With ``forfeit``: the game does not count, as the program failed before it was asked for a
    move, or played by rules that it could not be told."""
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
    evaluations: int | None = None
    """Positions that are new to the tree, of this search alone: what a network has to compute."""


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


@runtime_checkable
class Thinks(Protocol):
    """An agent whose thinking can be watched, and ended early."""

    @property
    def limit(self) -> Limit:
        """What it may use for each move; no simulations if it does not search."""
        ...

    def think(
        self,
        turn: Turn,
        limit: Limit,
        on_progress: Callable[[SearchResult], bool],
        *,
        keep_going: Callable[[], bool] | None = None,
    ) -> Decision:
        """Decide one turn; ``on_progress`` is called about ten times a second.

        The search ends as soon as ``on_progress`` or ``keep_going`` says no.
        """
        ...


@runtime_checkable
class Described(Protocol):
    """An agent that knows what decides its moves beside its spelling."""

    def details(self) -> Mapping[str, str]:
        """Return what a tournament has to state of it, such as hashes of settings, by name."""
        ...


@runtime_checkable
class Program(Protocol):
    """An agent that is a program of its own, or several processes of one."""

    @property
    def processes(self) -> int:
        """Games that can be in play at once."""
        ...

    def start(self) -> str:
        """Start one process and return what the program calls itself.

        Raises:
            ProgramError: if it cannot be started or does not speak its protocol.
        """
        ...

    def untold(self, spec: GameSpec) -> str:
        """Return what of a game's rules the program cannot be told; raises as :meth:`start`."""
        ...

    def dead_stones(self, turn: Turn) -> NDArray[np.bool_] | None:
        """Ask which stones are dead, ``(points,)``; ``None`` if the program does not say."""
        ...


@runtime_checkable
class Exact(Protocol):
    """An agent that knows what positions are worth."""

    def value(self, position: Positions) -> int:
        """What the one position ``(1,)`` is worth to its side to move: 1, 0 or -1."""
        ...


@runtime_checkable
class Evaluates(Protocol):
    """What an agent with an evaluator has besides: its opinion can be asked without a search."""

    @property
    def evaluator(self) -> Evaluator:
        """What judges positions for it."""
        ...
