"""What lies over the stones: candidates, the policy, ownership, lines to come, hints at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pygame
from numpy.typing import NDArray

from arena.window import paint, theme
from arena.window.board import Grid, pixel
from arena.window.model import GameModel
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.search import SearchResult

_LEAST_SHARE = 0.02
"""Of all visits: candidates below are not shown, their numbers are noise."""
_LONGEST_LINE = 12


@dataclass(frozen=True)
class Overlays:
    """What is shown on top of the stones."""

    candidates: bool = False
    heat_map: bool = False
    ownership: bool = False
    coordinates: bool = True

    @property
    def looking(self) -> bool:
        """Whether anything shown needs the AI's opinion."""
        return self.candidates or self.heat_map or self.ownership


def draw_board(
    target: pygame.Surface,
    grid: Grid,
    model: GameModel,
    overlays: Overlays,
    hover: int | None,
) -> None:
    """Paint the board and everything on it."""
    look, stones = model.look, model.stones
    paint.draw_ground(target, grid, model.spec, look)
    if overlays.coordinates:
        paint.draw_coordinates(target, grid, model.spec, look)
    thought = None if model.over else model.thought
    counted = model.over and model.resigned is None and model.spec.has_points
    owners = model.owners.astype(np.float32) if counted else None
    if overlays.ownership and thought is not None and model.spec.has_points:
        owners = _expected_owners(model, thought)
    if owners is not None:
        _draw_shading(target, grid, owners)
    if overlays.heat_map and thought is not None:
        _draw_heat(target, grid, model, thought)
    paint.draw_stones(target, grid, look, stones)
    if model.last_point is not None:
        paint.draw_last(target, grid, look, model.last_point, int(stones[model.last_point]))
    if owners is not None:
        _draw_owners(target, grid, owners, stones)
    action = None if hover is None else model.target(hover)
    if overlays.candidates and thought is not None:
        line = _line_from(thought, action)
        if line:
            _draw_line(target, grid, model, line)
            return
        _draw_candidates(target, grid, model, thought)
    if action is not None and not model.over and not model.ai_to_move and model.legal[action]:
        paint.draw_stone(target, grid, look, action, model.to_move, 120)


def shown_candidates(thought: SearchResult) -> list[int]:
    """The actions whose visits say something, the best first."""
    least = max(2, int(thought.visits.sum() * _LEAST_SHARE))
    visited = np.flatnonzero(thought.visits >= least)
    order = sorted(visited, key=lambda a: (a != thought.action, -int(thought.visits[a])))
    return [int(action) for action in order]


def _draw_candidates(
    target: pygame.Surface, grid: Grid, model: GameModel, thought: SearchResult
) -> None:
    """Discs in the colour of what a move gives away: chance to win above, visits below."""
    shown = [action for action in shown_candidates(thought) if action < model.spec.points]
    if not shown:
        return
    best = max(float(thought.q[action]) for action in shown)
    size = min(max(int(grid.step * 0.27), 9), 22)
    for action in shown:
        centre = grid.centre(action)
        colour = theme.loss_colour((best - float(thought.q[action])) / 2.0)
        theme.disc(target, colour, centre, grid.step * 0.44)
        if action == thought.action:
            pygame.draw.aacircle(target, theme.TEXT, pixel(centre), grid.step * 0.46, 2)
        x, y = centre
        chance = (float(thought.q[action]) + 1.0) / 2.0
        proof = 0 if thought.proof is None else int(thought.proof[action])
        words = {1: "win", -1: "loss", 2: "draw"}.get(proof, f"{chance * 100:.0f}")
        if grid.step < 26:
            theme.text(target, words, centre, size, bold=True, anchor="center")
            continue
        theme.text(target, words, (x, y - size * 0.42), size, bold=True, anchor="center")
        visits = _short(int(thought.visits[action]))
        theme.text(target, visits, (x, y + size * 0.52), int(size * 0.72), anchor="center")


def _short(count: int) -> str:
    return f"{count / 1000:.1f}k" if count >= 1000 else f"{count}"


def _line_from(thought: SearchResult, action: int | None) -> tuple[int, ...]:
    """What would follow an action, if the search followed it so far."""
    if action is None:
        return ()
    lines = (thought.variation, *thought.variations)
    return next((line for line in lines if len(line) > 1 and line[0] == action), ())


def _draw_line(target: pygame.Surface, grid: Grid, model: GameModel, line: tuple[int, ...]) -> None:
    """Numbered stones of the line to come."""
    colour = model.to_move
    size = min(max(int(grid.step * 0.36), 10), 28)
    for number, action in enumerate(line[:_LONGEST_LINE], start=1):
        if action < model.spec.points:
            paint.draw_stone(target, grid, model.look, action, colour, 215)
            dark = theme.is_dark(theme.STONES[model.look.stone(colour)])
            ink = theme.WHITE_STONE if dark else theme.BLACK_STONE
            place = grid.centre(action)
            theme.text(target, f"{number}", place, size, ink, bold=True, anchor="center")
        colour = BLACK + WHITE - colour


def _draw_heat(target: pygame.Surface, grid: Grid, model: GameModel, thought: SearchResult) -> None:
    """Patches whose strength follows the network's own policy; the percentage where it matters."""
    strongest = float(thought.prior.max()) or 1.0
    side = round(grid.step * (0.8 if model.spec.slant else 0.92))
    for point in range(model.spec.points):
        share = float(thought.prior[point])
        if share < 0.01:
            continue
        patch = pygame.Surface((side, side), pygame.SRCALPHA)
        strength = (share / strongest) ** 0.7
        fill = (*theme.HEAT, int(20 + 185 * strength))
        pygame.draw.rect(patch, fill, patch.get_rect(), border_radius=side // 5)
        centre = pixel(grid.centre(point))
        target.blit(patch, patch.get_rect(center=centre))
        if share >= 0.02 and model.stones[point] == EMPTY:
            size = max(int(grid.step * 0.28), 9)
            words = f"{share * 100:.0f}"
            theme.text(target, words, centre, size, (255, 246, 232), bold=True, anchor="center")


def _expected_owners(model: GameModel, thought: SearchResult) -> NDArray[np.float32] | None:
    """The network's opinion, 1 for Black and -1 for White, if it has one."""
    if thought.ownership is None:
        return None
    return thought.ownership * np.float32(1 if model.to_move == BLACK else -1)


def _draw_shading(target: pygame.Surface, grid: Grid, owners: NDArray[np.floating]) -> None:
    """Darken Black's points and lighten White's, the more the surer they are."""
    for point in range(grid.height * grid.width):
        cell = grid.cell(point)
        patch = pygame.Surface(cell.size)
        patch.fill(theme.BLACK_STONE if owners[point] > 0 else theme.WHITE_STONE)
        patch.set_alpha(round(110 * min(abs(float(owners[point])), 1.0)))
        target.blit(patch, cell)


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
        rect = pygame.Rect(0, 0, side, side)
        rect.center = pixel(grid.centre(point))
        colour = theme.BLACK_STONE if black else theme.WHITE_STONE
        pygame.draw.rect(target, colour, rect, border_radius=2)
        pygame.draw.rect(target, (120, 110, 100), rect, width=1, border_radius=2)
