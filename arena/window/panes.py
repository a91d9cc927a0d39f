"""Parts of the panel that say what is thought: the bar, the graph, candidates, the inspector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pygame

from arena.session.game import Game
from arena.session.insight import rows, why
from arena.session.review import Move, mistakes, progress
from arena.session.texts import say
from arena.session.tree import Node
from arena.session.view import View
from arena.session.wording import chances
from arena.window import theme
from engine.games.spec import BLACK, WHITE
from engine.notation import move_name

_LINE = 20


@dataclass
class Places:
    """Where clickable things were painted."""

    graph: pygame.Rect | None = None
    graph_plies: int = 1
    moves: list[tuple[pygame.Rect, Node]] = field(default_factory=list)
    """Positions to go to."""
    actions: list[tuple[pygame.Rect, int]] = field(default_factory=list)
    """Candidates: hovering shows their line."""
    players: dict[int, pygame.Rect] = field(default_factory=dict)
    tree: pygame.Rect | None = None
    """Where the tree of moves can be scrolled."""

    def ply_at(self, position: tuple[int, int]) -> int | None:
        """The ply under a pixel of the graph."""
        if self.graph is None or not self.graph.collidepoint(position):
            return None
        inner = self.graph.inflate(-theme.px(20), 0)
        share = (position[0] - inner.x) / max(inner.w, 1)
        return round(min(max(share, 0.0), 1.0) * self.graph_plies)

    def node_at(self, position: tuple[int, int]) -> Node | None:
        """The listed position under a pixel."""
        return next((node for rect, node in self.moves if rect.collidepoint(position)), None)

    def action_at(self, position: tuple[int, int]) -> int | None:
        """The listed candidate under a pixel."""
        return next((a for rect, a in self.actions if rect.collidepoint(position)), None)

    def player_at(self, position: tuple[int, int]) -> int | None:
        """The colour whose row is under a pixel."""
        found = (colour for colour, rect in self.players.items() if rect.collidepoint(position))
        return next(found, None)


@dataclass(frozen=True)
class Shown:
    """What a pane is about."""

    game: Game
    view: View
    hover: int | None
    """The action under the mouse."""
    places: Places
    """Where it tells what can be clicked."""
    hidden: bool = False
    """Whether moves better than the latest one must stay hidden."""


Draw = Callable[[pygame.Surface, pygame.Rect, Shown], None]
DRAW: dict[str, Draw] = {}
"""What paints each pane of the panel."""


def paints(name: str) -> Callable[[Draw], Draw]:
    """Let a function paint a pane of :data:`arena.session.view.PANES`."""

    def register(draw: Draw) -> Draw:
        DRAW[name] = draw
        return draw

    return register


def draw_win_rate(target: pygame.Surface, area: pygame.Rect, game: Game) -> int:
    """A bar of the two players' chances."""
    px, colours, rate = theme.px, theme.colours(), game.win_rate
    first, second = (say(player) for player in game.look.players)
    theme.text(target, first, (area.x, area.y), 13, colours.dim)
    theme.text(target, second, (area.right, area.y), 13, colours.dim, anchor="topright")
    theme.text(target, chances(game), (area.centerx, area.y), 13, anchor="midtop")
    bar = pygame.Rect(area.x, area.y + px(20), area.w, px(12))
    fills = [game.look.stone_colour(colour) for colour in (BLACK, WHITE)]
    round_ = px(6)
    pygame.draw.rect(target, fills[1], bar, border_radius=round_)
    black = bar.copy()
    black.w = round(bar.w * (0.5 if rate is None else rate))
    end = round_ if black.w >= bar.w - 3 else 0
    pygame.draw.rect(
        target,
        fills[0],
        black,
        border_top_left_radius=round_,
        border_bottom_left_radius=round_,
        border_top_right_radius=end,
        border_bottom_right_radius=end,
    )
    pygame.draw.rect(target, colours.line, bar, width=1, border_radius=round_)
    middle = area.x + area.w // 2
    pygame.draw.line(target, colours.accent, (middle, bar.y - 2), (middle, bar.bottom + 1))
    return bar.bottom


