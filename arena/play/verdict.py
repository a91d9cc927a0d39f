"""Who won, and how the game ended.

The board is scored by area as it stands. Where programs played, they are asked which stones are
dead once both sides have passed, and those are taken off first. A game whose winner depends on that
counts as disputed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from agents.protocol import Agent, Program, Turn

FORFEITS: Final = ("crash", "stall", "nonsense", "illegal move", "time")
"""Endings that are the loser's fault rather than play: the program ended, said nothing, said what
is no answer or no move; or the clock ran out."""
TERMINATIONS: Final = (
    "two passes",
    "end of the game",
    "resignation",
    "adjudication",
    "move limit",
    *FORFEITS,
)


@dataclass(frozen=True)
class Verdict:
    """The result of one game."""

    winner: int
    """1 Black, -1 White, 0 a draw."""
    score: float | None
    """Black's points minus White's, komi included; ``None`` if the game was not counted."""
    area_score: float
    """The score of the board as it stands, with no stone dead; every game has it."""
    termination: str
    """How the game ended, one of ``TERMINATIONS``."""
    note: str = ""
    disputed: bool = False
    """The programs' dead stones decided who won, or they disagreed about the winner."""

    @property
    def result(self) -> str:
        """As in SGF: ``B+3.5``, ``W+R`` (resigned), ``B+T`` (stalled), ``W+F`` (forfeit), ``0``."""
        if self.score is not None:
            return (
                "0" if self.score == 0 else f"{'B' if self.score > 0 else 'W'}+{abs(self.score):g}"
            )
        how = {"resignation": "R", "adjudication": "R", "stall": "T", "time": "T"}.get(
            self.termination, "F"
        )
        return f"{'B' if self.winner > 0 else 'W'}+{how}"


def area_verdict(turn: Turn, termination: str) -> Verdict:
    """Score a position as it stands."""
    area = float(turn.spec.score(turn.position)[0])
    return Verdict(int(np.sign(area)), area, area, termination)


def verdict_after_passes(turn: Turn, programs: Sequence[Agent]) -> Verdict:
    """Score a finished game with the stones taken off that programs call dead.

    Programs that name no stones are not asked further; if two disagree about the winner, the board
    counts as it stands.
    """
    plain = area_verdict(turn, "two passes")
    if not turn.spec.has_dead_stones:
        return plain
    scores: list[float] = []
    for program in programs:
        dead = program.dead_stones(turn) if isinstance(program, Program) else None
        if dead is not None:
            scores.append(float(turn.spec.score(turn.position, dead=dead[None])[0]))
    if not scores:
        return plain
    winners = {int(np.sign(score)) for score in scores}
    score = scores[0] if len(winners) == 1 else plain.area_score
    return Verdict(
        winner=int(np.sign(score)),
        score=score,
        area_score=plain.area_score,
        termination="two passes",
        note="" if len(winners) == 1 else "the programs disagreed about dead stones",
        disputed=len(winners) > 1 or winners != {plain.winner},
    )
