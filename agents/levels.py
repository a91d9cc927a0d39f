"""Opponents of ten strengths: a network or playouts, held back by few simulations, a warm choice
among what they saw, and, at the foot, slips.

What each level is worth was measured by letting them play each other, and lies beside the network
as ``<network>.levels.json``; numbers that belong to another network are not shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from agents.network.checkpoint import read_metadata, shipped_network_path
from agents.policy_agent import PolicyAgent
from agents.protocol import Agent, Decision, Described, Limit, Thinks, Turn
from agents.search_agent import PLAY_SEARCH, SearchAgent, rollout_agent
from engine.errors import ConfigError, NetworkFileError
from engine.games.spec import GameSpec
from engine.random import SLIP, generator
from engine.search import SearchResult


@dataclass(frozen=True)
class Level:
    """How one level is held back."""

    number: int
    """From 1, the weakest."""
    name: str
    simulations: int
    """Simulations of a network's search; 0 is the bare network."""
    playouts: int
    """Simulations where there is no network and random games judge the positions."""
    temperature: float
    """An action is drawn in proportion to its visits to the power of 1 / temperature."""
    slips: float
    """Share of the moves that are any sensible one."""


LEVELS: Final = (
    Level(1, "Pebble", 0, 8, 1.5, 0.75),
    Level(2, "Beginner", 0, 16, 1.3, 0.5),
    Level(3, "Learner", 0, 32, 1.1, 0.28),
    Level(4, "Casual", 0, 64, 1.0, 0.1),
    Level(5, "Player", 0, 125, 0.5, 0.0),
    Level(6, "Club player", 16, 250, 0.5, 0.0),
    Level(7, "Strong", 48, 500, 0.3, 0.0),
    Level(8, "Expert", 150, 1000, 0.1, 0.0),
    Level(9, "Master", 500, 2500, 0.0, 0.0),
    Level(10, "All out", 1600, 10000, 0.0, 0.0),
)
DEFAULT_LEVEL: Final = 5
_WITHOUT_PROOFS: Final = replace(PLAY_SEARCH, threats=0, endgame=False)
"""A level that errs must not see each forced win or count the end of a game exactly."""


@dataclass(frozen=True)
class LevelElo:
    """What a level was measured to be worth, with a 95 % interval; Elo 0 plays at random."""

    elo: float
    lower: float
    upper: float


def level_of(number: int) -> Level:
    """Return a level by number.

    Raises:
        ConfigError: if there is no such level.
    """
    if not 1 <= number <= len(LEVELS):
        raise ConfigError(f"expected a level from 1 to {len(LEVELS)}, got {number!r}")
    return LEVELS[number - 1]


def ratings_path(spec: GameSpec) -> Path:
    """Where the measured strengths of a game's levels lie, if they were measured."""
    return shipped_network_path(spec.name, spec.width).with_suffix(".levels.json")


def network_hash(spec: GameSpec) -> str:
    """Name of the network that plays the levels; ``playouts`` where there is none."""
    path = shipped_network_path(spec.name, spec.width)
    return str(read_metadata(path)["hash"]) if path.is_file() else "playouts"


def level_ratings(spec: GameSpec) -> tuple[LevelElo, ...] | None:
    """The measured strengths of all levels, weakest first, on this board with this network.

    ``None`` if they were not measured, or with another network or board.
    """
    try:
        known = json.loads(ratings_path(spec).read_text(encoding="utf-8"))
        if known["network"] != network_hash(spec) or known["game"] != str(spec):
            return None
        found = tuple(LevelElo(*(float(part) for part in row)) for row in known["elo"])
    except (OSError, ValueError, KeyError, TypeError, NetworkFileError):
        return None
    return found if len(found) == len(LEVELS) else None