def draw_graph(target: pygame.Surface, area: pygame.Rect, game: Game, places: Places) -> int:
    """Chance to win and expected score along the line on the board; a click goes there."""
    px, colours = theme.px, theme.colours()
    pygame.draw.rect(target, colours.background, area, border_radius=px(8))
    inner = area.inflate(-px(20), -px(40))  # the words have bands of their own
    pygame.draw.line(target, colours.line, (inner.x, inner.centery), (inner.right, inner.centery))
    line = game.node.line()
    plies = max(len(line) - 1, 20)
    places.graph, places.graph_plies = area, plies
    here = inner.x + inner.w * game.node.ply / plies
    pygame.draw.line(target, colours.accent, (here, inner.y), (here, inner.bottom))
    most = max([abs(s) for s in (game.score_at(n) for n in line) if s is not None] + [10.0])
    for values, colour, scale in (
        ([game.score_at(node) for node in line], colours.warning, 0.5 / most),
        ([_centred(game.win_rate_at(node)) for node in line], colours.accent, 1.0),
    ):
        points = [
            (inner.x + inner.w * node.ply / plies, inner.centery - inner.h * value * scale)
            for node, value in zip(line, values, strict=True)
            if value is not None
        ]
        if len(points) > 1:
            pygame.draw.aalines(target, colour, False, points)
        elif points:
            theme.disc(target, colour, points[0], px(3))
    for move in mistakes(game):
        x = inner.x + inner.w * move.node.ply / plies
        theme.disc(target, theme.loss_colour(move.severity), (x, inner.bottom), px(3))
    _label_graph(target, area, game, len(line) - 1, most)
    return area.bottom


def _centred(rate: float | None) -> float | None:
    return None if rate is None else rate - 0.5


def _label_graph(
    target: pygame.Surface, area: pygame.Rect, game: Game, last: int, most: float
) -> None:
    px, colours = theme.px, theme.colours()
    first, second = (say(player) for player in game.look.players)
    words = say("{name} wins", name=first)
    theme.text(target, words, (area.x + px(8), area.y + px(4)), 11, colours.dim)
    place = (area.x + px(8), area.bottom - px(4))
    words = say("{name} wins", name=second)
    theme.text(target, words, place, 11, colours.dim, anchor="bottomleft")
    if last > game.node.ply:
        words = say("move {ply} of {last}", ply=game.node.ply, last=last)
    else:
        words = say("move {ply}", ply=game.node.ply)
    place = (area.right - px(8), area.bottom - px(4))
    theme.text(target, words, place, 11, colours.dim, anchor="bottomright")
    score = game.score_at(game.node)
    if score is not None:
        words = say("{points:+.1f} points (scale {most:.0f})", points=score, most=most)
        place = (area.right - px(8), area.y + px(4))
        theme.text(target, words, place, 11, colours.warning, anchor="topright")


def dot(target: pygame.Surface, centre: tuple[float, float], loss: float) -> None:
    colour, radius = theme.loss_colour(loss), theme.px(5)
    if theme.colours().shapes and theme.loss_step(loss) >= 3:
        box = pygame.Rect(0, 0, 2 * radius, 2 * radius)
        box.center = round(centre[0]), round(centre[1])
        pygame.draw.rect(target, colour, box)
    else:
        theme.disc(target, colour, centre, radius)


