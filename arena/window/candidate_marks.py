"""Draws moves that are judged: candidates with their numbers, shortlists, dots on played stones."""

from __future__ import annotations

from functools import lru_cache

import pygame

from arena.session.game import Game
from arena.session.insight import Candidate, cost_of, points_lost, severity
from arena.session.texts import mark, say
from arena.window import theme
from arena.window.board import Grid, pixel
from engine.games.spec import EMPTY
from engine.look import Colour
from engine.search.tree import DRAW, LOSS, WIN

_PROOFS = {WIN: mark("win"), LOSS: mark("loss"), DRAW: mark("draw")}
USUAL_DOTS = 3
"""Latest moves that have a dot in the colour of what they cost."""


def draw_candidates(
    target: pygame.Surface, grid: Grid, game: Game, found: list[Candidate], best: int
) -> None:
    """Paint discs in the colour of what moves give away: chance to win, visits, points.

    Where colours must not be relied on, costly moves are squares and the numbers stay. What a
    person asked about has a dark edge; ``best`` is the search's choice, with a white one.
    """
    for candidate in reversed(found):
        if candidate.action < game.spec.points:
            draw_candidate(target, grid, game, candidate, candidate.action == best)


def draw_candidate(
    target: pygame.Surface, grid: Grid, game: Game, candidate: Candidate, best: bool
) -> None:
    """Paint one candidate with its numbers."""
    step = grid.step
    size = max(int(step * 0.28), 9)
    x, y = centre = grid.centre(candidate.action)
    fill = theme.loss_colour(candidate.severity)
    square = theme.colours().shapes and theme.loss_step(candidate.severity) >= 3
    ring = (250, 250, 250) if best else (40, 40, 44) if candidate.asked else None
    image = _badge(fill, ring, square, round(step * 100))
    target.blit(image, image.get_rect(center=pixel(centre)))
    ink = theme.ink_on(fill)
    words = f"{candidate.win_rate * 100:.0f}"
    if candidate.proof:
        words = say(_PROOFS[candidate.proof])
    if step < 30:
        _write(target, words, centre, max(int(step * 0.42), 8), ink, True)
        return
    points = candidate.score is not None
    _write(target, words, (x, y - size * (0.62 if points else 0.42)), size, ink, True)
    visits = short_count(candidate.visits)
    lower = size * 0.28 if points else size * 0.5
    _write(target, visits, (x, y + lower), int(size * 0.7), ink)
    if candidate.score is not None:
        score = signed(candidate.score)
        _write(target, score, (x, y + size * 0.98), int(size * 0.66), ink)


@lru_cache(maxsize=64)
def _badge(fill: Colour, ring: Colour | None, square: bool, hundredths: int) -> pygame.Surface:
    """The disc or square of a candidate, painted once for all on a board; the ring goes around."""
    step = hundredths / 100
    side = int(step) + 5 | 1
    image = pygame.Surface((side, side), pygame.SRCALPHA)
    centre = side // 2, side // 2
    if square:
        box = pygame.Rect(0, 0, round(step * 0.79), round(step * 0.79))
        box.center = centre
        pygame.draw.rect(image, fill, box, border_radius=3)
    else:
        theme.disc(image, fill, centre, step * 0.45)
    if ring is not None:
        pygame.draw.aacircle(image, ring, centre, step * 0.47, max(round(step * 0.05), 2))
    return image


def _write(
    target: pygame.Surface,
    words: str,
    centre: tuple[float, float],
    size: int,
    ink: Colour,
    bold: bool = False,
) -> None:
    theme.text(target, words, centre, size, ink, bold=bold, anchor="center", scaled=False)


def short_count(count: int) -> str:
    """A number of visits in four characters."""
    return f"{count / 1000:.1f}k" if count >= 1000 else f"{count}"


def signed(points: float) -> str:
    """Points with their sign; what rounds to nothing has a plus."""
    return f"{round(points, 1) + 0.0:+.1f}"


def draw_shortlist(
    target: pygame.Surface, grid: Grid, game: Game, shortlist: frozenset[int]
) -> None:
    """Paint the free cells that a person drew."""
    thick = max(round(grid.step * 0.04), 1)
    for point in shortlist:
        if game.stones[point] != EMPTY:
            continue
        cell = grid.cell(point)
        patch = pygame.Surface(cell.size, pygame.SRCALPHA)
        patch.fill((*theme.colours().accent, 60))
        target.blit(patch, cell)
        pygame.draw.rect(target, theme.colours().accent, cell, thick)


def draw_dots(target: pygame.Surface, grid: Grid, game: Game, count: int) -> None:
    """Paint dots on the stones of the latest moves, in the colour of what each cost.

    Costly ones are squares where colours must not be relied on.
    """
    node = game.node
    seen: set[int] = set()
    for _ in range(count):
        point, parent = node.action, node.parent
        if parent is None or point is None:
            return
        loss = cost_of(game, node)
        free = point < game.spec.points and point not in seen and game.stones[point] != EMPTY
        if loss is not None and free:
            seen.add(point)
            cost = severity(loss, points_lost(game, node))
            centre, radius = grid.centre(point), max(grid.step * 0.12, 3.0)
            if theme.colours().shapes and theme.loss_step(cost) >= 3:
                box = pygame.Rect(0, 0, round(radius * 1.8), round(radius * 1.8))
                box.center = pixel(centre)
                pygame.draw.rect(target, theme.loss_colour(cost), box)
            else:
                theme.disc(target, theme.loss_colour(cost), centre, radius)
        node = parent
