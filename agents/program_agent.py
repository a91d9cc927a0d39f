"""External programs as agents, over any protocol that a :class:`Connection` speaks.

Each game keeps a process to itself for as long as it lasts. A program that crashes, hangs or
answers nonsense forfeits that game with a note, and a fresh process takes the next one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agents.gtp.process import BrokenProgramError
from agents.protocol import Decision, Turn
from engine.errors import ProgramError
from engine.games.spec import GameSpec
from engine.notation import action_to_text

_STARTS_BEFORE_GIVING_UP = 3


class Connection(Protocol):
    """One running program. Used by one thread at a time.

    Methods raise :class:`~agents.gtp.process.BrokenProgramError` if the program cannot go on.
    """

    asked: bool
    """Whether it was asked for a move since this was last set to False."""

    @property
    def title(self) -> str:
        """What the program calls itself, once it was greeted."""
        ...

    def greet(self) -> None:
        """Wait until it is ready, and ask what there is to know of it."""
        ...

    def told(self, spec: GameSpec) -> str:
        """Tell it the rules; return what it could not be told, empty if it knows everything."""
        ...

    def choose(self, turn: Turn, known: tuple[int, ...] | None, spent_s: float) -> int | None:
        """Ask for a move; return its action, legal or not, or ``None`` if it resigns.

        Args:
            turn: the position.
            known: actions that stand on its board, from the start of this game on; ``None`` if it
                has another game there or none.
            spent_s: what it took for earlier moves of the game.
        """
        ...

    def dead_stones(self, turn: Turn, known: tuple[int, ...] | None) -> NDArray[np.bool_] | None:
        """Ask which stones are dead, ``(points,)``; ``None`` if it does not say."""
        ...

    def excuse(self, turn: Turn, action: int) -> str:
        """Say why an illegal action is no fault: it is legal by the rules that it knows of."""
        ...

    def close(self, quit_first: bool = False) -> None:
        """End the program, with a farewell and a little patience if so asked."""
        ...


class _Seat:
    """One process and what stands on its board."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: Connection | None = None
        self.game: int | None = None
        self.spec: GameSpec | None = None
        self.actions: tuple[int, ...] = ()
        self.asked = False  # for a move of this game
        self.thought_s = 0.0  # on this game

    def known(self, turn: Turn) -> tuple[int, ...] | None:
        """Actions of the turn that stand on the board already."""
        count = len(self.actions)
        same = self.spec == turn.spec and self.actions == turn.actions[:count]
        return self.actions if same and count else None

    def drop(self, quit_first: bool = False) -> None:
        """End the process; the next turn starts another."""
        connection, self.connection, self.spec = self.connection, None, None
        if connection is not None:
            connection.close(quit_first)


class ProgramAgent:
    """Plays by asking a program. Safe to call from several threads at once."""

    def __init__(
        self, name: str, argv: Sequence[str], connect: Callable[[], Connection], processes: int = 2
    ) -> None:
        """Nothing is started yet.

        Args:
            name: how tables and records call it.
            argv: the program and its arguments, for messages.
            connect: starts a process.
            processes: games that can be in play at once.
        """
        self._name = name
        self._argv = tuple(argv)
        self._connect = connect
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
            ProgramError: if it cannot be started or does not speak its protocol.
        """
        return self._first().title

    def untold(self, spec: GameSpec) -> str:
        """Start one process and return what of a game's rules the program cannot be told.

        Raises:
            ProgramError: as :meth:`start`, or if it does not play this game at all.
        """
        connection = self._first()
        try:
            return connection.told(spec)
        except BrokenProgramError as failure:
            self._seats[0].drop()
            raise ProgramError(f"cannot play with {' '.join(self._argv)!r}: {failure}") from failure

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
                return self._connection(seat).dead_stones(turn, seat.known(turn))
            except BrokenProgramError:
                seat.drop()
                return None

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

    def _first(self) -> Connection:
        try:
            return self._connection(self._seats[0])
        except BrokenProgramError as failure:
            raise ProgramError(f"cannot play with {' '.join(self._argv)!r}: {failure}") from failure

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
                connection = self._connection(seat)
                started = time.perf_counter()  # its start is no thinking
                decision = self._ask_for_move(connection, seat, turn)
            except BrokenProgramError as failure:
                seat.drop()
                decision = Decision(
                    -1,
                    forfeit=str(failure),
                    termination=failure.kind,
                    void=not seat.asked or failure.kind == "other rules",
                )
            seconds = time.perf_counter() - started
            seat.thought_s += seconds
        return replace(decision, seconds=seconds)

    def _ask_for_move(self, connection: Connection, seat: _Seat, turn: Turn) -> Decision:
        connection.asked = False
        try:
            action = connection.choose(turn, seat.known(turn), seat.thought_s)
        finally:
            seat.asked |= connection.asked
        seat.spec, seat.actions = turn.spec, turn.actions
        if action is None:
            return Decision(-1, resign=True)
        if not turn.spec.legal(turn.position)[0, action]:
            seat.spec = None
            played = f"played {action_to_text(turn.spec, action)}"
            excuse = connection.excuse(turn, action)
            if excuse:
                return Decision(
                    -1, forfeit=f"{played}, {excuse}", termination="other rules", void=True
                )
            return Decision(-1, forfeit=played, termination="illegal move")
        seat.actions = (*turn.actions, action)
        return Decision(action)

    def _connection(self, seat: _Seat) -> Connection:
        if self._closed:
            raise BrokenProgramError("crash", "was stopped")
        if seat.connection is None:
            try:
                seat.connection = self._connect()
                seat.connection.greet()
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
            if self._closed:  # while it was starting, when nothing could reach it
                seat.drop()
                raise BrokenProgramError("crash", "was stopped")
        return seat.connection
