"""The player of a GTP session: an agent with its clock, settings and latest search result."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agents.evaluators.rollout import RolloutEvaluator
from agents.protocol import Agent, Decision, Limit, Turn
from agents.search_agent import SearchAgent
from arena.analysis.life import PLAYOUTS_TO_JUDGE
from arena.analysis.settings import SearchSettings
from arena.analysis.thought import Outlook, raw_outlook
from arena.gtp.board import Board, Line
from arena.gtp.clock import Clock
from arena.gtp.server import CommandError, Stopped
from engine.games.spec import BLACK, EMPTY, GameSpec
from engine.search import Evaluator, SearchResult

_ASIDE, _RESTRICTED = 1 << 62, (1 << 62) + 1  # games of their own: questions beside the board
_UNTIMED_S = 5.0  # a move, where neither options nor controller limit it
_LEAST_TO_RESIGN = 32  # simulations: a few random games all lost say nothing


class Player:
    """Decides on the board's game. Used from one thread at a time."""

    def __init__(self, agent: Agent, board: Board, seed: int) -> None:
        self.agent, self.board = agent, board
        self.clock = Clock()
        self.last: SearchResult | None = None
        """Search result of its own latest move."""
        self._seed = seed
        self._game = board.game
        self._spec: GameSpec = board.spec
        self._hopeless = {1: 0, 2: 0}
        self.may_ponder = False
        """Whether it is the opponent's turn since a move of its own."""
        self.settings = SearchSettings()
        if isinstance(agent, SearchAgent):
            self.settings = replace(
                self.settings,
                search=agent.config,
                max_visits=agent.limit.simulations,
                max_time_s=agent.limit.time_limit_s,
            )

    @property
    def searcher(self) -> SearchAgent | None:
        """The agent, if it is one that searches."""
        return self.agent if isinstance(self.agent, SearchAgent) else None

    @property
    def evaluator(self) -> Evaluator:
        """The agent's own, or one that judges by random games."""
        own = self.searcher.evaluator if self.searcher is not None else None
        if own is None or isinstance(own, RolloutEvaluator):
            return RolloutEvaluator(PLAYOUTS_TO_JUDGE)
        return own

    def change(self, settings: SearchSettings) -> None:
        """Search by other settings from now on."""
        searcher = self.searcher
        if searcher is not None and settings.config != self.settings.config:
            searcher.configure(settings.config, searcher.limit)
        self.settings = settings

    def forget(self) -> None:
        """Forget all trees and evaluations."""
        searcher = self.searcher
        if searcher is not None:
            searcher.configure(searcher.config, searcher.limit)
        clear = getattr(self.evaluator, "clear", None)
        if clear is not None:
            clear()

    def turn(self, line: Line) -> Turn:
        """Return the question that an agent is asked about a line of the board's game."""
        self._follow()
        position = self.board.replay(line)
        return Turn(self.board.game, self.board.spec, position, line.actions, self._seed)

    def decide(
        self,
        turn: Turn,
        colour: int,
        on_progress: Callable[[SearchResult], bool] = lambda result: True,
        interval_s: float = 3600.0,
        stopped: Stopped = lambda: False,
        prohibited: NDArray[np.int16] | None = None,
    ) -> Decision:
        """Choose a move within the clock and the settings.

        Raises:
            CommandError: if the agent cannot go on.
        """
        if self.searcher is None:
            decision = self.agent.choose([turn])[0]
        else:
            decision = self.think(
                turn, self._limit(turn, colour), on_progress, interval_s, stopped, prohibited
            )
        if decision.forfeit:
            raise CommandError(f"no move: {decision.forfeit}")
        return decision

    def think(
        self,
        turn: Turn,
        limit: Limit,
        on_progress: Callable[[SearchResult], bool],
        interval_s: float,
        stopped: Stopped,
        prohibited: NDArray[np.int16] | None = None,
    ) -> Decision:
        """Search a position that need not be the one on the board.

        Raises:
            CommandError: if the agent does not search.
        """
        searcher = self.searcher
        if searcher is None:
            raise CommandError(f"expected an agent that searches, got {self.agent.name!r}")
        if prohibited is not None:
            turn = replace(turn, game=_RESTRICTED)
        elif turn.actions != self.board.line.actions:
            turn = replace(turn, game=_ASIDE)
        decision = searcher.think(
            turn,
            limit,
            on_progress,
            interval_s=interval_s,
            keep_going=lambda: not stopped(),
            prohibited=prohibited,
        )
        if decision.forfeit:
            raise CommandError(f"no analysis: {decision.forfeit}")
        return decision

    def resigns(self, colour: int, decision: Decision) -> bool:
        """Whether to give up: told of each decision of its own, once."""
        settings, thought = self.settings, decision.thought
        hopeless = (
            thought is not None
            and thought.simulations >= _LEAST_TO_RESIGN
            and thought.value < settings.resign_threshold
        )
        self._hopeless[colour] = self._hopeless[colour] + 1 if hopeless else 0
        enough = self._hopeless[colour] >= settings.resign_moves
        return decision.resign or (settings.allow_resignation and hopeless and enough)

    def expected_score(self) -> float:
        """Points by which Black will be ahead in the end.

        The evaluator's opinion, averaged over the turns of the board and over either side to move.
        """
        return float(
            np.mean(
                [
                    (1.0 if to_move == BLACK else -1.0) * outlook.score
                    for outlook, _, to_move in self.outlooks(self._both_to_move())
                ]
            )
        )

    def outlooks(
        self, lines: list[Line], symmetries: list[int] | None = None
    ) -> list[tuple[Outlook, NDArray[np.int64], int]]:
        """Ask the evaluator about lines, on the board turned by each symmetry.

        Returns the outlook on the turned board, where each action stands there, and who is to move.
        """
        board = self.board
        numbers = board.symmetries() if symmetries is None else symmetries
        return [
            (
                raw_outlook(self.evaluator, board.spec, board.turned(line, number)),
                board.places_when_turned(number),
                line.to_move,
            )
            for line in lines
            for number in numbers
        ]

    def _both_to_move(self) -> list[Line]:
        """The game as it stands, its last passes taken back, and with the other side to move."""
        spec, line = self.board.spec, self.board.open_line()
        while line.actions[-1:] == (spec.pass_action,):
            line = replace(line, actions=line.actions[:-1])
        return [line, replace(line, actions=(*line.actions, spec.pass_action))]

    def _limit(self, turn: Turn, colour: int) -> Limit:
        empty = int((turn.spec.stones(turn.position)[0] == EMPTY).sum())
        times = [
            seconds
            for seconds in (
                self.clock.budget_s(colour, moves_left=empty // 4),
                self.settings.max_time_s,
            )
            if seconds is not None
        ]
        if self.settings.max_visits is None:
            times = times or [_UNTIMED_S]
        return Limit(self.settings.max_visits, min(times, default=None))

    def _follow(self) -> None:
        """Let the agent forget games and rules that are not on the board any more."""
        board = self.board
        if self._game != board.game:
            self.agent.end_game(self._game)
            self._game = board.game
            self._hopeless = {1: 0, 2: 0}
        if self._spec != board.spec:
            self._spec = board.spec
            if self.searcher is not None:
                self.searcher.configure(self.searcher.config, self.searcher.limit)


def timed(clock: Clock, colour: int, work: Callable[[], Decision]) -> Decision:
    """Carry ``work`` out on a side's time."""
    started = time.perf_counter()
    decision = work()
    clock.spend(colour, time.perf_counter() - started)
    return decision
