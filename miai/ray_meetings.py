"""Meetings of a run's rating on a Ray cluster: an actor plays, and the run's machine counts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agents.parse import Spelling, make_agent
from agents.protocol import Agent
from arena.ladder import Encounter, play_encounter
from engine.errors import ConfigError
from engine.games.spec import GameSpec
from selfplay.play.source import Published
from selfplay.ray.cluster import Cluster
from selfplay.ray.config import RayConfig
from selfplay.ray.files import ReceivedFiles, SharedFile, share
from selfplay.ray.pool import WorkerPool
from selfplay.ray.program import facts

_KEPT = 8
"""Agents that a worker keeps open, and networks that the object store keeps."""


@dataclass(frozen=True)
class _Order:
    """One meeting."""

    spec: GameSpec
    agents: tuple[Spelling, Spelling]
    networks: tuple[SharedFile | None, SharedFile | None]
    games: int
    seed: int
    before: int


class MeetingWorker:
    """Plays meetings. Becomes an actor by ``ray.remote``."""

    def __init__(self) -> None:
        self._files = ReceivedFiles()
        self._agents: dict[str, Agent] = {}

    def facts(self) -> dict[str, object]:
        """Return what the handshake compares."""
        return facts()

    def do(self, order: _Order) -> Encounter | str:
        """Play a meeting; return what is wrong with it as text, because Ray changes error types."""
        first, second = (self._agent(order, number) for number in (0, 1))
        try:
            return play_encounter(order.spec, first, second, order.games, order.seed, order.before)
        except ConfigError as error:
            return str(error)

    def _agent(self, order: _Order, number: int) -> Agent:
        spelling, network = order.agents[number], order.networks[number]
        if network is not None:
            spelling = replace(spelling, network=self._files.get(network).path)
        key = hashlib.sha256(repr((spelling, order.spec)).encode()).hexdigest()
        agent = self._agents.pop(key, None) or make_agent(spelling, order.spec)
        self._agents[key] = agent  # at the end: the first was used longest ago
        for old in list(self._agents)[:-_KEPT]:
            self._agents.pop(old).close()
        return agent


class RayMeetings:
    """Plays meetings as :func:`arena.ladder.play_encounter` does, by one actor of a cluster."""

    def __init__(self, address: str, environment: Mapping[str, str]) -> None:
        """Connect to the cluster and wait for the actor, which takes one processor.

        Raises:
            RunError: if the cluster cannot be reached or has no free processor.
        """
        settings = RayConfig()
        self._cluster = Cluster(address, 1, settings, environment)
        self._shared: dict[str, SharedFile] = {}
        try:
            self._pool = WorkerPool(self._cluster, MeetingWorker, 1, settings.start_s)
            self._pool.wait_for_one()
        except BaseException:
            self._cluster.close()
            raise

    def play(
        self,
        spec: GameSpec,
        agents: tuple[Spelling, Spelling],
        games: int,
        seed: int,
        before: int,
    ) -> Encounter:
        """See :func:`arena.ladder.play_encounter`; the agents are no programs.

        Raises:
            ConfigError: if there are fewer distinct openings.
            RunError: if workers die again and again.
        """
        first, second = (self._share(agent) for agent in agents)
        order = _Order(spec, agents, (first, second), games, seed, before)
        (played,) = self._pool.results(iter([order]))
        if isinstance(played, str):
            raise ConfigError(played)
        return played

    def _share(self, agent: Spelling) -> SharedFile | None:
        if agent.network is None:
            return None
        file = Published.of(agent.network)
        shared = self._shared.pop(file.hash, None) or share(self._cluster.ray, file)
        self._shared[file.hash] = shared
        for old in list(self._shared)[:-_KEPT]:
            del self._shared[old]
        return shared

    def close(self) -> None:
        """End the actor; the cluster stays."""
        self._pool.close()
        self._cluster.close()
