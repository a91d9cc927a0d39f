"""The rules of the game on the board, on a sheet: its goal in a sentence, then how it is played."""

from __future__ import annotations

import pygame

from arena.session.game import Game
from arena.session.texts import say
from arena.session.wording import goal_words, rules_words
from arena.window import theme
from arena.window.dialogs import sheet

_WIDTH = 520
_SIZE = 15


class RulesCard:
    """Closed by any key or click."""

    def __init__(self, game: Game) -> None:
        self._title = say(game.look.title)
        self._goal = goal_words(game.spec)
        self._how = rules_words(game.spec)
        board = say("Board {width} x {height}", width=game.spec.width, height=game.spec.height)
        players = ", ".join(say(player) for player in game.look.players)
        self._foot = f"{board}. {say('In turn: {players}', players=players)}."

    def draw(self, target: pygame.Surface) -> None:
        px, colours = theme.px, theme.colours()
        room = min(px(_WIDTH), target.get_width() - 20) - px(48)
        goal = theme.wrap(self._goal, 17, room, 4)
        how = [theme.wrap(words, _SIZE, room - px(16), 4) for words in self._how]
        lines = sum(map(len, how))
        height = px(52 + 24 * len(goal) + 12 + 21 * lines + 7 * len(how) + 44)
        box = sheet(target, _WIDTH, height, self._title)
        x, y = box.x + px(24), box.y + px(50)
        for line in goal:
            theme.text(target, line, (x, y), 17, colours.accent)
            y += px(24)
        y += px(12)
        for sentence in how:
            theme.disc(target, colours.faint, (x + px(4), y + px(10)), px(2.5))
            for line in sentence:
                theme.text(target, line, (x + px(16), y), _SIZE)
                y += px(21)
            y += px(7)
        theme.text(target, self._foot, (x, y + px(6)), 13, colours.dim)

    def handle(self, event: pygame.event.Event) -> bool:
        closes = event.type == pygame.KEYDOWN or (
            event.type == pygame.MOUSEBUTTONDOWN and event.button == 1
        )
        return not closes
