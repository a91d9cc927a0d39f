"""Colours, fonts, and the surfaces that take long to paint: wood and stones."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Final

import numpy as np
import pygame

Colour = tuple[int, int, int]

BACKGROUND: Final[Colour] = (30, 33, 38)
PANEL: Final[Colour] = (39, 43, 50)
RAISED: Final[Colour] = (53, 59, 68)
HOVER: Final[Colour] = (66, 73, 84)
LINE: Final[Colour] = (72, 79, 90)
TEXT: Final[Colour] = (226, 229, 233)
DIM: Final[Colour] = (150, 158, 168)
FAINT: Final[Colour] = (104, 112, 123)
ACCENT: Final[Colour] = (112, 176, 232)
WARNING: Final[Colour] = (240, 180, 92)
INK: Final[Colour] = (58, 40, 20)
BLACK_STONE: Final[Colour] = (28, 30, 33)
WHITE_STONE: Final[Colour] = (238, 236, 230)
HEAT: Final[Colour] = (214, 62, 42)
SHADE: Final[Colour] = (22, 24, 28)
WOOD_EDGE: Final[Colour] = (140, 104, 58)
FRAME: Final[Colour] = (38, 48, 44)
FELT: Final[Colour] = (40, 112, 82)
FELT_LINE: Final[Colour] = (24, 78, 56)
RACK: Final[Colour] = (44, 84, 160)
RACK_EDGE: Final[Colour] = (30, 60, 120)
SLATE: Final[Colour] = (58, 64, 74)
TILE: Final[Colour] = (214, 208, 194)
PAPER: Final[Colour] = (236, 230, 214)
PENCIL: Final[Colour] = (120, 116, 108)
COORDINATES: Final[Colour] = (206, 212, 218)
STONES: Final[dict[str, Colour]] = {
    "black": BLACK_STONE,
    "white": WHITE_STONE,
    "red": (204, 62, 54),
    "yellow": (240, 196, 60),
    "blue": (62, 112, 196),
}
"""Plain colours of the stones; pairs of them stay apart for the colour-blind too."""
LOSSES: Final[tuple[tuple[float, Colour], ...]] = (
    (0.005, (58, 130, 220)),
    (0.02, (44, 160, 120)),
    (0.05, (150, 170, 50)),
    (0.10, (226, 160, 40)),
    (1.0, (206, 74, 56)),
)
"""Colours of moves by the chance to win that they give away, up to each bound."""


def loss_colour(loss: float) -> Colour:
    """Blue for the best moves, over green and yellow to red."""
    return next((colour for bound, colour in LOSSES if loss <= bound), LOSSES[-1][1])


def is_dark(colour: Colour) -> bool:
    """Whether light marks are seen better on it."""
    return 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2] < 140


_FACES = "inter,segoeui,helveticaneue,sfprodisplay,notosans,dejavusans,liberationsans,arial"
_SUPERSAMPLING = 4


@lru_cache(maxsize=64)
def font(size: int, bold: bool = False) -> pygame.font.Font:
    """A readable face; without system fonts, the one that comes with pygame."""
    return pygame.font.Font(_face(bold), size)


@lru_cache(maxsize=2)
def _face(bold: bool) -> str | None:
    """The first face's file that the system has."""
    with warnings.catch_warnings():
        # That fc-list is missing, or slower than pygame lets it be, is no news to a player.
        warnings.simplefilter("ignore")
        return pygame.font.match_font(_FACES, bold=bold)


def forget_fonts() -> None:
    """Forget fonts that belong to a closed window."""
    font.cache_clear()
    _face.cache_clear()


def text(
    target: pygame.Surface,
    words: str,
    position: tuple[float, float],
    size: int = 16,
    colour: Colour = TEXT,
    *,
    bold: bool = False,
    anchor: str = "topleft",
) -> pygame.Rect:
    """Write one line; ``anchor`` names the point of the text that lies at ``position``."""
    image = font(size, bold).render(words, True, colour)
    rect = image.get_rect(**{anchor: (round(position[0]), round(position[1]))})
    target.blit(image, rect)
    return rect


def width(words: str, size: int, bold: bool = False) -> int:
    """Of one line, in pixels."""
    return font(size, bold).size(words)[0]


def fit(words: str, size: int, room: int, bold: bool = False) -> str:
    """Shorten a line to a width, with an ellipsis."""
    if width(words, size, bold) <= room:
        return words
    while words and width(words + "…", size, bold) > room:
        words = words[:-1]
    return words + "…"


def wrap(words: str, size: int, room: int, lines: int) -> list[str]:
    """Break a sentence into at most ``lines`` lines of a width."""
    rows: list[str] = [""]
    for word in words.split():
        longer = f"{rows[-1]} {word}".strip()
        if rows[-1] and width(longer, size) > room:
            rows.append(word)
        else:
            rows[-1] = longer
    shown = rows[:lines]
    if len(rows) > lines:
        shown[-1] = fit(f"{shown[-1]} …", size, room)
    return [fit(row, size, room) for row in shown]


@lru_cache(maxsize=4)
def wood(width: int, height: int) -> pygame.Surface:
    """A board of pale wood: long grain, a little noise."""
    random = np.random.default_rng(5)
    y = np.arange(height)[None, :]
    x = np.arange(width)[:, None]
    waves = sum(
        amplitude * np.sin((y * pitch + 14.0 * np.sin(x * 0.004 + phase)) / 5.0 + phase)
        for amplitude, pitch, phase in ((2.2, 0.35, 0.4), (1.4, 0.9, 2.1), (0.9, 1.9, 4.4))
    )
    speckle = random.normal(0.0, 1.1, (width, height))
    shade = (waves + speckle)[:, :, None]
    pixels = np.array([222, 181, 116]) + shade * np.array([1.0, 1.0, 0.8])
    return pygame.surfarray.make_surface(pixels.clip(0, 255).astype(np.uint8))


@lru_cache(maxsize=64)
def stone(kind: str, diameter: int) -> pygame.Surface:
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
        shade = rim[:, :, None] * np.array(STONES[kind], float)
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


def disc(
    target: pygame.Surface, colour: Colour, centre: tuple[float, float], radius: float
) -> None:
    """A filled circle with smooth edges."""
    pygame.draw.aacircle(target, colour, (round(centre[0]), round(centre[1])), radius)
