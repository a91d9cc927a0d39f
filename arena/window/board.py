"""The board: where its points lie on the screen, and how it is painted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pygame
from numpy.typing import NDArray

from arena.window import theme
from arena.window.model import GameModel
from engine.diagram import star_points
from engine.games.spec import BLACK, EMPTY
from engine.notation import column_name


@dataclass(frozen=True)
class Overlays:
    """What is shown on top of the stones."""

    heat_map: bool = False
    ownership: bool = False
    coordinates: bool = True


@dataclass(frozen=True)
class Grid:
    """Geometry of a board inside a square of the window."""

    area: pygame.Rect
    height: int
    width: int

    @property
    def step(self) -> float:
        """Pixels between neighbouring lines."""
        return min(self.area.w / (self.width + 0.8), self.area.h / (self.height + 0.8))

    def centre(self, point: int) -> tuple[float, float]:
        """Pixel position of a point."""
        row, column = divmod(point, self.width)
        x = self.area.centerx + (column - (self.width - 1) / 2) * self.step
        y = self.area.centery + (row - (self.height - 1) / 2) * self.step
        return x, y

    def point_at(self, position: tuple[int, int]) -> int | None:
        """The point nearest to a pixel, if it is on the board."""
        x = (position[0] - self.area.centerx) / self.step + (self.width - 1) / 2
        y = (position[1] - self.area.centery) / self.step + (self.height - 1) / 2
        column, row = round(x), round(y)
        if 0 <= column < self.width and 0 <= row < self.height:
            return row * self.width + column
        return None

    @property
    def diameter(self) -> int:
        """Of a stone, in pixels."""
        return max(int(self.step * 0.95), 3)


def draw_board(
    target: pygame.Surface,
    grid: Grid,
    model: GameModel,
    overlays: Overlays,
    hover: int | None,
) -> None:
    """Paint everything inside the grid's area."""
    _draw_wood(target, grid)
    _draw_lines(target, grid)
    if overlays.coordinates:
        _draw_coordinates(target, grid)
    fresh = model.thought is not None and model.thought_ply == len(model.actions)
    scored = model.over and model.resigned is None
    owners = model.owners.astype(np.float32) if scored else None
    if overlays.ownership and fresh and owners is None:
        owners = _expected_owners(model)
    if owners is not None:
        _draw_shading(target, grid, owners)
    if overlays.heat_map and fresh and not model.over:
        _draw_heat(target, grid, model)
    _draw_stones(target, grid, model.stones)
    if model.last_point is not None:
        _draw_last(target, grid, model)
    if owners is not None:
        _draw_owners(target, grid, owners, model.stones)
    if hover is not None and not model.over and not model.ai_to_move and model.legal[hover]:
        _draw_ghost(target, grid, hover, model.to_move)


def _draw_wood(target: pygame.Surface, grid: Grid) -> None:
    board = grid.area
    pygame.draw.rect(target, (22, 24, 28), board.move(0, 4), border_radius=8)
    target.blit(theme.wood(board.w, board.h), board)
    pygame.draw.rect(target, (140, 104, 58), board, width=1, border_radius=2)


def _draw_lines(target: pygame.Surface, grid: Grid) -> None:
    for row in range(grid.height):
        start, end = grid.centre(row * grid.width), grid.centre((row + 1) * grid.width - 1)
        edge = row in (0, grid.height - 1)
        pygame.draw.line(target, theme.INK, _pixel(start), _pixel(end), 2 if edge else 1)
    for column in range(grid.width):
        start, end = grid.centre(column), grid.centre((grid.height - 1) * grid.width + column)
        edge = column in (0, grid.width - 1)
        pygame.draw.line(target, theme.INK, _pixel(start), _pixel(end), 2 if edge else 1)
    for point in star_points(grid.height, grid.width):
        theme.disc(target, theme.INK, grid.centre(point), max(grid.step * 0.08, 2.0))


def _draw_coordinates(target: pygame.Surface, grid: Grid) -> None:
    size = min(max(int(grid.step * 0.26), 9), 18)
    margin = grid.step * 0.67
    for column in range(grid.width):
        x, y = grid.centre(column)
        bottom = grid.centre((grid.height - 1) * grid.width + column)[1]
        for place in ((x, y - margin), (x, bottom + margin)):
            theme.text(target, column_name(column), place, size, theme.INK, anchor="center")
    for row in range(grid.height):
        x, y = grid.centre(row * grid.width)
        right = grid.centre((row + 1) * grid.width - 1)[0]
        for place in ((x - margin, y), (right + margin, y)):
            theme.text(target, f"{grid.height - row}", place, size, theme.INK, anchor="center")


