"""A few words over the board that go away by themselves, such as that a side passes."""

from __future__ import annotations

import pygame

from arena.session.game import Game
from arena.session.texts import say
from arena.session.tree import Node
from arena.window import theme
from arena.window.motion import path_from

_SHOWN_MS = 2600


class Banner:
    """What was last said over the board."""

    def __init__(self) -> None:
        self.words = ""
        self._until = 0.0
        self._node: Node | None = None

    def follow(self, game: Game, now_ms: float) -> None:
        """Say that a side has passed, if one just has."""
        node, before = game.node, self._node
        self._node = node
        if node is before:
            return
        self.words = ""
        for passed in reversed([] if before is None else path_from(before, node)):
            if passed.action == game.spec.pass_action and passed.parent is not None:
                who = game.name_of(game.side(passed.parent))
                move = say(game.spec.pass_name)
                plain = game.spec.pass_name == "pass"
                words = say("{who} passes", who=who) if plain else f"{who}: {move}"
                self.words, self._until = words, now_ms + _SHOWN_MS
                break

    def is_shown(self, now_ms: float) -> bool:
        """Whether there are words now."""
        return bool(self.words) and now_ms < self._until

    def draw(self, target: pygame.Surface, board: pygame.Rect, now_ms: float) -> None:
        """Write the words on a strip across the top of the board."""
        if not self.is_shown(now_ms):
            return
        px, colours = theme.px, theme.colours()
        words = theme.fit(self.words, 18, board.w - px(40), True)
        box = pygame.Rect(0, 0, theme.width(words, 18, True) + px(44), px(42))
        box.midtop = (board.centerx, board.y + px(10))
        pygame.draw.rect(target, colours.panel, box, border_radius=px(10))
        pygame.draw.rect(target, colours.accent, box, max(px(2), 1), border_radius=px(10))
        theme.text(target, words, box.center, 18, bold=True, anchor="center")
