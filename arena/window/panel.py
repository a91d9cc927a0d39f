"""The side panel: who plays, what the AI thinks, the win-rate graph, and buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pygame

from arena.window import theme
from arena.window.board import Overlays
from arena.window.model import COLOUR_NAMES, GameModel
from engine.games.spec import BLACK, WHITE
from engine.notation import action_to_text

WIDTH = 320
_MARGIN = 18
_BUTTON_HEIGHT = 36
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
) -> None:
    """Paint the panel into ``area``."""
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
        y = _draw_graph(target, pygame.Rect(x, y, width, height), model) + 10
    if foot - y > 70:
        _draw_candidates(target, pygame.Rect(x, y, width, foot - y - 8), model)


def _draw_player(target: pygame.Surface, area: pygame.Rect, model: GameModel, colour: int) -> int:
    turn = model.to_move == colour and not model.over
    pygame.draw.rect(target, theme.RAISED if turn else theme.PANEL, area, border_radius=8)
    if turn:
        mark = pygame.Rect(area.x, area.y + 8, 4, area.h - 16)
        pygame.draw.rect(target, theme.ACCENT, mark, border_radius=2)
    image = theme.stone(colour == BLACK, 26)
    target.blit(image, image.get_rect(center=(area.x + 28, area.centery)))
    name = "You" if colour == model.settings.colour else model.ai_name
    room = area.w - 52 - 12 - 10
    words = f"{model.prisoners[0 if colour == BLACK else 1]} captured"
    with_komi = f"{words}, komi {model.settings.komi:g}"
    if colour == WHITE and theme.width(name, 17, True) + theme.width(with_komi, 13) <= room:
        words = with_komi
    theme.text(target, words, (area.right - 12, area.centery), 13, theme.DIM, anchor="midright")
    name = theme.fit(name, 17, room - theme.width(words, 13), True)
    theme.text(target, name, (area.x + 52, area.centery), 17, bold=turn, anchor="midleft")
    return area.bottom


def _draw_status(target: pygame.Surface, area: pygame.Rect, model: GameModel, mood: Mood) -> int:
    status, count = model.status, ""
    if model.ai_to_move and not mood.ready:
        status = f"{model.ai_name} {'cannot play' if mood.failed else 'is still loading'}"
    elif model.ai_to_move:
        done = model.thought.simulations if _is_fresh(model) and model.thought else 0
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


def _is_fresh(model: GameModel) -> bool:
    return model.thought is not None and model.thought_ply == len(model.actions)


def _draw_win_rate(target: pygame.Surface, area: pygame.Rect, model: GameModel) -> int:
    rate = model.win_rate
    theme.text(target, "Black", (area.x, area.y), 13, theme.DIM)
    theme.text(target, "White", (area.right, area.y), 13, theme.DIM, anchor="topright")
    words = "no judgement yet" if rate is None else f"{rate:.0%}  to  {1 - rate:.0%}"
    theme.text(target, words, (area.centerx, area.y), 13, anchor="midtop")
    bar = pygame.Rect(area.x, area.y + 20, area.w, 12)
    pygame.draw.rect(target, theme.WHITE_STONE, bar, border_radius=6)
    black = bar.copy()
    black.w = round(bar.w * (0.5 if rate is None else rate))
    pygame.draw.rect(
        target,
        theme.BLACK_STONE,
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


def _draw_graph(target: pygame.Surface, area: pygame.Rect, model: GameModel) -> int:
    """Black's chance to win along the game."""
    pygame.draw.rect(target, theme.BACKGROUND, area, border_radius=8)
    inner = area.inflate(-20, -44)  # the words have bands of their own
    pygame.draw.line(target, theme.LINE, (inner.x, inner.centery), (inner.right, inner.centery))
    plies = max(len(model.actions), 20)
    points = [
        (inner.x + inner.w * ply / plies, inner.bottom - inner.h * rate)
        for ply, rate in sorted(model.win_rates.items())
        if ply <= len(model.actions)
    ]
    if len(points) > 1:
        pygame.draw.aalines(target, theme.ACCENT, False, points)
    for point in points[-1:]:
        theme.disc(target, theme.ACCENT, point, 3.5)
    theme.text(target, "Black wins", (area.x + 8, area.y + 5), 11, theme.DIM)
    theme.text(
        target, "White wins", (area.x + 8, area.bottom - 5), 11, theme.DIM, anchor="bottomleft"
    )
    words = f"move {len(model.actions)}"
    theme.text(
        target, words, (area.right - 8, area.bottom - 5), 11, theme.DIM, anchor="bottomright"
    )
    return area.bottom


def _draw_candidates(target: pygame.Surface, area: pygame.Rect, model: GameModel) -> None:
    """What the AI considers, or considered last."""
    thought = model.thought
    if thought is None:
        return
    colour = COLOUR_NAMES[BLACK if model.thought_ply % 2 == 0 else WHITE]
    title = f"{colour}'s candidates at move {model.thought_ply + 1}"
    theme.text(target, title, area.topleft, 13, theme.DIM)
    rows = min((area.h - 22) // 21, 4)
    best = np.argsort(-(thought.visits + thought.prior), kind="stable")[:rows]
    y = area.y + 22
    for action in best:
        visits = int(thought.visits[action])
        if visits == 0 and thought.simulations > 0:
            break
        theme.text(target, action_to_text(model.spec, int(action)), (area.x, y), 15, bold=True)
        words = f"{visits} visit{'' if visits == 1 else 's'}"
        theme.text(target, words, (area.x + 130, y), 14, theme.DIM, anchor="topright")
        chance = (float(thought.q[action]) + 1.0) / 2.0
        words = f"{chance:.0%} to win" if visits else "not visited"
        theme.text(target, words, (area.right, y), 14, anchor="topright")
        y += 21


def _draw_buttons(
    target: pygame.Surface,
    area: pygame.Rect,
    buttons: Sequence[Button],
    switches: Sequence[Button],
) -> int:
    """Two columns from the bottom up; return where they begin."""
    rows = [list(pair) for pair in _pairs([*buttons, *switches])]
    top = area.y - len(rows) * (_BUTTON_HEIGHT + 8)
    half = (area.w - 8) // 2
    y = top
    for row in rows:
        for k, button in enumerate(row):
            width = half if len(row) == 2 else area.w
            button.draw(target, pygame.Rect(area.x + k * (half + 8), y, width, _BUTTON_HEIGHT))
        y += _BUTTON_HEIGHT + 8
    return top


def _pairs(buttons: list[Button]) -> list[list[Button]]:
    return [buttons[i : i + 2] for i in range(0, len(buttons), 2)]


def switch_states(overlays: Overlays) -> dict[str, bool]:
    """Which switches are on, by label."""
    return {
        "Policy": overlays.heat_map,
        "Territory": overlays.ownership,
        "Coordinates": overlays.coordinates,
    }
