"""The window itself. Imports pygame alone, so that it opens before anything else is loaded."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_VIDEO_X11_WMCLASS", "Miai")  # what desktops group windows by
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pygame

SIZE = (1040, 760)
SMALLEST = (640, 480)
_ICON = 64
_REPEAT_AFTER_MS, _REPEAT_EVERY_MS = 350, 50
"""Delay and interval at which a held key repeats."""


class NoDisplayError(Exception):
    """No window can be opened here; the message says why."""


def close_screen() -> None:
    """Close the window; fonts that were loaded for it are gone with it."""
    from arena.window import paint, theme

    theme.forget_fonts()
    paint.forget_grounds()
    pygame.quit()


def open_screen(size: tuple[int, int] = SIZE) -> pygame.Surface:
    """Open the window.

    Raises:
        NoDisplayError: if the system has no display for it.
    """
    try:
        pygame.display.init()
        pygame.font.init()
        screen = pygame.display.set_mode(size, pygame.RESIZABLE)
        _keep_large_enough()
        pygame.key.set_repeat(_REPEAT_AFTER_MS, _REPEAT_EVERY_MS)
    except pygame.error as error:
        raise NoDisplayError(f"no window can be opened ({error})") from error
    pygame.display.set_caption("Miai")
    pygame.display.set_icon(_icon())
    return screen


def _keep_large_enough() -> None:
    """Let the system refuse a smaller size, rather than grow again after a person shrank it."""
    with warnings.catch_warnings(), suppress(AttributeError, pygame.error):
        warnings.simplefilter("ignore", DeprecationWarning)  # pygame has no other way yet
        pygame.Window.from_display_module().minimum_size = SMALLEST


def _icon() -> pygame.Surface:
    """Two stones that touch: points of equal worth."""
    icon = pygame.Surface((_ICON, _ICON), pygame.SRCALPHA)
    radius = _ICON // 4 - 2
    for x, colour in ((_ICON // 4, (32, 33, 36)), (_ICON - _ICON // 4, (245, 243, 236))):
        pygame.draw.circle(icon, (120, 120, 120), (x, _ICON // 2), radius + 2)
        pygame.draw.circle(icon, colour, (x, _ICON // 2), radius)
    return icon
