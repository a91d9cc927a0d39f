"""Colours, fonts, and the surfaces that take long to paint: wood and stones."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pygame

from engine.look import GROUND_COLOURS, LINE_COLOURS, STONE_COLOURS, Colour, Stone
from engine.text import printable


@dataclass(frozen=True)
class Palette:
    """All colours of the window; boards that are not of wood have theirs below."""

    background: Colour = (30, 33, 38)
    panel: Colour = (39, 43, 50)
    raised: Colour = (53, 59, 68)
    hover: Colour = (66, 73, 84)
    line: Colour = (72, 79, 90)
    text: Colour = (226, 229, 233)
    dim: Colour = (158, 166, 176)
    faint: Colour = (104, 112, 123)
    accent: Colour = (112, 176, 232)
    warning: Colour = (240, 180, 92)
    shade: Colour = (22, 24, 28)
    ink: Colour = LINE_COLOURS["lines"]
    board: Colour = GROUND_COLOURS["lines"]
    board_edge: Colour = (140, 104, 58)
    frame: Colour = (38, 48, 44)
    felt: Colour = GROUND_COLOURS["cells"]
    felt_line: Colour = LINE_COLOURS["cells"]
    rack: Colour = GROUND_COLOURS["holes"]
    rack_edge: Colour = LINE_COLOURS["holes"]
    slate: Colour = LINE_COLOURS["hexagons"]
    tile: Colour = GROUND_COLOURS["hexagons"]
    paper: Colour = GROUND_COLOURS["paper"]
    pencil: Colour = LINE_COLOURS["paper"]
    paper_mark: Colour = (226, 166, 40)
    coordinates: Colour = (206, 212, 218)
    heat: Colour = (214, 62, 42)
    grained: bool = True
    """Whether the board is of wood rather than of one colour."""
    losses: tuple[tuple[float, Colour], ...] = (
        (0.005, (58, 130, 220)),
        (0.02, (44, 160, 120)),
        (0.05, (150, 170, 50)),
        (0.10, (226, 160, 40)),
        (1.0, (206, 74, 56)),
    )
    """Colours of moves by the chance to win that they give away, up to each bound."""
    shapes: bool = False
    """Whether costly moves differ in shape as well, for people who see few colours."""


DARK: Final = Palette()
_LIGHT: Final = {
    "background": (238, 236, 231),
    "panel": (250, 249, 246),
    "raised": (234, 232, 226),
    "hover": (222, 219, 211),
    "line": (204, 200, 191),
    "text": (36, 38, 42),
    "dim": (92, 96, 104),
    "faint": (160, 162, 166),
    "accent": (28, 108, 184),
    "warning": (148, 78, 4),
    "shade": (206, 203, 196),
    "coordinates": (250, 250, 250),
}
_FLAT: Final = {"board": (224, 190, 138), "board_edge": (176, 142, 92), "grained": False}
_COLOUR_BLIND: Final = {
    # Okabe and Ito's colours, ordered from blue over pale to dark orange: brightness tells too
    "losses": (
        (0.005, (0, 114, 178)),
        (0.02, (86, 180, 233)),
        (0.05, (240, 228, 66)),
        (0.10, (230, 159, 0)),
        (1.0, (170, 70, 0)),
    ),
    "heat": (0, 114, 178),
    "felt": (70, 104, 140),
    "felt_line": (46, 74, 104),
    "shapes": True,
}


class _Present:
    palette: Palette = DARK
    scale: float = 1.0


def use(*, board: str = "wood", light: bool = False, colour_blind: bool = False) -> None:
    """Paint in these colours from now on."""
    changes: dict[str, Any] = {**(_LIGHT if light else {}), **(_FLAT if board == "flat" else {})}
    if colour_blind:
        changes.update(_COLOUR_BLIND)
    _Present.palette = replace(DARK, **changes)


def colours() -> Palette:
    """Return the palette in use."""
    return _Present.palette


def set_scale(scale: float) -> None:
    """Scale everything except the board by this factor."""
    _Present.scale = scale


def px(length: float) -> int:
    """A length of the usual window in pixels of this one."""
    return round(length * _Present.scale)


def loss_colour(loss: float) -> Colour:
    """Blue for the best moves, over green and yellow to red."""
    losses = colours().losses
    return next((colour for bound, colour in losses if loss <= bound), losses[-1][1])


def loss_step(loss: float) -> int:
    """Which of the colours it is: 0 for the best moves."""
    return next((k for k, (bound, _) in enumerate(colours().losses) if loss <= bound), 4)


def ink_on(fill: Colour) -> Colour:
    """Black or white, whichever is read better on a colour."""
    return (250, 250, 250) if is_dark(fill) else (24, 24, 26)


def is_dark(colour: Colour) -> bool:
    """Whether light marks are seen better on it."""
    return 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2] < 140


_FACES = "notosanscjksc,notosanssc,microsoftyahei,pingfangsc,wenquanyimicrohei,notosans,dejavusans"
_FONTS: Final = Path(__file__).with_name("fonts")
_SUPERSAMPLING = 4


@lru_cache(maxsize=128)
def font(size: int, bold: bool = False, foreign: bool = False) -> pygame.font.Font:
    """The face that comes along; for characters it lacks, ``foreign``, the system's."""
    if not foreign:
        path = _FONTS / f"MiaiSans-{'Bold' if bold else 'Regular'}.otf"
        if path.is_file():
            return pygame.font.Font(path, size)
    return pygame.font.Font(_face(bold), size)


