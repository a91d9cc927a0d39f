"""Answers the Gomocup protocol (Piskvork): one board of Gomoku, one agent.

A line in, some lines out; ``BOARD`` and ``SWAP2BOARD`` go on until ``DONE``. What cannot be carried
out is ``ERROR`` with the reason and changes nothing, what is not known ``UNKNOWN``. Nothing that
comes in ends the server but ``END`` and the end of input. It does not think on the opponent's time.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import BinaryIO, Final

from agents.gomocup.grammar import CARO, EXACTLY_FIVE, RENJU, action_of, point_of
from agents.gtp.grammar import LONGEST_LINE, decode
from agents.protocol import Agent, Decision
from arena.gomocup.swap2 import opening_stones, swap2_choice
from arena.gomocup.times import Times
from arena.gtp.board import Board, Line
from arena.gtp.player import Player
from arena.gtp.server import CommandError, skip_line
from engine.errors import MiaiError, NotationError, SpecError
from engine.games.gomoku import GomokuSpec
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.notation import action_to_text

_OWN, _OTHERS = 1, 2
_TIMES: Final = ("timeout_turn", "timeout_match", "time_left")
_USUAL_S: Final = 5.0
_WARM_UP_SIMULATIONS: Final = 32
_MOST_STONES: Final = 25 * 25
_NAMES: Final = {RENJU: "Renju", CARO: "caro"}

Lines = list[str]


class GomocupServer:
    """Serves the commands of one connection."""

    def __init__(self, agent: Agent, spec: GomokuSpec, version: str, seed: int = 0) -> None:
        """Wait for ``START``.

        Args:
            agent: who plays.
            spec: rules of games whose manager states none; the manager says the size.
            version: to be told.
            seed: of the agent.
        """
        self._version, self._seed = version, seed
        self._board = Board(spec)
        self._player = Player(agent, self._board, seed)
        self._most_s = self._player.settings.max_time_s
        self._started = False
        self._refused_rule = ""
        self._times = Times()
        self._stones: list[tuple[int, int]] | None = None  # of BOARD, while it is being sent
        self._swapping = False  # whether they are those of SWAP2BOARD
        self._commands: dict[str, Callable[[str], Lines]] = {
            "START": self._start,
            "RECTSTART": self._rect_start,
            "RESTART": self._restart,
            "BEGIN": self._begin,
            "TURN": self._turn,
            "PLAY": self._play,
            "BOARD": lambda rest: self._open_board(swapping=False),
            "SWAP2BOARD": lambda rest: self._open_board(swapping=True),
            "TAKEBACK": self._take_back,
            "INFO": self._info,
            "ABOUT": lambda rest: [f'name="Miai", version="{self._version}", author="Miai"'],
        }
        self.ended = False
        """Whether ``END`` has come."""

    def serve(self, lines: BinaryIO, answers: BinaryIO) -> None:
        """Answer until ``END`` or the end of ``lines``."""
        while not self.ended:
            line = lines.readline(LONGEST_LINE)
            if not line:
                return
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                skip_line(lines)
                said = [f"ERROR line of more than {LONGEST_LINE} bytes"]
            else:
                said = self.answer(decode(line))
            answers.write("".join(f"{text}\n" for text in said).encode())
            answers.flush()

    def answer(self, line: str) -> Lines:
        """Carry out one line; return what to say to it."""
        try:
            if self._stones is not None:
                return self._read_stone(line.strip())
            word, _, rest = line.strip().partition(" ")
            if not word:
                return []
            if word.upper() == "END":
                self.ended = True
                return []
            command = self._commands.get(word.upper())
            if command is None:
                return [f"UNKNOWN {word[:40]}"]
            return command(rest.strip())
        except MiaiError as error:
            return [f"ERROR {error}"]
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return [f"ERROR internal error: {type(error).__name__}"]

    @property
    def _spec(self) -> GomokuSpec:
        spec = self._board.spec
        assert isinstance(spec, GomokuSpec)
        return spec

    def _start(self, rest: str) -> Lines:
        return self._begin_board(rest, rest)

    def _rect_start(self, rest: str) -> Lines:
        width, _, height = rest.partition(",")
        return self._begin_board(width.strip(), height.strip())

    def _begin_board(self, width: str, height: str) -> Lines:
        if not (width.isdecimal() and height.isdecimal() and len(width + height) < 8):
            raise CommandError(f"expected the size of a board, got {width[:40]!r}")
        try:
            spec = replace(self._spec, width=int(width), height=int(height))
        except SpecError as error:
            raise CommandError(f"unsupported size: {error}") from None
        self._board.resize(spec)
        self._started = True
        self._warm_up()
        return ["OK"]

    def _warm_up(self) -> None:
        """Compile and load what searches need, of a second move too, before a clock runs."""
        player, board, settings = self._player, self._board, self._player.settings
        if player.searcher is None:
            return
        player.change(replace(settings, max_visits=_WARM_UP_SIMULATIONS))
        try:
            for _ in range(2):
                decision = player.decide(player.turn(board.line), board.line.to_move)
                board.play(board.line.to_move, decision.action)
                board.play(board.line.to_move, int(self._spec.legal(board.position)[0].argmax()))
        finally:
            player.change(settings)
            board.clear()

    def _restart(self, rest: str) -> Lines:
        self._need_board()
        self._board.clear()
        return ["OK"]

    def _begin(self, rest: str) -> Lines:
        self._need_board()
        if self._board.line != Line():
            raise CommandError("expected an empty board: RESTART comes first")
        return self._move()

    def _turn(self, rest: str) -> Lines:
        self._need_board()
        self._put(action_of(self._spec, rest))
        return self._move()

    def _play(self, rest: str) -> Lines:
        """Play a move of our own that the manager chooses."""
        self._need_board()
        action = action_of(self._spec, rest)
        self._put(action)
        return [point_of(self._spec, action)]

    def _put(self, action: int) -> None:
        try:
            self._board.play(self._board.line.to_move, action)
        except CommandError:
            over = bool(self._spec.finished(self._board.position)[0])
            why = "the game is over" if over else "the point is taken"
            raise CommandError(f"{why}: {point_of(self._spec, action)}") from None

    def _move(self) -> Lines:
        """Choose a move, play it and say it."""
        board, spec = self._board, self._spec
        if spec.finished(board.position)[0]:
            raise CommandError("the game is over")
        colour = board.line.to_move
        decision = self._decide(colour)
        board.play(colour, decision.action)
        return [*_explained(spec, decision), point_of(spec, decision.action)]

    def _decide(self, colour: int) -> Decision:
        player, spec = self._player, self._spec
        empty = int((spec.stones(self._board.position)[0] == EMPTY).sum())
        seconds = self._times.for_move(moves_left=empty // 4)
        if seconds is None and player.settings.max_visits is None:
            seconds = _USUAL_S
        limits = [limit for limit in (seconds, self._most_s) if limit is not None]
        player.change(replace(player.settings, max_time_s=min(limits) if limits else None))
        # A program that resigns has no word for it: the move that it would have played is as good.
        decision = player.decide(player.turn(self._board.line), colour)
        if decision.resign:
            legal = spec.candidates(self._board.position)[0]
            return Decision(int(legal.argmax()))
        return decision

    def _open_board(self, swapping: bool) -> Lines:
        self._need_board()
        self._stones, self._swapping = [], swapping
        return []

    def _read_stone(self, line: str) -> Lines:
        """Take one line of a board; the last one is answered with a move."""
        assert self._stones is not None
        if line.upper() == "DONE":
            stones, self._stones = self._stones, None
            return self._swap2(stones) if self._swapping else self._continue(stones)
        if line.upper() == "END":
            self._stones, self.ended = None, True
            return []
        if not line:
            return []
        point, _, field = line.rpartition(",")
        if self._swapping and line.count(",") == 1:
            point, field = line, str(_OWN)
        try:
            if field.strip() not in ("1", "2", "3"):
                raise NotationError(f"expected X,Y and 1 or 2, got {line[:80]!r}")
            action = action_of(self._spec, point)
            if len(self._stones) >= _MOST_STONES:
                raise NotationError("expected at most one stone on each point")
        except MiaiError:
            self._stones = None
            raise
        if field.strip() != "3":  # 3 marks a line that has won in a game that goes on
            self._stones.append((action, int(field)))
        return []

    def _continue(self, stones: Sequence[tuple[int, int]]) -> Lines:
        """Put a game on the board, in the order of its moves if they take turns, and move."""
        before, taken_back = self._board.line, len(stones)
        own = [point for point, side in stones if side == _OWN]
        others = [point for point, side in stones if side == _OTHERS]
        sides = [side for _, side in stones]
        turns = all(a != b for a, b in pairwise(sides))
        if turns and (not sides or sides[-1] == _OTHERS):
            self._board.start_from(Line(actions=tuple(point for point, _ in stones)))
        else:
            mine = BLACK if len(own) == len(others) else WHITE
            black, white = (own, others) if mine == BLACK else (others, own)
            self._board.start_from(Line(tuple(black), tuple(white), mine))
        try:
            return self._move()
        except MiaiError:
            if taken_back:
                self._board.start_from(before)
            raise

    def _swap2(self, stones: Sequence[tuple[int, int]]) -> Lines:
        """Answer the opening of Swap2: put stones, swap, or stay and move."""
        points = tuple(point for point, _ in stones)
        if not points:
            three = opening_stones(self._player, self._spec, self._seed)
            self._board.start_from(Line(actions=three))
            return [" ".join(point_of(self._spec, point) for point in three)]
        if len(points) not in (3, 5):
            raise CommandError(f"expected no stones, 3 or 5 of Swap2, got {len(points)}")
        self._board.start_from(Line(actions=points))
        if swap2_choice(self._player) == "swap":
            return ["SWAP"]
        return self._move()

    def _take_back(self, rest: str) -> Lines:
        """Take a stone off: the last move, or any other as if it had not been played."""
        self._need_board()
        action = action_of(self._spec, rest)
        line = self._board.line
        if line.actions[-1:] == (action,):
            self._board.undo()
            return ["OK"]
        stones = self._spec.stones(self._board.position)[0].copy()
        if stones[action] == EMPTY:
            raise CommandError(f"expected a point with a stone, got {rest[:40]!r}")
        to_move = int(stones[action])
        stones[action] = EMPTY
        black, white = (
            tuple(int(point) for point in (stones == colour).nonzero()[0])
            for colour in (BLACK, WHITE)
        )
        self._board.start_from(Line(black, white, to_move))
        return ["OK"]

    def _info(self, rest: str) -> Lines:
        """Note what the manager tells; only what cannot be played is answered."""
        key, _, value = rest.partition(" ")
        key, value = key.lower(), value.strip()
        if key == "rule":
            return self._set_rule(value)
        if key in _TIMES:
            number = value.lstrip("-")
            if not number.isdecimal() or len(number) > 20:
                raise CommandError(f"expected milliseconds for {key}, got {value[:40]!r}")
            self._times = self._times.with_info(key, max(int(value), 0))
        elif key == "evaluate":
            return self._evaluate(action_of(self._spec, value))
        return []

    def _set_rule(self, value: str) -> Lines:
        if not value.isdecimal() or len(value) > 4:
            raise CommandError(f"expected a rule's number, got {value[:40]!r}")
        number = int(value)
        names = [name for bit, name in _NAMES.items() if number & bit]
        self._refused_rule = ""
        if names:
            self._refused_rule = (
                f"expected freestyle (rule 0) or exactly five (rule 1), got {names[0]} "
                f"(rule {number}), which is not played here"
            )
            raise CommandError(self._refused_rule)
        spec = replace(self._spec, exactly=bool(number & EXACTLY_FIVE))
        if spec != self._spec:
            self._board.change_rules(spec)
        return []

    def _evaluate(self, action: int) -> Lines:
        """Say what the evaluator makes of a point under the manager's pointer."""
        self._need_board()
        board = self._board
        if self._spec.finished(board.position)[0]:
            return []
        prior = float(self._player.outlooks([board.line], [0])[0][0].policy[action])
        return [f"MESSAGE {point_of(self._spec, action)}: policy {max(prior, 0.0):.4f}"]

    def _need_board(self) -> None:
        if not self._started:
            raise CommandError("expected START first")
        if self._refused_rule:
            raise CommandError(self._refused_rule)


def _explained(spec: GomokuSpec, decision: Decision) -> Lines:
    """What was thought, for the manager to show."""
    thought = decision.thought
    if thought is None:
        return []
    line = " ".join(action_to_text(spec, action) for action in thought.variation)
    rate = f"win rate {100 * thought.win_rate:.1f} %"
    return [f"MESSAGE {thought.simulations} simulations, {rate}, {line}"]
