"""Opening the window: a first picture at once, the engine loaded behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pygame

from arena.window import theme
from arena.window.app import App
from arena.window.files import bring_back
from arena.window.model import GameModel, Settings
from arena.window.panel import dots
from arena.window.screen import close_screen
from arena.window.thinker import Loader, Thinker


def play(
    screen: pygame.Surface,
    settings: Callable[[], Settings],
    load: Loader,
    autosave: Path | None,
    go_on: bool,
    opened: Path | None = None,
) -> int:
    """Show the window until it is closed.

    Args:
        screen: the open window.
        settings: makes the first game's settings, slowly, or raises for what a person got wrong.
        load: makes the AI.
        autosave: where the running game is kept.
        go_on: bring the kept game back rather than begin a new one.
        opened: a file to look at.
    """
    prepared: list[GameModel] = []
    failures: list[BaseException] = []

    def prepare() -> None:
        try:
            prepared.append(_warm_model(settings(), autosave if go_on else None, opened))
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
    App(screen, prepared[0], Thinker(load), autosave).run()
    close_screen()
    return 0


def _warm_model(settings: Settings, kept: Path | None, opened: Path | None) -> GameModel:
    """The first game, with all kernels of its rules compiled or loaded."""
    from arena.window.files import open_file

    model = GameModel(settings)
    if opened is not None:
        open_file(model, opened)
    elif kept is not None and bring_back(model, kept):
        model.message = "Back in the game of last time; N begins a new one"
    assert model.over or model.legal.any()
    assert model.owners.size == model.stones.size
    return model


def _draw_loading(screen: pygame.Surface) -> None:
    screen.fill(theme.BACKGROUND)
    centre = screen.get_rect().center
    theme.text(screen, "Miai", centre, 40, bold=True, anchor="midbottom")
    words = f"loading{dots()}"
    theme.text(screen, words, (centre[0], centre[1] + 18), 16, theme.DIM, anchor="midtop")
    note = "the first start after an update compiles for about a minute"
    theme.text(screen, note, (centre[0], centre[1] + 44), 14, theme.LINE, anchor="midtop")
