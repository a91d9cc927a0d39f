"""Plays fixtures: many games at once, all turns of an agent in one batch.

Agents of this process are asked about all their games together, so that one network evaluates for
all of them; programs are asked about each game apart, in threads. Agents choose at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from agents.gtp.program import GtpAgent
from agents.protocol import Agent, Decision, Turn
from arena.openings import distinct_games, make_openings
from arena.schedule import Fixture, make_schedule
from arena.stats.elo import clamped_elo_difference
from arena.stats.intervals import wilson
from arena.stats.pentanomial import PairStatistics, count_pairs, pair_statistics
from arena.verdict import FORFEITS, Verdict, area_verdict, judge
from engine.errors import ConfigError
from engine.games.spec import BLACK, GameSpec

GAMES_AT_ONCE = 32
OPENING_PLIES = (2, 4)


@dataclass(frozen=True)
class PlayedGame:
    """One finished game."""

    fixture: Fixture
    actions: tuple[int, ...]
    """All actions, those of the opening included."""
    verdict: Verdict
    seconds: tuple[float, float]
    """What Black and White thought in all, wall time."""
    decisions: tuple[int, int]
    """How many moves Black and White chose; the opening's are not theirs."""

    @property
    def black_points(self) -> float:
        """1, 1/2 or 0."""
        return (self.verdict.winner + 1) / 2


@dataclass
class _Game:
    """A game in play."""

    fixture: Fixture
    slot: int
    actions: list[int]
    to_move: int
    pending: bool = True
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])
    decisions: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def agents(self) -> tuple[int, int]:
        return self.fixture.black, self.fixture.white

    @property
    def side(self) -> int:
        """0 if Black is to move, 1 if White."""
        return 0 if self.to_move == BLACK else 1


def play_games(
    spec: GameSpec,
    agents: Sequence[Agent],
    fixtures: Sequence[Fixture],
    *,
    seed: int,
    on_game: Callable[[PlayedGame], None],
    move_limit: int | None = None,
    games_at_once: int = GAMES_AT_ONCE,
) -> None:
    """Play all fixtures, calling ``on_game`` in this thread as games finish.

    With agents of this process only, games are a function of the seed: turns are gathered in
    rounds. The agents stay open.

    Args:
        spec: the game they play.
        agents: numbered as in the fixtures.
        fixtures: started in this order, as far as programs have processes free.
        seed: of all randomness.
        on_game: takes each finished game.
        move_limit: plies after which the board is scored as it stands; the game's own if ``None``.
        games_at_once: games between agents of this process; programs bring their own number.

    Raises:
        ProgramError: if a program cannot be started at all.
    """
    limit = spec.max_plies if move_limit is None else min(move_limit, spec.max_plies)
    _Hall(spec, agents, fixtures, seed, on_game, limit, games_at_once).run()


