"""Draws the marks over the stones: candidates, policy, ownership, expected lines, hints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray

from arena.session.game import Game
from arena.session.games import SetUp
from arena.session.insight import candidates, line_from, ownership_change
from arena.session.view import Overlays
from arena.window import aims, paint, theme
from arena.window.board import Grid, pixel
from arena.window.candidate_marks import (
    draw_candidate,
    draw_candidates,
    draw_dots,
    draw_shortlist,
)
from arena.window.markup_marks import draw_branches, draw_markup, marked_points
from arena.window.motion import Motion, draw_moving
from engine.games.spec import BLACK, EMPTY, WHITE
from engine.look import STONE_COLOURS, Colour
from engine.search import SearchResult

LONGEST_LINE = 14


@dataclass(frozen=True)
class Scene:
    """The temporary marks on the board, besides the game."""

    hover: int | None = None
    """The point under the mouse or the cursor."""
    cursor: bool = False
    """Whether ``hover`` is the cursor of the keyboard."""
    steps: int = LONGEST_LINE
    """How much of a line is shown; the wheel changes it."""
    line: tuple[int, ...] = ()
    """A line to show whatever is hovered, such as a refutation."""
    set_up: SetUp | None = None
    motion: tuple[Motion, float] | None = None
    """A move that is on its way, and its age in milliseconds."""
    why: bool = False
    """Whether to show how the latest move changed who owns what."""
    shortlist: frozenset[int] = frozenset()
    """Points that alone are candidates; all if empty."""
    drawing: bool = False
    """Whether the shortlist is being drawn."""
    dots: int = 0
    """Latest moves that show what they cost."""


def draw_board(
    target: pygame.Surface, grid: Grid, game: Game, overlays: Overlays, scene: Scene
) -> None:
    """Paint the board and everything on it."""
    look = game.look
    paint.draw_ground(target, grid, game.spec, look, overlays.coordinates)
    if scene.set_up is not None:
        paint.draw_stones(target, grid, look, scene.set_up.stones)
        if scene.hover is not None and scene.set_up.stones[scene.hover] == EMPTY:
            paint.draw_stone(target, grid, look, scene.hover, scene.set_up.to_move, 120)
        edge = grid.area.inflate(theme.px(8), theme.px(8))
        pygame.draw.rect(target, theme.colours().accent, edge, theme.px(3), theme.px(8))
        return
    thought = None if game.over else game.thought
    owners = _owners(game, overlays, thought)
    if owners is not None:
        _draw_shading(target, grid, owners)
    if overlays.heat_map and thought is not None:
        _draw_heat(target, grid, game, thought)
    _draw_stones(target, grid, game, overlays, scene)
    if owners is not None:
        _draw_owners(target, grid, owners, game.stones)
    change = ownership_change(game) if scene.why and overlays.ownership else None
    if change is not None:
        _draw_change(target, grid, change)
    draw_shortlist(target, grid, game, scene.shortlist)
    if scene.dots and not overlays.numbers:
        draw_dots(target, grid, game, scene.dots)
    _draw_over(target, grid, game, overlays, scene, thought)
    if scene.cursor and scene.hover is not None:
        box = grid.cell(scene.hover)
        pygame.draw.rect(target, theme.colours().accent, box, max(round(grid.step * 0.06), 2), 4)


def _draw_stones(
    target: pygame.Surface, grid: Grid, game: Game, overlays: Overlays, scene: Scene
) -> None:
    look, stones = game.look, game.stones
    if scene.motion is not None:
        draw_moving(target, grid, look, *scene.motion)
        return
    paint.draw_stones(target, grid, look, stones)
    if overlays.numbers:
        _draw_numbers(target, grid, game)
    elif game.last_point is not None and not (
        overlays.branches and game.last_point in marked_points(game)
    ):
        paint.draw_last(target, grid, look, game.last_point, int(stones[game.last_point]))
    if game.played_out:
        aims.draw_winners(target, grid, game)


def _draw_over(
    target: pygame.Surface,
    grid: Grid,
    game: Game,
    overlays: Overlays,
    scene: Scene,
    thought: SearchResult | None,
) -> None:
    """Lines, candidates, or the stone that a click would place."""
    if scene.line:
        _draw_line(target, grid, game, scene.line[: scene.steps])
        return
    action = None if scene.hover is None else game.target(scene.hover)
    if (overlays.candidates or scene.why) and thought is not None:
        found = candidates(game, game.node, only=scene.shortlist)
        here = next((candidate for candidate in found if candidate.action == action), None)
        line = line_from(thought, action) or (() if here is None else here.line)
        if len(line) > 1 and not scene.drawing:
            _draw_line(target, grid, game, line[: scene.steps])
            if here is not None and here.asked:
                draw_candidate(target, grid, game, here, best=False)
            return
        if overlays.branches:
            draw_markup(target, grid, game)
        if overlays.candidates:
            draw_candidates(target, grid, game, found, thought.action)
    elif overlays.branches:
        draw_markup(target, grid, game)
    if overlays.branches and not overlays.candidates and not game.counting:
        draw_branches(target, grid, game)
    if game.over or game.counting:
        return
    if overlays.threats:
        aims.draw_threats(target, grid, game)
    if game.ai_turn:
        return
    looks = overlays.candidates or overlays.heat_map
    if game.look.shows_legal and overlays.legal and not looks and scene.motion is None:
        aims.draw_legal(target, grid, game)
    if action is not None and game.legal[action]:
        paint.draw_stone(target, grid, game.look, action, game.to_move, 120)


def _owners(
    game: Game, overlays: Overlays, thought: SearchResult | None
) -> NDArray[np.floating] | None:
    """Whose the points are: as counted, or as the network expects; ``None`` to show nothing."""
    if not game.spec.has_points:
        return None
    if game.counting or (game.played_out and game.node.resigned is None):
        return game.owners.astype(np.float32)
    if overlays.ownership and thought is not None and thought.ownership is not None:
        return thought.ownership * np.float32(1 if game.to_move == BLACK else -1)
    return None


def _write(
    target: pygame.Surface,
    words: str,
    centre: tuple[float, float],
    size: int,
    ink: Colour,
    bold: bool = False,
) -> None:
    theme.text(target, words, centre, size, ink, bold=bold, anchor="center", scaled=False)


def _draw_line(target: pygame.Surface, grid: Grid, game: Game, line: tuple[int, ...]) -> None:
    """Numbered stones of the line to come."""
    colour = game.to_move
    for number, action in enumerate(line, start=1):
        if action < game.spec.points:
            paint.draw_stone(target, grid, game.look, action, colour, 225)
            _draw_number(target, grid, game, action, colour, number)
        colour = BLACK + WHITE - colour


def _draw_number(
    target: pygame.Surface, grid: Grid, game: Game, point: int, colour: int, number: int
) -> None:
    kind = game.look.stone(colour)
    on_paper = game.look.style == "paper"
    ink = theme.ink_on(theme.colours().paper if on_paper else STONE_COLOURS[kind])
    size = max(int(grid.step * (0.38 if number < 100 else 0.3)), 8)
    _write(target, f"{number}", grid.centre(point), size, ink, True)


def _draw_numbers(target: pygame.Surface, grid: Grid, game: Game) -> None:
    """The number of the move that placed each stone that still stands."""
    latest: dict[int, int] = {}
    for node in game.node.path()[1:]:
        if node.action is not None and node.action < game.spec.points:
            latest[node.action] = node.ply
    for point, number in latest.items():
        colour = int(game.stones[point])
        if colour != EMPTY:
            _draw_number(target, grid, game, point, colour, number)


def _draw_heat(target: pygame.Surface, grid: Grid, game: Game, thought: SearchResult) -> None:
    """Patches whose strength follows the network's own policy; the percentage where it matters."""
    strongest = float(thought.prior.max()) or 1.0
    side = round(grid.step * (0.8 if game.spec.slant else 0.92))
    for point in range(game.spec.points):
        share = float(thought.prior[point])
        if share < 0.01:
            continue
        patch = pygame.Surface((side, side), pygame.SRCALPHA)
        strength = (share / strongest) ** 0.7
        fill = (*theme.colours().heat, int(20 + 185 * strength))
        pygame.draw.rect(patch, fill, patch.get_rect(), border_radius=side // 5)
        centre = pixel(grid.centre(point))
        target.blit(patch, patch.get_rect(center=centre))
        if share >= 0.02 and game.stones[point] == EMPTY:
            size = max(int(grid.step * 0.28), 9)
            _write(target, f"{share * 100:.0f}", centre, size, (255, 246, 232), True)


def _draw_shading(target: pygame.Surface, grid: Grid, owners: NDArray[np.floating]) -> None:
    """Darken Black's points and lighten White's, the more the surer they are, with soft borders."""
    first, last = grid.cell(0), grid.cell(grid.height * grid.width - 1)
    whole = first.union(last)
    board = (np.clip(owners, -1.0, 1.0) * 100).astype(np.int8)
    target.blit(_shading(board.tobytes(), grid.height, grid.width, whole.size), whole)


@lru_cache(maxsize=2)
def _shading(board: bytes, height: int, width: int, size: tuple[int, int]) -> pygame.Surface:
    """The shading of owners in hundredths, painted when they change rather than with each frame."""
    owners = np.frombuffer(board, np.int8).reshape(height, width).T
    small = pygame.Surface(owners.shape, pygame.SRCALPHA)
    tones = np.where(owners[:, :, None] > 0, STONE_COLOURS["black"], STONE_COLOURS["white"])
    pygame.surfarray.blit_array(small, tones.astype(np.uint8))
    alpha = pygame.surfarray.pixels_alpha(small)
    alpha[:] = (1.3 * np.abs(owners.astype(np.int16))).astype(np.uint8)
    del alpha
    return pygame.transform.smoothscale(small, size)


def _draw_owners(
    target: pygame.Surface, grid: Grid, owners: NDArray[np.floating], stones: NDArray[np.uint8]
) -> None:
    """Draw small squares in the owner's colour, larger where the owner is more certain."""
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
        colour = STONE_COLOURS["black"] if black else STONE_COLOURS["white"]
        pygame.draw.rect(target, colour, rect, border_radius=2)
        pygame.draw.rect(target, (120, 110, 100), rect, width=1, border_radius=2)


def _draw_change(target: pygame.Surface, grid: Grid, change: NDArray[np.float32]) -> None:
    """Rings where the latest move changed whose a point will be: dark towards Black."""
    for point in np.flatnonzero(np.abs(change) > 0.3):
        colour = STONE_COLOURS["black"] if change[point] > 0 else STONE_COLOURS["white"]
        centre = pixel(grid.centre(int(point)))
        thick = max(round(grid.step * 0.07), 2)
        pygame.draw.aacircle(target, theme.colours().accent, centre, grid.step * 0.33, thick)
        pygame.draw.aacircle(target, colour, centre, grid.step * 0.25, thick)
