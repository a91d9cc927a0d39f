"""The side panel: who plays, what goes on, the chance to win, lists of moves, and buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pygame

from arena.session.compiling import COMPILING
from arena.session.control import Control
from arena.session.opponents import describe
from arena.session.texts import say
from arena.session.view import CANDIDATES
from arena.session.wording import count_words, estimate, goal_words
from arena.window import candidates_pane, panes, theme, tree_pane  # noqa: F401  they register
from arena.window.button import Button
from arena.window.panes import Places
from engine.games.spec import BLACK, WHITE

WIDTH = 330
_MARGIN = 14
_BUTTON_HEIGHT = 28
_BUTTON_GAP = 5


@dataclass
class PanelView:
    """What the panel shows beside the game."""

    hover: int | None = None
    """The action under the mouse."""
    notice: str = ""
    """A remark about the window, when the game has none."""
    buttons: Sequence[Button] = ()


def draw_panel(
    target: pygame.Surface, area: pygame.Rect, control: Control, view: PanelView
) -> Places:
    """Paint the panel into ``area``; return where things to click are."""
    px, game = theme.px, control.game
    places = Places()
    pygame.draw.rect(target, theme.colours().panel, area)
    margin = px(_MARGIN)
    x, width = area.x + margin, area.w - 2 * margin
    y = area.y + margin
    tight = area.h < px(600)
    for colour in (BLACK, WHITE):
        row = pygame.Rect(x, y, width, px(38 if tight else 46))
        _draw_player(target, row, control, colour)
        places.players[colour] = row
        y = row.bottom + px(4)
    y = _draw_status(target, pygame.Rect(x, y + px(4), width, px(76)), control, view)
    foot = _draw_buttons(target, pygame.Rect(x, area.bottom - margin, width, 0), view.buttons)
    space = foot - px(10) - y
    if space > px(38):
        y = panes.draw_win_rate(target, pygame.Rect(x, y, width, px(36)), game) + px(8)
    space = foot - px(10) - y
    asked = control.view.overlays.candidates or control.view.pane != CANDIDATES
    if space > (px(230) if asked else px(130)):  # where there is no room for both, what was asked
        most = px(100 if control.view.pane == "tree" else 140)
        height = min(space - px(120), most) if space > px(220) else space
        y = panes.draw_graph(target, pygame.Rect(x, y, width, height), game, places) + px(8)
    if foot - y > px(60):
        room = pygame.Rect(x, y, width, foot - y - px(8))
        hidden = control.teacher is not None and control.teacher.hides(game)
        shown = panes.Shown(game, control.view, view.hover, places, hidden)
        panes.DRAW[control.view.pane](target, room, shown)
    return places


def _draw_player(target: pygame.Surface, area: pygame.Rect, control: Control, colour: int) -> None:
    """Who moves for a colour; a click changes it."""
    px, game, colours = theme.px, control.game, theme.colours()
    turn = game.to_move == colour and not game.over
    hovered = area.collidepoint(pygame.mouse.get_pos())
    fill = colours.hover if hovered else colours.raised if turn else colours.panel
    pygame.draw.rect(target, fill, area, border_radius=px(8))
    if turn:
        mark = pygame.Rect(area.x, area.y + px(7), px(4), area.h - px(14))
        pygame.draw.rect(target, colours.accent, mark, border_radius=2)
    image = theme.stone(game.look.stone(colour), px(24))
    target.blit(image, image.get_rect(center=(area.x + px(25), area.centery)))
    left, right = area.x + px(46), area.right - px(10)
    is_person = colour in game.settings.people
    words = _tally(control, colour)
    if hovered:
        words = say("click: AI") if is_person else say("click: person")
    ink = colours.warning if _hurries(control, colour) else colours.dim
    middle = area.centery if is_person else area.centery - px(9)
    tally = theme.text(target, words, (right, middle), 13, ink, anchor="midright")
    room = tally.left - left - px(8)
    name = game.name_of(colour)
    if is_person:
        name = theme.fit(name, 16, room, True)
        theme.text(target, name, (left, area.centery), 16, bold=True, anchor="midleft")
        return
    name = theme.fit(name, 16, room, True)
    theme.text(target, name, (left, area.centery + px(2)), 16, bold=True, anchor="bottomleft")
    strength = describe(game.settings.opponent_of(colour), game.spec)
    strength = theme.fit(strength, 12, right - left)
    theme.text(target, strength, (left, area.centery + px(1)), 12, colours.dim)


def _hurries(control: Control, colour: int) -> bool:
    clock = control.game.clock
    return clock is not None and clock.hurries(colour) and not control.game.over


def _tally(control: Control, colour: int) -> str:
    """What a player has so far: time, else captured stones, discs, the colour's name."""
    game = control.game
    if game.clock is not None:
        return game.clock.words(colour)
    if game.spec.takes_prisoners:
        taken = int(game.position["prisoners"][0][colour - 1])
        komi = float(game.position["komi_half_points"][0]) / 2.0
        if colour == WHITE and komi:
            return say("{count} captured, komi {komi:g}", count=taken, komi=komi)
        return say("{count} captured", count=taken)
    if game.spec.most_stones_win:
        return say("{count} discs", count=int((game.stones == colour).sum()))
    words = say(game.look.player(colour))
    return words if words != game.name_of(colour) else ""


