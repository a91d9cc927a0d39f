"""Games of the arena on a Ray cluster: workers play them, and the command keeps the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.parse import Spelling, make_agent
from agents.protocol import Agent
from arena.play.game import PlayedGame, Terms, Void
from arena.play.game_runner import GAMES_AT_ONCE, play_games
from arena.schedule import Fixture
from engine.errors import ConfigError
from engine.games.spec import GameSpec
from selfplay.play.source import Published
from selfplay.ray.cluster import Cluster
from selfplay.ray.config import RayConfig
from selfplay.ray.files import ReceivedFiles, SharedFile, share
from selfplay.ray.pool import WorkerPool
from selfplay.ray.program import facts

_ORDERS_PER_WORKER = 4
"""Orders that each worker gets, about: fewer fill batches better, more end together."""


@dataclass(frozen=True)
class _Order:
    """Games for one worker."""

    agents: tuple[Spelling, ...]
    networks: tuple[SharedFile | None, ...]
    """The network of each agent; ``None`` for one that has none or comes with the program."""
    spec: GameSpec
    fixtures: tuple[Fixture, ...]
    terms: Terms
    games_at_once: int


class GameWorker:
    """Plays the games of orders. Becomes an actor by ``ray.remote``."""

    def __init__(self) -> None:
        self._files = ReceivedFiles()
        self._agents: dict[str, Agent] = {}

    def facts(self) -> dict[str, object]:
        """Return what the handshake compares."""
        return facts()

    def do(self, order: _Order) -> list[PlayedGame]:
        """Play an order's games."""
        played: list[PlayedGame] = []
        play_games(
            order.spec,
            [self._agent(order, number) for number in range(len(order.agents))],
            order.fixtures,
            order.terms,
            on_game=played.append,
            games_at_once=order.games_at_once,
        )
        return played

    def _agent(self, order: _Order, number: int) -> Agent:
        spelling, network = order.agents[number], order.networks[number]
        if network is not None:
            spelling = replace(spelling, network=self._files.get(network).path)
        key = hashlib.sha256(repr((spelling, order.spec)).encode()).hexdigest()
        if key not in self._agents:
            self._agents[key] = make_agent(spelling, order.spec)
        return self._agents[key]


class RayGames:
    """Plays games as :func:`arena.play.game_runner.play_games` does, on a cluster."""

    def __init__(
        self,
        spellings: Sequence[Spelling],
        address: str,
        workers: int,
        environment: Mapping[str, str],
    ) -> None:
        """Connect to the cluster and wait for the first worker.

        Raises:
            ConfigError: if Ray is not installed, or a person or a program takes part.
            RunError: if the cluster cannot be reached, or no worker can play.
        """
        for spelling in spellings:
            if spelling.is_program or spelling.kind == "human":
                raise ConfigError(
                    f"expected agents of miai itself with --ray, got {spelling.text!r}: programs "
                    "and people play on the command's own machine, without --ray"
                )
        if workers < 1:
            raise ConfigError(f"expected at least one worker, got {workers!r}")
        settings = RayConfig()
        self._spellings = tuple(spellings)
        self._workers = workers
        self._cluster = Cluster(address, workers, settings, environment)
        try:
            self._networks = tuple(
                None
                if spelling.network is None
                else share(self._cluster.ray, Published.of(spelling.network))
                for spelling in spellings
            )
            self._pool = WorkerPool(self._cluster, GameWorker, workers, settings.start_s)
            self._pool.wait_for_one()
        except BaseException:
            self._cluster.close()
            raise

    def __call__(
        self,
        spec: GameSpec,
        agents: Sequence[Agent],
        fixtures: Sequence[Fixture],
        terms: Terms,
        *,
        on_game: Callable[[PlayedGame], object],
        on_void: Callable[[Void], object] = lambda void: None,
        claim: Callable[[Fixture], bool] = lambda fixture: True,
        go_on: Callable[[], bool] = lambda: True,
        games_at_once: int = GAMES_AT_ONCE,
        leave_out: bool = False,
    ) -> None:
        """See :func:`arena.play.game_runner.play_games`; no game of these agents is void."""

        def orders() -> Iterator[Any]:
            each = -(-len(fixtures) // (_ORDERS_PER_WORKER * self._workers))
            step = min(each + each % 2, max(games_at_once, 2))
            for first in range(0, len(fixtures), step):
                mine = tuple(f for f in fixtures[first : first + step] if claim(f))
                if mine:
                    at_once = min(games_at_once, len(mine))
                    yield _Order(self._spellings, self._networks, spec, mine, terms, at_once)

        for games in self._pool.results(orders()):
            for game in games:
                on_game(game)
            if not go_on():
                return

    def take_notes(self) -> list[str]:
        """Return sentences on workers that were lost or left out, each of them once."""
        notes, self._pool.notes = self._pool.notes, []
        return notes

    def close(self) -> None:
        """End the workers; a local cluster ends too."""
        self._pool.close()
        self._cluster.close()
