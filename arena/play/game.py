"""What a game of two agents is played under, the game while it is played, and when it has ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from arena.play.adjudication import AgreedWinner, Resignation
from arena.play.clock import PlayerClock, TimeControl
from arena.play.verdict import Verdict
from arena.schedule import Fixture
from engine.games.spec import BLACK


@dataclass(frozen=True)
class Terms:
    """What every game of a tournament is played under, beside the rules."""

    seed: int
    """Seed of all random numbers."""
    move_limit: int | None = None
    """Plies after which the board is scored as it stands; the game's own if ``None``."""
    clock: TimeControl | None = None
    resignation: Resignation | None = None


@dataclass(frozen=True)
class Void:
    """A game that does not count and is played again."""

    fixture: Fixture
    agent: int | None
    """The agent that failed; ``None`` if the tournament was stopped."""
    note: str
    last: bool = False
    """It is not played again."""


@dataclass(frozen=True)
class PlayedGame:
    """One finished game."""

    fixture: Fixture
    actions: tuple[int, ...]
    """All actions, those of the opening included."""
    verdict: Verdict
    seconds: tuple[float, float]
    """What Black and White thought in all, wall time."""
    decisions: tuple[int, int]
    """How many moves Black and White chose; the opening's are not theirs."""
    agreed: int = 0
    """1 or -1 if the players agreed that Black or White had won, and it was played on to check."""

    @property
    def black_points(self) -> float:
        """1, 1/2 or 0."""
        return (self.verdict.winner + 1) / 2


@dataclass
class GameInPlay:
    """A game that is being played: what was played, and what each side has used."""

    fixture: Fixture
    slot: int
    actions: list[int]
    to_move: int
    pending: bool = True
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])
    decisions: list[int] = field(default_factory=lambda: [0, 0])
    clocks: tuple[PlayerClock, PlayerClock] | None = None
    agreement: AgreedWinner | None = None
    agreed: int = 0

    @property
    def agents(self) -> tuple[int, int]:
        return self.fixture.black, self.fixture.white

    @property
    def side(self) -> int:
        """0 if Black is to move, 1 if White."""
        return 0 if self.to_move == BLACK else 1
