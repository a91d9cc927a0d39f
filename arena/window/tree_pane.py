"""The pane of the move tree: variations as a tree, and what is said about the present position."""

from __future__ import annotations

from typing import Final

import pygame

from arena.session.game import Game
from arena.session.insight import cost_of, points_lost, severity
from arena.session.markup import comment_of, judgement_of, name_of
from arena.session.move_tree import Layout, Layouts
from arena.session.texts import say
from arena.session.tree import Node
from arena.window import theme
from arena.window.panes import Shown, paints
from engine.notation import move_name

_PITCH: Final = (25, 23)
"""Distance of columns and of rows."""
_RADIUS: Final = 8
_HEAD: Final = 20
_EDGE: Final = 4
"""Above the first row, for the marks of what is said there."""
_LINE: Final = 17
_LEAST_TREE: Final = 3
"""Rows of the tree that a comment leaves."""
_layouts = Layouts()


def still_laid_out() -> bool:
    """Whether the tree is being laid out, so that the picture will change by itself."""
    return _layouts.busy


@paints("tree")
def draw_tree(target: pygame.Surface, area: pygame.Rect, shown: Shown) -> None:
    """Paint the part of the tree around the position on the board, or where it was scrolled to."""
    px, game = theme.px, shown.game
    layout = _layouts.of(game.node.root)
    comment = _comment_lines(game.node, area)
    height = max(area.h - px(_HEAD) - px(_LINE) * len(comment) - (px(6) if comment else 0), 0)
    tree = pygame.Rect(area.x, area.y + px(_HEAD), area.w, height)
    view = _Window(tree, layout, game.node, shown.view.tree_offset(game.node))
    shown.view.scrolled = (game.node, *view.offset)
    hovered = _draw_nodes(target, view, shown)
    shown.places.tree = tree
    _draw_head(target, area, game, hovered or game.node)
    y = tree.bottom + px(6)
    for line in comment:
        theme.text(target, line, (area.x, y), 13)
        y += px(_LINE)


