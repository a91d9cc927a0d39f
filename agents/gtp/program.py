"""An external program that speaks GTP, as an agent.

Each game keeps a process to itself for as long as it lasts. A program that crashes, hangs or
answers nonsense forfeits that game with a note, and a fresh process takes the next one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agents.gtp.client import GtpClient, Watchdog
from agents.gtp.grammar import Reply, colour_word
from agents.gtp.process import BrokenProgramError
from agents.protocol import Decision, TimeLeft, Turn
from engine.errors import NotationError, ProgramError
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.notation import action_to_text, text_to_action

_STARTS_BEFORE_GIVING_UP = 3


class _Seat:
    """One process and what stands on its board."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.client: GtpClient | None = None
        self.game: int | None = None
        self.spec: GameSpec | None = None
        self.actions: tuple[int, ...] = ()
        self.asked = False  # for a move of this game
        self.thought_s = 0.0  # on this game

    def drop(self, quit_first: bool = False) -> None:
        """End the process; the next turn starts another."""
        client, self.client, self.spec = self.client, None, None
        if client is not None:
            client.close(quit_first)


class GtpAgent:
    """Plays by asking a program. Safe to call from several threads at once."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        processes: int = 2,
        watchdog: Watchdog | None = None,
        commands: Sequence[str] = (),
    ) -> None:
        """Nothing is started yet.

        Args:
            name: how tables and records call it.
            argv: the program and its arguments; no shell reads them.
            processes: games that can be in play at once.
            watchdog: how long it may take to answer.
            commands: GTP lines that each process is told when it has started; it has to accept
                them.
        """
        self._name = name
        self._commands = tuple(commands)
        self._argv = tuple(argv)
        self._watchdog = watchdog or Watchdog()
        self._seats = [_Seat() for _ in range(processes)]
        self._seating = threading.Lock()
        self._failed_starts = 0
        self._closed = False
        self._pool = ThreadPoolExecutor(processes, thread_name_prefix=name)

    @property
    def name(self) -> str:
        return self._name

    @property
    def processes(self) -> int:
        """Games that can be in play at once."""
        return len(self._seats)

    def start(self) -> str:
        """Start one process and return what the program calls itself.

        Raises:
            ProgramError: if it cannot be started or does not speak GTP.
        """
        try:
            client = self._client(self._seats[0])
        except BrokenProgramError as failure:
            raise ProgramError(f"cannot play with {' '.join(self._argv)!r}: {failure}") from failure
        return f"{client.name} {client.version}".strip()

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        """Decide every turn, several at once.

        Raises:
            ProgramError: if the program could not be started three times in a row.
        """
        if len(turns) == 1:
            return [self._decide(turns[0])]
        return list(self._pool.map(self._decide, turns))

    def dead_stones(self, turn: Turn) -> NDArray[np.bool_] | None:
        """Ask which stones are dead, shape ``(points,)``; ``None`` if the program does not say."""
        seat = self._seat(turn.game)
        with seat.lock:
            try:
                client = self._bring_to(seat, turn)
                if "final_status_list" not in client.commands:
                    return None
                reply = client.ask_to_think("final_status_list", "dead")
            except BrokenProgramError:
                seat.drop()
                return None
        return _marked(turn.spec, reply)

    def end_game(self, game: int) -> None:
        with self._seating:
            for seat in self._seats:
                if seat.game == game:
                    seat.game, seat.spec = None, None

    def close(self) -> None:
        """End all processes; a move that is being asked for in another thread is given up."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        for seat in self._seats:
            busy = not seat.lock.acquire(blocking=False)
            seat.drop(quit_first=not busy)
            if not busy:
                seat.lock.release()

    def _seat(self, game: int) -> _Seat:
        """Return the game's seat: its own, a free one, or the first if all are taken."""
        with self._seating:
            for seat in self._seats:
                if seat.game == game:
                    return seat
            seat = next((seat for seat in self._seats if seat.game is None), self._seats[0])
            seat.game, seat.asked, seat.thought_s = game, False, 0.0
            return seat

    def _decide(self, turn: Turn) -> Decision:
        seat = self._seat(turn.game)
        with seat.lock:
            started = time.perf_counter()
            try:
                self._client(seat)
                started = time.perf_counter()  # its start is no thinking
                decision = self._ask_for_move(seat, turn)
            except BrokenProgramError as failure:
                seat.drop()
                decision = Decision(
                    -1, forfeit=str(failure), termination=failure.kind, void=not seat.asked
                )
            seconds = time.perf_counter() - started
            seat.thought_s += seconds
        return replace(decision, seconds=seconds)

    def _ask_for_move(self, seat: _Seat, turn: Turn) -> Decision:
        client = self._bring_to(seat, turn)
        colour = int(turn.spec.to_move(turn.position)[0])
        if turn.time_left is not None and "time_left" in client.commands:
            client.ask("time_left", colour_word(colour), *_time_left(turn.time_left))
        seat.asked = True
        reply = client.ask_to_think("genmove", colour_word(colour), spent_s=seat.thought_s)
        text = reply.text.strip()
        if not reply.ok:
            raise BrokenProgramError("nonsense", f"refused to move: {text[:80]!r}")
        if text.lower() == "resign":
            return Decision(-1, resign=True)
        try:
            action = text_to_action(turn.spec, text)
        except NotationError:
            raise BrokenProgramError("nonsense", f"answered {text[:80]!r} to genmove") from None
        if not turn.spec.legal(turn.position)[0, action]:
            seat.spec = None
            return Decision(-1, forfeit=f"played {text}", termination="illegal move")
        seat.actions = (*turn.actions, action)
        return Decision(action)

    def _bring_to(self, seat: _Seat, turn: Turn) -> GtpClient:
        """Make the program's board the turn's position, playing only what is new to it."""
        client = self._client(seat)
        known = len(seat.actions)
        if seat.spec != turn.spec or seat.actions != turn.actions[:known] or not known:
            self._set_up(client, turn)
            seat.spec, seat.actions, known = turn.spec, (), 0
        for ply in range(known, len(turn.actions)):
            colour = colour_word(BLACK if ply % 2 == 0 else WHITE)
            move = action_to_text(turn.spec, turn.actions[ply])
            _demand(client.ask("play", colour, move), f"play {colour} {move}")
        seat.actions = turn.actions
        return client

    def _set_up(self, client: GtpClient, turn: Turn) -> None:
        spec = turn.spec
        size = (
            [str(spec.width)] if spec.width == spec.height else [str(spec.width), str(spec.height)]
        )
        _demand(client.ask("boardsize", *size), "boardsize " + " ".join(size))
        _demand(client.ask("clear_board"), "clear_board")
        komi = getattr(spec, "komi", None)
        if komi is not None:
            _demand(client.ask("komi", f"{komi:g}"), f"komi {komi:g}")
        if turn.time_left is not None:
            for name, *arguments in _time_settings(turn.time_left):
                if name in client.commands and client.ask(name, *arguments).ok:
                    break

    def _client(self, seat: _Seat) -> GtpClient:
        if self._closed:
            raise BrokenProgramError("crash", "was stopped")
        if seat.client is None:
            try:
                seat.client = GtpClient(self._argv, self._watchdog)
                seat.client.greet()
                for line in self._commands:
                    name, *arguments = line.split()
                    _demand(seat.client.ask(name, *arguments), line)
            except BrokenProgramError as failure:
                seat.drop()
                self._failed_starts += 1
                if self._failed_starts >= _STARTS_BEFORE_GIVING_UP:
                    raise ProgramError(
                        f"cannot play with {' '.join(self._argv)!r}, which failed to start "
                        f"{self._failed_starts} times in a row: {failure}"
                    ) from failure
                raise
            self._failed_starts = 0
            seat.spec, seat.actions = None, ()
            if self._closed:  # while it was starting, when nobody could reach it
                seat.drop()
                raise BrokenProgramError("crash", "was stopped")
        return seat.client


