"""What the window's levels are worth: matches between neighbours, and Elo from all of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from agents.levels import LEVELS, level_agent, network_hash, ratings_path
from agents.protocol import Agent
from agents.random_agent import RandomAgent
from arena.match import PairResult, play_match
from arena.stats.ratings import Score, rate
from engine.files import write_atomic
from engine.games.spec import GameSpec

SEED: Final = 11
_REACH = 1
"""Levels meet those so many steps away ..."""
_SECONDS_A_GAME = {10: 4}
"""... but those that think long play fewer games: shares of the usual number, by level."""


def measure_levels(spec: GameSpec, games: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Play the ladder, from random moves to the top level; return what the levels' file holds.

    Args:
        spec: the game and board.
        games: of each two neighbours, half with either colour.
        say: takes a line after each match.
    """
    agents: list[Agent] = [RandomAgent(), *(level_agent(k.number, spec) for k in LEVELS)]
    scores, matches = [], []
    for high in range(1, len(agents)):
        for low in range(max(high - _REACH, 0), high):
            share = max(games // _SECONDS_A_GAME.get(high, 1) // 2 * 2, 2)
            result = play_match(spec, agents[high], agents[low], share, SEED)
            scores += _scores(high, low, result)
            row = [high, low, result.wins, result.draws, result.losses, result.distinct]
            matches.append(row)
            say(
                f"{agents[high].name} - {agents[low].name}: {row[2]} won, {row[3]} drawn, "
                f"{row[4]} lost, {row[5]} distinct games"
            )
    ratings = rate(len(agents), scores, anchor=0)
    return {
        "game": str(spec),
        "rules": spec.rules,
        "network": network_hash(spec),
        "seed": SEED,
        "elo": [
            [round(float(np.clip(part, -9999, 9999))) for part in (r.elo, r.lower, r.upper)]
            for r in ratings.players[1:]
        ],
        "matches": matches,
    }


def _scores(high: int, low: int, result: PairResult) -> list[Score]:
    """One line per colour, as the ratings take them."""
    lines = []
    for black, white in ((high, low), (low, high)):
        mine = [g for g in result.games if (g.fixture.black == 0) == (black == high)]
        points = sum(game.black_points for game in mine)
        lines.append(Score(black, white, points, len(mine)))
    return lines


def save_levels(spec: GameSpec, measured: dict[str, Any]) -> Path:
    """Write what was measured to where the window looks for it; return the file."""
    path = ratings_path(spec)
    write_atomic(path, (json.dumps(measured) + "\n").encode())
    return path
