"""Draws what a file says over the board, and the moves that variations continue with."""

from __future__ import annotations

import math

import pygame

from arena.session.game import Game
from arena.session.markup import Markup, markup_of
from arena.window import theme
from arena.window.board import Grid, Place, pixel
from engine.games.spec import EMPTY
from engine.look import STONE_COLOURS, Colour


def draw_markup(target: pygame.Surface, grid: Grid, game: Game) -> None:
    """Paint labels, shapes and arrows of the position on the board."""
    markup: Markup = markup_of(game.spec, game.node.notes)
    thick = max(round(grid.step * 0.07), 2)
    for point, shape in markup.shapes:
        ink = _ink(game, point)
        centre = grid.centre(point)
        if shape == "circle":
            pygame.draw.aacircle(target, ink, pixel(centre), grid.step * 0.27, thick)
        elif shape == "selected":
            theme.disc(target, theme.colours().accent, centre, grid.step * 0.2)
        elif shape == "cross":
            reach = grid.step * 0.2
            for side in (-1, 1):
                start = (centre[0] - reach, centre[1] - side * reach)
                end = (centre[0] + reach, centre[1] + side * reach)
                pygame.draw.line(target, ink, pixel(start), pixel(end), thick)
        else:
            corners, turn = (3, -90.0) if shape == "triangle" else (4, -45.0)
            reach = grid.step * (0.32 if corners == 3 else 0.33)
            angles = [math.radians(turn + 360 / corners * k) for k in range(corners)]
            outline = [
                (centre[0] + reach * math.cos(a), centre[1] + reach * math.sin(a)) for a in angles
            ]
            pygame.draw.polygon(target, ink, [pixel(place) for place in outline], thick)
    for start_point, end_point, head in markup.lines:
        _line(target, grid, grid.centre(start_point), grid.centre(end_point), head)
    for point, text in markup.labels:
        centre = grid.centre(point)
        if game.stones[point] == EMPTY and game.look.style == "lines":
            theme.disc(target, theme.colours().board, centre, grid.step * 0.34)
        size = max(int(grid.step * (0.46 if len(text) < 3 else 0.34)), 9)
        ink = _ink(game, point)
        theme.text(target, text, centre, size, ink, bold=True, anchor="center", scaled=False)


def marked_points(game: Game) -> set[int]:
    """Return the points that labels and shapes lie over."""
    markup = markup_of(game.spec, game.node.notes)
    return {point for point, _ in (*markup.labels, *markup.shapes)}


def draw_branches(target: pygame.Surface, grid: Grid, game: Game) -> None:
    """Paint a small stone where each variation goes on, and a square where its siblings went."""
    node = game.node
    points = game.spec.points
    if len(node.children) > 1 or (game.record_of is not None and node.children):
        ink = STONE_COLOURS[game.look.stone(game.to_move)]
        marked = marked_points(game)
        for child in node.children[:_MOST]:
            if child.action is None or child.action >= points or game.stones[child.action]:
                continue
            centre = grid.centre(child.action)
            chosen = child is node.next
            radius = grid.step * (0.2 if chosen else 0.15)
            edge = max(grid.step * 0.05, 2)
            if child.action in marked:
                wide = grid.step * 0.42
                pygame.draw.aacircle(
                    target, theme.colours().accent, pixel(centre), wide, round(edge)
                )
                continue
            theme.disc(target, theme.colours().accent, centre, radius + edge)
            theme.disc(target, ink, centre, radius)
    if node.parent is not None:
        for sibling in node.parent.children[:_MOST]:
            free = sibling is not node and sibling.action is not None and sibling.action < points
            if free and game.stones[sibling.action] == EMPTY:
                box = pygame.Rect(0, 0, round(grid.step * 0.3), round(grid.step * 0.3))
                box.center = pixel(grid.centre(sibling.action or 0))
                thick = max(round(grid.step * 0.06), 2)
                pygame.draw.rect(target, theme.colours().accent, box, thick)


_MOST = 200
"""Variations of one position that are marked."""


def _ink(game: Game, point: int) -> Colour:
    stone = int(game.stones[point])
    if stone != EMPTY and game.look.style != "paper":
        return theme.ink_on(STONE_COLOURS[game.look.stone(stone)])
    grounds = {
        "lines": theme.colours().board,
        "cells": theme.colours().felt,
        "holes": theme.colours().background,
        "hexagons": theme.colours().tile,
        "paper": theme.colours().paper,
    }
    return theme.ink_on(grounds[game.look.style])


def _line(target: pygame.Surface, grid: Grid, start: Place, end: Place, head: bool) -> None:
    colour, thick = theme.colours().accent, max(round(grid.step * 0.08), 2)
    length = math.dist(start, end)
    if length < 1:
        return
    across = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    tip = grid.step * 0.34 if head else 0.0
    stop = end[0] - across[0] * tip * 0.8, end[1] - across[1] * tip * 0.8
    pygame.draw.line(target, colour, pixel(start), pixel(stop), thick)
    if head:
        base = end[0] - across[0] * tip, end[1] - across[1] * tip
        side = tip * 0.55
        corners = [
            end,
            (base[0] - across[1] * side, base[1] + across[0] * side),
            (base[0] + across[1] * side, base[1] - across[0] * side),
        ]
        pygame.draw.polygon(target, colour, [pixel(corner) for corner in corners])
