"""A position as an image, without a window: what the environments render."""

from __future__ import annotations

import numpy as np
import pygame
from numpy.typing import NDArray

from arena.window import paint, theme
from arena.window.board import Grid
from engine.games.spec import GameSpec, Positions
from engine.look import look_of


def board_picture(
    spec: GameSpec, position: Positions, last: int | None = None, pixels: int = 480
) -> NDArray[np.uint8]:
    """Draw one position, ``(1,)``, as the window does.

    Returns red, green and blue, ``(pixels, pixels, 3)``. ``last`` is the latest action, to be
    marked.
    """
    if not pygame.font.get_init():
        pygame.font.init()
    surface = pygame.Surface((pixels, pixels))
    surface.fill(theme.colours().background)
    look = look_of(spec)
    grid = Grid.of(surface.get_rect().inflate(-pixels // 24, -pixels // 24), spec)
    stones = spec.stones(position)[0]
    paint.draw_ground(surface, grid, spec, look, True)
    paint.draw_stones(surface, grid, look, stones)
    if last is not None and last < spec.points:
        paint.draw_last(surface, grid, look, last, int(stones[last]))
    return np.ascontiguousarray(pygame.surfarray.array3d(surface).swapaxes(0, 1))
