"""One number for how the search behaves: it changes only when rules or search change.

Monte Carlo evaluations depend on the position alone and their sums are exact, so the number does
not depend on speed, batch or threads.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

from agents.evaluators.rollout import RolloutEvaluator
from engine.games import GAMES, GameSpec, GoSpec, make
from engine.random import OPENING, generator
from engine.search import Search, SearchConfig
from engine.search.rules import RULES

_SEED = 20
_SLOTS = 8
_SIMULATIONS = 200
_OPENING_PLIES = 6
_SPECS: Final[tuple[GameSpec, ...]] = (
    GoSpec(5, 5, komi=0.5),
    GoSpec(9, 9, komi=7.0),
    GoSpec(6, 9, komi=5.5, ko="simple"),
    GoSpec(9, 9, komi=6.5, suicide=True),
    *(make(game) for game in sorted(GAMES) if game != "go"),
)
_CONFIGS = tuple(
    SearchConfig(algorithm=name, **settings)
    for name, rule in RULES.items()
    for settings in rule.pinned
)


def signature() -> str:
    """Search fixed positions with fixed seeds and return a hash of all visits, 12 hex digits.

    Several rules of Go, and every other game at its usual size, each searched in several ways.
    """
    digest = hashlib.sha256()
    for spec in _SPECS:
        for config in _CONFIGS:
            digest.update(_visits(spec, config).astype("<i4").tobytes())
    return digest.hexdigest()[:12]


def _visits(spec: GameSpec, config: SearchConfig) -> np.ndarray:
    """Visits of the roots, shape ``(slots, actions)``."""
    search = Search(spec, RolloutEvaluator(), _SLOTS, config, _SIMULATIONS + 2)
    slots = np.arange(_SLOTS, dtype=np.int32)
    seeds = np.full(_SLOTS, _SEED, np.uint64)
    positions = _openings(spec)
    search.begin(slots, positions, seeds, slots.astype(np.uint64), noise_scale=1.0)
    search.run(slots, _SIMULATIONS)
    return search.read(slots).visits


def _openings(spec: GameSpec) -> np.ndarray:
    """Start positions after a few random plies, slot ``k`` after ``k`` of them at most.

    No ply is a pass, where there are points, and none ends its game.
    """
    positions = spec.allocate(_SLOTS)
    for ply in range(_OPENING_PLIES):
        candidates = spec.candidates(positions)
        actions = np.full(_SLOTS, -1, np.int64)
        for slot in range(ply + 1, _SLOTS):
            random = generator(_SEED, slot, ply, OPENING)
            points = np.flatnonzero(candidates[slot, :-1])
            actions[slot] = random.choice(points) if len(points) else spec.pass_action
        following = positions.copy()
        spec.play(following, actions)
        going_on = ~spec.finished(following)
        positions[going_on] = following[going_on]
    return positions
