"""Records of games."""

from __future__ import annotations

import numpy as np

from engine.games.go import GoSpec
from engine.games.othello import OthelloSpec
from engine.records import GameRecord
from engine.records.collection import split_collection
from engine.records.sgf import ReadGame, read_game
from engine.records.variations import variations_of


def finished_game(seed: int, spec: OthelloSpec) -> GameRecord:
    random = np.random.default_rng(seed)
    position, actions = spec.allocate(1), []
    while not spec.finished(position)[0]:
        actions.append(int(random.choice(np.flatnonzero(spec.legal(position)[0]))))
        spec.play(position, np.array(actions[-1:]))
    score = float(spec.score(position)[0])
    result = "0" if not score else f"{'B' if score > 0 else 'W'}+{abs(score):g}"
    return GameRecord(spec, tuple(actions), black="a", white="b", result=result)


def random_record(seed: int, plies: int = 20) -> GameRecord:
    spec = GoSpec(5, 5, 0.5, ko="simple")
    random = np.random.default_rng(seed)
    position = spec.allocate(1)
    actions: list[int] = []
    for _ in range(plies):
        points = np.flatnonzero(spec.candidates(position)[0, :-1])
        if not len(points):
            break
        actions.append(int(random.choice(points)))
        spec.play(position, np.array([actions[-1]]))
    return GameRecord(spec, tuple(actions), result="B+R" if seed % 2 else "W+R")


def rule_record(seed: int, choice: int = -1) -> GameRecord:
    """A game whose players always choose the last sensible point, or another: easy to imitate."""
    spec = GoSpec(5, 5, 0.5, ko="simple")
    random = np.random.default_rng(seed)
    position = spec.allocate(1)
    actions: list[int] = []
    for ply in range(14):
        points = np.flatnonzero(spec.candidates(position)[0, :-1])
        actions.append(int(random.choice(points) if ply < 3 else points[choice]))
        spec.play(position, np.array([actions[-1]]))
    return GameRecord(spec, tuple(actions), result="B+R" if seed % 2 else "W+R")


def read_variations(data: bytes, source: str) -> list[tuple[ReadGame, list[tuple[int, int]]]]:
    """Return all games of a file with their variations."""
    games = [read_game(text) for text in split_collection(data, source)]
    return [(game, variations_of(game.record)) for game in games]
