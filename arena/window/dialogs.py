"""What lies over the board for a moment: choices, a question, files, a line to type, the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

import pygame

from arena.session.choices import Row
from arena.session.commands import COMMANDS, key_words, keys_of
from arena.session.texts import say
from arena.window import theme
from arena.window.button import Button

T = TypeVar("T")
_RETURNS = (pygame.K_RETURN, pygame.K_KP_ENTER)
_LONGEST_ENTRY = 500


class Dialog(Protocol):
    """Takes all events while it is open."""

    def draw(self, target: pygame.Surface) -> None:
        """Paint it over the window."""
        ...

    def handle(self, event: pygame.event.Event) -> bool:
        """Take an event; return False when the dialog is done."""
        ...


def sheet(target: pygame.Surface, width: float, height: int, title: str) -> pygame.Rect:
    """A veil over the window and a sheet with a title on it; ``height`` is in pixels."""
    px, colours = theme.px, theme.colours()
    veil = pygame.Surface(target.get_size(), pygame.SRCALPHA)
    veil.fill((12, 14, 17, 150))
    target.blit(veil, (0, 0))
    most = target.get_width() - 20, target.get_height() - 16
    box = pygame.Rect(0, 0, min(px(width), most[0]), min(height, most[1]))
    box.center = target.get_rect().center
    pygame.draw.rect(target, colours.panel, box, border_radius=px(12))
    pygame.draw.rect(target, colours.line, box, width=1, border_radius=px(12))
    words = theme.fit(title, 20, box.w - px(48), True)
    theme.text(target, words, (box.x + px(24), box.y + px(14)), 20, bold=True)
    return box


def _is_click(event: pygame.event.Event) -> bool:
    return bool(event.type == pygame.MOUSEBUTTONDOWN and event.button == 1)


def _is_key(event: pygame.event.Event, *keys: int) -> bool:
    return bool(event.type == pygame.KEYDOWN and event.key in keys)


class KeyList:
    """All keys; any key or click closes it."""

    def __init__(self, command_of: Mapping[str, str]) -> None:
        self._lines: list[tuple[str, str]] = []
        group = ""
        for command in COMMANDS:
            if command.group != group:
                group = command.group
                self._lines.append(("", say(group)))
            keys = keys_of(command_of, command.name)
            if keys:
                shown = ", ".join(key_words(key) for key in keys)
                self._lines.append((shown, say(command.words)))
        self._lines += [
            ("", say("Mouse")),
            (say("click"), say("play; on a player: who moves for it")),
            (say("wheel"), say("back and forth; over a line: its length")),
            (say("rest on a point"), say("its move is judged, with analysis on")),
            (say("Shift+click"), say("on a point: puts it on the shortlist")),
            (say("drop a file"), say("a game, or a network to play against")),
        ]

    def draw(self, target: pygame.Surface) -> None:
        px, colours = theme.px, theme.colours()
        columns = 2 if target.get_width() >= px(760) else 1
        rows = -(-len(self._lines) // columns)
        pitch = min(px(20), (target.get_height() - px(76)) // rows)
        height = px(62) + pitch * rows
        box = sheet(target, 900 if columns == 2 else 460, height, say("Keys"))
        wide = (box.w - px(40)) // columns
        size = self._size(pitch, int(wide * 0.6))
        for index, line in enumerate(self._lines):
            column, row = divmod(index, rows)
            x, y = box.x + px(20) + column * wide, box.y + px(48) + row * pitch
            keys, words = line
            if not keys:
                theme.text(target, words, (x, y), size, colours.accent, bold=True)
                continue
            keys = theme.fit(keys, size, int(wide * 0.34))
            theme.text(target, keys, (x + wide * 0.36, y), size, colours.dim, anchor="topright")
            words = theme.fit(words, size, int(wide * 0.6))
            theme.text(target, words, (x + wide * 0.39, y), size)

    def _size(self, pitch: int, room: int) -> int:
        """The largest letters in which all lines fit."""
        longest = [words for keys, words in self._lines if keys]
        for size in (14, 13, 12, 11, 10):
            fits = theme.px(size * 1.3) <= pitch
            if fits and all(theme.width(words, size) <= room for words in longest):
                return size
        return 9

    def handle(self, event: pygame.event.Event) -> bool:
        return not (event.type == pygame.KEYDOWN or _is_click(event))


class Question:
    """Yes or no."""

    def __init__(self, words: str, yes: str, action: Callable[[], object]) -> None:
        self._words = words
        self._open = True
        self._yes = Button(yes, self._do, "Enter")
        self._no = Button(say("Cancel"), self._close, "Esc")
        self._action = action

    def _do(self) -> None:
        self._action()
        self._close()

    def _close(self) -> None:
        self._open = False

    def draw(self, target: pygame.Surface) -> None:
        px = theme.px
        box = sheet(target, 400, px(128), self._words)
        half = (box.w - px(60)) // 2
        place = pygame.Rect(box.x + px(24), box.bottom - px(56), half, px(36))
        self._yes.draw(target, place)
        self._no.draw(target, place.move(half + px(12), 0))

    def handle(self, event: pygame.event.Event) -> bool:
        if _is_key(event, *_RETURNS):
            self._do()
        elif _is_key(event, pygame.K_ESCAPE):
            self._close()
        elif _is_click(event):
            self._yes.click(event.pos) or self._no.click(event.pos)
        return self._open


class Rows(Generic[T]):
    """Choices, a row each; arrows and clicks change them."""

    def __init__(
        self,
        title: str,
        rows: Sequence[Row[T]],
        value: T,
        done: Callable[[T], object],
        yes: str,
        on_change: Callable[[T], object] | None = None,
        on_cancel: Callable[[], object] | None = None,
        ask: Callable[[T, Callable[[T], object]], object] | None = None,
        note: Callable[[T], tuple[str, bool]] | None = None,
    ) -> None:
        """``ask`` lets a person type for the rows that are typed; it gets value and a setter.

        ``note`` gives a remark on the value, and whether it is a warning.
        """
        self.value = value
        self._title = title
        self._rows = rows
        self._done = done
        self._on_change = on_change
        self._on_cancel = on_cancel
        self._ask = ask
        self._note = note
        self._open = True
        self._row = 0
        self.less = [Button("–", partial(self._change, k, -1)) for k in range(len(rows))]
        self.more = [Button("+", partial(self._change, k, 1)) for k in range(len(rows))]
        self.words = [Button("", partial(self._type, k)) for k in range(len(rows))]
        self._go = Button(yes, self._begin, "Enter")
        self._cancel = Button(say("Cancel"), self._give_up, "Esc")

    def _begin(self) -> None:
        self._close()
        self._done(self.value)

    def _close(self) -> None:
        self._open = False

    def _give_up(self) -> None:
        self._close()
        if self._on_cancel is not None:
            self._on_cancel()

    def set_value(self, value: T) -> None:
        """Change several rows at once."""
        self.value = value

    def _type(self, row: int) -> None:
        if self._rows[row].typed and self._ask is not None:
            self._ask(self.value, self.set_value)
        else:
            self._change(row, 1)

    def _change(self, row: int, step: int) -> None:
        self._row = row
        self.value = self._rows[row].change(self.value, step)
        if self._on_change is not None:
            self._on_change(self.value)

    def draw(self, target: pygame.Surface) -> None:
        px, colours = theme.px, theme.colours()
        foot = 0 if self._note is None else px(44)
        pitch = min(px(42), (target.get_height() - px(130) - foot) // len(self._rows))
        height = px(112) + pitch * len(self._rows) + foot
        box = sheet(target, 560, height, self._title)
        for k, row in enumerate(self._rows):
            y = box.y + px(50) + k * pitch
            words = row.words(self.value)
            if k == self._row:
                here = pygame.Rect(box.x + px(12), y - 2, box.w - px(24), pitch - px(4))
                pygame.draw.rect(target, colours.background, here, border_radius=px(6))
            side = pitch - px(10)
            middle = y + side // 2
            name = theme.fit(say(row.name), 15, int(box.w * 0.32))
            place = (box.x + px(24), middle)
            theme.text(target, name, place, 15, colours.dim, anchor="midleft")
            left = pygame.Rect(box.x + int(box.w * 0.36), y, side, side)
            right = pygame.Rect(box.right - px(24) - side, y, side, side)
            self.less[k].enabled = self.more[k].enabled = self.words[k].enabled = bool(words)
            self.less[k].draw(target, left)
            self.more[k].draw(target, right)
            between = pygame.Rect(left.right + px(6), y, right.left - left.right - px(12), side)
            self.words[k].label = words or "—"
            self.words[k].draw(target, between, 14)
        half = (box.w - px(60)) // 2
        place_ = pygame.Rect(box.x + px(24), box.bottom - px(50), half, px(34))
        if self._note is not None:
            remark, warns = self._note(self.value)
            y = place_.y - foot + px(2)
            for line in theme.wrap(remark, 13, box.w - px(48), 2):
                ink = colours.warning if warns else colours.dim
                theme.text(target, line, (box.x + px(24), y), 13, ink)
                y += px(18)
        self._go.draw(target, place_)
        self._cancel.draw(target, place_.move(half + px(12), 0))

    def handle(self, event: pygame.event.Event) -> bool:
        if _is_key(event, *_RETURNS):
            self._begin()
        elif _is_key(event, pygame.K_ESCAPE):
            self._give_up()
        elif _is_key(event, pygame.K_UP, pygame.K_DOWN):
            step = 1 if event.key == pygame.K_DOWN else -1
            self._row = (self._row + step) % len(self._rows)
        elif _is_key(event, pygame.K_LEFT, pygame.K_RIGHT):
            if self._rows[self._row].words(self.value):
                self._change(self._row, 1 if event.key == pygame.K_RIGHT else -1)
        elif _is_click(event):
            buttons = [*self.less, *self.more, *self.words, self._go, self._cancel]
            any(button.click(event.pos) for button in buttons)
        return self._open


class Entry:
    """One line to type; Enter takes it."""

    def __init__(
        self, title: str, text: str, done: Callable[[str], object], note: str = ""
    ) -> None:
        self.text = text
        self._title = title
        self._done = done
        self._note = note

    def draw(self, target: pygame.Surface) -> None:
        px, colours = theme.px, theme.colours()
        box = sheet(target, 520, px(138), self._title)
        line = pygame.Rect(box.x + px(24), box.y + px(52), box.w - px(48), px(36))
        pygame.draw.rect(target, colours.background, line, border_radius=px(6))
        pygame.draw.rect(target, colours.accent, line, width=1, border_radius=px(6))
        shown = self.text
        while theme.width(shown, 16) > line.w - px(24):
            shown = shown[1:]
        place = (line.x + px(10), line.centery)
        words = theme.text(target, shown, place, 16, anchor="midleft")
        caret = pygame.Rect(words.right + 2, line.y + px(8), 2, line.h - px(16))
        pygame.draw.rect(target, colours.accent, caret)
        note = theme.fit(self._note, 13, box.w - px(48))
        theme.text(target, note, (box.x + px(24), line.bottom + px(12)), 13, colours.dim)

    def handle(self, event: pygame.event.Event) -> bool:
        if event.type != pygame.KEYDOWN:
            return True
        if event.key == pygame.K_ESCAPE:
            return False
        if event.key in _RETURNS:
            self._done(self.text)
            return False
        if event.key == pygame.K_BACKSPACE:
            self.text = self.text[:-1]
        elif event.key == pygame.K_v and event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META):
            self.text += pasted()
        elif event.unicode and event.unicode.isprintable():
            self.text += event.unicode
        self.text = self.text[:_LONGEST_ENTRY]
        return True


def pasted(lines: bool = False) -> str:
    """Return what the clipboard holds, in one line unless several ``lines`` are wanted.

    It is empty where there is no clipboard.
    """
    try:
        text = str(pygame.scrap.get_text()).replace("\r\n", "\n").strip()
    except (pygame.error, UnicodeError):
        return ""
    return text if lines else text.replace("\n", " ")