@lru_cache(maxsize=2)
def _face(bold: bool) -> str | None:
    """The first face's file that the system has; without any, the one that comes with pygame."""
    with warnings.catch_warnings():
        # That fc-list is missing, or slower than pygame lets it be, is no news to a player.
        warnings.simplefilter("ignore")
        return pygame.font.match_font(_FACES, bold=bold)


def forget_fonts() -> None:
    """Forget fonts and texts that belong to a closed window."""
    for cache in (font, _face, _is_foreign, _written):
        cache.cache_clear()


@lru_cache(maxsize=4096)
def _is_foreign(words: str) -> bool:
    """Whether the face that comes along lacks a character."""
    return any(m is None for m in font(16).metrics(words)) if words else False


@lru_cache(maxsize=4096)
def _written(words: str, size: int, colour: Colour, bold: bool) -> pygame.Surface:
    return font(size, bold, _is_foreign(words)).render(words, True, colour)


def text(
    target: pygame.Surface,
    words: str,
    position: tuple[float, float],
    size: int = 16,
    colour: Colour | None = None,
    *,
    bold: bool = False,
    anchor: str = "topleft",
    scaled: bool = True,
) -> pygame.Rect:
    """Write one line; ``anchor`` names the point of the text that lies at ``position``.

    ``size`` grows with the window, unless it was made for the board and is not ``scaled``.
    """
    pixels = max(px(size) if scaled else size, 6)
    image = _written(printable(words, None), pixels, colour or colours().text, bold)
    rect = image.get_rect(**{anchor: (round(position[0]), round(position[1]))})
    target.blit(image, rect)
    return rect


def width(words: str, size: int, bold: bool = False) -> int:
    """Return the width of one line of text, in pixels."""
    words = printable(words, None)
    return font(max(px(size), 6), bold, _is_foreign(words)).size(words)[0]


def fit(words: str, size: int, room: int, bold: bool = False) -> str:
    """Shorten a line to a width, with an ellipsis."""
    if width(words, size, bold) <= room:
        return words
    while words and width(words + "...", size, bold) > room:
        words = words[:-1]
    return words + "..."


def wrap(words: str, size: int, room: int, lines: int) -> list[str]:
    """Break a sentence into at most ``lines`` lines of a width; Chinese breaks anywhere."""
    rows: list[str] = [""]
    for word in _BREAKS.findall(words):
        longer = rows[-1] + word
        if rows[-1] and width(longer.rstrip(), size) > room:
            rows.append(word.lstrip())
        else:
            rows[-1] = longer
    rows = [row.rstrip() for row in rows]
    shown = rows[:lines]
    if len(rows) > lines:
        shown[-1] = fit(f"{shown[-1]} ...", size, room)
    return [fit(row, size, room) for row in shown]


