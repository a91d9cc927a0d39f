"""Answers the NBoard protocol (Welty, version 2): one game of Othello, one agent.

A thread reads lines; this one answers them in order. A hint or an analysis of a game ends when the
next line comes, a move that is being chosen when a ``ping`` does. Lines that are not understood are
passed over, as the protocol asks; what cannot be carried out is said in a ``status``.
"""

from __future__ import annotations

import queue
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, Final

from agents.gtp.grammar import decode
from agents.protocol import Agent, Decision, Limit, TimeLeft, Turn
from arena.gtp.board import Board, Line
from arena.gtp.infos import infos_of
from arena.gtp.player import Player
from arena.gtp.server import CommandError, skip_line
from engine.errors import MiaiError
from engine.games.othello import OthelloSpec
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.records.ggf import action_of, move_of, read_ggf, seconds_of, time_control
from engine.search import SearchResult

_LINES_WAITING: Final = 1024
_LONGEST_GAME: Final = 1 << 16
_USUAL_DEPTH: Final = 12
_PER_DEPTH: Final = 10
"""A search of ``depth`` squared times this many simulations stands for that depth."""
_DEEPEST: Final = 60
_INTERVAL_S: Final = 1.0
_ANALYSIS_SHARE: Final = 8
_PING = re.compile(rb"\s*ping\b", re.IGNORECASE)

Say = Callable[[str], None]
Stopped = Callable[[], bool]


