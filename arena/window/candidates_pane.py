"""The pane of candidates: what the AI considers, sorted as a person likes, and what was asked."""

from __future__ import annotations

import pygame

from arena.session.errands import equal_progress
from arena.session.game import Game
from arena.session.insight import Candidate, candidates, first_glance
from arena.session.texts import mark, say
from arena.session.view import CANDIDATES
from arena.window import theme
from arena.window.candidate_marks import short_count, signed
from arena.window.panes import Shown, dot, paints
from engine.notation import move_name
from engine.search import SearchResult

_LINE = 20
_HEAD = 40
_ORDERS = {
    "visits": mark("most visits first"),
    "chance": mark("best chance first"),
    "points": mark("most points first"),
    "prior": mark("the network's favourites first"),
}


@paints(CANDIDATES)
def draw_candidates(target: pygame.Surface, area: pygame.Rect, shown: Shown) -> None:
    """What the AI considers here, or what it considered when it moved last.

    What is thought of the position on the board is shown only if that was asked for: it would give
    the answer away.
    """
    px, colours, game = theme.px, theme.colours(), shown.game
    asked = shown.view.overlays.candidates
    here = asked or game.ai_to_move or game.over
    node = game.node if here else game.node.parent
    thought = None if node is None or (shown.hidden and not here) else node.thought
    if node is None or thought is None:
        words = say("A shows what the AI thinks")
        if shown.hidden:
            words = say("I shows what would have been better")
        theme.text(target, theme.fit(words, 13, area.w), area.topleft, 13, colours.dim)
        return
    order, only = shown.view.order, shown.view.shortlist if asked else frozenset()
    player = say(game.look.player(game.side(node)))
    title = say(
        "{player} at move {ply}: {order}", player=player, ply=node.ply + 1, order=order_words(order)
    )
    progress = equal_progress(game, shown.view) if asked else None
    if progress is not None:
        visits, done, count = progress
        title = say("{visits} visits each: {done} of {all}", visits=visits, done=done, all=count)
    found = candidates(game, node, order, only)
    if not (found or only):
        title = say("{player} at move {ply}: at first glance", player=player, ply=node.ply + 1)
    if any(candidate.asked for candidate in found):
        title = f"{title} ({say('* asked for')})"
    theme.text(target, theme.fit(title, 13, area.w), area.topleft, 13, colours.dim)
    y = area.y + px(19)
    if not (found or only):
        _draw_glance(target, pygame.Rect(area.x, y, area.w, area.bottom - y), game, thought)
        return
    _draw_heads(target, area, y, order, game.spec.has_points)
    y += px(_HEAD - 19)
    rows = max((area.bottom - y) // px(_LINE), 0)
    for candidate in _with_hovered(found, rows, shown.hover if here else None):
        rect = pygame.Rect(area.x - px(4), y, area.w + px(8), px(_LINE))
        if candidate.action == shown.hover or rect.collidepoint(pygame.mouse.get_pos()):
            pygame.draw.rect(target, colours.raised, rect, border_radius=px(3))
        if here:
            shown.places.actions.append((rect, candidate.action))
        dot(target, (area.x + px(6), y + px(10)), candidate.severity)
        name = move_name(game.spec, candidate.action)
        theme.text(target, name, (area.x + px(18), y), 14, bold=True)
        for share, _, words in _cells(candidate, game.spec.has_points):
            ink = colours.dim if share == 1.0 else None
            place = (area.x + area.w * share, y)
            theme.text(target, words, place, 14, ink, anchor="topright")
        y += px(_LINE)


def _draw_glance(
    target: pygame.Surface, area: pygame.Rect, game: Game, thought: SearchResult
) -> None:
    """What the bare network likes, where nothing was searched: its levels play so."""
    px = theme.px
    for rank, action in enumerate(first_glance(thought)[: area.h // px(_LINE)]):
        y, share = area.y + rank * px(_LINE), float(thought.prior[action])
        theme.text(target, move_name(game.spec, action), (area.x + px(18), y), 14, bold=True)
        bar = pygame.Rect(area.x + area.w * 0.3, y + px(6), area.w * 0.5 * share, px(8))
        pygame.draw.rect(target, theme.colours().heat, bar, border_radius=px(3))
        theme.text(target, f"{share:.0%}", (area.right, y), 14, anchor="topright")


def order_words(order: str) -> str:
    """Return what candidates are sorted by, in words."""
    return say(_ORDERS[order])


def _with_hovered(found: list[Candidate], rows: int, hover: int | None) -> list[Candidate]:
    """Return the first rows; a move under the mouse that is further on replaces the last."""
    shown = found[:rows]
    hovered = next((c for c in found[rows:] if c.action == hover), None)
    if hovered is not None and shown:
        shown[-1] = hovered
    return shown


def _draw_heads(
    target: pygame.Surface, area: pygame.Rect, y: int, order: str, has_points: bool
) -> None:
    """The names of the columns; the one that sorts is bright."""
    colours = theme.colours()
    columns = _columns(has_points)
    theme.text(target, say("move"), (area.x + theme.px(18), y), 12, colours.dim)
    for share, name in columns:
        ink = colours.accent if name == order else colours.dim
        words = {
            "chance": say("chance"),
            "points": say("points"),
            "prior": say("prior"),
            "visits": say("visits"),
        }[name]
        place = (area.x + area.w * share, y)
        theme.text(target, words, place, 12, ink, anchor="topright", bold=name == order)


def _columns(has_points: bool) -> list[tuple[float, str]]:
    if has_points:
        return [(0.42, "chance"), (0.62, "points"), (0.8, "prior"), (1.0, "visits")]
    return [(0.48, "chance"), (0.74, "prior"), (1.0, "visits")]


def _cells(candidate: Candidate, has_points: bool) -> list[tuple[float, str, str]]:
    words = {
        "chance": f"{candidate.win_rate:.0%}",
        "points": "" if candidate.score is None else signed(candidate.score),
        "prior": f"{candidate.prior:.0%}",
        "visits": short_count(candidate.visits) + ("*" if candidate.asked else ""),
    }
    return [(share, name, words[name]) for share, name in _columns(has_points)]