def _draw_status(
    target: pygame.Surface, area: pygame.Rect, control: Control, view: PanelView
) -> int:
    px, session, colours = theme.px, control.session, theme.colours()
    game = session.game
    status, count = game.status, ""
    if game.ai_turn and game.paused and not game.trouble:
        count = say("It waits while you look; Enter lets it move")
    elif game.ai_to_move and not control.ready:
        name = game.name_of(game.to_move)
        status = say("{name} cannot play" if control.failure else "{name} is loading", name=name)
    elif game.ai_to_move:
        status = say("{name} is thinking", name=game.name_of(game.to_move)) + theme.dots()
        done = game.thought.simulations if game.thought else 0
        budget = game.mover.expected_simulations
        if game.mover.kind == "simulations":
            count = say("{done} of {all} simulations", done=done, all=budget)
        _draw_progress(target, area, min(done / max(budget, 1), 1.0))
    lines: list[str] = []
    compiling = "" if control.settled_in else COMPILING.words
    if compiling:
        lines = [compiling]
        _draw_progress(target, area, COMPILING.share)
    if control.view.set_up is not None:
        mover = say(game.look.player(control.view.set_up.to_move))
        status = say("Setting up: {colour} to move", colour=mover)
        ways = say(
            "Click: stones and none; right click: the other colour; P: other side moves; "
            "V: done; Esc: leave it"
        )
        lines = theme.wrap(ways, 13, area.w, 3)
    elif game.counting or game.to_agree:
        lines = _count_lines(control)
        if not (control.counted or control.broken):
            status = say("Counting") + theme.dots()
        elif not game.over:
            status = estimate(game)
    if not count and game.node.ply == 0 and not game.over and control.view.set_up is None:
        count = goal_words(game.spec)
    theme.text(target, theme.fit(status, 17, area.w, True), area.topleft, 17, bold=True)
    trouble = control.failure or game.trouble
    words = trouble or session.message or control.lesson
    words = words or ("" if lines else control.note or view.notice)
    y = area.y + px(33)
    if words:
        lines = theme.wrap(words, 13, area.w, 3)
    elif count and len(lines) < 3:
        lines = [*lines, *theme.wrap(count, 13, area.w, 3 - len(lines))]
    for line in lines:
        line = theme.fit(line, 13, area.w)
        theme.text(target, line, (area.x, y), 13, colours.warning if words else colours.dim)
        y += px(17)
    return area.y + px(88)


def _count_lines(control: Control) -> list[str]:
    """What each side's count is made of, and what a person can do about it."""
    game = control.game
    if not (control.counted or control.broken):
        return [say("Looking which stones are dead ...")]
    ways = say("Click dead stones; Enter or Agree ends the game")
    if not game.to_agree:
        ways = say("Click dead stones, or living ones; L ends counting")
    return [*count_words(game), ways]


def _draw_progress(target: pygame.Surface, area: pygame.Rect, share: float) -> None:
    bar = pygame.Rect(area.x, area.y + theme.px(26), area.w, max(theme.px(3), 2))
    pygame.draw.rect(target, theme.colours().line, bar, border_radius=1)
    bar.w = int(area.w * share)
    pygame.draw.rect(target, theme.colours().accent, bar, border_radius=1)


def _draw_buttons(target: pygame.Surface, area: pygame.Rect, buttons: Sequence[Button]) -> int:
    """Three columns from the bottom up; return where they begin."""
    px, columns = theme.px, 3
    height, gap = px(_BUTTON_HEIGHT), px(_BUTTON_GAP)
    rows = [buttons[i : i + columns] for i in range(0, len(buttons), columns)]
    top = area.y - len(rows) * (height + gap)
    wide = (area.w - (columns - 1) * gap) // columns
    y = top
    for row in rows:
        for k, button in enumerate(row):
            rect = pygame.Rect(area.x + k * (wide + gap), y, wide, height)
            button.draw(target, rect, 13)
        y += height + gap
    return top