class _Hall:
    """All boards of a tournament, and who is thinking."""

    def __init__(
        self,
        spec: GameSpec,
        agents: Sequence[Agent],
        fixtures: Sequence[Fixture],
        seed: int,
        on_game: Callable[[PlayedGame], None],
        move_limit: int,
        games_at_once: int,
    ) -> None:
        self.spec, self.agents, self.seed = spec, agents, seed
        self.on_game, self.move_limit, self.games_at_once = on_game, move_limit, games_at_once
        self.waiting = list(fixtures)
        self.playing: list[_Game] = []
        self.programs = {i: a.processes for i, a in enumerate(agents) if isinstance(a, GtpAgent)}
        seats = sum(self.programs.values())
        self.positions = spec.allocate(games_at_once + seats)
        self.free = list(range(len(self.positions)))[::-1]
        self.calls: dict[Future[Any], Callable[[Any], None]] = {}
        self.busy: set[int] = set()
        self.pool = ThreadPoolExecutor(len(agents) + seats, thread_name_prefix="arena")

    def run(self) -> None:
        # Without programs all agents answer before the next round: batches never depend on timing.
        until = FIRST_COMPLETED if self.programs else ALL_COMPLETED
        try:
            while self.waiting or self.playing:
                self._seat_games()
                self._ask()
                done, _ = wait(self.calls, return_when=until)
                for call in [call for call in self.calls if call in done]:
                    self.calls.pop(call)(call.result())
        finally:
            self.pool.shutdown(wait=False, cancel_futures=True)

    def _seat_games(self) -> None:
        """Start every waiting fixture that finds room, in order."""
        in_play = [agent for game in self.playing for agent in game.agents]
        room = {agent: seats - in_play.count(agent) for agent, seats in self.programs.items()}
        built_in = self.games_at_once - sum(
            not self._with_program(game.fixture) for game in self.playing
        )
        later = []
        for fixture in self.waiting:
            seats = [agent for agent in (fixture.black, fixture.white) if agent in self.programs]
            if (seats and all(room[agent] > 0 for agent in seats)) or (not seats and built_in > 0):
                for agent in seats:
                    room[agent] -= 1
                built_in -= not seats
                self._start(fixture)
            else:
                later.append(fixture)
        self.waiting = later

    def _with_program(self, fixture: Fixture) -> bool:
        return fixture.black in self.programs or fixture.white in self.programs

    def _start(self, fixture: Fixture) -> None:
        slot = self.free.pop()
        position = self.positions[slot : slot + 1]
        self.spec.reset(position)
        for action in fixture.opening:
            self.spec.play(position, np.array([action]))
        to_move = int(self.spec.to_move(position)[0])
        self.playing.append(_Game(fixture, slot, list(fixture.opening), to_move))

    def _ask(self) -> None:
        """Ask every agent that is free about the games in which it has to move."""
        turns: dict[int, list[_Game]] = defaultdict(list)
        for game in self.playing:
            if game.pending:
                turns[game.agents[game.side]].append(game)
        for agent, games in turns.items():
            if agent in self.programs:
                for game in games:
                    self._submit_moves(agent, [game])
            elif agent not in self.busy:
                self.busy.add(agent)
                self._submit_moves(agent, games)

    def _submit_moves(self, agent: int, games: list[_Game]) -> None:
        for game in games:
            game.pending = False
        turns = [self._turn(game) for game in games]
        call = self.pool.submit(self.agents[agent].choose, turns)
        self.calls[call] = partial(self._chosen, agent, games)

    def _turn(self, game: _Game) -> Turn:
        position = self.positions[game.slot : game.slot + 1].copy()
        return Turn(game.fixture.game, self.spec, position, tuple(game.actions), self.seed)

    def _chosen(self, agent: int, games: list[_Game], decisions: list[Decision]) -> None:
        """Play what was chosen, and end the games that it ends."""
        self.busy.discard(agent)
        slots = [game.slot for game in games]
        legal = self.spec.legal(self.positions[slots])
        moved: list[_Game] = []
        for game, decision, allowed in zip(games, decisions, legal, strict=True):
            game.seconds[game.side] += decision.seconds
            game.decisions[game.side] += 1
            loser = self._loses_by(decision, allowed)
            if loser is None:
                game.actions.append(decision.action)
                moved.append(game)
            else:
                self._finish(game, self._forfeit(game, *loser))
        if not moved:
            return
        slots = [game.slot for game in moved]
        positions = self.positions[slots]
        self.spec.play(positions, np.array([game.actions[-1] for game in moved]))
        self.positions[slots] = positions
        finished = self.spec.finished(positions)
        for game, over, to_move in zip(moved, finished, self.spec.to_move(positions), strict=True):
            game.to_move = int(to_move)
            if over or len(game.actions) >= self.move_limit:
                self._end_normally(game)
            else:
                game.pending = True

    def _loses_by(self, decision: Decision, allowed: np.ndarray) -> tuple[str, str] | None:
        """Return termination and note if the decision loses the game at once."""
        if decision.resign:
            return "resignation", ""
        if decision.forfeit:
            return decision.termination, decision.forfeit
        if not (0 <= decision.action < len(allowed) and allowed[decision.action]):
            return "illegal move", f"chose action {decision.action}"
        return None

    def _forfeit(self, game: _Game, termination: str, note: str) -> Verdict:
        area = float(self.spec.score(self.positions[game.slot : game.slot + 1])[0])
        name = self.agents[game.agents[game.side]].name
        return Verdict(
            winner=-1 if game.side == 0 else 1,
            score=None,
            area_score=area,
            termination=termination,
            note=f"{name} {note}" if termination in FORFEITS else note,
        )

    def _end_normally(self, game: _Game) -> None:
        """Score the board; in Go programs are asked first which stones are dead."""
        turn = self._turn(game)
        passed = [self.spec.pass_action] * 2 == game.actions[-2:]
        programs = [self.agents[agent] for agent in game.agents if agent in self.programs]
        if not self.spec.may_pass and self.spec.finished(turn.position)[0]:
            self._finish(game, area_verdict(turn, "end of the game"))
            return
        if not passed or not programs:
            self._finish(game, area_verdict(turn, "two passes" if passed else "move limit"))
            return
        call = self.pool.submit(judge, turn, programs)
        self.calls[call] = partial(self._finish, game)

    def _finish(self, game: _Game, verdict: Verdict) -> None:
        self.playing.remove(game)
        self.free.append(game.slot)
        for agent in game.agents:
            self.agents[agent].end_game(game.fixture.game)
        self.on_game(
            PlayedGame(
                fixture=game.fixture,
                actions=tuple(game.actions),
                verdict=verdict,
                seconds=(game.seconds[0], game.seconds[1]),
                decisions=(game.decisions[0], game.decisions[1]),
            )
        )


