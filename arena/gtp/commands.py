"""The GTP commands of a game of Go: a table from name to function over one :class:`Session`.

Where GTP is freer than the rules: a move out of turn is preceded by a pass of the other side, and a
move after two passes goes on with the game as if they had not been played.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from agents.gtp.grammar import parse_colour, parse_integer, parse_number
from agents.protocol import Agent, Decision, Limit, Turn
from agents.search_agent import SearchAgent
from arena.gtp.clock import Clock
from arena.gtp.handicap import fixed_handicap
from arena.gtp.server import CommandError, Handler
from engine.diagram import diagram
from engine.errors import IllegalActionError, RecordError, SpecError
from engine.games.go import GoSpec
from engine.games.spec import BLACK, EMPTY, WHITE, Positions
from engine.notation import action_to_text, text_to_action
from engine.records import GameRecord
from engine.records.sgf import read_sgf, write_sgf

_STATUSES: Final = ("alive", "seki", "dead")


@dataclass(frozen=True)
class _Line:
    """A game from its first stone to now."""

    black_setup: tuple[int, ...] = ()
    white_setup: tuple[int, ...] = ()
    first_to_move: int = BLACK
    actions: tuple[int, ...] = ()

    @property
    def to_move(self) -> int:
        other = BLACK + WHITE - self.first_to_move
        return self.first_to_move if len(self.actions) % 2 == 0 else other


class Session:
    """One game against an agent."""

    def __init__(self, agent: Agent, spec: GoSpec, version: str, seed: int = 0) -> None:
        self._agent, self._spec, self._version, self._seed = agent, spec, version, seed
        self._clock = Clock()
        self._game = 0
        self._clear()

    def commands(self) -> dict[str, Handler]:
        """Return the table for :class:`arena.gtp.server.GtpServer`."""
        return {
            "name": lambda arguments: "Miai",
            "version": lambda arguments: self._version,
            "boardsize": self._boardsize,
            "rectangular_boardsize": self._boardsize,
            "clear_board": self._clear_board,
            "komi": self._komi,
            "get_komi": lambda arguments: f"{self._spec.komi:g}",
            "play": self._play,
            "genmove": self._genmove,
            "reg_genmove": self._reg_genmove,
            "undo": self._undo,
            "showboard": self._showboard,
            "final_score": self._final_score,
            "final_status_list": self._final_status_list,
            "time_settings": self._time_settings,
            "time_left": self._time_left,
            "fixed_handicap": self._fixed_handicap,
            "place_free_handicap": self._place_free_handicap,
            "set_free_handicap": self._set_free_handicap,
            "loadsgf": self._loadsgf,
            "printsgf": self._printsgf,
            "cputime": lambda arguments: f"{time.process_time():.3f}",
        }

    def _boardsize(self, arguments: Sequence[str]) -> str:
        numbers = [parse_integer(word) for word in _at_least(arguments, 1)[:2]]
        try:
            self._spec = replace(self._spec, width=numbers[0], height=numbers[-1])
        except SpecError:
            raise CommandError("unacceptable size") from None
        self._clear()
        return ""

    def _clear_board(self, arguments: Sequence[str]) -> str:
        self._clear()
        self._clock.reset()
        return ""

    def _clear(self) -> None:
        self._agent.end_game(self._game)
        self._game += 1
        self._line = _Line()
        self._earlier: list[_Line] = []
        self._position = self._replay(self._line)

    def _komi(self, arguments: Sequence[str]) -> str:
        komi = parse_number(_at_least(arguments, 1)[0])
        try:
            self._spec = replace(self._spec, komi=komi)
        except SpecError:
            raise CommandError(f"expected a multiple of 0.5 as komi, got {komi:g}") from None
        self._position = self._replay(self._line)
        return ""

    def _play(self, arguments: Sequence[str]) -> str:
        colour_text, vertex = _at_least(arguments, 2)[:2]
        colour = parse_colour(colour_text)
        action = text_to_action(self._spec, vertex)
        self._enter(_with_turn(self._spec, self._line, colour), action)
        return ""

    def _enter(self, line: _Line, action: int) -> None:
        """Play ``action`` after ``line`` and remember what was before."""
        line = replace(line, actions=(*line.actions, action))
        try:
            position = self._replay(line)
        except IllegalActionError:
            raise CommandError("illegal move") from None
        self._earlier.append(self._line)
        self._line, self._position = line, position

    def _genmove(self, arguments: Sequence[str]) -> str:
        return self._generate(arguments, play=True)

    def _reg_genmove(self, arguments: Sequence[str]) -> str:
        return self._generate(arguments, play=False)

    def _generate(self, arguments: Sequence[str], play: bool) -> str:
        colour = parse_colour(_at_least(arguments, 1)[0])
        line = _with_turn(self._spec, self._line, colour)
        position = self._replay(line)
        if self._spec.finished(position)[0]:
            return "pass"
        turn = Turn(self._game, self._spec, position, line.actions, self._seed)
        started = time.perf_counter()
        decision = self._decide(turn, colour)
        if decision.forfeit:
            raise CommandError(f"no move: {decision.forfeit}")
        if decision.resign:
            return "resign"
        if play:
            self._clock.spend(colour, time.perf_counter() - started)
            self._enter(line, decision.action)
        return action_to_text(self._spec, decision.action)

    def _decide(self, turn: Turn, colour: int) -> Decision:
        """Ask the agent, within the clock's time if it is one that can be limited."""
        empty = int((self._spec.stones(turn.position)[0] == EMPTY).sum())
        budget_s = self._clock.budget_s(colour, moves_left=empty // 4)
        if budget_s is None or not isinstance(self._agent, SearchAgent):
            return self._agent.choose([turn])[0]
        limit = Limit(self._agent.limit.simulations, budget_s)
        return self._agent.think(turn, limit, lambda result: True)

    def _undo(self, arguments: Sequence[str]) -> str:
        if not self._earlier:
            raise CommandError("cannot undo")
        self._line = self._earlier.pop()
        self._position = self._replay(self._line)
        return ""

    def _showboard(self, arguments: Sequence[str]) -> str:
        black, white = (int(count) for count in self._position["prisoners"][0])
        return (
            f"\n{diagram(self._spec, self._position)}\n"
            f"{'Black' if self._line.to_move == BLACK else 'White'} to move, "
            f"Black (X) has captured {black}, White (O) {white}, komi {self._spec.komi:g}"
        )

    def _final_score(self, arguments: Sequence[str]) -> str:
        score = float(self._spec.score(self._position)[0])
        return "0" if score == 0 else f"{'B' if score > 0 else 'W'}+{abs(score):g}"

    def _final_status_list(self, arguments: Sequence[str]) -> str:
        """Every stone on the board counts as alive, as in :meth:`_final_score`."""
        status = _at_least(arguments, 1)[0]
        if status not in _STATUSES:
            raise CommandError(f"expected a status from {', '.join(_STATUSES)}, got {status!r}")
        if status != "alive":
            return ""
        chains = _chains(self._spec, self._spec.stones(self._position)[0])
        return "\n".join(
            " ".join(action_to_text(self._spec, point) for point in chain) for chain in chains
        )

    def _time_settings(self, arguments: Sequence[str]) -> str:
        main_s, period_s, stones = (parse_integer(word) for word in _at_least(arguments, 3)[:3])
        self._clock.set(main_s, period_s, stones)
        return ""

    def _time_left(self, arguments: Sequence[str]) -> str:
        colour, left_s, stones = _at_least(arguments, 3)[:3]
        self._clock.set_left(parse_colour(colour), parse_integer(left_s), parse_integer(stones))
        return ""

    def _fixed_handicap(self, arguments: Sequence[str]) -> str:
        return self._handicap(fixed_handicap(self._spec, parse_integer(_at_least(arguments, 1)[0])))

    def _place_free_handicap(self, arguments: Sequence[str]) -> str:
        """May place fewer stones than asked for, as the protocol allows."""
        count = parse_integer(_at_least(arguments, 1)[0])
        points = None
        while points is None:
            points = fixed_handicap(self._spec, count)
            count -= 1
            if points is None and count < 2:
                raise CommandError("invalid number of stones")
        return self._handicap(points)

    def _set_free_handicap(self, arguments: Sequence[str]) -> str:
        points = [text_to_action(self._spec, word) for word in arguments]
        if len(points) < 2 or len(set(points)) < len(points) or self._spec.pass_action in points:
            raise CommandError("bad vertex list")
        self._handicap(points)
        return ""

    def _handicap(self, points: Sequence[int] | None) -> str:
        if points is None:
            raise CommandError("invalid number of stones")
        if self._line != _Line():
            raise CommandError("board not empty")
        self._start_from(_Line(black_setup=tuple(points), first_to_move=WHITE))
        return " ".join(action_to_text(self._spec, point) for point in points)

    def _start_from(self, line: _Line) -> None:
        try:
            position = self._replay(line)
        except IllegalActionError as error:
            raise CommandError(str(error)) from None
        self._line, self._position, self._earlier = line, position, []

    def _loadsgf(self, arguments: Sequence[str]) -> str:
        """``loadsgf FILE [MOVE]``: the position before that move, or the last one."""
        path = Path(_at_least(arguments, 1)[0])
        try:
            record = read_sgf(path.read_bytes(), path.name)[0]
        except (OSError, RecordError, IndexError) as error:
            raise CommandError(f"cannot load file: {error}") from None
        count = len(record.actions)
        if len(arguments) > 1:
            count = min(count, max(0, parse_integer(arguments[1]) - 1))
        spec = record.spec
        if not isinstance(spec, GoSpec):
            raise CommandError("cannot load file: not a game of Go")
        self._spec = replace(self._spec, height=spec.height, width=spec.width, komi=spec.komi)
        self._clear()
        self._start_from(
            _Line(
                black_setup=record.black_setup,
                white_setup=record.white_setup,
                first_to_move=record.first_to_move,
                actions=record.actions[:count],
            )
        )
        return ""

    def _printsgf(self, arguments: Sequence[str]) -> str:
        record = GameRecord(
            spec=self._spec,
            actions=self._line.actions,
            black_setup=self._line.black_setup,
            white_setup=self._line.white_setup,
            first_to_move=self._line.first_to_move,
        )
        data = write_sgf(record)
        if not arguments:
            return data.decode().strip()
        try:
            Path(arguments[0]).write_bytes(data)
        except OSError as error:
            raise CommandError(f"cannot write file: {error.strerror}") from None
        return ""

    def _replay(self, line: _Line) -> Positions:
        """Return the position after a line; raises IllegalActionError if it is not one."""
        position = self._spec.allocate(1)
        if line != _Line(actions=line.actions):
            stones = self._spec.board(line.black_setup, line.white_setup)
            self._spec.set_up(position, stones, line.first_to_move)
        for action in line.actions:
            self._spec.play(position, np.array([action]))
        return position


def _with_turn(spec: GoSpec, line: _Line, colour: int) -> _Line:
    """Return the line with ``colour`` to move; see the module's docstring."""
    actions = line.actions
    if actions[-2:] == (spec.pass_action, spec.pass_action):
        line = replace(line, actions=actions[:-2])
    if line.to_move == colour:
        return line
    if line.actions[-1:] == (spec.pass_action,):
        return replace(line, actions=line.actions[:-1])
    return replace(line, actions=(*line.actions, spec.pass_action))


def _chains(spec: GoSpec, stones: np.ndarray) -> list[list[int]]:
    """Return the connected stones of one colour, for all of them; ``stones`` is ``(points,)``."""
    seen: set[int] = set()
    chains = []
    for start in range(spec.points):
        if stones[start] == EMPTY or start in seen:
            continue
        chain = [start]
        seen.add(start)
        for point in chain:
            for neighbour in _neighbours(spec, point):
                if stones[neighbour] == stones[start] and neighbour not in seen:
                    seen.add(neighbour)
                    chain.append(neighbour)
        chains.append(chain)
    return chains


def _neighbours(spec: GoSpec, point: int) -> list[int]:
    row, column = divmod(point, spec.width)
    around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return [r * spec.width + c for r, c in around if 0 <= r < spec.height and 0 <= c < spec.width]


def _at_least(arguments: Sequence[str], count: int) -> Sequence[str]:
    if len(arguments) < count:
        raise CommandError(f"expected {count} argument{'s' if count > 1 else ''}")
    return arguments