def held_back(level: Level, turn: Turn, thought: SearchResult) -> int:
    """Return the action that a level plays where a search thought so.

    A pass is never drawn: a player of any strength passes only when it is the best.
    """
    points = thought.action != turn.spec.pass_action
    random = generator(turn.seed, turn.game, len(turn.actions), SLIP)
    if not points or thought.proven or (level.slips == 0.0 and level.temperature == 0.0):
        return thought.action
    if random.random() < level.slips:
        sensible = np.flatnonzero(turn.spec.candidates(turn.position)[0, : turn.spec.points])
        return int(random.choice(sensible)) if len(sensible) else thought.action
    if level.temperature == 0.0:
        return thought.action
    seen = thought.visits if thought.simulations > 0 else thought.prior
    weights = seen[: turn.spec.points].astype(np.float64)
    weights = (weights / max(weights.max(), 1e-12)) ** (1.0 / level.temperature)
    total = weights.sum()
    return int(random.choice(len(weights), p=weights / total)) if total > 0 else thought.action


class LevelAgent:
    """An agent held back to a level."""

    def __init__(
        self, level: Level, inner: Agent, name: str = "", network: str = "playouts"
    ) -> None:
        """``network`` is the hash of what plays the level, ``playouts`` without one."""
        self.level = level
        self.network = network
        self._inner = inner
        self._name = name or f"level-{level.number}"

    @property
    def name(self) -> str:
        return self._name

    @property
    def limit(self) -> Limit:
        """What each move may use; no simulations if the level does not search."""
        return self._inner.limit if isinstance(self._inner, Thinks) else Limit(simulations=0)

    def details(self) -> dict[str, str]:
        """What a tournament has to state of it: everything that decides its moves."""
        level = self.level
        details = {
            "sha256": self.network,
            "simulations": f"{self.limit.simulations or 0}",
            "temperature": f"{level.temperature:g}",
            "slips": f"{level.slips:g}",
        }
        return (
            {**details, **self._inner.details()} if isinstance(self._inner, Described) else details
        )

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        decided = zip(turns, self._inner.choose(turns), strict=True)
        return [self._hold_back(turn, decision) for turn, decision in decided]

    def think(
        self,
        turn: Turn,
        limit: Limit,
        on_progress: Callable[[SearchResult], bool],
        *,
        keep_going: Callable[[], bool] | None = None,
    ) -> Decision:
        """Decide one turn with news of the search, if there is one; ``limit`` may shorten it."""
        if isinstance(self._inner, Thinks):
            own = replace(self._inner.limit, time_limit_s=limit.time_limit_s)
            thought = self._inner.think(turn, own, on_progress, keep_going=keep_going)
            return self._hold_back(turn, thought)
        return self.choose([turn])[0]

    def _hold_back(self, turn: Turn, decision: Decision) -> Decision:
        if decision.thought is None or decision.forfeit or decision.resign:
            return decision
        return replace(decision, action=held_back(self.level, turn, decision.thought))

    def end_game(self, game: int) -> None:
        self._inner.end_game(game)

    def close(self) -> None:
        self._inner.close()


def level_agent(number: int, spec: GameSpec, name: str = "") -> LevelAgent:
    """Make a level's agent with the network that came along for the game, else with playouts.

    Raises:
        ConfigError: if there is no such level.
        NetworkFileError: if the network is damaged.
    """
    level = level_of(number)
    path = shipped_network_path(spec.name, spec.width)
    if not path.is_file():
        from agents.evaluators.rollout import RolloutEvaluator

        return LevelAgent(level, rollout_agent("", level.playouts, RolloutEvaluator()), name)
    from agents.evaluators.auto import network_evaluator

    evaluator = network_evaluator(path, spec)
    inner: Agent = PolicyAgent("", evaluator)
    if level.simulations > 0:
        config = PLAY_SEARCH if level.simulations == LEVELS[-1].simulations else _WITHOUT_PROOFS
        inner = SearchAgent("", evaluator, Limit(simulations=level.simulations), config)
    return LevelAgent(level, inner, name, network_hash(spec))
