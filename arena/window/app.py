"""The window's loop: events in, the session asked, the picture painted. Nothing here waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pygame

from arena.session import preferences, texts
from arena.session.commands import BY_NAME, keymap
from arena.session.control import Control
from arena.session.files import Keeper
from arena.session.game import Game
from arena.session.insight import line_from
from arena.session.preferences import Preferences
from arena.session.texts import say
from arena.window import theme
from arena.window.actions import Actions
from arena.window.banner import Banner
from arena.window.buttons import Buttons
from arena.window.candidate_marks import USUAL_DOTS
from arena.window.dialogs import Dialog
from arena.window.frame import Frame
from arena.window.marks import LONGEST_LINE, Scene, draw_board
from arena.window.motion import Motions
from arena.window.panel import PanelView, draw_panel
from arena.window.panes import Places
from arena.window.screen import SMALLEST
from arena.window.sounds import Sounds
from arena.window.tree_pane import still_laid_out
from engine.games.spec import EMPTY

FRAMES_PER_S = 60
_WHEEL_UP, _WHEEL_DOWN = 4, 5
_REST_S = 0.25
"""How long the mouse rests on a point before its move is looked at."""
_ONCE = (pygame.K_RETURN, pygame.K_KP_ENTER, pygame.K_ESCAPE)
"""Keys that a dialog takes once, however long they are held."""
_ARROWS = {
    pygame.K_LEFT: (0, -1),
    pygame.K_RIGHT: (0, 1),
    pygame.K_UP: (-1, 0),
    pygame.K_DOWN: (1, 0),
}


class App:
    """The window of one game, with its event loop."""

    def __init__(
        self,
        screen: pygame.Surface,
        control: Control,
        liked: Preferences | None = None,
        keeper: Keeper | None = None,
        *,
        kept: Path | None = None,
        notice: str = "",
        tick: Callable[[], bool] = lambda: False,
    ) -> None:
        """Nothing is painted yet.

        Args:
            screen: the open window.
            control: the game and its AIs.
            liked: how it looks and sounds.
            keeper: keeps the game after every move; ``None`` keeps it nowhere.
            kept: where changed preferences are kept; ``None`` keeps them nowhere.
            notice: a remark to show until something more important comes.
            tick: called with every frame; returns whether anything has changed.
        """
        self.screen = screen
        self.control = control
        self.session = control.session
        self.preferences = liked or Preferences(language="en")
        self.view = control.view
        self.cursor: int | None = None
        self.dialogs: list[Dialog] = []
        """Those that are open; the last one is shown and takes the events."""
        self.running = True
        self.notice = notice
        self.command_of = keymap(self.preferences.keys)
        self.sounds = Sounds()
        self.keeper = keeper
        self._kept_preferences = kept
        self._tick = tick
        self._start = self.game.start
        self._steps = LONGEST_LINE
        self._places = Places()
        self._held: dict[int, Dialog | None] = {}
        """Keys that are down, with the dialog that was open when they were pressed."""
        self._mouse: tuple[int, int] = (-1, -1)
        self._rested: tuple[int | None, float] = (None, 0.0)
        """The point under the mouse, and since when in seconds."""
        self._heard: tuple[int, int, bool] = (0, 0, False)
        self.motions = Motions()
        self._banner = Banner()
        self.actions = Actions(self)
        self.set_preferences(self.preferences)

    @property
    def game(self) -> Game:
        """The game on the board."""
        return self.session.game

    @property
    def dialog(self) -> Dialog | None:
        """The dialog that is shown."""
        return self.dialogs[-1] if self.dialogs else None

    def show(self, dialog: Dialog) -> None:
        """Open a dialog over what is there."""
        self.dialogs.append(dialog)

    def set_preferences(self, liked: Preferences, keep: bool = False) -> None:
        """Look and sound as a person likes it."""
        self.preferences = liked
        texts.use(liked.language)
        theme.use(board=liked.board, light=liked.light, colour_blind=liked.colour_blind)
        self.view.overlays = replace(
            self.view.overlays,
            coordinates=liked.coordinates,
            legal=liked.legal,
            threats=liked.threats,
        )
        self.sounds.on = liked.sounds
        loss = liked.teaching_loss if liked.teaching else None
        self.control.teach(loss, liked.teaching_undo)
        self.buttons = Buttons(self.actions.by_name, self.command_of)
        if keep and self._kept_preferences is not None:
            # The keys in use may be those of --keys, which are meant for one start only.
            own = preferences.load(self._kept_preferences)[0].keys
            preferences.save(replace(liked, keys=own), self._kept_preferences)

    def run(self) -> None:
        """Handle events and paint until the window is closed."""
        clock = pygame.time.Clock()
        shown = -1
        while self.running:
            events = pygame.event.get()
            for event in events:
                self.handle(event)
            news = self.update()
            phase = self._phase()
            if events or news or phase != shown:
                # Painting the same picture again would take time from the AI.
                self.draw()
                pygame.display.flip()
                shown = phase
            if self.keeper is not None:
                self.keeper.keep()
            clock.tick(FRAMES_PER_S)
        if self.keeper is not None:
            self.keeper.finish()
        self.actions.files.finish()
        self.control.close()

    def update(self) -> bool:
        """Take what the AIs have to say; return whether the picture changes."""
        changed = self.control.update() | self._tick() | self.actions.files.update()
        self._listen()
        now = pygame.time.get_ticks()
        self.motions.follow(self.game, now, self.preferences.animations)
        self._banner.follow(self.game, now)
        self._point_out()
        return changed

    def _point_out(self) -> None:
        """Say which move the mouse has rested on for a while, so that it is looked at."""
        hover, now = self._hovered() if self.view.explains else None, time.monotonic()
        if hover != self._rested[0]:
            self._rested = (hover, now)
        rests = hover is not None and now - self._rested[1] >= _REST_S
        self.view.pointed = self.game.target(hover) if rests and hover is not None else None

    def _phase(self) -> int:
        """Changes when the picture moves by itself."""
        game, now = self.game, pygame.time.get_ticks()
        if self.motions.shown(now) is not None:
            return now
        if self._banner.is_shown(now):
            return now // 250
        if game.clock is not None and not game.over:
            return now // 250
        if self.view.pane == "tree" and still_laid_out():
            return now
        counts = (game.to_agree or game.counting) and not self.control.counted
        waiting = not self.control.failure and (not self.control.ready or game.ai_to_move or counts)
        return now // theme.DOTS_EVERY_MS if waiting else 0

    def _listen(self) -> None:
        """Make the sound of what has happened since the last frame."""
        session = self.session
        game = session.game
        stones = int((game.stones != EMPTY).sum())
        now = (session.ticket, stones, game.over)
        before, self._heard = self._heard, now
        if now[0] == before[0] or game.node.ply == 0:
            return
        if now[2] and not before[2]:
            self.sounds.play("end")
        elif game.last_point is not None:
            taken = stones < before[1] and game.spec.takes_prisoners
            self.sounds.play("capture" if taken else "stone")

    def _leave_old_board(self) -> None:
        """A cursor and a board being set up are of no use on the board of another game."""
        if self._start is not self.game.start:
            self._start, self.cursor, self.view.set_up = self.game.start, None, None
            self.view.shortlist, self.view.drawing = frozenset(), False
            self.control.sweep = 0

    # Events.

    def handle(self, event: pygame.event.Event) -> None:
        """Take one event."""
        self._leave_old_board()
        if event.type == pygame.KEYDOWN and self._repeats_in_vain(event):
            return
        if event.type == pygame.QUIT:
            self.running = False
        elif event.type == pygame.KEYUP:
            self._held.pop(event.key, None)
        elif event.type == pygame.VIDEORESIZE:
            self._resize(event.size)
        elif event.type == pygame.DROPFILE:
            self.dialogs.clear()
            self.actions.files.open_path(Path(event.file))
        elif event.type == pygame.MOUSEMOTION:
            self._move_mouse(event)
        elif self.dialog is not None:
            self._hand_to_dialog(event)
        elif event.type == pygame.KEYDOWN:
            self._key(event)
        elif event.type == pygame.MOUSEBUTTONDOWN:
            self._mouse = event.pos
            self._press(event)

    def _repeats_in_vain(self, event: pygame.event.Event) -> bool:
        """Whether a key is only still held, where what it does is done once."""
        if event.key not in self._held:
            self._held[event.key] = self.dialog
            return False
        if self.dialog is not None:
            return self._held[event.key] is not self.dialog or event.key in _ONCE
        if self.cursor is not None and event.key in _ARROWS:
            return False
        command = self._command(event)
        return command is None or not BY_NAME[command].repeats

    def _hand_to_dialog(self, event: pygame.event.Event) -> None:
        dialog = self.dialog
        assert dialog is not None
        if not dialog.handle(event):
            self.dialogs.remove(dialog)

    def _move_mouse(self, event: pygame.event.Event) -> None:
        before, self._mouse = self._mouse, event.pos
        self._steps = LONGEST_LINE
        if self.dialog is not None or not getattr(event, "buttons", (0,))[0]:
            return
        if self._over_tree(before):
            self.view.scroll_tree(self.game.node, -event.rel[0], -event.rel[1])
        elif self.view.drawing:
            point = self._hovered()
            self.view.shortlist |= frozenset() if point is None else {point}

    def _resize(self, size: tuple[int, int]) -> None:
        wanted = (max(size[0], SMALLEST[0]), max(size[1], SMALLEST[1]))
        if wanted != size:
            self.screen = pygame.display.set_mode(wanted, pygame.RESIZABLE)

    def _key(self, event: pygame.event.Event) -> None:
        if self.cursor is not None and event.key in _ARROWS:
            self._move_cursor(*_ARROWS[event.key])
        elif self.cursor is not None and event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
            self._point(self.cursor, other=False)
        elif self.view.set_up is not None and event.key == pygame.K_p:
            self.view.set_up.turn()
        else:
            command = self._command(event)
            if command is not None:
                self.actions.by_name[command]()

    def _command(self, event: pygame.event.Event) -> str | None:
        names = (key_name(event), event.unicode)
        return next((self.command_of[name] for name in names if name in self.command_of), None)

    def _move_cursor(self, down: int, across: int) -> None:
        assert self.cursor is not None
        spec = self.game.spec
        row, column = divmod(self.cursor, spec.width)
        row = min(max(row + down, 0), spec.height - 1)
        column = min(max(column + across, 0), spec.width - 1)
        self.cursor = row * spec.width + column

    def _press(self, event: pygame.event.Event) -> None:
        if event.button in (_WHEEL_UP, _WHEEL_DOWN):
            step = 1 if event.button == _WHEEL_DOWN else -1
            if self._over_tree(event.pos):
                sideways = bool(pygame.key.get_mods() & pygame.KMOD_SHIFT)
                move = step * theme.px(46)
                self.view.scroll_tree(self.game.node, *((move, 0) if sideways else (0, move)))
            elif self._hovered_line():
                self._steps = min(max(self._steps + step, 1), LONGEST_LINE)
            else:
                self.session.step(step)
        elif event.button in (1, 3):
            self._click(event.pos, other=event.button == 3)

    def _over_tree(self, position: tuple[int, int]) -> bool:
        return self._places.tree is not None and self._places.tree.collidepoint(position)

    def _click(self, position: tuple[int, int], other: bool) -> None:
        if self.buttons.click(position):
            return
        ply, node = self._places.ply_at(position), self._places.node_at(position)
        colour = self._places.player_at(position)
        frame = self.layout()
        if colour is not None:
            self.session.toggle_role(colour)
            self.control.prepare()
        elif ply is not None:
            line = self.game.node.line()
            self.session.look_at(line[min(ply, len(line) - 1)])
        elif node is not None:
            self.session.look_at(node)
        elif frame.grid.area.collidepoint(position):
            point = frame.grid.point_at(position)
            if point is not None:
                self._point(point, other)

    def _point(self, point: int, other: bool) -> None:
        """A click on a point of the board, or Enter on the cursor."""
        session = self.session
        game = session.game
        shift = bool(pygame.key.get_mods() & pygame.KMOD_SHIFT)
        if self.view.set_up is not None:
            self.view.set_up.click(point, other)
        elif self.view.explains and (self.view.drawing or shift):
            self.view.change_shortlist(game.target(point))
        elif game.counting or game.to_agree:
            session.toggle_dead(point)
        elif self.control.teacher is not None and self.control.teacher.stops(game):
            session.undo()
            session.play(game.target(point))
        elif game.ai_turn and game.paused:
            session.message = say("It is the AI's turn here: Enter lets it move, W swaps")
        elif not other:
            session.play(game.target(point))

    # The picture.

    def layout(self) -> Frame:
        """Where the board and the panel are now."""
        return Frame.of(self.screen.get_size(), self.game.spec)

    def _hovered(self) -> int | None:
        """The point under the cursor or the mouse, or the candidate hovered in a list."""
        if self.cursor is not None:
            return self.cursor
        if self.dialog is not None:
            return None
        listed = self._places.action_at(self._mouse)
        if listed is not None and listed < self.game.spec.points:
            return listed
        grid = self.layout().grid
        return grid.point_at(self._mouse) if grid.area.collidepoint(self._mouse) else None

    def _hovered_line(self) -> tuple[int, ...]:
        hover, thought = self._hovered(), self.game.thought
        if hover is None or thought is None or not self.view.explains:
            return ()
        return line_from(thought, self.game.target(hover))

    def _scene(self) -> Scene:
        game, teacher = self.game, self.control.teacher
        lesson = teacher is not None and teacher.stops(game)
        line = teacher.refutation(game.node) if teacher is not None and lesson else ()
        return Scene(
            hover=self._hovered(),
            cursor=self.cursor is not None,
            steps=self._steps,
            line=line,
            set_up=self.view.set_up,
            motion=self.motions.shown(pygame.time.get_ticks()),
            why=self.view.pane == "inspect",
            shortlist=self.view.shortlist if self.view.explains else frozenset(),
            drawing=self.view.drawing,
            dots=game.node.ply if self.view.pane == "review" else USUAL_DOTS,
        )

    def draw(self) -> None:
        """Paint the window."""
        self._leave_old_board()
        frame = self.layout()
        self._fill_around(frame)
        scene = self._scene()
        draw_board(self.screen, frame.grid, self.game, self.view.overlays, scene)
        self._banner.draw(self.screen, frame.grid.area, pygame.time.get_ticks())
        self.buttons.update(self.control)
        hover = None if scene.hover is None else self.game.target(scene.hover)
        view = PanelView(
            hover=hover,
            notice=self.notice,
            buttons=self.buttons.all,
        )
        self._places = draw_panel(self.screen, frame.panel, self.control, view)
        if self.dialog is not None:
            self.dialog.draw(self.screen)

    def _fill_around(self, frame: Frame) -> None:
        """The background where neither board nor panel will be: filling 4K whole takes 7 ms."""
        board, right, bottom = frame.grid.area, frame.panel.x, frame.panel.bottom
        for strip in (
            (0, 0, right, board.top),
            (0, board.bottom, right, bottom - board.bottom),
            (0, board.top, board.left, board.h),
            (board.right, board.top, right - board.right, board.h),
        ):
            self.screen.fill(theme.colours().background, strip)

    def board_picture(self) -> pygame.Surface:
        """The board alone, as it is shown."""
        frame = self.layout()
        area = frame.grid.area.inflate(theme.px(16), theme.px(16))
        whole = pygame.Surface(self.screen.get_size())
        whole.fill(theme.colours().background)
        scene = replace(self._scene(), hover=None)
        draw_board(whole, frame.grid, self.game, self.view.overlays, scene)
        return whole.subsurface(area.clip(whole.get_rect())).copy()


def key_name(event: pygame.event.Event) -> str:
    """A key as keymaps write it: with ctrl, alt and shift before it."""
    parts = []
    if event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META):
        parts.append("ctrl")
    if event.mod & pygame.KMOD_ALT:
        parts.append("alt")
    if event.mod & pygame.KMOD_SHIFT:
        parts.append("shift")
    name = {pygame.K_KP_ENTER: "return"}.get(event.key, pygame.key.name(event.key))
    return "+".join([*parts, name])
