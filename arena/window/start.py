"""Opening the window: a first picture at once, everything else loaded behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pygame

from arena.session import texts
from arena.session.preferences import Preferences
from arena.session.texts import say
from arena.window import theme
from arena.window.screen import close_screen
from arena.window.theme import dots

if TYPE_CHECKING:
    from arena.window.prepare import Prepared, Wanted
    from engine.games.spec import GameSpec


def play(
    screen: pygame.Surface, wanted: Callable[[], Wanted], liked: Preferences, notice: str = ""
) -> int:
    """Show the window until it is closed.

    Args:
        screen: the open window.
        wanted: says what to begin with; called in another thread, for it loads the engine.
        liked: how the window looks and sounds.
        notice: a remark to show in the window.
    """
    texts.use(liked.language)
    theme.use(board=liked.board, light=liked.light, colour_blind=liked.colour_blind)
    prepared: list[Prepared] = []
    boards: list[GameSpec] = []
    failures: list[BaseException] = []

    def load() -> None:
        try:
            # These imports take seconds: nothing of the engine is loaded before the first picture.
            from arena.window.prepare import prepare

            prepared.append(prepare(wanted(), boards.append))
        except BaseException as error:
            failures.append(error)

    # The first picture comes before the thread: it is there sooner, and loads the fonts alone.
    _draw_loading(screen)
    pygame.display.flip()
    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    clock = pygame.time.Clock()
    while not prepared:
        if failures:
            close_screen()
            raise failures[0]
        if any(event.type == pygame.QUIT for event in pygame.event.get()):
            return 0
        if boards:
            _draw_board(screen, boards[0], liked)
        else:
            _draw_loading(screen)
        pygame.display.flip()
        clock.tick(30)
    prepared[0].run(screen, liked, notice)
    close_screen()
    return 0


def _draw_loading(screen: pygame.Surface) -> None:
    screen.fill(theme.colours().background)
    centre = screen.get_rect().center
    theme.text(screen, "Miai", centre, 40, bold=True, anchor="midbottom")
    words = say("loading") + dots()
    theme.text(screen, words, (centre[0], centre[1] + 18), 16, theme.colours().dim, anchor="midtop")


def _draw_board(screen: pygame.Surface, spec: GameSpec, liked: Preferences) -> None:
    """The board that is coming, and how far its kernels are compiled."""
    from arena.session.compiling import COMPILING
    from arena.window import paint
    from arena.window.frame import Frame
    from engine.look import look_of

    px, colours = theme.px, theme.colours()
    frame = Frame.of(screen.get_size(), spec)
    screen.fill(colours.background)
    paint.draw_ground(screen, frame.grid, spec, look_of(spec), liked.coordinates)
    pygame.draw.rect(screen, colours.panel, frame.panel)
    area = frame.panel.inflate(-px(28), -px(28))
    theme.text(screen, say("loading") + dots(), area.topleft, 17, bold=True)
    if COMPILING.words:
        bar = pygame.Rect(area.x, area.y + px(28), area.w, max(px(3), 2))
        pygame.draw.rect(screen, colours.line, bar, border_radius=1)
        bar.w = int(area.w * COMPILING.share)
        pygame.draw.rect(screen, colours.accent, bar, border_radius=1)
        for k, line in enumerate(theme.wrap(COMPILING.words, 13, area.w, 3)):
            theme.text(screen, line, (area.x, area.y + px(38 + 17 * k)), 13, colours.dim)
