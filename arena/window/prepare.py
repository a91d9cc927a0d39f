"""What is loaded behind the first picture: the game, its rules compiled, and the window's parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pygame

from arena.session import opponents
from arena.session.compiling import COMPILING
from arena.session.control import Control
from arena.session.files import (
    Keeper,
    autosave_path,
    bring_back,
    kept_board,
    open_file,
    own_place,
)
from arena.session.game import Settings
from arena.session.games import has_begun, start_position
from arena.session.preferences import Preferences, preferences_path
from arena.session.session import Session
from arena.session.texts import say
from arena.session.watch import Source, Watcher
from arena.window.app import App
from engine.games.spec import GameSpec


@dataclass(frozen=True)
class Wanted:
    """What the window is to begin with."""

    settings: Callable[[], Settings]
    """Makes the first game's settings, slowly, or raises for what a person got wrong."""
    network: str
    """What plays and looks, as ``--network`` names it."""
    go_on: bool
    """Bring the kept game back rather than begin a new one."""
    opened: Path | None = None
    """A file to look at."""
    watch: Callable[[], Source] | None = None
    """Makes the source of games to watch as they are played, slowly."""


@dataclass(frozen=True)
class Prepared:
    """A game and its AIs, and who shows games in it."""

    control: Control
    watcher: Watcher | None
    keeper: Keeper | None
    opened: Path | None = None
    """The file whose first game is on the board."""

    def run(self, screen: pygame.Surface, liked: Preferences, notice: str) -> None:
        """Show the window until it is closed."""
        watcher, session = self.watcher, self.control.session
        app = App(
            screen,
            self.control,
            liked,
            self.keeper,
            kept=preferences_path(),
            notice=notice,
            tick=(lambda: False) if watcher is None else partial(watcher.update, session),
        )
        if self.opened is not None:
            app.actions.files.know(self.opened)
        app.run()
        COMPILING.finish()


def prepare(wanted: Wanted, on_board: Callable[[GameSpec], object]) -> Prepared:
    """Load everything; raises what a person got wrong.

    ``on_board`` is told which board it will be, before anything is compiled for it.
    """
    settings = wanted.settings()
    kept = kept_board(autosave_path()) if wanted.go_on else None
    on_board(kept or settings.spec)
    session = Session(settings)
    session.begin(settings, start_position(settings))
    watcher = None if wanted.watch is None else Watcher(wanted.watch())
    keeper = None if watcher is not None else _begin(session, wanted, autosave_path())
    _warm(session)
    control = Control(session, opponents.load, wanted.network, opponents.standings_path())
    return Prepared(control, watcher, keeper, wanted.opened)


def _begin(session: Session, wanted: Wanted, path: Path) -> Keeper:
    """Put the first game on the board; say who keeps it and what becomes of the kept one."""
    mine, lock = own_place(path)
    goes_on = wanted.go_on and bring_back(session, mine)
    if wanted.opened is not None:
        open_file(session, wanted.opened)
    keeper = Keeper(session, mine, goes_on, lock)
    if mine != path:
        session.message = say("Another window is open; the game of this one is kept beside it")
        return keeper
    if wanted.opened is not None or not path.exists():
        return keeper
    if not wanted.go_on:
        session.message = say("B brings the earlier game back")
    elif not goes_on:
        session.message = say(
            "The game of last time cannot be read; it will be kept as {path}", path=keeper.before
        )
    elif has_begun(session.game):
        session.message = say("Back in the game of last time; Ctrl+N begins a new one")
    return keeper


def _warm(session: Session) -> None:
    """Compile or load all kernels of the game's rules."""
    game = session.game
    assert game.over or game.legal.any()
    assert game.owners.size == game.stones.size
