"""A rectangle that does something when clicked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pygame

from arena.window import theme


@dataclass
class Button:
    """Remembers where it was painted last."""

    label: str
    action: Callable[[], object]
    key: str = ""
    """Shown beside the label."""
    enabled: bool = True
    on: bool | None = None
    """Whether a switch is on; ``None`` for other buttons."""
    rect: pygame.Rect | None = None

    def draw(self, target: pygame.Surface, rect: pygame.Rect, size: int = 15) -> None:
        """Paint it at ``rect``."""
        self.rect = rect
        colours = theme.colours()
        hovered = self.enabled and rect.collidepoint(pygame.mouse.get_pos())
        fill = colours.hover if hovered else colours.raised
        pygame.draw.rect(target, fill, rect, border_radius=theme.px(7))
        if self.on:
            edge = max(theme.px(2), 2)
            pygame.draw.rect(target, colours.accent, rect, edge, border_radius=theme.px(7))
        ink = colours.text if self.enabled else colours.faint
        if not self.key:
            words = theme.fit(self.label, size, rect.w - theme.px(8))
            theme.text(target, words, rect.center, size, ink, anchor="center")
            return
        key = self.key
        room = rect.w - theme.px(20)
        words = theme.fit(self.label, size, room)
        place = (rect.x + theme.px(11), rect.centery)
        label = theme.text(target, words, place, size, ink, anchor="midleft")
        place = (rect.right - theme.px(9), rect.centery)
        if label.right + theme.width(key, 12) + theme.px(4) <= place[0]:
            ink = colours.dim if self.enabled else colours.faint
            theme.text(target, key, place, 12, ink, anchor="midright")

    def click(self, position: tuple[int, int]) -> bool:
        """Act if the click is on it; return whether it was."""
        if self.rect is None or not self.enabled or not self.rect.collidepoint(position):
            return False
        self.action()
        return True
