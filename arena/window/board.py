"""Where a board's points lie on the screen: rows and columns of squares, or hexagons that lean."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import pygame

from engine.games.spec import GameSpec

Place = tuple[float, float]
_HEXAGON = 2.0 / math.sqrt(3.0)
"""Distance between opposite corners of a hexagon, in widths of one."""
_TURNS = tuple(math.radians(degrees) for degrees in (0, 15, 30, -30))
"""Angles by which a board of hexagons may be turned."""


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
    turn: float = 0.0
    """Angle by which a board of hexagons is turned clockwise, in radians."""

    def __hash__(self) -> int:
        return hash((tuple(self.area), self.height, self.width, self.margin, self.turn))

    @classmethod
    def of(cls, area: pygame.Rect, spec: GameSpec) -> Grid:
        """Lay a game's board out in the middle of ``area``, as large as it can be.

        Boards of hexagons are turned to where they become largest.
        """
        margin, turns = (1.9, _TURNS) if spec.slant else (0.8, (0.0,))
        grids = [cls(area, spec.height, spec.width, spec.slant, margin, turn) for turn in turns]
        grid = max(grids, key=lambda one: one.step)
        columns, rows = grid._extent()
        board = pygame.Rect(0, 0, round(columns * grid.step), round(rows * grid.step))
        board.center = area.center
        return replace(grid, area=board)

    @property
    def _across(self) -> Place:
        """The way from a point to its right neighbour, in steps."""
        return math.cos(self.turn), math.sin(self.turn)

    @property
    def _down(self) -> Place:
        """The way from a point to the one below it, in steps."""
        lean = math.radians(60 if self.slant else 90)
        return math.cos(self.turn + lean), math.sin(self.turn + lean)

    def _extent(self) -> Place:
        """Width and height of the whole board, in steps."""
        across, down = self._across, self._down
        own = _HEXAGON if self.slant else 1.0
        x, y = (
            abs(across[k]) * (self.width - 1) + abs(down[k]) * (self.height - 1) for k in (0, 1)
        )
        return x + own + self.margin, y + own + self.margin

    @cached_property
    def step(self) -> float:
        """Pixels between neighbouring points of a row."""
        columns, rows = self._extent()
        return min(self.area.w / columns, self.area.h / rows)

    def place(self, row: float, column: float) -> Place:
        """Pixel position of a row and column, which may lie between points or off the board."""
        across, down = self._across, self._down
        right, below = column - (self.width - 1) / 2, row - (self.height - 1) / 2
        x = right * across[0] + below * down[0]
        y = right * across[1] + below * down[1]
        return self.area.centerx + x * self.step, self.area.centery + y * self.step

    def centre(self, point: int) -> Place:
        """Pixel position of a point."""
        return self.place(*divmod(point, self.width))

    def point_at(self, position: tuple[int, int]) -> int | None:
        """The point nearest to a pixel, if it is on the board."""
        across, down = self._across, self._down
        x = (position[0] - self.area.centerx) / self.step
        y = (position[1] - self.area.centery) / self.step
        area = across[0] * down[1] - across[1] * down[0]
        column = (x * down[1] - y * down[0]) / area + (self.width - 1) / 2
        row = (across[0] * y - across[1] * x) / area + (self.height - 1) / 2
        nearby = [
            r * self.width + c
            for r in range(math.floor(row), math.floor(row) + 2)
            for c in range(math.floor(column), math.floor(column) + 2)
            if 0 <= r < self.height and 0 <= c < self.width
        ]
        nearest = min(nearby, key=lambda p: math.dist(self.centre(p), position), default=None)
        if nearest is None or math.dist(self.centre(nearest), position) > self.step * 0.75:
            return None
        return nearest

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
        """Corners of the hexagon around a point, clockwise from the one that is on top unturned."""
        x, y = self.centre(point)
        radius = self.step / math.sqrt(3.0) * share
        angles = [math.radians(60 * k - 90) + self.turn for k in range(6)]
        return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]


def pixel(place: Place) -> tuple[int, int]:
    """Round a position to the nearest pixel."""
    return round(place[0]), round(place[1])
