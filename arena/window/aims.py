"""Marks of what a game is about: moves that are allowed, threats, and the stones that won."""

from __future__ import annotations

import numpy as np
import pygame

from arena.session.game import Game
from arena.window import hexagons, paint, theme
from arena.window.board import Grid, pixel
from engine.games.connection import COMPLETES, OPENS
from engine.games.spec import BLACK, WHITE

_BRIGHT, _DARK = (250, 250, 250), (24, 24, 26)


def draw_legal(target: pygame.Surface, grid: Grid, game: Game) -> None:
    """A small dot where the side to move may play."""
    colour = game.look.stone_colour(game.to_move)
    for point in np.flatnonzero(game.legal[: game.spec.points]):
        radius = max(grid.step * 0.09, 2.5)
        theme.disc(target, theme.colours().felt_line, grid.centre(int(point)), radius + 1)
        theme.disc(target, colour, grid.centre(int(point)), radius)


def draw_threats(target: pygame.Surface, grid: Grid, game: Game) -> None:
    """Diamonds in a side's colour where it would complete a row; small ones where it nearly does.

    Where both sides want the same point the diamond is halved.
    """
    found = game.spec.threats(game.position)[0]
    for point in np.flatnonzero(found):
        for values, share in ((OPENS, 0.15), (COMPLETES, 0.26)):
            sides = [colour for colour in (BLACK, WHITE) if found[point] & values[colour]]
            if sides:
                colours = [game.look.stone_colour(colour) for colour in sides]
                _draw_diamond(target, grid, int(point), colours, share)


def _draw_diamond(
    target: pygame.Surface,
    grid: Grid,
    point: int,
    colours: list[tuple[int, int, int]],
    share: float,
) -> None:
    x, y = grid.centre(point)
    half = grid.step * share
    corners = [(x, y - half), (x + half, y), (x, y + half), (x - half, y)]
    edge = _DARK if not theme.is_dark(colours[0]) else _BRIGHT
    pygame.draw.polygon(target, colours[0], corners)
    if len(colours) > 1:
        pygame.draw.polygon(target, colours[1], corners[:3])
    pygame.draw.aalines(target, edge, True, corners)


def draw_winners(target: pygame.Surface, grid: Grid, game: Game) -> None:
    """Mark the stones that won, or the chain that joins two edges."""
    points = np.flatnonzero(game.spec.winning_points(game.position)[0]).tolist()
    if not points:
        return
    fill = game.look.stone_colour(int(game.stones[points[0]]))
    bright = _BRIGHT if theme.is_dark(fill) else _DARK
    if game.look.style == "hexagons":
        hexagons.draw_chain(target, grid, points, _BRIGHT)
        return
    for point in points:
        if game.look.style == "paper":
            box = grid.cell(point).inflate(-grid.step * 0.12, -grid.step * 0.12)
            width = max(round(grid.step * 0.04), 2)
            pygame.draw.rect(target, theme.colours().paper_mark, box, width, 8)
            continue
        radius = paint.stone_diameter(grid, game.look) / 2
        thick = max(round(grid.step * 0.09), 2)
        centre = pixel(grid.centre(point))
        pygame.draw.aacircle(target, bright, centre, radius * 0.72, thick)
