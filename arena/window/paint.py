"""What a board is made of, by the game's look: wood, felt, a rack, hexagons, paper; and stones."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray

from arena.window import theme
from arena.window.board import Grid, pixel
from arena.window.hexagons import draw_hexagons
from arena.window.hexagons import draw_stone as draw_stone_on_hexagon
from engine.diagram import star_points
from engine.games.spec import BLACK, EMPTY, GameSpec
from engine.look import STONE_COLOURS, Colour, Look
from engine.notation import column_name, row_number

_SHADE = 8
"""Pixels round a board for its shade."""


def draw_ground(
    target: pygame.Surface, grid: Grid, spec: GameSpec, look: Look, coordinates: bool
) -> None:
    """The board without anything on it; painted once for each size and palette."""
    image = _ground(grid, spec, look, theme.colours(), coordinates)
    target.blit(image, grid.area.move(-_SHADE, -_SHADE))


@lru_cache(maxsize=4)
def _ground(
    grid: Grid, spec: GameSpec, look: Look, palette: theme.Palette, coordinates: bool
) -> pygame.Surface:
    area = pygame.Rect((_SHADE, _SHADE), grid.area.size)
    image = pygame.Surface((area.w + 2 * _SHADE, area.h + 2 * _SHADE))
    image.fill(palette.background)
    here = replace(grid, area=area)
    _paint_ground(image, here, spec, look)
    if coordinates:
        _draw_coordinates(image, here, spec, look)
    return image.convert() if pygame.display.get_surface() is not None else image


def forget_grounds() -> None:
    """Forget what was painted for a closed window."""
    _ground.cache_clear()


def _paint_ground(target: pygame.Surface, grid: Grid, spec: GameSpec, look: Look) -> None:
    board = grid.area
    if look.style != "hexagons":
        pygame.draw.rect(target, theme.colours().shade, board.move(0, 4), border_radius=10)
    if look.style == "lines":
        if theme.colours().grained:
            target.blit(theme.wood(board.w, board.h), board)
        else:
            pygame.draw.rect(target, theme.colours().board, board, border_radius=4)
        pygame.draw.rect(target, theme.colours().board_edge, board, width=1, border_radius=2)
        _lines(target, grid)
        for point in star_points(grid.height, grid.width) if spec.star_points else ():
            theme.disc(target, theme.colours().ink, grid.centre(point), max(grid.step * 0.08, 2.0))
    elif look.style == "cells":
        pygame.draw.rect(target, theme.colours().frame, board, border_radius=8)
        for point in range(spec.points):
            pygame.draw.rect(target, theme.colours().felt, grid.cell(point))
            pygame.draw.rect(target, theme.colours().felt_line, grid.cell(point), width=1)
    elif look.style == "holes":
        pygame.draw.rect(target, theme.colours().rack, board, border_radius=14)
        pygame.draw.rect(target, theme.colours().rack_edge, board, width=2, border_radius=14)
        for point in range(spec.points):
            theme.disc(target, theme.colours().rack_edge, grid.centre(point), grid.diameter * 0.47)
            theme.disc(target, theme.colours().background, grid.centre(point), grid.diameter * 0.44)
    elif look.style == "hexagons":
        draw_hexagons(target, grid, look)
    else:
        pygame.draw.rect(target, theme.colours().paper, board, border_radius=6)
        _dividers(target, grid)


def _lines(target: pygame.Surface, grid: Grid) -> None:
    for row in range(grid.height):
        start, end = grid.centre(row * grid.width), grid.centre((row + 1) * grid.width - 1)
        edge = row in (0, grid.height - 1)
        pygame.draw.line(target, theme.colours().ink, pixel(start), pixel(end), 2 if edge else 1)
    for column in range(grid.width):
        start, end = grid.centre(column), grid.centre((grid.height - 1) * grid.width + column)
        edge = column in (0, grid.width - 1)
        pygame.draw.line(target, theme.colours().ink, pixel(start), pixel(end), 2 if edge else 1)


def _dividers(target: pygame.Surface, grid: Grid) -> None:
    first, last = grid.cell(0), grid.cell(grid.height * grid.width - 1)
    thick = max(round(grid.step * 0.03), 2)
    pencil = theme.colours().pencil
    for column in range(1, grid.width):
        x = grid.cell(column).left
        pygame.draw.line(target, pencil, (x, first.top + 8), (x, last.bottom - 8), thick)
    for row in range(1, grid.height):
        y = grid.cell(row * grid.width).top
        pygame.draw.line(target, pencil, (first.left + 8, y), (last.right - 8, y), thick)


def _draw_coordinates(target: pygame.Surface, grid: Grid, spec: GameSpec, look: Look) -> None:
    """Letters along the top and bottom, numbers along the sides."""
    size = min(max(int(grid.step * 0.26), 9), 40)
    colour = {"lines": theme.colours().ink, "hexagons": theme.colours().dim}.get(
        look.style, theme.colours().coordinates
    )
    beyond = 1.12 if spec.slant else 0.67

    def write(words: str, row: float, column: float) -> None:
        place = grid.place(row, column)
        theme.text(target, words, place, size, colour, anchor="center", scaled=False)

    for column in range(grid.width):
        name = f"{column + 1}" if spec.stones_fall else column_name(column, spec.letter_i)
        if not spec.stones_fall:
            write(name, -beyond, column + (beyond / 2 if spec.slant else 0.0))
        write(name, grid.height - 1 + beyond, column - (beyond / 2 if spec.slant else 0.0))
    for row in range(grid.height) if not spec.stones_fall else ():
        number = f"{row_number(spec, row)}"
        write(number, row, -beyond)
        write(number, row, grid.width - 1 + beyond)


def draw_stones(target: pygame.Surface, grid: Grid, look: Look, stones: NDArray[np.uint8]) -> None:
    """Everything that stands on the board."""
    points = [int(point) for point in np.flatnonzero(stones != EMPTY)]
    if look.style in ("lines", "cells"):
        shadow = theme.shadow(grid.diameter)
        offset = grid.step * 0.05
        for point in points:
            x, y = grid.centre(point)
            target.blit(shadow, shadow.get_rect(center=pixel((x + offset, y + offset * 1.6))))
    for point in points:
        draw_stone(target, grid, look, point, int(stones[point]))


def stone_diameter(grid: Grid, look: Look) -> int:
    """Diameter of a stone on the board of a game, in pixels."""
    return round(grid.diameter * {"cells": 0.84, "holes": 0.9}.get(look.style, 1.0))


def draw_stone(
    target: pygame.Surface, grid: Grid, look: Look, point: int, colour: int, alpha: int = 255
) -> None:
    """One stone, or what the game has for one; ``alpha`` below 255 shines through."""
    kind = look.stone(colour)
    if look.style == "hexagons":
        draw_stone_on_hexagon(target, grid, point, STONE_COLOURS[kind], alpha)
    elif look.style == "paper":
        _mark(target, grid, point, colour == BLACK, STONE_COLOURS[kind], alpha)
    else:
        image = theme.stone(kind, stone_diameter(grid, look))
        if alpha < 255:
            image = image.copy()
            image.set_alpha(alpha)
        target.blit(image, image.get_rect(center=pixel(grid.centre(point))))


def _mark(
    target: pygame.Surface, grid: Grid, point: int, cross: bool, colour: Colour, alpha: int
) -> None:
    side = round(grid.step * 0.62)
    scale = 4
    patch = pygame.Surface((side * scale, side * scale), pygame.SRCALPHA)
    thick, full = round(side * scale * 0.13), side * scale
    if cross:
        near, far = thick // 2, full - thick // 2
        pygame.draw.line(patch, colour, (near, near), (far, far), thick)
        pygame.draw.line(patch, colour, (near, far), (far, near), thick)
    else:
        pygame.draw.circle(patch, colour, (full // 2, full // 2), full // 2, thick)
    image = pygame.transform.smoothscale(patch, (side, side))
    image.set_alpha(alpha)
    target.blit(image, image.get_rect(center=pixel(grid.centre(point))))


def draw_last(target: pygame.Surface, grid: Grid, look: Look, point: int, stone: int) -> None:
    """A ring on the latest stone."""
    if look.style == "paper" or stone == EMPTY:
        return
    dark = theme.is_dark(STONE_COLOURS[look.stone(stone)])
    colour = (240, 240, 240) if dark else (40, 40, 40)
    centre = pixel(grid.centre(point))
    share = 0.2 if look.style == "hexagons" else 0.24
    pygame.draw.aacircle(target, colour, centre, grid.step * share, max(int(grid.step * 0.05), 2))
