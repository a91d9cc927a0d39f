"""The side panel: who plays, what the AI thinks, the win-rate graph, and buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pygame

from arena.window import theme
from arena.window.marks import Overlays, shown_candidates
from arena.window.model import GameModel
from arena.window.review import Move, mistakes
from engine.games.spec import BLACK, WHITE
from engine.notation import action_to_text

WIDTH = 320
_MARGIN = 18
_BUTTON_HEIGHT = 30
_BUTTON_GAP = 6
DOTS_EVERY_MS = 400


@dataclass
class Button:
    """A rectangle that does something when clicked."""

    label: str
    action: Callable[[], object]
    key: str = ""
    """Shown beside the label."""
    enabled: bool = True
    on: bool | None = None
    """For switches: whether it is on."""
    rect: pygame.Rect | None = None

    def draw(self, target: pygame.Surface, rect: pygame.Rect) -> None:
        """Paint it at ``rect`` and remember where that was."""
        self.rect = rect
        hovered = self.enabled and rect.collidepoint(pygame.mouse.get_pos())
        fill = theme.HOVER if hovered else theme.RAISED
        pygame.draw.rect(target, fill, rect, border_radius=7)
        if self.on:
            pygame.draw.rect(target, theme.ACCENT, rect, width=2, border_radius=7)
        colour = theme.TEXT if self.enabled else theme.FAINT
        if not self.key:
            theme.text(target, self.label, rect.center, 15, colour, anchor="center")
        else:
            place = (rect.x + 12, rect.centery)
            label = theme.text(target, self.label, place, 15, colour, anchor="midleft")
            place = (rect.right - 10, rect.centery)
            if label.right + theme.width(self.key, 13) + 4 > place[0]:
                return  # a narrow window; the list of keys has it too
            colour = theme.DIM if self.enabled else theme.FAINT
            theme.text(target, self.key, place, 13, colour, anchor="midright")

    def click(self, position: tuple[int, int]) -> bool:
        """Act if the click is on it; return whether it was."""
        if self.rect is None or not self.enabled or not self.rect.collidepoint(position):
            return False
        self.action()
        return True


@dataclass(frozen=True)
class Mood:
    """What the window knows beside the game."""

    ready: bool
    """The AI is loaded."""
    failed: bool
    """It can play no more; the note says why."""
    note: str
    """A lasting remark, such as that no network was found."""
    review: bool = False
    """Mistakes are listed instead of candidates."""


@dataclass
class Places:
    """Where clickable things were painted."""

    graph: pygame.Rect | None = None
    graph_plies: int = 1
    moves: list[tuple[pygame.Rect, Move]] = field(default_factory=list)

    def ply_at(self, position: tuple[int, int]) -> int | None:
        """The ply under a pixel of the graph."""
        if self.graph is None or not self.graph.collidepoint(position):
            return None
        inner = self.graph.inflate(-20, 0)
        share = (position[0] - inner.x) / max(inner.w, 1)
        return round(min(max(share, 0.0), 1.0) * self.graph_plies)

    def move_at(self, position: tuple[int, int]) -> Move | None:
        """The listed move under a pixel."""
        return next((move for rect, move in self.moves if rect.collidepoint(position)), None)


def dots() -> str:
    """One to three of them, to show that something goes on."""
    return "." * (1 + pygame.time.get_ticks() // DOTS_EVERY_MS % 3)


def draw_panel(
    target: pygame.Surface,
    area: pygame.Rect,
    model: GameModel,
    mood: Mood,
    buttons: Sequence[Button],
    switches: Sequence[Button],
) -> Places:
    """Paint the panel into ``area``; return where things to click are."""
    places = Places()
    pygame.draw.rect(target, theme.PANEL, area)
    x, width = area.x + _MARGIN, area.w - 2 * _MARGIN
    y = area.y + _MARGIN
    for colour in (BLACK, WHITE):
        y = _draw_player(target, pygame.Rect(x, y, width, 44), model, colour) + 6
    y = _draw_status(target, pygame.Rect(x, y + 4, width, 70), model, mood)
    foot = _draw_buttons(target, pygame.Rect(x, area.bottom - _MARGIN, width, 0), buttons, switches)
    space = foot - 12 - y
    y = _draw_win_rate(target, pygame.Rect(x, y, width, 40), model) + 8
    if space > 150:
        height = min(space - 130, 150) if space > 230 else space - 60
        y = _draw_graph(target, pygame.Rect(x, y, width, height), model, places) + 10
    if foot - y > 50:
        room = pygame.Rect(x, y, width, foot - y - 8)
        if mood.review:
            _draw_mistakes(target, room, model, places)
        else:
            _draw_candidates(target, room, model)
    return places


def _draw_player(target: pygame.Surface, area: pygame.Rect, model: GameModel, colour: int) -> int:
    turn = model.to_move == colour and not model.over
    pygame.draw.rect(target, theme.RAISED if turn else theme.PANEL, area, border_radius=8)
    if turn:
        mark = pygame.Rect(area.x, area.y + 8, 4, area.h - 16)
        pygame.draw.rect(target, theme.ACCENT, mark, border_radius=2)
    image = theme.stone(model.look.stone(colour), 26)
    target.blit(image, image.get_rect(center=(area.x + 28, area.centery)))
    name = model.name_of(colour)
    room = area.w - 52 - 12 - 10
    words, longer = _tally(model, colour)
    if theme.width(name, 17, True) + theme.width(longer, 13) <= room:
        words = longer
    theme.text(target, words, (area.right - 12, area.centery), 13, theme.DIM, anchor="midright")
    name = theme.fit(name, 17, room - theme.width(words, 13), True)
    theme.text(target, name, (area.x + 52, area.centery), 17, bold=turn, anchor="midleft")
    return area.bottom


def _tally(model: GameModel, colour: int) -> tuple[str, str]:
    """What a player has so far, in few words and in more where there is room."""
    if model.spec.name == "go":
        words = f"{int(model.position['prisoners'][0][colour - 1])} captured"
        komi = float(model.position["komi_half_points"][0]) / 2.0
        return words, f"{words}, komi {komi:g}" if colour == WHITE else words
    if model.spec.name == "othello":
        words = f"{int((model.stones == colour).sum())} discs"
        return words, words
    words = model.look.player(colour)
    return (words, words) if words != model.name_of(colour) else ("", "")


def _draw_status(target: pygame.Surface, area: pygame.Rect, model: GameModel, mood: Mood) -> int:
    status, count = model.status, ""
    if model.ai_turn and model.paused:
        count = "It waits while you look; Enter lets it move"
    elif model.ai_to_move and not mood.ready:
        status = f"{model.ai_name} {'cannot play' if mood.failed else 'is still loading'}"
    elif model.ai_to_move:
        done = model.thought.simulations if model.thought else 0
        status = f"{model.ai_name} is thinking{dots()}"
        count = f"{done} of {model.settings.simulations} simulations"
        progress = min(done / max(model.settings.simulations, 1), 1.0)
        bar = pygame.Rect(area.x, area.y + 26, area.w, 3)
        pygame.draw.rect(target, theme.LINE, bar, border_radius=1)
        bar.w = int(area.w * progress)
        pygame.draw.rect(target, theme.ACCENT, bar, border_radius=1)
    theme.text(target, theme.fit(status, 18, area.w, True), area.topleft, 18, bold=True)
    words = model.message or mood.note
    y = area.y + 34
    for line in theme.wrap(words or count, 14, area.w, 2):
        theme.text(target, line, (area.x, y), 14, theme.WARNING if words else theme.DIM)
        y += 18
    return area.y + 76


def _draw_win_rate(target: pygame.Surface, area: pygame.Rect, model: GameModel) -> int:
    rate = model.win_rate
    first, second = model.look.players
    theme.text(target, first, (area.x, area.y), 13, theme.DIM)
    theme.text(target, second, (area.right, area.y), 13, theme.DIM, anchor="topright")
    words = "no judgement yet" if rate is None else f"{rate:.0%}  to  {1 - rate:.0%}"
    theme.text(target, words, (area.centerx, area.y), 13, anchor="midtop")
    bar = pygame.Rect(area.x, area.y + 20, area.w, 12)
    fills = [theme.STONES[model.look.stone(colour)] for colour in (BLACK, WHITE)]
    pygame.draw.rect(target, fills[1], bar, border_radius=6)
    black = bar.copy()
    black.w = round(bar.w * (0.5 if rate is None else rate))
    pygame.draw.rect(
        target,
        fills[0],
        black,
        border_top_left_radius=6,
        border_bottom_left_radius=6,
        border_top_right_radius=6 if black.w >= bar.w - 3 else 0,
        border_bottom_right_radius=6 if black.w >= bar.w - 3 else 0,
    )
    pygame.draw.rect(target, theme.LINE, bar, width=1, border_radius=6)
    middle = area.x + area.w // 2
    pygame.draw.line(target, theme.ACCENT, (middle, bar.y - 2), (middle, bar.bottom + 1))
    return bar.bottom


def _draw_graph(target: pygame.Surface, area: pygame.Rect, model: GameModel, places: Places) -> int:
    """The first player's chance to win along the line on the board; a click goes there."""
    pygame.draw.rect(target, theme.BACKGROUND, area, border_radius=8)
    inner = area.inflate(-20, -44)  # the words have bands of their own
    pygame.draw.line(target, theme.LINE, (inner.x, inner.centery), (inner.right, inner.centery))
    line = model.node.line()
    plies = max(len(line) - 1, 20)
    places.graph, places.graph_plies = area, plies
    points = []
    for node in line:
        rate = model.win_rate_at(node)
        if rate is not None:
            x = inner.x + inner.w * node.ply / plies
            points.append((x, inner.bottom - inner.h * rate))
    here = inner.x + inner.w * model.node.ply / plies
    pygame.draw.line(target, theme.LINE, (here, inner.y), (here, inner.bottom))
    if len(points) > 1:
        pygame.draw.aalines(target, theme.ACCENT, False, points)
    elif points:
        theme.disc(target, theme.ACCENT, points[0], 3.5)
    first, second = model.look.players
    theme.text(target, f"{first} wins", (area.x + 8, area.y + 5), 11, theme.DIM)
    place = (area.x + 8, area.bottom - 5)
    theme.text(target, f"{second} wins", place, 11, theme.DIM, anchor="bottomleft")
    words = f"move {model.node.ply}"
    if len(line) - 1 > model.node.ply:
        words += f" of {len(line) - 1}"
    place = (area.right - 8, area.bottom - 5)
    theme.text(target, words, place, 11, theme.DIM, anchor="bottomright")
    return area.bottom