@paints("inspect")
def draw_inspector(target: pygame.Surface, area: pygame.Rect, shown: Shown) -> None:
    """The search's own numbers for each child, and a few sentences about one of them."""
    px, colours = theme.px, theme.colours()
    game, hover = shown.game, shown.hover
    thought = game.thought
    if thought is None:
        words = say("This position has not been analysed yet")
        theme.text(target, theme.fit(words, 13, area.w), area.topleft, 13, colours.dim)
        return
    columns = (0.24, 0.42, 0.58, 0.74, 1.0)
    heads = (say("visits"), "q", say("prior"), "u", say("change"))
    theme.text(target, say("move"), area.topleft, 12, colours.dim)
    for share, head in zip(columns, heads, strict=True):
        place = (area.x + area.w * share, area.y)
        theme.text(target, head, place, 12, colours.dim, anchor="topright")
    y = area.y + px(18)
    sentences = why(game, thought.action if hover is None else hover)
    lines = [line for words in sentences for line in theme.wrap(words, 12, area.w, 2)]
    room = max((area.h - px(24) - px(16) * len(lines)) // px(18), 1)
    for row in rows(thought, game.node.earlier)[:room]:
        rect = pygame.Rect(area.x - px(4), y, area.w + px(8), px(18))
        if row.action == hover or rect.collidepoint(pygame.mouse.get_pos()):
            pygame.draw.rect(target, colours.raised, rect, border_radius=px(3))
        shown.places.actions.append((rect, row.action))
        name = move_name(game.spec, row.action)
        theme.text(target, name, (area.x, y), 13, bold=row.action == thought.action)
        q = _proof(row.proof) or f"{row.q:+.2f}"
        exploration = "" if row.exploration is None else f"{row.exploration:.2f}"
        cells = (f"{row.visits}", q, f"{row.prior:.0%}", exploration)
        for share, words in zip(columns, (*cells, f"{row.trend:+.0%}"), strict=True):
            place = (area.x + area.w * share, y)
            theme.text(target, words, place, 13, anchor="topright")
        y += px(18)
    y += px(6)
    for words in lines:
        if y + px(16) <= area.bottom:
            theme.text(target, words, (area.x, y), 12, colours.dim)
        y += px(16)


def _proof(proof: int) -> str:
    return "" if not proof else {1: say("win"), -1: say("loss")}.get(proof, say("draw"))


@paints("review")
def draw_mistakes(target: pygame.Surface, area: pygame.Rect, shown: Shown) -> None:
    """The moves that cost most, as a list to click on."""
    px, colours, game = theme.px, theme.colours(), shown.game
    found = mistakes(game)
    title = say("Costly moves (click to see)") if found else say("No costly move found")
    done, positions = progress(game)
    if done < positions:
        title = say("Costly moves in {done} of {all} positions", done=done, all=positions)
    theme.text(target, theme.fit(title, 13, area.w), area.topleft, 13, colours.dim)
    y = area.y + px(22)
    for move in found[: (area.h - px(22)) // px(21)]:
        _draw_mistake(target, pygame.Rect(area.x, y, area.w, px(20)), game, move)
        shown.places.moves.append((pygame.Rect(area.x, y, area.w, px(20)), move.node))
        y += px(21)


def _draw_mistake(target: pygame.Surface, rect: pygame.Rect, game: Game, move: Move) -> None:
    px, node = theme.px, move.node
    assert node.action is not None
    assert node.parent is not None
    if rect.collidepoint(pygame.mouse.get_pos()) or node is game.node:
        pygame.draw.rect(target, theme.colours().raised, rect, border_radius=px(4))
    dot(target, (rect.x + px(8), rect.centery), move.severity)
    player = say(game.look.player(game.side(node.parent)))
    words = f"{node.ply}. {player} {move_name(game.spec, node.action)}"
    right = rect.right - px(4)
    if move.points is not None:
        points = say("{points:.1f} pts", points=max(move.points, 0.0))
        theme.text(target, points, (right, rect.y), 14, anchor="topright")
        right -= px(72)
    cost = f"-{max(move.loss, 0.0):.0%}"
    left = theme.text(target, cost, (right, rect.y), 14, bold=True, anchor="topright").left
    words = theme.fit(words, 14, left - rect.x - px(26))
    theme.text(target, words, (rect.x + px(20), rect.y), 14)