class NBoardServer:
    """Serves the commands of one connection."""

    def __init__(
        self, agent: Agent, spec: OthelloSpec, seed: int = 0, simulations: int | None = None
    ) -> None:
        """Begin with the usual position.

        Args:
            agent: who plays.
            spec: of games whose GGF does not say another size.
            seed: of the agent.
            simulations: of a search; ``None``: as many as stand for the depth that is set.
        """
        self._board = Board(spec)
        self._player = Player(agent, self._board, seed)
        self._simulations = simulations
        self._depth = _USUAL_DEPTH
        self._clocks: dict[int, TimeLeft | None] = {BLACK: None, WHITE: None}
        self._commands: dict[str, Callable[[str, Say, Stopped], None]] = {
            "nboard": lambda rest, say, stopped: say("set myname Miai"),
            "ping": lambda rest, say, stopped: say(f"pong {rest[:20]}".rstrip()),
            "set": self._set,
            "move": self._move,
            "go": self._go,
            "hint": self._hint,
            "learn": lambda rest, say, stopped: say("learned"),
            "analyze": self._analyze,
            "quit": self._quit,
        }
        self.ended = False
        """Whether ``quit`` has come."""

    def serve(self, lines: BinaryIO, answers: BinaryIO) -> None:
        """Answer until ``quit`` or the end of ``lines``."""
        waiting: queue.Queue[bytes | None] = queue.Queue(_LINES_WAITING)
        threading.Thread(target=_read, args=(lines, waiting), daemon=True).start()

        def say(text: str) -> None:
            answers.write(text.encode() + b"\n")
            answers.flush()

        def news() -> bool:
            return not waiting.empty() and waiting.queue[0] is not None

        def pinged() -> bool:
            return any(line is not None and _PING.match(line) for line in list(waiting.queue))

        while not self.ended:
            line = waiting.get()
            if line is None:
                return
            choosing = line.strip().lower() == b"go"
            self.answer(decode(line), say, pinged if choosing else news)

    def answer(self, line: str, say: Say, stopped: Stopped = lambda: False) -> None:
        """Carry out one line."""
        word, _, rest = line.strip().partition(" ")
        command = self._commands.get(word.lower())
        if command is None:
            return
        try:
            command(rest.strip(), say, stopped)
        except BrokenPipeError:
            raise
        except MiaiError as error:
            say(f"status {_one_line(str(error))}")
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            say(f"status internal error: {type(error).__name__}")

    @property
    def _spec(self) -> OthelloSpec:
        spec = self._board.spec
        assert isinstance(spec, OthelloSpec)
        return spec

    def _quit(self, rest: str, say: Say, stopped: Stopped) -> None:
        self.ended = True

    def _set(self, rest: str, say: Say, stopped: Stopped) -> None:
        name, _, value = rest.partition(" ")
        if name.lower() == "depth":
            if not value.strip().isdecimal() or len(value) > 6 or int(value) < 1:
                raise CommandError(f"expected a depth of at least 1, got {value[:40]!r}")
            self._depth = min(int(value), _DEEPEST)
        elif name.lower() == "game":
            self._set_game(value)

    def _set_game(self, text: str) -> None:
        record, cut = read_ggf(text, "the game that was set")
        if cut:
            raise CommandError(cut)
        before = self._board.spec
        line = Line(record.black_setup, record.white_setup, record.first_to_move, record.actions)
        self._board.spec = record.spec
        try:
            self._board.start_from(line)
        except CommandError:
            self._board.spec = before
            raise
        self._clocks = {side: _left(text, side) for side in (BLACK, WHITE)}

    def _move(self, rest: str, say: Say, stopped: Stopped) -> None:
        board, spec = self._board, self._spec
        action = action_of(spec, rest)
        mover = board.line.to_move
        only_pass = bool(spec.legal(board.position)[0, spec.pass_action])
        if only_pass and action != spec.pass_action:  # a pass that is not worth a line to some
            board.play(mover, spec.pass_action)
            mover = board.line.to_move
        try:
            board.play(mover, action)
        except CommandError:
            raise CommandError(f"expected a legal move, got {rest[:40]!r}") from None
        left = self._clocks[mover]
        if left is not None:
            main_s = max(left.main_s - seconds_of(rest), 0.0) + left.increment_s
            self._clocks[mover] = replace(left, main_s=main_s)

    def _go(self, rest: str, say: Say, stopped: Stopped) -> None:
        """Say what would be played; the viewer plays it, if it still wants to."""
        board, spec = self._board, self._spec
        if spec.finished(board.position)[0]:
            raise CommandError("the game is over")
        if spec.legal(board.position)[0, spec.pass_action]:
            say(f"=== {move_of(spec, spec.pass_action)}")
            return
        say("status Thinking")
        decision = self._decide(self._player.turn(board.line), stopped)
        said = move_of(spec, decision.action)
        if decision.thought is not None:
            say(f"nodestats {decision.thought.simulations} {decision.seconds:.2f}")
            said += f"/{decision.thought.score:.2f}/{decision.seconds:.2f}"
        say(f"=== {said}")
        say("status")

    def _decide(self, turn: Turn, stopped: Stopped) -> Decision:
        player, spec = self._player, self._spec
        if player.searcher is None:
            return player.decide(turn, self._board.line.to_move)
        left = self._clocks[self._board.line.to_move]
        empty = int((spec.stones(turn.position)[0] == EMPTY).sum())
        seconds = None if left is None else left.for_one_move(empty // 2)
        limit = Limit(self._budget(), seconds)
        return player.think(turn, limit, lambda result: True, 3600.0, stopped)

    def _budget(self) -> int:
        return self._simulations or _PER_DEPTH * self._depth**2

    def _hint(self, rest: str, say: Say, stopped: Stopped) -> None:
        """Say what the best moves are worth, again and again until the depth is reached."""
        count = int(rest) if rest.isdecimal() and len(rest) < 4 else 1
        board, spec = self._board, self._spec
        if spec.finished(board.position)[0]:
            raise CommandError("the game is over")
        say("status Analyzing")
        turn = self._player.turn(board.line)
        began = time.perf_counter()

        def report(result: SearchResult) -> bool:
            for info in infos_of(
                spec, result, min_moves=count, max_moves=max(count, 1), write=_move_of
            ):
                exact = "100%W" if result.proven and info.order == 0 else str(len(info.line))
                value = f"{info.score:.2f}"
                say(f"search {'-'.join(info.line)} {value} 0 {exact} {info.visits} simulations")
            say(f"nodestats {result.simulations} {time.perf_counter() - began:.2f}")
            return True

        decision = self._player.think(turn, Limit(self._budget()), report, _INTERVAL_S, stopped)
        if decision.thought is not None:
            report(decision.thought)
        say("status")

    def _analyze(self, rest: str, say: Say, stopped: Stopped) -> None:
        """Say what each position of the game is worth to its mover, the last one first."""
        board, spec = self._board, self._spec
        say("status Analyzing the game")
        for count in range(len(board.line.actions), -1, -1):
            line = replace(board.line, actions=board.line.actions[:count])
            turn = self._player.turn(line)
            if spec.finished(turn.position)[0]:
                sign = 1.0 if line.to_move == BLACK else -1.0
                say(f"analysis {count} {sign * float(spec.score(turn.position)[0]):.2f}")
                continue
            budget = Limit(max(self._budget() // _ANALYSIS_SHARE, 1))
            decision = self._player.think(turn, budget, lambda result: True, 3600.0, stopped)
            if stopped():
                break
            if decision.thought is not None:
                say(f"analysis {count} {decision.thought.score:.2f}")
        say("status")


def _move_of(spec: object, action: int) -> str:
    assert isinstance(spec, OthelloSpec)
    return move_of(spec, action)


def _left(text: str, side: int) -> TimeLeft | None:
    """What a side has left by the times of a game in GGF; ``None`` if it states no time."""
    control = time_control(text, side)
    if control is None:
        return None
    main_s, increment_s, used_s = control
    return TimeLeft(max(main_s - used_s, 0.0), increment_s)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _read(lines: BinaryIO, waiting: queue.Queue[bytes | None]) -> None:
    """Pass lines on; of one that is too long nothing."""
    while True:
        line = lines.readline(_LONGEST_GAME)
        if len(line) == _LONGEST_GAME and not line.endswith(b"\n"):
            skip_line(lines)
            continue
        waiting.put(line or None)
        if not line:
            return
