"""Games as records, and the formats they come in."""

from __future__ import annotations

from engine.records.filters import Filter
from engine.records.load import Loaded, load_games
from engine.records.record import GameRecord
from engine.records.sgf import read_sgf, write_sgf

__all__ = ["Filter", "GameRecord", "Loaded", "load_games", "read_sgf", "write_sgf"]
