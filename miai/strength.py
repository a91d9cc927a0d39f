"""How much stronger one network plays than another: a match that stops when it knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from agents.evaluators.auto import load_evaluator
from agents.parse import Spelling, make_agent
from agents.protocol import Agent
from arena.match import OPENING_PLIES, PlayedGame, play_games
from arena.openings import Opening, distinct_games, make_openings
from arena.schedule import make_schedule
from arena.stats.pentanomial import count_pairs, pair_statistics
from arena.stats.sprt import Hypotheses
from arena.stats.stopping import estimate_after_stopping
from engine.errors import ConfigError
from engine.games.spec import GameSpec
from engine.random import OPENING, generator

_AT_ONCE: Final = 64
_OWN_PLIES: Final = 8
_ATTEMPTS: Final = 20
BETTER: Final = Hypotheses(0.0, 50.0, model="logistic")
"""Equal, or 50 Elo better."""


@dataclass(frozen=True)
class Strength:
    """What a match said, from the first network's side."""

    wins: int
    draws: int
    losses: int
    pairs: tuple[int, ...]
    elo: float
    low: float
    high: float
    """95 % interval of ``elo``."""
    decision: str
    """``elo0`` or ``elo1`` of the test, or nothing if the games ran out or there was no test."""
    distinct: int
    conditions: str

    @property
    def games(self) -> int:
        """How many were played."""
        return self.wins + self.draws + self.losses

    def __str__(self) -> str:
        return (
            f"{self.elo:+.0f} Elo (95 % {self.low:+.0f} to {self.high:+.0f}; "
            f"{self.wins}-{self.draws}-{self.losses}, {self.distinct} distinct; {self.conditions})"
        )

    def as_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {**self.__dict__, "pairs": list(self.pairs)}


@dataclass
class _Tally:
    """The first network's points, by pair."""

    points: dict[int, list[float]] = field(default_factory=dict)
    actions: list[tuple[int, ...]] = field(default_factory=list)

    def note(self, game: PlayedGame) -> None:
        own = game.black_points if game.fixture.black == 0 else 1.0 - game.black_points
        self.points.setdefault(game.fixture.pair, []).append(own)
        self.actions.append(game.actions)

    def counts(self) -> tuple[int, ...]:
        return tuple(count_pairs(self.points.values()))


def network_agents(
    spec: GameSpec, networks: Sequence[tuple[str, Path]], simulations: int
) -> list[Agent]:
    """Agents that search with network files."""
    return [
        make_agent(Spelling(str(path), name, "network", simulations, path), spec)
        for name, path in networks
    ]


def own_openings(
    spec: GameSpec, network: Path, count: int, seed: int, plies: int = _OWN_PLIES
) -> list[Opening]:
    """Openings as a network's self-play has them: drawn from its policy, all of them distinct.

    Raises:
        ConfigError: if it plays too few different ones.
    """
    evaluator = load_evaluator(network, spec)
    random = generator(seed, 0, 0, OPENING)
    found: dict[Opening, None] = {}
    for _ in range(_ATTEMPTS):
        positions = spec.allocate(count)
        lines: list[list[int]] = [[] for _ in range(count)]
        for _ in range(plies):
            logits = evaluator.evaluate(spec, positions).policy_logits.astype(np.float64)
            legal = spec.candidates(positions)
            noisy = np.where(legal, logits + random.gumbel(size=logits.shape), -np.inf)
            actions = noisy.argmax(axis=1)
            spec.play(positions, actions)
            for line, action in zip(lines, actions.tolist(), strict=True):
                line.append(action)
        over = spec.finished(positions)
        found |= {tuple(line): None for line, done in zip(lines, over, strict=True) if not done}
        if len(found) >= count:
            return list(found)[:count]
    raise ConfigError(f"expected {count} distinct openings, got {len(found)}; ask for fewer games")


def match(
    spec: GameSpec,
    first: Agent,
    second: Agent,
    games: int,
    seed: int,
    conditions: str,
    *,
    test: Hypotheses | None = BETTER,
    openings: Sequence[Opening] | None = None,
    on_games: Callable[[int, float], None] = lambda games, score: None,
) -> Strength:
    """Play pairs of games from distinct openings, until ``test`` decides or there are no more.

    Args:
        spec: the game.
        first: is rated.
        second: its opponent.
        games: at most so many; an even number.
        seed: of openings and agents.
        conditions: said with the result, such as ``100 simulations``.
        test: stops the match early; ``None`` plays all games.
        openings: to play from, a pair of games each; else random ones of 2 to 4 plies.
        on_games: is told now and then how many games are over, and the score.

    Raises:
        ConfigError: if ``games`` is not an even number above 0.
    """
    if games < 2 or games % 2:
        raise ConfigError(f"expected an even number of games of at least 2, got {games!r}")
    if openings is None:
        openings = make_openings(spec, games // 2, OPENING_PLIES, seed)
    fixtures = make_schedule([(0, 1)], list(openings)[: games // 2])
    tally, decision = _Tally(), ""
    for start in range(0, len(fixtures), _AT_ONCE):
        play_games(
            spec,
            (first, second),
            fixtures[start : start + _AT_ONCE],
            seed=seed,
            on_game=tally.note,
            games_at_once=_AT_ONCE,
        )
        points = [point for pair in tally.points.values() for point in pair]
        on_games(len(points), sum(points) / len(points))
        decision = test.decision(tally.counts()) if test is not None else ""
        if decision:
            break
    return _strength(spec, tally, decision, test, conditions)


def _strength(
    spec: GameSpec, tally: _Tally, decision: str, test: Hypotheses | None, conditions: str
) -> Strength:
    points = [point for pair in tally.points.values() for point in pair]
    counts = tally.counts()
    if test is None:
        plain = pair_statistics(counts)
        elo, low, high = plain.elo, plain.lower, plain.upper
    else:
        stopped = estimate_after_stopping(counts, test)
        elo, low, high = stopped.elo, stopped.lower, stopped.upper
    return Strength(
        wins=points.count(1.0),
        draws=points.count(0.5),
        losses=points.count(0.0),
        pairs=counts,
        elo=elo,
        low=low,
        high=high,
        decision=decision,
        distinct=distinct_games(spec, tally.actions),
        conditions=conditions,
    )
