"""Stones on their way to where they already are: placed, fallen, turned. Nothing waits for them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray

from arena.session.game import Game
from arena.session.tree import Node
from arena.window import paint, theme
from arena.window.board import Grid, pixel
from engine.games.spec import EMPTY
from engine.look import Look

_PLACING_MS = 120
_FALLING_MS = 95.0
"""Time in which a disc falls one row; four rows take twice as long, as by gravity."""
_TURNING_MS, _TURNING_AFTER_MS = 260, 35
"""Time in which a disc turns, and how much later each further disc of a line begins."""
_MOST_WAITING = 2


@dataclass(frozen=True, eq=False)
class Motion:
    """One move as it is shown."""

    before: NDArray[np.uint8]
    """Stones before the move, ``(points,)``."""
    after: NDArray[np.uint8]
    """Stones after it."""
    placed: int | None
    """Where its stone came to rest."""
    falls: bool
    width: int

    @property
    def turned(self) -> list[int]:
        """Points whose stone has changed its colour, the nearest to the placed stone first."""
        both = (self.before != EMPTY) & (self.after != EMPTY)
        points = np.flatnonzero(both & (self.before != self.after)).tolist()
        return sorted(points, key=self.distance)

    def distance(self, point: int) -> int:
        """Points between the placed stone and another one."""
        if self.placed is None:
            return 0
        rows, columns = (divmod(p, self.width) for p in (point, self.placed))
        return max(abs(rows[0] - columns[0]), abs(rows[1] - columns[1]))

    @property
    def lasts_ms(self) -> float:
        """How long it is shown."""
        if self.falls and self.placed is not None:
            return _FALLING_MS * math.sqrt(self.placed // self.width + 1)
        turned = self.turned
        if not turned:
            return _PLACING_MS
        return _TURNING_MS + _TURNING_AFTER_MS * max(self.distance(point) for point in turned)


class Motions:
    """The moves still to be shown, in their order; the game goes on meanwhile."""

    def __init__(self) -> None:
        self._waiting: deque[Motion] = deque()
        self._since = 0.0
        self._node: Node | None = None
        self._stones: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def follow(self, game: Game, now_ms: float, moving: bool = True) -> None:
        """Notice what has become of the board since the last call.

        Only moves that were just played are shown. After going back, opening another game, or with
        ``moving`` off, the board is at once as it is.
        """
        node, before = game.node, self._node
        if node is not before:
            path = [] if before is None else path_from(before, node)
            stones, earlier = game.stones, self._stones
            self._node, self._stones = node, stones
            if not path or not moving:
                self._waiting.clear()
            else:
                self._add(game, path, earlier, now_ms)
        while self._waiting and now_ms - self._since >= self._waiting[0].lasts_ms:
            self._since += self._waiting.popleft().lasts_ms

    def _add(self, game: Game, path: list[Node], before: NDArray[np.uint8], now_ms: float) -> None:
        for node in path:
            after = game.spec.stones(game.position_at(node))[0]
            placed = None if node.action is None or node.action >= game.spec.points else node.action
            if not np.array_equal(before, after):
                if not self._waiting:
                    self._since = now_ms
                falls = game.spec.stones_fall
                self._waiting.append(Motion(before, after, placed, falls, game.spec.width))
            before = after
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft()
            self._since = now_ms

    def shown(self, now_ms: float) -> tuple[Motion, float] | None:
        """The move that is on its way and the milliseconds since it began, if there is one."""
        return (self._waiting[0], now_ms - self._since) if self._waiting else None


def path_from(earlier: Node, later: Node) -> list[Node]:
    """The nodes that lead from one to another, without the first; empty unless it is a few."""
    path: list[Node] = []
    node: Node | None = later
    while node is not None and node is not earlier and len(path) < 4:
        path.append(node)
        node = node.parent
    return path[::-1] if node is earlier else []


def draw_moving(
    target: pygame.Surface, grid: Grid, look: Look, motion: Motion, age_ms: float
) -> None:
    """Draw the stones of a board while one move is on its way."""
    still = motion.after.copy()
    still[motion.turned] = EMPTY
    if motion.placed is not None:
        still[motion.placed] = EMPTY
    paint.draw_stones(target, grid, look, still)
    for point in motion.turned:
        started = _TURNING_AFTER_MS * (motion.distance(point) - 1)
        share = min(max((age_ms - started) / _TURNING_MS, 0.0), 1.0)
        _draw_turning(target, grid, look, point, motion, share)
    if motion.placed is None or motion.after[motion.placed] == EMPTY:
        return
    colour = int(motion.after[motion.placed])
    if motion.falls:
        _draw_falling(target, grid, look, motion.placed, colour, age_ms)
    else:
        alpha = round(255 * min(age_ms / _PLACING_MS, 1.0))
        paint.draw_stone(target, grid, look, motion.placed, colour, alpha)


def _draw_turning(
    target: pygame.Surface, grid: Grid, look: Look, point: int, motion: Motion, share: float
) -> None:
    """A disc seen from the side while it turns over."""
    colour = int(motion.before[point] if share < 0.5 else motion.after[point])
    image = theme.stone(look.stone(colour), paint.stone_diameter(grid, look))
    wide = max(round(image.get_width() * abs(math.cos(math.pi * share))), 2)
    lift = -grid.step * 0.12 * math.sin(math.pi * share)
    x, y = grid.centre(point)
    image = pygame.transform.smoothscale(image, (wide, image.get_height()))
    target.blit(image, image.get_rect(center=pixel((x, y + lift))))


def _draw_falling(
    target: pygame.Surface, grid: Grid, look: Look, point: int, colour: int, age_ms: float
) -> None:
    """A disc that falls behind the board, seen through its holes."""
    row, column = divmod(point, grid.width)
    fallen = min((age_ms / _FALLING_MS) ** 2, row + 1)
    image = theme.stone(look.stone(colour), paint.stone_diameter(grid, look))
    side = image.get_width()
    top = grid.place(0, column)[1] - grid.step / 2
    holes = _holes(side, round(grid.step * 16), row + 1)
    strip = pygame.Surface(holes.get_size(), pygame.SRCALPHA)
    strip.blit(image, (0, round((fallen - 0.5) * grid.step - side / 2)))
    strip.blit(holes, (0, 0), special_flags=pygame.BLEND_RGBA_MULT)
    target.blit(strip, (round(grid.place(0, column)[0] - side / 2), round(top)))


@lru_cache(maxsize=16)
def _holes(side: int, sixteenths: int, rows: int) -> pygame.Surface:
    """White where a column of the rack has holes, transparent elsewhere."""
    step = sixteenths / 16
    mask = pygame.Surface((side, math.ceil(step * rows)), pygame.SRCALPHA)
    for row in range(rows):
        centre = (side / 2, (row + 0.5) * step)
        pygame.draw.aacircle(mask, (255, 255, 255, 255), centre, side / 2)
    return mask