@dataclass(frozen=True)
class PairResult:
    """A match of two agents, seen from the first."""

    wins: int
    draws: int
    losses: int
    pairs: tuple[int, int, int, int, int]
    """Pairs of games in which the first scored 0, 1/2, 1, 3/2, 2 points."""
    games: tuple[PlayedGame, ...]
    """Ordered by number; the first agent is number 0."""
    distinct: int
    """Games that differ, rotations and reflections aside."""

    @property
    def score(self) -> float:
        """Share of the points in [0, 1]."""
        return (self.wins + self.draws / 2) / len(self.games)

    @property
    def statistics(self) -> PairStatistics:
        """What the pairs say; with a handful of them the interval is too narrow."""
        return pair_statistics(self.pairs)

    @property
    def elo(self) -> float:
        """Elo of the first above the second; at most about 1200 either way."""
        return clamped_elo_difference(self.score)

    @property
    def elo_low(self) -> float:
        """Lower end of the 95 % interval, from Wilson's of the score."""
        return clamped_elo_difference(wilson(self.score * len(self.games), len(self.games))[0])

    @property
    def elo_high(self) -> float:
        """Upper end of it."""
        return clamped_elo_difference(wilson(self.score * len(self.games), len(self.games))[1])


def play_match(
    spec: GameSpec,
    first: Agent,
    second: Agent,
    games: int,
    seed: int,
    *,
    opening_plies: tuple[int, int] = OPENING_PLIES,
    move_limit: int | None = None,
    games_at_once: int = GAMES_AT_ONCE,
) -> PairResult:
    """Play a match in colour-balanced pairs from distinct openings; nothing is written.

    Raises:
        ConfigError: if ``games`` is not an even number above 0, or there are too few openings.
    """
    if games < 2 or games % 2:
        raise ConfigError(f"expected an even number of games of at least 2, got {games!r}")
    fixtures = make_schedule([(0, 1)], make_openings(spec, games // 2, opening_plies, seed))
    played: list[PlayedGame] = []
    play_games(
        spec,
        (first, second),
        fixtures,
        seed=seed,
        on_game=played.append,
        move_limit=move_limit,
        games_at_once=games_at_once,
    )
    played.sort(key=lambda game: game.fixture.game)
    points = [g.black_points if g.fixture.black == 0 else 1 - g.black_points for g in played]
    low, half, even, more, high = count_pairs(zip(points[::2], points[1::2], strict=True))
    return PairResult(
        wins=points.count(1.0),
        draws=points.count(0.5),
        losses=points.count(0.0),
        pairs=(low, half, even, more, high),
        games=tuple(played),
        distinct=distinct_games(spec, [game.actions for game in played]),
    )
