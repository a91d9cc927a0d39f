"""Boards of hexagons: turned to fill their room, with four edges that close, and smooth."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pygame
import pytest

from arena.window import theme
from arena.window.board import Grid
from arena.window.hexagons import borders, draw_hexagons, draw_stone
from engine.games import make
from engine.games.spec import BLACK, WHITE
from engine.look import look_of


@pytest.mark.parametrize("size", [(640, 640), (1200, 500), (500, 1200)])
def test_the_board_is_turned_to_where_it_is_largest_and_stays_inside(
    size: tuple[int, int],
) -> None:
    spec = make("hex", 11)
    room = pygame.Rect((0, 0), size)
    grid = Grid.of(room, spec)
    flat = Grid(room, 11, 11, True, grid.margin)
    assert grid.step >= flat.step
    if size == (640, 640):
        assert grid.step > 1.15 * flat.step
    corners = [place for point in range(121) for place in grid.hexagon(point)]
    assert all(room.collidepoint(place) for place in corners)
    steps = [math.dist(grid.centre(0), grid.centre(near)) for near in (1, 11)]
    np.testing.assert_allclose(steps, grid.step)


def test_the_edges_close_and_change_colour_at_the_four_corners() -> None:
    grid = Grid.of(pygame.Rect(0, 0, 700, 700), make("hex", 5))
    sides = borders(grid)
    assert [colour for colour, _ in sides] == [BLACK, WHITE, BLACK, WHITE]
    for (_, line), (_, following) in zip(sides, sides[1:] + sides[:1], strict=True):
        np.testing.assert_allclose(line[-1], following[0])
    side = grid.step / math.sqrt(3.0)
    for _, line in sides:
        lengths = [math.dist(a, b) for a, b in pairwise(line)]
        assert all(math.isclose(one, side) or math.isclose(one, side / 2) for one in lengths)


def test_tiles_and_stones_have_smooth_edges() -> None:
    spec = make("hex", 5)
    look = look_of(spec)
    surface = pygame.Surface((500, 500))
    surface.fill(theme.colours().background)
    grid = Grid.of(surface.get_rect(), spec)
    draw_hexagons(surface, grid, look)
    draw_stone(surface, grid, 12, look.stone_colour(BLACK))
    tones = {tuple(pixel) for pixel in pygame.surfarray.array3d(surface).reshape(-1, 3).tolist()}
    assert len(tones) > 30, "an edge without tones in between is a staircase"
    x, y = (round(part) for part in grid.centre(12))
    assert surface.get_at((x, y))[0] > 180
