"""Where the board and the panel are in a window of some size."""

from __future__ import annotations

from dataclasses import dataclass

import pygame

from arena.window import theme
from arena.window.board import Grid
from arena.window.panel import WIDTH
from arena.window.screen import SIZE
from engine.games.spec import GameSpec

_GAP = 14


@dataclass
class Frame:
    """Where things are in a window of some size."""

    grid: Grid
    panel: pygame.Rect

    @classmethod
    def of(cls, size: tuple[int, int], spec: GameSpec) -> Frame:
        """Lay out a window; everything grows with it."""
        theme.set_scale(max(min(size[0] / SIZE[0], size[1] / SIZE[1]), 0.84))
        panel_width = min(theme.px(WIDTH), max(size[0] * 2 // 5, 240))
        gap = theme.px(_GAP)
        room = pygame.Rect(0, 0, size[0] - panel_width, size[1]).inflate(-2 * gap, -2 * gap)
        panel = pygame.Rect(size[0] - panel_width, 0, panel_width, size[1])
        return cls(Grid.of(room, spec), panel)