_BREAKS: Final = re.compile(r"[\u2e80-\uffff]|[^\s\u2e80-\uffff]+\s*|\s+")


def wood(width: int, height: int) -> pygame.Surface:
    """A board of pale wood: long grain, a little noise."""
    return _wood(width, height, colours().board)


@lru_cache(maxsize=2)
def _wood(width: int, height: int, colour: Colour) -> pygame.Surface:
    return pygame.transform.smoothscale(_plank(colour), (width, height))


@lru_cache(maxsize=2)
def _plank(colour: Colour) -> pygame.Surface:
    """One piece of wood, which is stretched to a window's size; painting it takes 0.1 s."""
    side = 900
    random = np.random.default_rng(5)
    y = np.arange(side)[None, :]
    x = np.arange(side)[:, None]
    waves = sum(
        amplitude * np.sin((y * pitch + 14.0 * np.sin(x * 0.004 + phase)) / 5.0 + phase)
        for amplitude, pitch, phase in ((2.2, 0.35, 0.4), (1.4, 0.9, 2.1), (0.9, 1.9, 4.4))
    )
    speckle = random.normal(0.0, 1.1, (side, side))
    shade = (waves + speckle)[:, :, None]
    pixels = np.array(colour) + shade * np.array([1.0, 1.0, 0.8])
    return pygame.surfarray.make_surface(pixels.clip(0, 255).astype(np.uint8))


@lru_cache(maxsize=64)
def stone(kind: Stone, diameter: int) -> pygame.Surface:
    """A stone lit from the upper left, with smooth edges; coloured ones are discs with a rim."""
    side = max(diameter, 2) * _SUPERSAMPLING
    axis = (np.arange(side) + 0.5) / side * 2.0 - 1.0
    x, y = axis[:, None], axis[None, :]
    radius = np.sqrt(x**2 + y**2)
    height = np.sqrt(np.clip(1.0 - radius**2, 0.0, 1.0))
    light = np.clip((-0.45 * x - 0.55 * y + 0.7 * height) / 1.0, 0.0, 1.0)
    if kind == "black":
        shade = (22 + 40 * light**2 + 95 * light**14)[:, :, None] * np.array([1.0, 1.0, 1.04])
    elif kind == "white":
        shade = (176 + 70 * light**0.7 + 8 * light**8)[:, :, None] * np.array([1.0, 0.992, 0.965])
    else:
        rim = np.where(radius > 0.78, 0.82, 1.0) + 0.08 * light
        shade = rim[:, :, None] * np.array(STONE_COLOURS[kind], float)
    pixels = shade.clip(0, 255).astype(np.uint8)
    image = pygame.Surface((side, side), pygame.SRCALPHA)
    pygame.surfarray.blit_array(image, pixels)
    alpha = pygame.surfarray.pixels_alpha(image)
    alpha[:] = np.where(radius <= 0.985, 255, 0).astype(np.uint8)
    del alpha
    return pygame.transform.smoothscale(image, (diameter, diameter))


@lru_cache(maxsize=8)
def shadow(diameter: int) -> pygame.Surface:
    """A soft shadow, somewhat larger than the stone."""
    side = round(diameter * 1.3)
    axis = (np.arange(side) + 0.5) / side * 2.0 - 1.0
    radius = np.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    image = pygame.Surface((side, side), pygame.SRCALPHA)
    alpha = pygame.surfarray.pixels_alpha(image)
    alpha[:] = (90 * np.clip((1.0 - radius) / 0.32, 0.0, 1.0)).astype(np.uint8)
    del alpha
    return image


DOTS_EVERY_MS: Final = 400


def dots() -> str:
    """One to three of them, to show that something goes on."""
    return "." * (1 + pygame.time.get_ticks() // DOTS_EVERY_MS % 3)


def disc(
    target: pygame.Surface, colour: Colour, centre: tuple[float, float], radius: float
) -> None:
    """A filled circle with smooth edges."""
    pygame.draw.aacircle(target, colour, (round(centre[0]), round(centre[1])), radius)
