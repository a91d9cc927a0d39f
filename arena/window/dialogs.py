"""What lies over the board for a moment: a new game, a question, the list of keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

import pygame

from arena.window import theme
from arena.window.model import COLOUR_NAMES, Settings, opponent
from arena.window.panel import Button

KEYS = (
    ("click", "place a stone"),
    ("P", "pass"),
    ("U or left arrow", "undo your move and the answer"),
    ("right arrow", "redo"),
    ("R", "resign"),
    ("N", "new game"),
    ("B", "back to the game before the new one"),
    ("S", "save as SGF"),
    ("H", "policy heat map: where the network would look"),
    ("O", "territory: who will own what"),
    ("C", "coordinates"),
    ("Esc", "close a dialog; let the AI move at once"),
    ("?", "this list"),
)
_SIZES = (5, 7, 9, 13, 19)
_SIMULATIONS = (1, 25, 50, 100, 200, 400, 800, 1600, 3200, 6400)


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
        box = _box(target, 520, 84 + 28 * len(KEYS))
        theme.text(target, "Keys", (box.x + 28, box.y + 22), 22, bold=True)
        y = box.y + 64
        for key, meaning in KEYS:
            theme.text(target, key, (box.x + 160, y), 15, theme.ACCENT, anchor="topright")
            theme.text(target, meaning, (box.x + 180, y), 15)
            y += 28

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
    """Chooses colour, komi, size and simulations, a row each."""

    def __init__(self, settings: Settings, start: Callable[[Settings], object]) -> None:
        self._settings = settings
        self._start = start
        self._open = True
        self._rows = ("Your colour", "Komi", "Board", "Simulations")
        self._less = [Button("–", partial(self._change, k, -1)) for k in range(4)]
        self._more = [Button("+", partial(self._change, k, 1)) for k in range(4)]
        self._go = Button("Start", self._begin, "Enter")
        self._cancel = Button("Cancel", self._close, "Esc")

    def _begin(self) -> None:
        self._start(self._settings)
        self._close()

    def _close(self) -> None:
        self._open = False

    def _change(self, row: int, step: int) -> None:
        s = self._settings
        if row == 0:
            self._settings = replace(s, colour=opponent(s.colour))
        elif row == 1:
            self._settings = replace(s, komi=min(max(s.komi + 0.5 * step, -50.0), 50.0))
        elif row == 2:
            self._settings = replace(s, size=_neighbour(_SIZES, s.size, step))
        else:
            self._settings = replace(s, simulations=_neighbour(_SIMULATIONS, s.simulations, step))

    def _value(self, row: int) -> str:
        s = self._settings
        return (
            COLOUR_NAMES[s.colour],
            f"{s.komi:g} points for White",
            f"{s.size} x {s.size}",
            f"{s.simulations} per move",
        )[row]

    def draw(self, target: pygame.Surface) -> None:
        box = _box(target, 470, 340)
        theme.text(target, "New game", (box.x + 28, box.y + 22), 22, bold=True)
        for k, name in enumerate(self._rows):
            y = box.y + 72 + k * 48
            theme.text(target, name, (box.x + 28, y + 18), 16, theme.DIM, anchor="midleft")
            left = pygame.Rect(box.x + 150, y, 36, 36)
            right = pygame.Rect(box.right - 28 - 36, y, 36, 36)
            self._less[k].draw(target, left)
            self._more[k].draw(target, right)
            middle = ((left.right + right.left) // 2, y + 18)
            theme.text(target, self._value(k), middle, 16, bold=True, anchor="center")
        half = (box.w - 28 * 2 - 12) // 2
        self._go.draw(target, pygame.Rect(box.x + 28, box.bottom - 60, half, 38))
        self._cancel.draw(target, pygame.Rect(box.x + 40 + half, box.bottom - 60, half, 38))

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


def _neighbour(choices: tuple[int, ...], value: int, step: int) -> int:
    """The next larger or smaller choice; ``value`` itself need not be one."""
    if step > 0:
        return next((choice for choice in choices if choice > value), choices[-1])
    return next((choice for choice in reversed(choices) if choice < value), choices[0])
