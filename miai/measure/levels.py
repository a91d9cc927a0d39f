"""What the window's levels are worth: matches between neighbours, and Elo from all of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from agents.levels import LEVELS, level_agent, network_hash, ratings_path
from agents.protocol import Agent
from agents.random_agent import RandomAgent
from arena.play.match import PairResult, play_match
from arena.stats.ratings import Score, rate
from engine.files import write_atomic
from engine.games.spec import GameSpec

SEED: Final = 11
_SHARES: Final = {9: 2, 10: 5}
"""Levels that think long play fewer games, by this factor."""
_CHUNKS: Final = {9: 10, 10: 4}
"""Games that are played and kept together, by level ..."""
_CHUNK: Final = 20
"""... and of the others."""


def measure_levels(spec: GameSpec, games: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Play the ladder, from random moves to the top level, and keep it beside the network.

    What was played before under the same conditions is not played again, so that a ladder that
    was interrupted goes on.

    Args:
        spec: the game and board.
        games: of each two neighbours, half with either colour.
        say: takes a line after each match.

    Returns:
        What the file holds.
    """
    path = ratings_path(spec)
    measured = _begin(spec)
    agents: list[Agent] = [RandomAgent(), *(level_agent(k.number, spec) for k in LEVELS)]
    for high in range(1, len(agents)):
        left = max(games // _SHARES.get(high, 1) // 2 * 2, 2)
        chunk = 0
        while left > 0:
            size = min(left, _CHUNKS.get(high, _CHUNK))
            if not _known(measured, high, chunk, size):
                result = play_match(spec, agents[high], agents[high - 1], size, SEED + chunk)
                measured["matches"].append(_row(high, chunk, result))
                write_atomic(path, _as_text(measured))
            left -= size
            chunk += 1
        say(_summary(measured, high, agents))
    measured["elo"] = _elo(measured, len(agents))
    write_atomic(path, _as_text(measured))
    return measured


def _begin(spec: GameSpec) -> dict[str, Any]:
    """The file as it is, if it was measured under the same conditions; else an empty one."""
    fresh: dict[str, Any] = {
        "game": str(spec),
        "rules": spec.rules,
        "network": network_hash(spec),
        "levels": [asdict(level) for level in LEVELS],
        "seed": SEED,
        "matches": [],
    }
    try:
        known: dict[str, Any] = json.loads(ratings_path(spec).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return fresh
    same = all(known.get(name) == value for name, value in fresh.items() if name != "matches")
    return known if same and isinstance(known.get("matches"), list) else fresh


def _row(high: int, chunk: int, result: PairResult) -> dict[str, Any]:
    """A chunk of a match, by colour of the higher level."""
    points = {}
    for name, black in (("as_black", 0), ("as_white", 1)):
        mine = [game for game in result.games if game.fixture.black == black]
        own = [g.black_points if black == 0 else 1 - g.black_points for g in mine]
        points[name] = [sum(own), len(own)]
    return {"level": high, "chunk": chunk, **points, "distinct": result.distinct}


def _known(measured: dict[str, Any], high: int, chunk: int, size: int) -> bool:
    return any(
        (row["level"], row["chunk"]) == (high, chunk)
        and row["as_black"][1] + row["as_white"][1] == size
        for row in measured["matches"]
    )


def _summary(measured: dict[str, Any], high: int, agents: list[Agent]) -> str:
    mine = [row for row in measured["matches"] if row["level"] == high]
    points = sum(row["as_black"][0] + row["as_white"][0] for row in mine)
    games = sum(row["as_black"][1] + row["as_white"][1] for row in mine)
    return f"{agents[high].name} - {agents[high - 1].name}: {points:g} points of {games}"


def _elo(measured: dict[str, Any], players: int) -> list[list[int]]:
    """Elo, lower and upper end of its 95 % interval for each level; playing at random is 0."""
    scores = []
    for row in measured["matches"]:
        high, low = row["level"], row["level"] - 1
        scores.append(Score(high, low, *row["as_black"]))
        lost, games = row["as_white"][1] - row["as_white"][0], row["as_white"][1]
        scores.append(Score(low, high, lost, games))
    ratings = rate(players, scores, anchor=0)
    found = [np.clip([r.elo, r.lower, r.upper], -9999, 9999) for r in ratings.players[1:]]
    return [[round(float(part)) for part in row] for row in found]


def _as_text(measured: dict[str, Any]) -> bytes:
    return (json.dumps(measured) + "\n").encode()
