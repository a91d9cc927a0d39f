"""Plays many games at once, with all turns of an agent in one batch.

Agents of this process are asked about all their games together, so that one network evaluates for
all of them; programs are asked about each game apart, in threads. Agents choose at the same time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from agents.protocol import Agent, Decision, Program, Thinks, Turn
from arena.play.adjudication import AgreedWinner
from arena.play.clock import PlayerClock
from arena.play.game import GameInPlay, PlayedGame, Terms, Void
from arena.play.verdict import FORFEITS, Verdict, area_verdict, verdict_after_passes
from arena.schedule import Fixture
from engine.errors import ProgramError
from engine.games.spec import GameSpec

_LONGEST_WAIT_S: Final = 0.5
GAMES_AT_ONCE: Final = 64
_MOST_VOIDS: Final = 3
_TREE_NODES: Final = 25_600


class _Stopped(Exception):  # noqa: N818
    """No more games are wanted."""


def _is_timed(agent: Agent) -> bool:
    return isinstance(agent, Thinks) and agent.limit.time_limit_s is not None


def fitting_games_at_once(simulations: int) -> int:
    """Return how many games fill the batches of six agents at a time, with bounded trees.

    Short searches ask for few positions per game and round; long ones need memory for their trees.
    """
    return min(max(_TREE_NODES // max(simulations, 1), GAMES_AT_ONCE // 2), 4 * GAMES_AT_ONCE)


def play_games(
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
    """Play all fixtures, calling ``on_game`` in this thread as games finish.

    With agents of this process only, games are a function of the seed: turns are gathered in
    rounds. Under a clock, or with a limit in seconds, each of them thinks about one game at a time.
    The agents stay open.

    Args:
        spec: the game they play.
        agents: numbered as in the fixtures.
        fixtures: started in this order, as far as programs have processes free.
        terms: what they are played under.
        on_game: takes each finished game.
        on_void: takes each game that failed before a program was asked for a move, or in which it
            played by rules that it could not be told; it is played again, and three such failures
            in a row end the tournament.
        claim: asked before a fixture is started; it is left out if the answer is False.
        go_on: asked after each finished game; the games in play are given up if it is False.
        games_at_once: games between agents of this process; programs bring their own number.
        leave_out: a game that is void three times, as a program plays it by other rules, is left
            out; three such games in a row end the tournament, without this the first does.

    Raises:
        ProgramError: if a program cannot be started, or not be set up for the game, at all.
    """
    callbacks = _Callbacks(on_game, on_void, claim, go_on)
    GameRunner(spec, agents, fixtures, terms, games_at_once, callbacks, leave_out).run()


@dataclass(frozen=True)
class _Callbacks:
    """The functions of :func:`play_games`."""

    on_game: Callable[[PlayedGame], object]
    on_void: Callable[[Void], object]
    claim: Callable[[Fixture], bool]
    go_on: Callable[[], bool]


class GameRunner:
    """The games in play, those that wait, and the agents that think about them."""

    def __init__(
        self,
        spec: GameSpec,
        agents: Sequence[Agent],
        fixtures: Sequence[Fixture],
        terms: Terms,
        games_at_once: int,
        callbacks: _Callbacks,
        leave_out: bool = False,
    ) -> None:
        self.spec, self.agents, self.terms = spec, agents, terms
        self.callbacks = callbacks
        limit = terms.move_limit
        self.move_limit = spec.max_plies if limit is None else min(limit, spec.max_plies)
        self.games_at_once = games_at_once if terms.clock is None else 1
        self.waiting = list(fixtures)
        self.playing: list[GameInPlay] = []
        self.programs = {i: a.processes for i, a in enumerate(agents) if isinstance(a, Program)}
        # Where seconds count, another game must not cost a player time.
        self.alone = {i for i, a in enumerate(agents) if terms.clock is not None or _is_timed(a)}
        self.voids = dict.fromkeys(self.programs, 0)
        self.voids_of_game: Counter[int] = Counter()
        self.left_out = dict.fromkeys(self.programs, 0)  # games in a row
        self.most_left_out = _MOST_VOIDS if leave_out else 1
        seats = sum(self.programs.values())
        self.positions = spec.allocate(self.games_at_once + seats)
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
                done = self._answered(until)
                for call in [call for call in self.calls if call in done]:
                    self.calls.pop(call)(call.result())
        except _Stopped:
            wait(self.calls)
            self.playing.clear()
        finally:
            for game in self.playing:
                self.callbacks.on_void(Void(game.fixture, None, "interrupted"))
            self.pool.shutdown(wait=False, cancel_futures=True)

    def _answered(self, until: str) -> set[Future[Any]]:
        """Wait for answers. Python may miss a Ctrl-C that arrives as a wait without end begins."""
        while True:
            done, waiting = wait(self.calls, _LONGEST_WAIT_S, return_when=until)
            if not waiting or (done and until == FIRST_COMPLETED):
                return done

    def _seat_games(self) -> None:
        """Start, in order, each waiting fixture whose agents have a game free."""
        in_play = [agent for game in self.playing for agent in game.agents]
        room = {agent: seats - in_play.count(agent) for agent, seats in self.programs.items()}
        built_in = self.games_at_once - sum(
            not self._with_program(game.fixture) for game in self.playing
        )
        later = []
        for fixture in self.waiting:
            seats = [agent for agent in (fixture.black, fixture.white) if agent in self.programs]
            if (seats and all(room[agent] > 0 for agent in seats)) or (not seats and built_in > 0):
                if not self.callbacks.claim(fixture):
                    continue
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
        game = GameInPlay(fixture, slot, list(fixture.opening), to_move)
        if self.terms.clock is not None:
            game.clocks = (PlayerClock(self.terms.clock), PlayerClock(self.terms.clock))
        if self.terms.resignation is not None:
            game.agreement = AgreedWinner(self.terms.resignation)
        self.playing.append(game)

    def _ask(self) -> None:
        """Ask every agent that is free about the games in which it has to move."""
        turns: dict[int, list[GameInPlay]] = defaultdict(list)
        for game in self.playing:
            if game.pending:
                turns[game.agents[game.side]].append(game)
        for agent, games in turns.items():
            if agent in self.programs:
                for game in games:
                    self._submit_moves(agent, [game])
            elif agent not in self.busy:
                self.busy.add(agent)
                self._submit_moves(agent, games[:1] if agent in self.alone else games)

    def _submit_moves(self, agent: int, games: list[GameInPlay]) -> None:
        for game in games:
            game.pending = False
        turns = [self._turn(game) for game in games]
        call = self.pool.submit(self.agents[agent].choose, turns)
        self.calls[call] = partial(self._chosen, agent, games)

    def _turn(self, game: GameInPlay) -> Turn:
        position = self.positions[game.slot : game.slot + 1].copy()
        return Turn(
            game=game.fixture.game,
            spec=self.spec,
            position=position,
            actions=tuple(game.actions),
            seed=self.terms.seed,
            time_left=None if game.clocks is None else game.clocks[game.side].left,
        )

    def _chosen(self, agent: int, games: list[GameInPlay], decisions: list[Decision]) -> None:
        """Play what was chosen, and end the games that it ends."""
        self.busy.discard(agent)
        slots = [game.slot for game in games]
        legal = self.spec.legal(self.positions[slots])
        moved: list[GameInPlay] = []
        for game, decision, allowed in zip(games, decisions, legal, strict=True):
            if decision.void:
                self._void(agent, game, decision)
                continue
            game.seconds[game.side] += decision.seconds
            game.decisions[game.side] += 1
            self.voids.update({agent: 0} if agent in self.voids else {})
            loser = self._loses_by(game, decision, allowed)
            if loser is not None:
                self._finish(game, self._lost(game, game.side, *loser))
            elif not self._is_given_up(game, decision):
                game.actions.append(decision.action)
                moved.append(game)
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

    def _loses_by(
        self, game: GameInPlay, decision: Decision, allowed: np.ndarray
    ) -> tuple[str, str] | None:
        """Return termination and note if the decision loses the game at once."""
        if decision.forfeit:
            return decision.termination, decision.forfeit
        if game.clocks is not None and not game.clocks[game.side].spend(decision.seconds):
            return "time", f"took {decision.seconds:.1f} s for a move"
        if decision.resign:
            return "resignation", ""
        if not (0 <= decision.action < len(allowed) and allowed[decision.action]):
            return "illegal move", f"chose action {decision.action}"
        return None

    def _is_given_up(self, game: GameInPlay, decision: Decision) -> bool:
        """Whether both players agree about the winner; the game may be played on to check."""
        if game.agreement is None or game.agreed:
            return False
        winner = game.agreement.note(game.side, decision)
        if winner and game.agreement.rule.is_audited(self.terms.seed, game.fixture.game):
            game.agreed = winner
            return False
        if winner:
            self._finish(game, self._lost(game, 1 if winner > 0 else 0, "adjudication", ""))
        return winner != 0

    def _lost(self, game: GameInPlay, loser: int, termination: str, note: str) -> Verdict:
        area = float(self.spec.score(self.positions[game.slot : game.slot + 1])[0])
        name = self.agents[game.agents[loser]].name
        return Verdict(
            winner=-1 if loser == 0 else 1,
            score=None,
            area_score=area,
            termination=termination,
            note=f"{name} {note}" if termination in FORFEITS else note,
        )

    def _void(self, agent: int, game: GameInPlay, decision: Decision) -> None:
        """Play a game again that does not count because of a program, if that has any hope."""
        note = decision.forfeit
        by_rules = decision.termination == "other rules"
        self.voids[agent] += not by_rules
        self.voids_of_game[game.fixture.game] += by_rules
        last = self.voids_of_game[game.fixture.game] >= _MOST_VOIDS
        self.callbacks.on_void(Void(game.fixture, agent, note, last))
        self._leave(game)
        name = repr(self.agents[agent].name)
        if self.voids[agent] >= _MOST_VOIDS:
            raise ProgramError(
                f"expected a program that can play {self.spec}, got {name}, "
                f"which failed {_MOST_VOIDS} times in a row before its first move: {note}"
            )
        if not last:
            self.waiting.append(game.fixture)
            return
        self.left_out[agent] += 1
        if self.left_out[agent] >= self.most_left_out:
            raise ProgramError(
                f"expected a program that plays by the rules of {self.spec}, got {name}, whose "
                f"game {game.fixture.game} was void {_MOST_VOIDS} times: it {note}; start it with "
                "these rules (its own options, or commands after ;;), or play by its rules (--rule)"
            )

    def _end_normally(self, game: GameInPlay) -> None:
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
        call = self.pool.submit(verdict_after_passes, turn, programs)
        self.calls[call] = partial(self._finish, game)

    def _finish(self, game: GameInPlay, verdict: Verdict) -> None:
        self._leave(game)
        self.left_out.update({agent: 0 for agent in game.agents if agent in self.left_out})
        self.callbacks.on_game(
            PlayedGame(
                fixture=game.fixture,
                actions=tuple(game.actions),
                verdict=verdict,
                seconds=(game.seconds[0], game.seconds[1]),
                decisions=(game.decisions[0], game.decisions[1]),
                agreed=game.agreed,
            )
        )
        if not self.callbacks.go_on():
            raise _Stopped

    def _leave(self, game: GameInPlay) -> None:
        self.playing.remove(game)
        self.free.append(game.slot)
        for agent in game.agents:
            self.agents[agent].end_game(game.fixture.game)
