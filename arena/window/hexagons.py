"""Boards of hexagons, painted larger than they are shown so that every edge is smooth."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise

import pygame

from arena.window import theme
from arena.window.board import Grid, Place, pixel
from engine.games.spec import BLACK, WHITE
from engine.look import Colour, Look

_FINER = 4
_FINE_BOARD = 1400
"""Pixels of a board's longer side up to which it is painted with the finest edges."""
_SUBPIXELS = 4
_TILE, _STONE = 0.97, 0.9
"""Sizes of a tile and a stone beside the hexagon that they lie in."""


def smooth(
    target: pygame.Surface,
    area: pygame.Rect,
    ground: tuple[int, ...],
    paint: Callable[[pygame.Surface, int], None],
) -> None:
    """Paint on a surface several times as large as ``area``, and shrink it.

    ``ground`` fills it first; where it is transparent, its colour is that of the edges still.
    """
    finer = _FINER if max(area.size) <= _FINE_BOARD else 2
    large = pygame.Surface((area.w * finer, area.h * finer), pygame.SRCALPHA)
    large.fill(ground)
    paint(large, finer)
    target.blit(pygame.transform.smoothscale(large, area.size), area)


def draw_hexagons(target: pygame.Surface, grid: Grid, look: Look) -> None:
    """The tiles, and the four edges in the colours of those who are to join them."""

    def paint(large: pygame.Surface, finer: int) -> None:
        def at(place: Place) -> tuple[int, int]:
            return pixel(((place[0] - grid.area.x) * finer, (place[1] - grid.area.y) * finer))

        for colour, line in borders(grid):
            width = grid.step * 0.34 * finer
            _stroke(large, look.stone_colour(colour), [at(place) for place in line], width)
        outline = [place for _, line in borders(grid) for place in line]
        pygame.draw.polygon(large, theme.colours().slate, [at(place) for place in outline])
        for point in range(grid.height * grid.width):
            corners = [at(place) for place in grid.hexagon(point, _TILE)]
            pygame.draw.polygon(large, theme.colours().tile, corners)

    smooth(target, grid.area, theme.colours().background, paint)


def _stroke(
    target: pygame.Surface, colour: Colour, line: list[tuple[int, int]], width: float
) -> None:
    """A thick line with round bends."""
    for start, end in pairwise(line):
        length = max(math.dist(start, end), 1e-6)
        x, y = (
            (end[1] - start[1]) / length * width / 2,
            (start[0] - end[0]) / length * width / 2,
        )
        corners = [(start[0] + x, start[1] + y), (end[0] + x, end[1] + y)]
        corners += [(end[0] - x, end[1] - y), (start[0] - x, start[1] - y)]
        pygame.draw.polygon(target, colour, corners)
    for place in line[1:-1]:
        pygame.draw.circle(target, colour, place, width / 2)


def borders(grid: Grid) -> list[tuple[int, list[Place]]]:
    """The four sides of the board clockwise from the top, as colours and lines along hexagons.

    At the two sharp corners of the board the side of a hexagon belongs to both colours, half each.
    """
    height, width = grid.height, grid.width
    top = [grid.hexagon(column) for column in range(width)]
    right = [grid.hexagon(row * width + width - 1) for row in range(height)]
    bottom = [grid.hexagon((height - 1) * width + column) for column in range(width)][::-1]
    left = [grid.hexagon(row * width) for row in range(height)][::-1]
    first, second = _middle(right[0], 0, 1), _middle(left[0], 3, 4)
    upper = [top[0][5], *(tile[k] for tile in top for k in (0, 1))]
    lower = [bottom[0][2], *(tile[k] for tile in bottom for k in (3, 4))]
    return [
        (BLACK, [*upper[:-1], first]),
        (WHITE, [first, *(tile[k] for tile in right for k in (1, 2))]),
        (BLACK, [*lower[:-1], second]),
        (WHITE, [second, *(tile[k] for tile in left for k in (4, 5))]),
    ]


def _middle(corners: list[Place], one: int, other: int) -> Place:
    return (
        (corners[one][0] + corners[other][0]) / 2,
        (corners[one][1] + corners[other][1]) / 2,
    )


def draw_stone(
    target: pygame.Surface, grid: Grid, point: int, colour: Colour, alpha: int = 255
) -> None:
    """A stone that fills its hexagon."""
    x, y = grid.centre(point)
    # Of each place between pixels there is an image of its own, or stones would stand unevenly.
    left, top = math.floor(x), math.floor(y)
    parts = int((x - left) * _SUBPIXELS), int((y - top) * _SUBPIXELS)
    image = _stone(round(grid.step * 8), round(math.degrees(grid.turn)), colour, parts)
    if alpha < 255:
        image = image.copy()
        image.set_alpha(alpha)
    target.blit(image, image.get_rect(center=(left, top)))


@lru_cache(maxsize=128)
def _stone(eighths: int, degrees: int, colour: Colour, parts: tuple[int, int]) -> pygame.Surface:
    """A stone for a step in eighths of a pixel and a turn in degrees, lit from above."""
    radius = eighths / 8 / math.sqrt(3.0)
    side = 2 * math.ceil(radius) + 5
    large = pygame.Surface((side * _FINER, side * _FINER), pygame.SRCALPHA)
    large.fill((*colour, 0))
    x, y = (side // 2 + (part + 0.5) / _SUBPIXELS for part in parts)
    light = tuple(min(round(part * 1.06 + 12), 255) for part in colour)
    dark = tuple(round(part * 0.82) for part in colour)
    for tone, share in ((dark, _STONE), (colour, _STONE * 0.93), (light, _STONE * 0.62)):
        corners = []
        for k in range(6):
            angle = math.radians(60 * k - 90 + degrees)
            corners.append(
                (
                    (x + radius * share * math.cos(angle)) * _FINER,
                    (y + radius * share * math.sin(angle)) * _FINER,
                )
            )
        pygame.draw.polygon(large, tone, corners)
    return pygame.transform.smoothscale(large, (side, side))


def draw_chain(target: pygame.Surface, grid: Grid, points: list[int], colour: Colour) -> None:
    """A line through neighbouring points, such as a chain that joins two edges."""
    inside = set(points)

    def paint(large: pygame.Surface, finer: int) -> None:
        width = grid.step * 0.2 * finer
        for point in points:
            here = _shifted(grid, point, finer)
            pygame.draw.circle(large, colour, here, width * 0.85)
            row, column = divmod(point, grid.width)
            for near in ((row, column + 1), (row + 1, column), (row + 1, column - 1)):
                there = near[0] * grid.width + near[1]
                if 0 <= near[1] < grid.width and there in inside:
                    _stroke(large, colour, [here, _shifted(grid, there, finer)], width)

    smooth(target, grid.area, (*colour, 0), paint)


def _shifted(grid: Grid, point: int, finer: int) -> tuple[int, int]:
    x, y = grid.centre(point)
    return pixel(((x - grid.area.x) * finer, (y - grid.area.y) * finer))
