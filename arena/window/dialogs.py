"""What lies over the board for a moment: a new game, a question, files, the list of keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import pygame

from arena.window import theme
from arena.window.looks import LOOKS, look_of, usual_spec
from arena.window.model import Settings
from arena.window.panel import Button
from engine.games.spec import BLACK, WHITE

KEYS = (
    ("click", "place a stone"),
    ("A or Space", "analysis: candidates by what they give away; point at one for its line"),
    ("H, O", "policy heat map; territory"),
    ("I", "hint: what the AI would play"),
    ("M", "go through the whole game and list the costly moves"),
    ("left, right, wheel", "look at earlier and later moves"),
    ("up, down", "other variations of this move"),
    ("Home, End", "to the start, to the end"),
    ("U, Y", "take back your move and the answer; play it again"),
    ("Enter", "let the AI move where it waits"),
    ("P, R", "pass; resign"),
    ("W", "swap sides with the AI"),
    ("N, B", "new game; back to the one before"),
    ("F, S", "open a file; save as SGF"),
    ("Ctrl+V", "paste a game"),
    ("C", "coordinates"),
    ("F11", "full screen"),
    ("Esc", "close a dialog; let the AI move at once"),
)
_SIMULATIONS = (1, 2, 4, 8, 16, 32, 64, 100, 200, 400, 800, 1600, 3200, 6400, 12800)
_PEOPLE = ((BLACK,), (WHITE,), (BLACK, WHITE), ())
_FILES_SHOWN = 12


class Dialog(Protocol):
    """Takes all events while it is open."""

    def draw(self, target: pygame.Surface) -> None:
        """Paint it over the window."""
        ...

    def handle(self, event: pygame.event.Event) -> bool:
        """Take an event; return False when the dialog is done."""
        ...


def _box(target: pygame.Surface, width: int, height: int) -> pygame.Rect:
    veil = pygame.Surface(target.get_size(), pygame.SRCALPHA)
    veil.fill((12, 14, 17, 150))
    target.blit(veil, (0, 0))
    box = pygame.Rect(0, 0, min(width, target.get_width() - 20), height)
    box.center = target.get_rect().center
    pygame.draw.rect(target, theme.PANEL, box, border_radius=12)
    pygame.draw.rect(target, theme.LINE, box, width=1, border_radius=12)
    return box


def _is_click(event: pygame.event.Event) -> bool:
    return bool(event.type == pygame.MOUSEBUTTONDOWN and event.button == 1)


class KeyList:
    """All keys; any key or click closes it."""

    def draw(self, target: pygame.Surface) -> None:
        pitch = min(27, (target.get_height() - 100) // len(KEYS))
        box = _box(target, 620, 76 + pitch * len(KEYS))
        theme.text(target, "Keys", (box.x + 28, box.y + 18), 22, bold=True)
        y = box.y + 58
        for key, meaning in KEYS:
            theme.text(target, key, (box.x + 165, y), 14, theme.ACCENT, anchor="topright")
            words = theme.fit(meaning, 14, box.w - 200)
            theme.text(target, words, (box.x + 182, y), 14)
            y += pitch

    def handle(self, event: pygame.event.Event) -> bool:
        return not (event.type == pygame.KEYDOWN or _is_click(event))


class Question:
    """Yes or no."""

    def __init__(self, words: str, yes: str, action: Callable[[], object]) -> None:
        self._words = words
        self._open = True
        self._yes = Button(yes, self._do, "Enter")
        self._no = Button("Cancel", self._close, "Esc")
        self._action = action

    def _do(self) -> None:
        self._action()
        self._close()

    def _close(self) -> None:
        self._open = False

    def draw(self, target: pygame.Surface) -> None:
        box = _box(target, 400, 150)
        theme.text(target, self._words, (box.centerx, box.y + 38), 18, bold=True, anchor="center")
        half = (box.w - 3 * 24) // 2
        self._yes.draw(target, pygame.Rect(box.x + 24, box.bottom - 62, half, 38))
        self._no.draw(target, pygame.Rect(box.x + 48 + half, box.bottom - 62, half, 38))

    def handle(self, event: pygame.event.Event) -> bool:
        if event.type == pygame.KEYDOWN:
            if event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
                self._do()
            elif event.key == pygame.K_ESCAPE:
                self._close()
        elif _is_click(event):
            self._yes.click(event.pos) or self._no.click(event.pos)
        return self._open


class NewGame:
    """Chooses game, board, who plays what, a rule and the AI's strength, a row each."""

    def __init__(self, settings: Settings, start: Callable[[Settings], object]) -> None:
        self._settings = settings
        self._start = start
        self._open = True
        rows = range(len(_ROWS))
        self._less = [Button("–", partial(self._change, k, -1)) for k in rows]
        self._more = [Button("+", partial(self._change, k, 1)) for k in rows]
        self._go = Button("Start", self._begin, "Enter")
        self._cancel = Button("Cancel", self._close, "Esc")

    def _begin(self) -> None:
        self._start(self._settings)
        self._close()

    def _close(self) -> None:
        self._open = False

    def _change(self, row: int, step: int) -> None:
        self._settings = _ROWS[row][1](self._settings, step)

    def draw(self, target: pygame.Surface) -> None:
        box = _box(target, 500, 118 + 46 * len(_ROWS))
        theme.text(target, "New game", (box.x + 28, box.y + 18), 22, bold=True)
        for k, (name, _, value) in enumerate(_ROWS):
            y = box.y + 58 + k * 46
            words = value(self._settings)
            enabled = words != _NOTHING
            theme.text(target, name, (box.x + 28, y + 17), 16, theme.DIM, anchor="midleft")
            left = pygame.Rect(box.x + 130, y, 34, 34)
            right = pygame.Rect(box.right - 28 - 34, y, 34, 34)
            self._less[k].enabled = self._more[k].enabled = enabled
            self._less[k].draw(target, left)
            self._more[k].draw(target, right)
            middle = ((left.right + right.left) // 2, y + 17)
            colour = theme.TEXT if enabled else theme.FAINT
            theme.text(target, words, middle, 16, colour, bold=enabled, anchor="center")
        half = (box.w - 28 * 2 - 12) // 2
        self._go.draw(target, pygame.Rect(box.x + 28, box.bottom - 54, half, 36))
        self._cancel.draw(target, pygame.Rect(box.x + 40 + half, box.bottom - 54, half, 36))

    def handle(self, event: pygame.event.Event) -> bool:
        if event.type == pygame.KEYDOWN:
            if event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
                self._begin()
            elif event.key == pygame.K_ESCAPE:
                self._close()
        elif _is_click(event):
            buttons = [*self._less, *self._more, self._go, self._cancel]
            any(button.click(event.pos) for button in buttons)
        return self._open


_NOTHING = "—"


def _change_game(settings: Settings, step: int) -> Settings:
    names = list(LOOKS)
    name = names[(names.index(settings.spec.name) + step) % len(names)]
    return replace(settings, spec=usual_spec(name))


def _change_board(settings: Settings, step: int) -> Settings:
    spec = settings.spec
    height, width = _neighbour(look_of(spec).sizes, (spec.height, spec.width), step)
    return replace(settings, spec=replace(spec, height=height, width=width))


def _change_people(settings: Settings, step: int) -> Settings:
    index = _PEOPLE.index(settings.people) if settings.people in _PEOPLE else 0
    return replace(settings, people=_PEOPLE[(index + step) % len(_PEOPLE)])


def _change_rule(settings: Settings, step: int) -> Settings:
    rules = settings.spec.rules
    if "komi" in rules:
        komi = min(max(rules["komi"] + 0.5 * step, -50.0), 50.0)
        return replace(settings, spec=replace(settings.spec, komi=komi))  # type: ignore[call-arg]
    if "swap" in rules:
        swap = not rules["swap"]
        return replace(settings, spec=replace(settings.spec, swap=swap))  # type: ignore[call-arg]
    return settings


def _change_simulations(settings: Settings, step: int) -> Settings:
    return replace(settings, simulations=_neighbour(_SIMULATIONS, settings.simulations, step))


def _people_words(settings: Settings) -> str:
    first, second = look_of(settings.spec).players
    return {
        (BLACK,): f"You are {first}",
        (WHITE,): f"You are {second}",
        (BLACK, WHITE): "Two people",
        (): "The AI against itself",
    }.get(settings.people, "")


def _rule_words(settings: Settings) -> str:
    rules = settings.spec.rules
    if "komi" in rules:
        return f"komi {rules['komi']:g}"
    if "swap" in rules:
        return "with swap" if rules["swap"] else "no swap"
    return _NOTHING


_ROWS: tuple[tuple[str, Callable[[Settings, int], Settings], Callable[[Settings], str]], ...] = (
    ("Game", _change_game, lambda s: look_of(s.spec).title),
    ("Board", _change_board, lambda s: f"{s.spec.width} x {s.spec.height}"),
    ("Players", _change_people, _people_words),
    ("Rule", _change_rule, _rule_words),
    (
        "Strength",
        _change_simulations,
        lambda s: f"{s.simulations} simulation{'' if s.simulations == 1 else 's'} a move",
    ),
)


class OpenFile:
    """Games in the folder, the newest first; a click or a number opens one."""

    def __init__(self, folder: Path, action: Callable[[Path], object]) -> None:
        files = [file for file in folder.glob("*.sgf") if file.is_file()]
        files.sort(key=lambda file: file.stat().st_mtime, reverse=True)
        self._buttons = [
            Button(file.name, partial(self._choose, file)) for file in files[:_FILES_SHOWN]
        ]
        self._folder = folder
        self._action = action
        self._open = True

    def _choose(self, path: Path) -> None:
        self._open = False
        self._action(path)

    def draw(self, target: pygame.Surface) -> None:
        pitch = min(36, (target.get_height() - 140) // max(len(self._buttons), 1))
        box = _box(target, 520, 112 + pitch * len(self._buttons))
        theme.text(target, "Open a game", (box.x + 28, box.y + 18), 22, bold=True)
        where = theme.fit(f"SGF files in {self._folder}", 13, box.w - 56)
        theme.text(target, where, (box.x + 28, box.y + 50), 13, theme.DIM)
        y = box.y + 74
        for button in self._buttons:
            button.draw(target, pygame.Rect(box.x + 28, y, box.w - 56, pitch - 4))
            y += pitch
        words = "or drop a file on the window; Esc closes"
        theme.text(target, words, (box.centerx, y + 6), 13, theme.DIM, anchor="midtop")

    def handle(self, event: pygame.event.Event) -> bool:
        if event.type == pygame.KEYDOWN:
            return False
        if _is_click(event):
            return not any(b.click(event.pos) for b in self._buttons) and bool(self._buttons)
        return self._open


Choice = TypeVar("Choice", int, tuple[int, int])


def _neighbour(choices: tuple[Choice, ...], value: Choice, step: int) -> Choice:
    """The next larger or smaller choice; ``value`` itself need not be one."""
    if step > 0:
        return next((choice for choice in choices if choice > value), choices[-1])
    return next((choice for choice in reversed(choices) if choice < value), choices[0])
