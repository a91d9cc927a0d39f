"""Everybody who plays in a run: the groups of games, the network they ask, the league's guest."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agents.evaluators.auto import load_evaluator, model_evaluator
from agents.evaluators.int8 import Inputs
from agents.evaluators.torch_evaluator import limit_threads
from agents.network.model import PolicyValueNet
from selfplay.config import RunConfig
from selfplay.league import choose_opponent
from selfplay.shards import Rows
from selfplay.state import Arrays, part_of
from selfplay.watch import LiveGame
from selfplay.worker import FinishedGame, Group


class Players:
    """Plays the games of a run, a thread per group; knows no learner and no files but networks."""

    def __init__(self, config: RunConfig, model: PolicyValueNet) -> None:
        self._config = config
        self._spec = config.game.spec()
        self._evaluator = model_evaluator(model, self._spec, config.evaluator)
        self._seen: Inputs | None = None
        """What the evaluator was calibrated on, if not on random games."""
        self._opponent: Path | None = None
        play = config.selfplay
        self._groups = [
            Group(
                self._spec, self._evaluator, config.search, play, config.seed, thread, play.threads
            )
            for thread in range(play.threads)
        ]

    @property
    def longest(self) -> int:
        """Plies after which a game is scored as it stands."""
        return self._groups[0].longest

    @property
    def opponent(self) -> Path | None:
        """The earlier checkpoint that plays in the league's games."""
        return self._opponent

    def in_play(self) -> list[LiveGame]:
        """Some games in flight, for whoever watches."""
        return self._groups[0].in_play()

    def follow(self, model: PolicyValueNet, inputs: Inputs) -> None:
        """Play with these weights from now on, calibrated on ``inputs``."""
        self._seen = inputs
        self._evaluator.update(model, inputs)

    def invite(self, cycle: int, checkpoints: Sequence[Path]) -> None:
        """Let an earlier checkpoint play its side of the league's games in this cycle."""
        if self._config.selfplay.league_share <= 0.0:
            return
        path = choose_opponent(self._config.seed, cycle, checkpoints)
        if path is None or path == self._opponent:
            return
        evaluator = load_evaluator(path, self._spec, self._config.evaluator, threads=1)
        for group in self._groups:
            group.opponent = evaluator
        self._opponent = path

    def play(
        self, pool: ThreadPoolExecutor, plies: int, simulations: int
    ) -> tuple[Rows | None, list[FinishedGame], int]:
        """Play so many plies in every slot; return what finished, and count the evaluations."""

        def play(group: Group) -> tuple[list[Rows], list[FinishedGame]]:
            limit_threads(1)
            parts: list[Rows] = []
            games: list[FinishedGame] = []
            for _ in range(plies):
                more_rows, more_games = group.step(simulations)
                parts += more_rows
                games += more_games
            return parts, games

        before = sum(group.evaluations for group in self._groups)
        outcomes = list(pool.map(play, self._groups))
        parts = [part for rows, _ in outcomes for part in rows]
        games = [game for _, finished in outcomes for game in finished]
        evaluations = sum(group.evaluations for group in self._groups) - before
        return (Rows.concatenate(parts) if parts else None), games, evaluations

    def arrays(self) -> Arrays:
        """The games in flight and the calibration, for :meth:`restore`."""
        arrays: Arrays = {}
        for index, group in enumerate(self._groups):
            arrays |= {f"group.{index}.{name}": array for name, array in group.state().items()}
        if self._seen is not None:
            arrays["calibration.planes"], arrays["calibration.globals"] = self._seen
        return arrays

    def restore(self, arrays: Arrays, model: PolicyValueNet) -> None:
        """Undo :meth:`arrays`; ``model`` is the network that played.

        Raises:
            KeyError, ValueError: if they are of other settings.
        """
        for index, group in enumerate(self._groups):
            group.restore(part_of(arrays, f"group.{index}."))
        if "calibration.planes" in arrays:
            self.follow(model, (arrays["calibration.planes"], arrays["calibration.globals"]))