def _comment_lines(node: Node, area: pygame.Rect) -> list[str]:
    """The comment, as far as it leaves room for some rows of the tree."""
    px = theme.px
    room = area.h - px(_HEAD) - _LEAST_TREE * px(_PITCH[1])
    most = min(max(room // px(_LINE), 1), 8)
    comment = comment_of(node)
    if not comment.strip():
        return []
    lines: list[str] = []
    for paragraph in comment.strip()[:4000].split("\n"):
        lines += theme.wrap(paragraph, 13, area.w, most + 1)
        if len(lines) > most:
            lines = [*lines[: most - 1], theme.fit(f"{lines[most - 1]} ...", 13, area.w)]
            break
    return lines


class _Window:
    """The part of a layout that is seen through a rectangle."""

    def __init__(
        self, area: pygame.Rect, layout: Layout, node: Node, offset: tuple[int, int]
    ) -> None:
        px = theme.px
        self.area, self.layout, self.node = area, layout, node
        self.pitch = px(_PITCH[0]), px(_PITCH[1])
        row = layout.row_of.get(node, 0)
        half = self.pitch[0] // 2, self.pitch[1] // 2
        wide = max(len(layout.columns), 1) * self.pitch[0]
        high = max(layout.height, 1) * self.pitch[1] + px(_EDGE)
        middle = node.ply * self.pitch[0] + half[0], row * self.pitch[1] + half[1]
        self.left = _scrolled(middle[0], wide, area.w, offset[0])
        self.top = _scrolled(middle[1], high, area.h, offset[1])
        usual = _scrolled(middle[0], wide, area.w, 0), _scrolled(middle[1], high, area.h, 0)
        self.offset = self.left - usual[0], self.top - usual[1]
        """How far it is scrolled from where the position would be in the middle."""
        self.columns = self.left // self.pitch[0], (self.left + area.w) // self.pitch[0]
        self.rows = self.top // self.pitch[1], (self.top + area.h) // self.pitch[1]

    def place(self, column: int, row: int) -> tuple[int, int]:
        """Return the pixel of a position."""
        x = self.area.x - self.left + column * self.pitch[0] + self.pitch[0] // 2
        return x, self.area.y - self.top + theme.px(_EDGE) + row * self.pitch[1] + self.pitch[
            1
        ] // 2


def _scrolled(middle: int, whole: int, room: int, offset: int) -> int:
    """Where a view begins that has ``middle`` in its middle, without empty margins."""
    last = max(whole - room, 0)
    usual = min(max(middle - room // 2, 0), last)
    return min(max(usual + offset, 0), last)


def _draw_nodes(target: pygame.Surface, view: _Window, shown: Shown) -> Node | None:
    """Paint edges and positions; return the one under the mouse."""
    layout, game = view.layout, shown.game
    clip = target.get_clip()
    target.set_clip(view.area.clip(clip))
    left, right = view.columns
    top, bottom = view.rows
    line = _line_around(game.node, left, right)
    _draw_trunks(target, view, line)
    seen = list(layout.within(left - 1, right + 1, top - 1, bottom + 1))
    for node, row in seen:
        if node.parent is not None and node.parent in layout.row_of:
            level = layout.row_of[node.parent] == row
            start = view.place(node.ply - 1, row if level else row - 1)
            _edge(target, start, view.place(node.ply, row), node in line)
    hovered = None
    mouse = pygame.mouse.get_pos()
    for node, row in seen:
        place = view.place(node.ply, row)
        rect = pygame.Rect(0, 0, *view.pitch)
        rect.center = place
        if view.area.collidepoint(mouse) and rect.collidepoint(mouse):
            hovered = node
        _draw_node(target, place, game, node, node is hovered)
        shown.places.moves.append((rect.clip(view.area), node))
    target.set_clip(clip)
    return hovered


def _line_around(node: Node, left: int, right: int) -> set[Node]:
    """The positions of the line on the board in some columns; its length does not matter."""
    line: set[Node] = set()
    here: Node | None = node
    while here is not None and here.ply >= left - 1:
        line.add(here)
        here = here.parent
    here = node.next
    while here is not None and here.ply <= right + 1:
        line.add(here)
        here = here.next
    return line


def _draw_trunks(target: pygame.Surface, view: _Window, line: set[Node]) -> None:
    """The vertical parts of the edges."""
    layout, (top, bottom) = view.layout, view.rows
    for column in range(max(view.columns[0] - 1, 0), min(view.columns[1] + 1, len(layout.forks))):
        for parent, last in layout.forks[column]:
            first = layout.row_of[parent]
            if last - 1 <= first or last < top or first > bottom:
                continue
            start = view.place(column, max(first, top - 1))
            _edge(target, start, view.place(column, min(last - 1, bottom + 1)), False)
            chosen = parent.next
            row = layout.row_of.get(chosen, first) if chosen is not None else first
            if chosen in line and row - 1 > first:
                end = view.place(column, min(row - 1, bottom + 1))
                _edge(target, start, end, True)


def _edge(
    target: pygame.Surface, start: tuple[int, int], end: tuple[int, int], bright: bool
) -> None:
    colours = theme.colours()
    width = max(theme.px(2), 1)
    pygame.draw.line(target, colours.accent if bright else colours.line, start, end, width)


def _draw_node(
    target: pygame.Surface, place: tuple[int, int], game: Game, node: Node, hovered: bool
) -> None:
    px, colours = theme.px, theme.colours()
    radius = px(_RADIUS)
    if node is game.node or hovered:
        ring = colours.accent if node is game.node else colours.dim
        theme.disc(target, ring, place, radius + max(px(3), 2))
        theme.disc(target, colours.panel, place, radius + 1)
    if node.parent is None:
        box = pygame.Rect(0, 0, 2 * radius - px(4), 2 * radius - px(4))
        box.center = place
        pygame.draw.rect(target, colours.dim, box, border_radius=px(2))
    else:
        image = theme.stone(game.look.stone(game.side(node.parent)), 2 * radius)
        rect = image.get_rect(center=place)
        target.blit(image, rect)
        if not theme.is_dark(game.look.stone_colour(game.side(node.parent))):
            pygame.draw.aacircle(target, colours.dim, place, radius, 1)
        if node.action == game.spec.pass_action:
            ink = theme.ink_on(game.look.stone_colour(game.side(node.parent)))
            bar = pygame.Rect(0, 0, radius, max(px(2), 2))
            bar.center = place
            pygame.draw.rect(target, ink, bar)
        loss = cost_of(game, node)
        cost = 0.0 if loss is None else severity(loss, points_lost(game, node))
        if theme.loss_step(cost) >= 2:
            theme.disc(target, theme.loss_colour(cost), place, px(4))
    if comment_of(node) or name_of(node) or judgement_of(node):
        corner = (place[0] + radius - px(2), place[1] - radius + px(2))
        theme.disc(target, colours.panel, corner, px(4))
        theme.disc(target, colours.warning, corner, max(px(3), 2))


def _draw_head(target: pygame.Surface, area: pygame.Rect, game: Game, node: Node) -> None:
    """The move in words: number, player, point, name, judgement."""
    if node.parent is None or node.action is None:
        words = say("Start") if node.children else say("Every move will stand here, as a tree")
    else:
        player = say(game.look.player(game.side(node.parent)))
        words = f"{node.ply}. {player} {move_name(game.spec, node.action)}"
    said = [words, name_of(node), judgement_of(node)]
    words = " · ".join(part for part in said if part)
    theme.text(target, theme.fit(words, 13, area.w), area.topleft, 13, theme.colours().dim)
