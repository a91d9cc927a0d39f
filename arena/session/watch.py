"""Watching a training run or a tournament: its newest games, as they come. No pygame.

The caller passes the source of the games, so the window does not depend on runs or tournaments.
A thread reads the source, so a slow disk never blocks the window.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from arena.session import games
from arena.session.session import Session
from arena.session.texts import say
from arena.session.tree import Node
from engine.errors import MiaiError
from engine.records import GameRecord

_ASK_EVERY_S: Final = 2.0
_PLY_EVERY_S: Final = 0.4
_REST_S: Final = 3.0


@dataclass(frozen=True)
class Seen:
    """What a run or tournament looks like now."""

    headline: str
    """One line: how far it is, how strong."""
    games: Sequence[GameRecord]
    """Its latest games, oldest first, of any number."""


class Source(Protocol):
    """Somewhere games come from."""

    def look(self) -> Seen:
        """Read it as it is now; raises MiaiError or OSError if it cannot be read."""
        ...


class Watcher:
    """Shows one game after the other in a session, ply by ply, the newest there is."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen: Seen | None = None
        self._problem = ""
        self._asking: threading.Thread | None = None
        self._asked_at = -_ASK_EVERY_S
        self._shown: GameRecord | None = None
        self._end: Node | None = None
        """Its last position, whatever the person plays beside it."""
        self._next_at = 0.0

    def update(self, session: Session) -> bool:
        """Show the next ply; return whether the picture changes.

        Looking at an earlier move stops the replay until the end of the line is on the board again.
        """
        now = time.monotonic()
        if now - self._asked_at >= _ASK_EVERY_S and not self._busy():
            self._asked_at = now
            self._asking = threading.Thread(target=self._ask, daemon=True)
            self._asking.start()
        if now < self._next_at:
            return False
        self._next_at = now + _PLY_EVERY_S
        return self._show(session)

    def _busy(self) -> bool:
        return self._asking is not None and self._asking.is_alive()

    def _ask(self) -> None:
        try:
            self._seen, self._problem = self._source.look(), ""
        except (MiaiError, OSError) as error:
            self._problem = str(error)

    def _show(self, session: Session) -> bool:
        before = session.message
        if self._problem or self._seen is None or not self._seen.games:
            words = self._problem or say("Waiting for the first game")
            headline = "" if self._seen is None else self._seen.headline
            session.message = f"{headline} {words}".strip()
            return session.message != before
        newest = self._seen.games[-1]
        if newest != self._shown:
            if self._continues(session, newest):
                self._lengthen(session, newest)
            elif self._shown is None or session.game.node.next is None:
                games.show(session, newest.start(), newest)
                session.set_aside.clear()  # games that went by are not the person's
                self._shown, self._end = newest, session.game.node.line()[-1]
        elif session.game.node.next is None:
            return False
        if session.step(1) and session.game.node.next is None and newest.result != "?":
            self._next_at += _REST_S
        session.message = self._seen.headline
        return True

    def _continues(self, session: Session, game: GameRecord) -> bool:
        """Whether it is the same game some plies later, and still on the board."""
        earlier = self._shown
        if earlier is None or self._end is None:
            return False
        same = (game.source, game.spec) == (earlier.source, earlier.spec)
        here = self._end.path()[0] is session.game.node.path()[0]
        return same and here and game.actions[: len(earlier.actions)] == earlier.actions

    def _lengthen(self, session: Session, game: GameRecord) -> None:
        """Add the plies that are new to the end of the game that is watched."""
        assert self._end is not None
        for action in game.actions[self._end.ply :]:
            self._end = self._end.child(action)
        self._shown = session.game.record_of = game
