"""Positions and games looked at: many searches at once, a game's sweep, and its reports."""

from __future__ import annotations

from arena.analysis.analyst import Analyst, Finding, Job
from arena.analysis.sweep import Candidate, GameReview, Look, MoveReview, candidates_of, sweep

__all__ = [
    "Analyst",
    "Candidate",
    "Finding",
    "GameReview",
    "Job",
    "Look",
    "MoveReview",
    "candidates_of",
    "sweep",
]
