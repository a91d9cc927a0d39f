"""Where a board's points lie on the screen: rows and columns of squares, or hexagons that lean."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pygame

from engine.games.spec import GameSpec

Place = tuple[float, float]
_ROW_PITCH = math.sqrt(3.0) / 2.0
"""Distance between rows of hexagons, in widths of one."""


@dataclass(frozen=True)
class Grid:
    """Geometry of a board inside a rectangle of the window."""

    area: pygame.Rect
    height: int
    width: int
    slant: bool = False
    """Whether each row stands half a point right of the one above, and rows are closer."""
    margin: float = 0.8
    """Room beyond the outermost points' own half steps, both sides together, in steps."""

    def __hash__(self) -> int:
        return hash((tuple(self.area), self.height, self.width, self.slant, self.margin))

    @classmethod
    def of(cls, area: pygame.Rect, spec: GameSpec) -> Grid:
        """Lay a game's board out in the middle of ``area``, as large as it can be."""
        grid = cls(area, spec.height, spec.width, spec.slant, 1.6 if spec.slant else 0.8)
        columns, rows = grid._extent()
        board = pygame.Rect(0, 0, round(columns * grid.step), round(rows * grid.step))
        board.center = area.center
        return cls(board, spec.height, spec.width, spec.slant, grid.margin)

    def _extent(self) -> Place:
        """Width and height of the whole board, in steps."""
        if self.slant:
            columns = self.width + (self.height - 1) / 2
            return columns + self.margin, (self.height - 1) * _ROW_PITCH + 1.2 + self.margin
        return self.width + self.margin, self.height + self.margin

    @property
    def step(self) -> float:
        """Pixels between neighbouring points of a row."""
        columns, rows = self._extent()
        return min(self.area.w / columns, self.area.h / rows)

    @property
    def _pitch(self) -> float:
        return self.step * (_ROW_PITCH if self.slant else 1.0)

    def centre(self, point: int) -> Place:
        """Pixel position of a point."""
        row, column = divmod(point, self.width)
        across = column - (self.width - 1) / 2
        down = row - (self.height - 1) / 2
        if self.slant:
            across += down / 2
        return self.area.centerx + across * self.step, self.area.centery + down * self._pitch

    def point_at(self, position: tuple[int, int]) -> int | None:
        """The point nearest to a pixel, if it is on the board."""
        down = (position[1] - self.area.centery) / self._pitch
        middle = round(down + (self.height - 1) / 2)
        nearest: tuple[float, int] | None = None
        for row in (middle - 1, middle, middle + 1) if self.slant else (middle,):
            lean = (row - (self.height - 1) / 2) / 2 if self.slant else 0.0
            across = (position[0] - self.area.centerx) / self.step - lean
            column = round(across + (self.width - 1) / 2)
            if 0 <= row < self.height and 0 <= column < self.width:
                point = row * self.width + column
                distance = math.dist(self.centre(point), position)
                if nearest is None or distance < nearest[0]:
                    nearest = (distance, point)
        if nearest is None or nearest[0] > self.step * 0.75:
            return None
        return nearest[1]

    @property
    def diameter(self) -> int:
        """Diameter of a stone, in pixels."""
        return max(int(self.step * 0.95), 3)

    def cell(self, point: int) -> pygame.Rect:
        """The square around a point; those of neighbours meet without a seam."""
        x, y = self.centre(point)
        left, top = pixel((x - self.step / 2, y - self.step / 2))
        right, bottom = pixel((x + self.step / 2, y + self.step / 2))
        return pygame.Rect(left, top, right - left, bottom - top)

    def hexagon(self, point: int, share: float = 1.0) -> list[Place]:
        """Corners of the hexagon around a point, from the top clockwise."""
        x, y = self.centre(point)
        radius = self.step / math.sqrt(3.0) * share
        angles = [math.radians(60 * k - 90) for k in range(6)]
        return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]


def pixel(place: Place) -> tuple[int, int]:
    """Round a position to the nearest pixel."""
    return round(place[0]), round(place[1])