def _time_settings(left: TimeLeft) -> Iterator[tuple[str, ...]]:
    """Commands that state a time control, the most exact first; one that is understood is enough.

    GTP itself knows no increments: they come through ``time_left``, or as a short period.
    """
    main, period = f"{left.main_s:.0f}", f"{max(left.period_s, left.increment_s):.0f}"
    if left.periods:
        yield "kgs-time_settings", "byoyomi", main, period, str(left.periods)
    elif left.main_s and left.increment_s:
        yield "kata-time_settings", "fischer", main, f"{left.increment_s:g}"
    yield "time_settings", main, period, "0" if period == "0" else "1"


def _time_left(left: TimeLeft) -> tuple[str, str]:
    """Seconds and stones of ``time_left``: a period counts as one in which one stone is due."""
    if left.main_s > 0:
        return f"{left.main_s:.0f}", "0"
    return f"{max(left.period_s, left.increment_s):.0f}", "1"


def _demand(reply: Reply, asked: str) -> None:
    if not reply.ok:
        raise BrokenProgramError("nonsense", f"refused {asked!r}: {reply.text.strip()[:80]!r}")


def _marked(spec: GameSpec, reply: Reply) -> NDArray[np.bool_] | None:
    """Read a list of points; ``None`` if it is not one."""
    if not reply.ok:
        return None
    dead = np.zeros(spec.points, np.bool_)
    for word in reply.text.split():
        try:
            action = text_to_action(spec, word)
        except NotationError:
            return None
        if action == spec.pass_action:
            return None
        dead[action] = True
    return dead