def _draw_stones(target: pygame.Surface, grid: Grid, stones: NDArray[np.uint8]) -> None:
    shadow = theme.shadow(grid.diameter)
    places = [(int(point), grid.centre(int(point))) for point in np.flatnonzero(stones != EMPTY)]
    offset = grid.step * 0.05
    for _, (x, y) in places:
        target.blit(shadow, shadow.get_rect(center=_pixel((x + offset, y + offset * 1.6))))
    for point, centre in places:
        image = theme.stone(bool(stones[point] == BLACK), grid.diameter)
        target.blit(image, image.get_rect(center=_pixel(centre)))


def _draw_last(target: pygame.Surface, grid: Grid, model: GameModel) -> None:
    point = model.last_point
    assert point is not None
    if model.stones[point] == EMPTY:
        return
    light = model.stones[point] == BLACK
    colour = (235, 235, 235) if light else (40, 40, 40)
    centre = _pixel(grid.centre(point))
    pygame.draw.aacircle(target, colour, centre, grid.step * 0.24, max(int(grid.step * 0.05), 2))


def _draw_heat(target: pygame.Surface, grid: Grid, model: GameModel) -> None:
    """Squares whose strength follows the network's own policy; the percentage where it matters."""
    assert model.thought is not None
    prior = model.thought.prior
    strongest = float(prior.max()) or 1.0
    side = round(grid.step * 0.92)
    for point in range(model.spec.points):
        share = float(prior[point])
        if share < 0.01:
            continue
        patch = pygame.Surface((side, side), pygame.SRCALPHA)
        strength = (share / strongest) ** 0.7
        pygame.draw.rect(
            patch,
            (*theme.HEAT, int(20 + 185 * strength)),
            patch.get_rect(),
            border_radius=side // 5,
        )
        centre = _pixel(grid.centre(point))
        target.blit(patch, patch.get_rect(center=centre))
        if share >= 0.02 and model.stones[point] == EMPTY:
            size = max(int(grid.step * 0.28), 9)
            words = f"{share * 100:.0f}"
            theme.text(target, words, centre, size, (255, 246, 232), bold=True, anchor="center")


def _expected_owners(model: GameModel) -> NDArray[np.float32] | None:
    """The network's opinion, 1 for Black and -1 for White, if it has one."""
    assert model.thought is not None
    if model.thought.ownership is None:
        return None
    return model.thought.ownership * np.float32(1 if model.thought_ply % 2 == 0 else -1)


def _draw_shading(target: pygame.Surface, grid: Grid, owners: NDArray[np.floating]) -> None:
    """Darken Black's points and lighten White's, the more the surer they are."""
    side = math.ceil(grid.step) + 1
    patch = pygame.Surface((side, side))
    for point in range(grid.height * grid.width):
        x, y = grid.centre(point)
        patch.fill(theme.BLACK_STONE if owners[point] > 0 else theme.WHITE_STONE)
        patch.set_alpha(round(110 * min(abs(float(owners[point])), 1.0)))
        # Neighbours share their rounded edges, or seams would show.
        left, top = _pixel((x - grid.step / 2, y - grid.step / 2))
        right, bottom = _pixel((x + grid.step / 2, y + grid.step / 2))
        target.blit(patch, (left, top), (0, 0, right - left, bottom - top))


def _draw_owners(
    target: pygame.Surface, grid: Grid, owners: NDArray[np.floating], stones: NDArray[np.uint8]
) -> None:
    """Small squares in the colour of whoever owns the point, as large as it is sure."""
    for point in range(grid.height * grid.width):
        sure = abs(float(owners[point]))
        if sure < 0.25:
            continue
        black = owners[point] > 0
        if stones[point] != EMPTY and (stones[point] == BLACK) == black:
            continue  # nothing is said about stones that stay
        side = max(int(grid.step * 0.34 * sure), 3)
        x, y = _pixel(grid.centre(point))
        rect = pygame.Rect(0, 0, side, side)
        rect.center = (x, y)
        colour = theme.BLACK_STONE if black else theme.WHITE_STONE
        pygame.draw.rect(target, colour, rect, border_radius=2)
        pygame.draw.rect(target, (120, 110, 100), rect, width=1, border_radius=2)


def _draw_ghost(target: pygame.Surface, grid: Grid, point: int, colour: int) -> None:
    image = theme.stone(colour == BLACK, grid.diameter).copy()
    image.set_alpha(130)
    target.blit(image, image.get_rect(center=_pixel(grid.centre(point))))


def _pixel(place: tuple[float, float]) -> tuple[int, int]:
    return round(place[0]), round(place[1])