def _draw_candidates(target: pygame.Surface, area: pygame.Rect, model: GameModel) -> None:
    """What the AI considers here, or considered when it was last asked."""
    node = model.node
    if node.thought is None and node.parent is not None:
        node = node.parent
    thought = node.thought
    if thought is None:
        return
    player = model.look.player(model.side(node))
    title = f"{player}'s candidates at move {node.ply + 1}"
    theme.text(target, title, area.topleft, 13, theme.DIM)
    y = area.y + 22
    shown = shown_candidates(thought)[: (area.h - 22) // 21]
    best = max((float(thought.q[action]) for action in shown), default=0.0)
    for action in shown:
        colour = theme.loss_colour((best - float(thought.q[action])) / 2.0)
        theme.disc(target, colour, (area.x + 6, y + 10), 5)
        name = action_to_text(model.spec, action)
        theme.text(target, name, (area.x + 18, y), 15, bold=True)
        visits = int(thought.visits[action])
        words = f"{visits} visit{'' if visits == 1 else 's'}"
        theme.text(target, words, (area.x + area.w * 0.55, y), 14, theme.DIM, anchor="topright")
        chance = (float(thought.q[action]) + 1.0) / 2.0
        theme.text(target, f"{chance:.0%} to win", (area.right, y), 14, anchor="topright")
        y += 21


def _draw_mistakes(
    target: pygame.Surface, area: pygame.Rect, model: GameModel, places: Places
) -> None:
    """The moves that cost most, as a list to click on."""
    found = mistakes(model)
    title = "Costly moves (click to see)" if found else "No costly move found so far"
    theme.text(target, title, area.topleft, 13, theme.DIM)
    y = area.y + 22
    for move in found[: (area.h - 22) // 21]:
        action, parent = move.node.action, move.node.parent
        assert action is not None
        assert parent is not None
        rect = pygame.Rect(area.x, y, area.w, 20)
        if rect.collidepoint(pygame.mouse.get_pos()) or move.node is model.node:
            pygame.draw.rect(target, theme.RAISED, rect, border_radius=4)
        theme.disc(target, theme.loss_colour(move.loss), (area.x + 8, y + 10), 5)
        player = model.look.player(model.side(parent))
        words = f"{move.node.ply}. {player} {action_to_text(model.spec, action)}"
        theme.text(target, words, (area.x + 20, y + 1), 14)
        cost = f"-{move.loss:.0%}"
        theme.text(target, cost, (area.right - 4, y + 1), 14, bold=True, anchor="topright")
        places.moves.append((rect, move))
        y += 21


def _draw_buttons(
    target: pygame.Surface,
    area: pygame.Rect,
    buttons: Sequence[Button],
    switches: Sequence[Button],
) -> int:
    """Two columns from the bottom up; return where they begin."""
    rows = [list(pair) for pair in _pairs([*buttons, *switches])]
    top = area.y - len(rows) * (_BUTTON_HEIGHT + _BUTTON_GAP)
    half = (area.w - 8) // 2
    y = top
    for row in rows:
        for k, button in enumerate(row):
            width = half if len(row) == 2 else area.w
            button.draw(target, pygame.Rect(area.x + k * (half + 8), y, width, _BUTTON_HEIGHT))
        y += _BUTTON_HEIGHT + _BUTTON_GAP
    return top


def _pairs(buttons: list[Button]) -> list[list[Button]]:
    return [buttons[i : i + 2] for i in range(0, len(buttons), 2)]


def switch_states(overlays: Overlays) -> dict[str, bool]:
    """Which switches are on, by label."""
    return {
        "Analysis": overlays.candidates,
        "Policy": overlays.heat_map,
        "Territory": overlays.ownership,
    }
