"""Choosing a file, and one game of a file with several: by mouse, by arrows, or by typing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pygame

from arena.session.opening import Listed
from arena.session.texts import say
from arena.window import theme
from arena.window.dialogs import pasted, sheet

_RETURNS = (pygame.K_RETURN, pygame.K_KP_ENTER)
_GAMES = (".sgf", ".ggf", ".psq", ".txt", ".safetensors")
_LONGEST_ENTRY = 1000
_ROWS = 12


@dataclass(frozen=True)
class Entry:
    """A line of a list."""

    words: str
    remark: str
    choose: Callable[[], object]


class Choice:
    """A list with a line to type above it: typing filters, arrows choose, Enter takes."""

    title = ""
    hint = ""

    def __init__(self) -> None:
        self.typed = ""
        self.at = 0
        """The entry that Enter takes."""
        self._first = 0
        self._open = True
        self._rows: list[tuple[pygame.Rect, int]] = []
        self._listed: tuple[str, list[Entry]] | None = None

    def entries(self) -> list[Entry]:
        """Return what is listed for what was typed."""
        raise NotImplementedError

    def enter(self) -> None:
        """Take what was typed or chosen."""
        listed = self.shown()
        if listed:
            listed[min(self.at, len(listed) - 1)].choose()

    def shown(self) -> list[Entry]:
        """Return the entries, listed again only when something else was typed."""
        if self._listed is None or self._listed[0] != self.typed:
            self._listed = self.typed, self.entries()
        return self._listed[1]

    def list_again(self) -> None:
        """Forget what was listed."""
        self._listed, self.at, self._first = None, 0, 0

    def close(self) -> None:
        """Be done."""
        self._open = False

    def draw(self, target: pygame.Surface) -> None:
        """Paint it over the window."""
        px, colours = theme.px, theme.colours()
        pitch = px(28)
        room = (target.get_height() - px(16) - px(146)) // pitch
        count = max(min(_ROWS, room), 3)
        box = sheet(target, 620, px(138) + count * pitch, self.title)
        line = pygame.Rect(box.x + px(24), box.y + px(48), box.w - px(48), px(34))
        pygame.draw.rect(target, colours.background, line, border_radius=px(6))
        pygame.draw.rect(target, colours.accent, line, width=1, border_radius=px(6))
        words = self.typed
        while words and theme.width(words, 15) > line.w - px(24):
            words = words[1:]
        place = (line.x + px(10), line.centery)
        text = theme.text(target, words, place, 15, anchor="midleft")
        caret = pygame.Rect(text.right + 2, line.y + px(8), 2, line.h - px(16))
        pygame.draw.rect(target, colours.accent, caret)
        listed = self.shown()
        self.at = min(self.at, max(len(listed) - 1, 0))
        self._first = min(max(self._first, self.at - count + 1), self.at)
        self._rows = []
        y = line.bottom + px(8)
        for index in range(self._first, min(self._first + count, len(listed))):
            row = pygame.Rect(line.x, y, line.w, pitch - px(2))
            self._draw_row(target, row, listed[index], index == self.at)
            self._rows.append((row, index))
            y += pitch
        words = theme.fit(self.hint, 13, box.w - px(48))
        place = (box.centerx, box.bottom - px(12))
        theme.text(target, words, place, 13, colours.dim, anchor="midbottom")
        if len(listed) > count:
            share = count / len(listed)
            track = pygame.Rect(line.right + px(6), line.bottom + px(8), px(4), count * pitch)
            bar = track.copy()
            bar.h = max(round(track.h * share), px(12))
            bar.y += round((track.h - bar.h) * self._first / max(len(listed) - count, 1))
            pygame.draw.rect(target, colours.line, bar, border_radius=px(2))

    def _draw_row(
        self, target: pygame.Surface, row: pygame.Rect, entry: Entry, chosen: bool
    ) -> None:
        px, colours = theme.px, theme.colours()
        if chosen or row.collidepoint(pygame.mouse.get_pos()):
            fill = colours.raised if chosen else colours.background
            pygame.draw.rect(target, fill, row, border_radius=px(5))
        room = row.w - px(20)
        remark = theme.fit(entry.remark, 13, room * 3 // 5)
        place = (row.right - px(10), row.centery)
        right = theme.text(target, remark, place, 13, colours.dim, anchor="midright")
        words = theme.fit(entry.words, 14, right.left - row.x - px(24) if remark else room)
        theme.text(target, words, (row.x + px(10), row.centery), 14, anchor="midleft")

    def handle(self, event: pygame.event.Event) -> bool:
        """Take an event; return False when the dialog is done."""
        if event.type == pygame.MOUSEBUTTONDOWN:
            if event.button in (4, 5):
                self._move(3 if event.button == 5 else -3)
            elif event.button == 1:
                listed = self.shown()
                for row, index in self._rows:
                    if row.collidepoint(event.pos):
                        self.at = index
                        listed[index].choose()
                        break
            return self._open
        if event.type != pygame.KEYDOWN:
            return True
        steps = {pygame.K_UP: -1, pygame.K_DOWN: 1, pygame.K_PAGEUP: -10, pygame.K_PAGEDOWN: 10}
        if event.key == pygame.K_ESCAPE:
            self.close()
        elif event.key in _RETURNS:
            self.enter()
        elif event.key in steps:
            self._move(steps[event.key])
        elif event.key == pygame.K_HOME:
            self._move(-len(self.shown()))
        elif event.key == pygame.K_END:
            self._move(len(self.shown()))
        else:
            self._type(event)
        return self._open

    def _move(self, step: int) -> None:
        self.at = min(max(self.at + step, 0), max(len(self.shown()) - 1, 0))

    def _type(self, event: pygame.event.Event) -> None:
        before = self.typed
        ctrl = event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META)
        if event.key == pygame.K_BACKSPACE:
            self.typed = self.typed[:-1]
        elif event.key == pygame.K_v and ctrl:
            self.typed += pasted()
        elif event.unicode and event.unicode.isprintable() and not ctrl:
            self.typed += event.unicode
        self.typed = self.typed[:_LONGEST_ENTRY]
        if self.typed != before:
            self.at = self._first = 0


class OpenFile(Choice):
    """Games, networks and folders, the newest first; a path can be typed too."""

    def __init__(self, folder: Path, action: Callable[[Path], object]) -> None:
        super().__init__()
        self.title = say("Open a game or a network")
        self.hint = say("Type a name or a path; arrows and Enter; a file can be dropped too")
        self.folder = folder.resolve()
        self._action = action

    def entries(self) -> list[Entry]:
        folder, part = self._split()
        try:
            inside = [path for path in folder.iterdir() if not path.name.startswith(".")]
            folders = sorted(path for path in inside if path.is_dir())
            games = [p for p in inside if p.suffix.lower() in _GAMES and p.is_file()]
            games.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        except OSError:
            folders, games = [], []
        where = str(folder)
        found = [Entry(path.name, "", partial(self._choose, path)) for path in games]
        found += [Entry(f"{path.name}/", "", partial(self._into, path)) for path in folders]
        found = [entry for entry in found if part in entry.words.lower()]
        if not part:
            up = Entry("../", where, partial(self._into, folder.parent))
            found.insert(len(games), up)
        return found

    def _split(self) -> tuple[Path, str]:
        """Return the folder that was typed, and the part of a name after it."""
        typed = self.typed.strip()
        folder = self.folder
        if typed.startswith("~"):
            typed = str(Path(typed).expanduser()) + ("/" if typed == "~" else "")
        if "/" in typed:
            typed, _, part = typed.rpartition("/")
            return self.folder / (typed or "/"), part.lower()
        return folder, typed.lower()

    def enter(self) -> None:
        typed = self.typed.strip()
        path = self.folder / Path(typed).expanduser() if typed else self.folder
        try:
            is_file, is_folder = path.is_file(), path.is_dir()
        except (OSError, ValueError):
            is_file = is_folder = False
        if typed and is_file:
            self._choose(path)
        elif self.shown():
            super().enter()
        elif typed and is_folder:
            self._into(path)
        elif typed:
            self._choose(path)  # to say why it cannot be opened

    def _into(self, folder: Path) -> None:
        self.folder, self.typed = folder.resolve(), ""
        self.list_again()

    def _choose(self, path: Path) -> None:
        self.close()
        self._action(path)


class ChooseGame(Choice):
    """The games of a file; typing looks for a number or a name."""

    def __init__(
        self, name: str, games: Sequence[Listed], now: int, action: Callable[[int], object]
    ) -> None:
        super().__init__()
        self.title = say("{name}: {count} games", name=name, count=len(games))
        self.hint = say("Type a number or a name; arrows and Enter; Esc keeps the present game")
        self._games = games
        self._action = action
        self.at = min(max(now - 1, 0), max(len(games) - 1, 0))

    def entries(self) -> list[Entry]:
        part = self.typed.strip().lower()
        found = [
            game
            for game in self._games
            if part in f"{game.number}. {game.players} {game.details}".lower()
        ]
        if part.isdigit():
            found.sort(key=lambda game: game.number != int(part))
        return [
            Entry(
                f"{game.number}. {game.players}",
                game.details,
                partial(self._choose, game.number),
            )
            for game in found
        ]

    def _choose(self, number: int) -> None:
        self.close()
        self._action(number)
