"""Games that both players agree are decided end early; a share of them is played on to check that.

Each player's own estimate counts: a game is given up when the loser has thought so for some moves
in a row and the winner has too. Players that say nothing of what they think (programs) never agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.protocol import Decision
from engine.errors import ConfigError
from engine.random import AUDIT, bits


@dataclass(frozen=True)
class Resignation:
    """When a game is given up."""

    value: float = 0.9
    """Win minus loss in [0, 1] that both must see, in favour of the same side."""
    moves: int = 3
    """Moves in a row of each player that must see it."""
    audited: float = 0.1
    """Share of these games that is played on, to count wrong agreements."""

    def __post_init__(self) -> None:
        if not (0 < self.value <= 1 and self.moves >= 1 and 0 <= self.audited <= 1):
            raise ConfigError(
                "expected agreed resignation at a value in (0, 1], after 1 or more moves, with a "
                f"share to check in [0, 1], got {self!r}"
            )

    def is_audited(self, seed: int, game: int) -> bool:
        """Whether this game is played to its end in any case."""
        return bits(seed, game, 0, AUDIT) < self.audited * 2**64


@dataclass
class AgreedWinner:
    """What the players of one game have thought lately."""

    rule: Resignation
    runs: list[int] = field(default_factory=lambda: [0, 0])
    """Black's and White's latest moves in a row that saw the game decided; below 0 for White."""

    def note(self, side: int, decision: Decision) -> int:
        """Take in a move; return 1 or -1 if both see Black or White winning, else 0.

        ``side`` is 0 if Black chose it, 1 if White.
        """
        thought = decision.thought
        seen = 0
        if thought is not None and abs(thought.value) >= self.rule.value:
            seen = (1 if thought.value > 0 else -1) * (1 if side == 0 else -1)
        run = self.runs[side]
        self.runs[side] = 0 if seen == 0 else run + seen if run * seen > 0 else seen
        for winner in (1, -1):
            if min(winner * run for run in self.runs) >= self.rule.moves:
                return winner
        return 0
