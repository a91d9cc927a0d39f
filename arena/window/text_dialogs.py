"""Texts of several lines over the window: a position's name and comment."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from arena.session.texts import say
from arena.window import theme
from arena.window.button import Button
from arena.window.dialogs import pasted, sheet

_LINES = 9
_WIDTH = 500
_LONGEST = 20_000
_RETURNS = (pygame.K_RETURN, pygame.K_KP_ENTER)


class Text:
    """A text that is being typed, with a caret in it."""

    def __init__(self, text: str, several: bool) -> None:
        """``several`` allows line breaks."""
        self.text = text[:_LONGEST]
        self.caret = len(self.text)
        self._several = several

    def insert(self, words: str) -> None:
        """Type some words at the caret."""
        if not self._several:
            words = words.replace("\n", " ")
        words = words[: _LONGEST - len(self.text)]
        self.text = self.text[: self.caret] + words + self.text[self.caret :]
        self.caret += len(words)

    def key(self, event: pygame.event.Event, rows: list[tuple[int, str]]) -> None:
        """Take a key; ``rows`` are the lines as shown, each with where it begins."""
        ctrl = bool(event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META))
        row = max(k for k, (start, _) in enumerate(rows) if start <= self.caret)
        start, words = rows[row]
        if event.key == pygame.K_BACKSPACE and self.caret:
            self.text = self.text[: self.caret - 1] + self.text[self.caret :]
            self.caret -= 1
        elif event.key == pygame.K_DELETE:
            self.text = self.text[: self.caret] + self.text[self.caret + 1 :]
        elif event.key == pygame.K_LEFT:
            self.caret = max(self.caret - 1, 0)
        elif event.key == pygame.K_RIGHT:
            self.caret = min(self.caret + 1, len(self.text))
        elif event.key == pygame.K_HOME:
            self.caret = 0 if ctrl else start
        elif event.key == pygame.K_END:
            self.caret = len(self.text) if ctrl else start + len(words)
        elif event.key in (pygame.K_UP, pygame.K_DOWN):
            other = row + (1 if event.key == pygame.K_DOWN else -1)
            if 0 <= other < len(rows):
                begin, shown = rows[other]
                self.caret = begin + min(self.caret - start, len(shown))
        elif event.key in _RETURNS and self._several:
            self.insert("\n")
        elif event.key == pygame.K_v and ctrl:
            self.insert(pasted(lines=self._several))
        elif event.unicode and event.unicode.isprintable() and not ctrl:
            self.insert(event.unicode)


def rows_of(text: str, size: int, room: int) -> list[tuple[int, str]]:
    """Break a text into the lines that are shown, each with where it begins; none is lost."""
    rows: list[tuple[int, str]] = []
    start = 0
    for paragraph in text.split("\n"):
        begin = start
        while theme.width(paragraph[begin - start :], size) > room:
            piece = paragraph[begin - start :]
            low, high = 1, len(piece)
            while low < high:  # the longest beginning that fits
                middle = (low + high + 1) // 2
                if theme.width(piece[:middle], size) <= room:
                    low = middle
                else:
                    high = middle - 1
            space = piece.rfind(" ", 0, low + 1)
            cut = space + 1 if space > 0 else low
            rows.append((begin, piece[:cut]))
            begin += cut
        rows.append((begin, paragraph[begin - start :]))
        start += len(paragraph) + 1
    return rows


class Comment:
    """Name and comment of a position; Ctrl+Enter keeps them, Tab goes from one to the other."""

    def __init__(
        self, title: str, name: str, comment: str, done: Callable[[str, str], object]
    ) -> None:
        self.fields = [Text(name, False), Text(comment, True)]
        self.at = 1
        """The field that takes the keys."""
        self._title, self._done = title, done
        self._open = True
        self._room = _WIDTH
        """Pixels of a line of the comment."""
        self._rows: list[list[tuple[int, str]]] = [[(0, name)], rows_of(comment, 15, _WIDTH)]
        self._places: list[pygame.Rect] = []
        self._first = 0
        self._keep = Button(say("Keep"), self._finish, "Ctrl+Enter")
        self._cancel = Button(say("Cancel"), self._close, "Esc")

    def _finish(self) -> None:
        self._close()
        self._done(self.fields[0].text, self.fields[1].text)

    def _close(self) -> None:
        self._open = False

    def draw(self, target: pygame.Surface) -> None:
        px, colours = theme.px, theme.colours()
        pitch = px(21)
        rest = px(52) + px(34) + px(14) + px(14) + px(60)
        lines = max(min(_LINES, (target.get_height() - px(20) - rest) // pitch), 3)
        box = sheet(target, 620, rest + lines * pitch, self._title)
        name = pygame.Rect(box.x + px(24), box.y + px(50), box.w - px(48), px(32))
        comment = pygame.Rect(name.x, name.bottom + px(10), name.w, lines * pitch + px(12))
        self._places = [name, comment]
        for k, (field, place) in enumerate(zip(self.fields, self._places, strict=True)):
            pygame.draw.rect(target, colours.background, place, border_radius=px(6))
            edge = colours.accent if k == self.at else colours.line
            pygame.draw.rect(target, edge, place, width=1, border_radius=px(6))
            self._room = place.w - px(20)
            self._rows[k] = rows_of(field.text, 15, self._room) if k else [(0, field.text)]
            hint = (say("Name"), say("Comment"))[k]
            if not field.text and k != self.at:
                at = (place.x + px(10), place.y + px(6))
                theme.text(target, hint, at, 15, colours.faint)
            self._draw_field(target, place, k, lines if k else 1, pitch)
        half = (box.w - px(60)) // 2
        below = pygame.Rect(box.x + px(24), box.bottom - px(48), half, px(34))
        self._keep.draw(target, below)
        self._cancel.draw(target, below.move(half + px(12), 0))

    def _draw_field(
        self, target: pygame.Surface, place: pygame.Rect, k: int, lines: int, pitch: int
    ) -> None:
        px, field, rows = theme.px, self.fields[k], self._rows[k]
        at = max(n for n, (start, _) in enumerate(rows) if start <= field.caret)
        if k:
            self._first = min(max(self._first, at - lines + 1), at)
        first = self._first if k else 0
        clip = target.get_clip()
        target.set_clip(place.inflate(-px(8), 0).clip(clip))
        before = rows[at][1][: field.caret - rows[at][0]]
        caret = theme.width(before, 15)
        shift = max(caret - (place.w - px(24)), 0) if not k else 0
        for n, (_, words) in enumerate(rows[first : first + lines]):
            where = (place.x + px(10) - shift, place.y + px(6) + n * pitch)
            theme.text(target, words, where, 15)
        if k == self.at:
            x = place.x + px(10) + caret - shift
            bar = pygame.Rect(x, place.y + px(7) + (at - first) * pitch, 2, px(18))
            pygame.draw.rect(target, theme.colours().accent, bar)
        target.set_clip(clip)

    def handle(self, event: pygame.event.Event) -> bool:
        if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            if not (self._keep.click(event.pos) or self._cancel.click(event.pos)):
                for k, place in enumerate(self._places):
                    self.at = k if place.collidepoint(event.pos) else self.at
            return self._open
        if event.type != pygame.KEYDOWN:
            return True
        ctrl = bool(event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META))
        if event.key == pygame.K_ESCAPE:
            self._close()
        elif event.key == pygame.K_TAB:
            self.at = 1 - self.at
        elif event.key in _RETURNS and (ctrl or self.at == 0):
            self._finish()
        else:
            field = self.fields[self.at]
            field.key(event, self._rows[self.at])
            several = rows_of(field.text, 15, self._room)
            self._rows[self.at] = several if self.at else [(0, field.text)]
        return self._open
