"""Everybody who plays in a run: the groups of games, the network they ask, the league's guest."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from agents.evaluators.auto import model_evaluator, network_evaluator
from agents.evaluators.torch_evaluator import limit_threads
from agents.network.calibration import Inputs
from agents.network.model import PolicyValueNet
from engine.search import Evaluator
from selfplay.data.shards import Rows
from selfplay.play.league import choose_opponent
from selfplay.play.worker import FinishedGame, Group
from selfplay.run.config import RunConfig
from selfplay.run.state import Arrays, part_of
from selfplay.run.watch import LiveGame


class Players:
    """Plays the games of a run, a thread per group; knows no learner and no files but networks."""

    def __init__(self, config: RunConfig, model: PolicyValueNet) -> None:
        self._config = config
        self._spec = config.game.spec()
        self._evaluator = model_evaluator(model, self._spec, config.evaluator)
        self._seen: Inputs | None = None
        """What the evaluator was calibrated on, if not on random games."""
        self._opponent: Path | None = None
        self._groups = _groups_of(config, self._evaluator)
        """All that one thread plays, by thread; of each, the run's own board first."""

    @property
    def longest(self) -> int:
        """Plies after which a game is scored as it stands."""
        return self._groups[0][0].longest

    @property
    def opponent(self) -> Path | None:
        """The earlier checkpoint that plays in the league's games."""
        return self._opponent

    def in_play(self) -> list[LiveGame]:
        """Some games in flight, for whoever watches."""
        return self._groups[0][0].in_play()

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
        evaluator = network_evaluator(
            path, self._spec, backend=self._config.evaluator, threads=1, cached=False
        )
        for group in self._all():
            group.opponent = evaluator
        self._opponent = path

    def play(
        self, pool: ThreadPoolExecutor, plies: int, simulations: int
    ) -> tuple[list[Rows], list[FinishedGame], int]:
        """Play so many plies in every slot.

        Returns:
            The rows of what finished, one lot for each board that has some, the run's own first;
            the games; and how many evaluations they took.
        """

        def play(groups: Sequence[Group]) -> list[tuple[list[Rows], list[FinishedGame]]]:
            limit_threads(1)
            return [_play(group, plies, simulations) for group in groups]

        before = sum(group.evaluations for group in self._all())
        outcomes = [pair for pairs in pool.map(play, self._groups) for pair in pairs]
        boards = len(self._groups[0])
        lots = [
            [part for rows, _ in outcomes[board::boards] for part in rows]
            for board in range(boards)
        ]
        games = [game for _, finished in outcomes for game in finished]
        evaluations = sum(group.evaluations for group in self._all()) - before
        return [Rows.concatenate(parts) for parts in lots if parts], games, evaluations

    def _all(self) -> list[Group]:
        return [group for groups in self._groups for group in groups]

    def arrays(self) -> Arrays:
        """The games in flight and the calibration, for :meth:`restore`."""
        arrays: Arrays = {}
        for index, group in enumerate(self._all()):
            arrays |= {f"group.{index}.{name}": array for name, array in group.state().items()}
        if self._seen is not None:
            arrays["calibration.planes"], arrays["calibration.globals"] = self._seen
        return arrays

    def restore(self, arrays: Arrays, model: PolicyValueNet) -> None:
        """Undo :meth:`arrays`; ``model`` is the network that played.

        Raises:
            KeyError, ValueError: if they are of other settings.
        """
        for index, group in enumerate(self._all()):
            group.restore(part_of(arrays, f"group.{index}."))
        if "calibration.planes" in arrays:
            self.follow(model, (arrays["calibration.planes"], arrays["calibration.globals"]))


def _play(group: Group, plies: int, simulations: int) -> tuple[list[Rows], list[FinishedGame]]:
    parts: list[Rows] = []
    games: list[FinishedGame] = []
    for _ in range(plies):
        more_rows, more_games = group.step(simulations)
        parts += more_rows
        games += more_games
    return parts, games


def _groups_of(config: RunConfig, evaluator: Evaluator) -> list[list[Group]]:
    """Groups by thread and board. What is counted in plies is scaled to a board's points."""
    specs, shares, play = config.game.specs(), config.game.shares(), config.selfplay
    stride = play.threads * len(specs)
    slots = [max(round(share * play.slots), 1) for share in shares[1:]]
    slots = [play.slots - sum(slots), *slots]
    groups: list[list[Group]] = []
    for thread in range(play.threads):
        groups.append([])
        for board, spec in enumerate(specs):
            scale = spec.points / specs[0].points
            search = replace(
                config.search, no_pass_before=round(config.search.no_pass_before * scale)
            )
            own = replace(play, slots=slots[board], sampled_plies=round(play.sampled_plies * scale))
            first = thread * len(specs) + board
            groups[-1].append(Group(spec, evaluator, search, own, config.seed, first, stride))
    return groups
