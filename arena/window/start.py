"""Opening the window: a first picture at once, the engine loaded behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pygame

from arena.window import opponents, texts, theme
from arena.window.app import App
from arena.window.control import Control
from arena.window.files import autosave_path, bring_back, open_file
from arena.window.games import start_position
from arena.window.model import GameModel, Settings
from arena.window.panel import dots
from arena.window.preferences import Preferences, preferences_path
from arena.window.screen import close_screen
from arena.window.texts import say
from arena.window.watch import Source, Watcher


def play(
    screen: pygame.Surface,
    settings: Callable[[], Settings],
    network: str,
    liked: tuple[Preferences, str],
    go_on: bool,
    opened: Path | None = None,
    watch: Callable[[], Source] | None = None,
) -> int:
    """Show the window until it is closed.

    Args:
        screen: the open window.
        settings: makes the first game's settings, slowly, or raises for what a person got wrong.
        network: what plays and looks, as ``--network`` names it.
        liked: how the window looks and sounds, and a remark about that.
        go_on: bring the kept game back rather than begin a new one.
        opened: a file to look at.
        watch: makes the source of games to watch as they are played, slowly.
    """
    texts.use(liked[0].language)
    theme.use(board=liked[0].board, light=liked[0].light, colour_blind=liked[0].colour_blind)
    prepared: list[tuple[Control, Watcher | None]] = []
    failures: list[BaseException] = []

    def prepare() -> None:
        try:
            model = _warm_model(settings(), autosave_path() if go_on else None, opened)
            watcher = None if watch is None else Watcher(watch())
            control = Control(model, opponents.load, network, opponents.standings_path())
            prepared.append((control, watcher))
        except BaseException as error:
            failures.append(error)

    # The first picture comes before the thread: it is there sooner, and loads the fonts alone.
    _draw_loading(screen)
    pygame.display.flip()
    thread = threading.Thread(target=prepare, daemon=True)
    thread.start()
    clock = pygame.time.Clock()
    while not prepared:
        if failures:
            close_screen()
            raise failures[0]
        if any(event.type == pygame.QUIT for event in pygame.event.get()):
            return 0
        _draw_loading(screen)
        pygame.display.flip()
        clock.tick(30)
    control, watcher = prepared[0]
    kept = None if watcher is not None else autosave_path()
    app = App(screen, control, liked[0], autosave=kept, kept=preferences_path(), notice=liked[1])
    if watcher is not None:
        app.tick = partial(watcher.update, control.model)
    app.run()
    close_screen()
    return 0


def _warm_model(settings: Settings, kept: Path | None, opened: Path | None) -> GameModel:
    """The first game, with all kernels of its rules compiled or loaded."""
    model = GameModel(settings)
    model.begin(settings, start_position(settings))
    if opened is not None:
        open_file(model, opened)
    elif kept is not None and bring_back(model, kept):
        model.message = say("Back in the game of last time; Ctrl+N begins a new one")
    assert model.over or model.legal.any()
    assert model.owners.size == model.stones.size
    return model


def _draw_loading(screen: pygame.Surface) -> None:
    screen.fill(theme.colours().background)
    centre = screen.get_rect().center
    theme.text(screen, "Miai", centre, 40, bold=True, anchor="midbottom")
    words = say("loading") + dots()
    theme.text(screen, words, (centre[0], centre[1] + 18), 16, theme.colours().dim, anchor="midtop")
    note = say("the first start after an update compiles for about a minute")
    theme.text(screen, note, (centre[0], centre[1] + 44), 14, theme.colours().dim, anchor="midtop")
