"""Whose moves of which games are worth learning from."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from engine.errors import ConfigError
from engine.records.numerals import in_digits
from engine.records.record import GameRecord

_RANK = re.compile(r"(\d{1,2})\s*(kyu|dan|pro|k|d|p|級|级|급|段|단)", re.IGNORECASE)
_PROFESSIONALS = re.compile(r"\bpro\b|professional|职业|職業|プロ|프로|\bp\s*\d", re.IGNORECASE)
_PROFESSIONAL = 100
_LONGEST = 100


@dataclass(frozen=True)
class Filter:
    """Narrows games down to sides; a side of a game teaches, or does not."""

    player: str = ""
    """Only moves of players with this in their name, upper and lower case alike."""
    winner_only: bool = False
    """Only moves of the winner; a drawn game has none."""
    min_rank: str = ""
    """Only moves of players of this rank or above, such as ``3k``, ``5d`` or ``1p``."""
    min_moves: int = 1
    """Fewest moves of a game."""

    def __post_init__(self) -> None:
        if self.min_rank and rank_number(self.min_rank) is None:
            raise ConfigError(f"expected a rank such as 3k, 5d or 1p, got {self.min_rank!r}")

    def sides(self, record: GameRecord) -> tuple[bool, bool]:
        """Whether Black's and White's moves teach."""
        sides = (("BR", record.black, 1), ("WR", record.white, -1))
        black, white = (
            self.player.lower() in name.lower()
            and (not self.winner_only or record.winner == colour)
            and self._ranked(record.extra.get(rank, ""))
            for rank, name, colour in sides
        )
        return black, white

    def _ranked(self, text: str) -> bool:
        if not self.min_rank:
            return True
        lowest, rank = rank_number(self.min_rank), rank_number(text)
        return lowest is not None and rank is not None and rank >= lowest

    def refusal(self, record: GameRecord) -> str:
        """Why no move of the game is used; empty if some are."""
        if len(record.actions) < self.min_moves:
            return "too short"
        return "" if any(self.sides(record)) else "filtered out"


def rank_number(text: str) -> int | None:
    """A rank as a number that grows with strength; ``None`` if it says none.

    Kyu are negative, amateur dan 1 to 99, professional dan above 100.
    """
    text = in_digits(
        unicodedata.normalize("NFKC", text[:_LONGEST]).replace("初段", "1段").replace("초단", "1단")
    )
    match = _RANK.search(text)
    if match is None:
        return None
    number, kind = int(match.group(1)), match.group(2).lower()
    if kind in ("k", "kyu", "級", "级", "급"):
        return -number
    professional = kind in ("p", "pro") or _PROFESSIONALS.search(text) is not None
    return number + (_PROFESSIONAL if professional else 0)
