"""The window's loop: events in, the model asked, the picture painted. Nothing here waits."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import pygame

from agents.parse import network_path
from agents.protocol import Limit
from arena.window import dialogs, theme
from arena.window.board import Grid, Overlays, draw_board
from arena.window.model import GameModel, Settings
from arena.window.panel import DOTS_EVERY_MS, WIDTH, Button, Mood, dots, draw_panel, switch_states
from arena.window.screen import SMALLEST, close_screen
from arena.window.thinker import Decided, Failed, Loaded, Loader, Thinker, Thinking
from engine.games.spec import BLACK, WHITE

FRAMES_PER_S = 60
_LOOK_SIMULATIONS = 64
"""Of a search that only looks, for the overlays while the person thinks."""
_GAP = 16


@dataclass
class Frame:
    """Where things are in a window of some size."""

    grid: Grid
    panel: pygame.Rect

    @classmethod
    def of(cls, size: tuple[int, int], height: int, width: int) -> Frame:
        """Lay out a window."""
        panel_width = min(WIDTH, max(size[0] // 3, 240))
        room = pygame.Rect(0, 0, size[0] - panel_width, size[1]).inflate(-2 * _GAP, -2 * _GAP)
        side = min(room.w, room.h)
        area = pygame.Rect(0, 0, side, side)
        area.center = room.center
        panel = pygame.Rect(size[0] - panel_width, 0, panel_width, size[1])
        return cls(Grid(area, height, width), panel)


class App:
    """One window with one game."""

    def __init__(self, screen: pygame.Surface, model: GameModel, thinker: Thinker) -> None:
        self.screen = screen
        self.model = model
        self.thinker = thinker
        self.overlays = Overlays()
        self.dialog: dialogs.Dialog | None = None
        self.running = True
        self._ready = False
        self._failed = False
        self._asked: tuple[int, int] | None = None
        self._note = "Loading the network ..."
        actions: dict[str, tuple[Callable[[], object], str]] = {
            "Pass": (self.model.pass_turn, "P"),
            "Resign": (self._ask_resign, "R"),
            "Undo": (self.model.undo, "U"),
            "Redo": (self.model.redo, "→"),
            "New game": (self._ask_new_game, "N"),
            "Save": (self.model.save, "S"),
        }
        self.buttons = {
            label: Button(label, action, key) for label, (action, key) in actions.items()
        }
        self.switches = {
            "Policy": Button("Policy", lambda: self._toggle("heat_map"), "H"),
            "Territory": Button("Territory", lambda: self._toggle("ownership"), "O"),
            "Coordinates": Button("Coordinates", lambda: self._toggle("coordinates"), "C"),
            "Keys": Button("Keys", self._show_keys, "?"),
        }
        self._keys: dict[int, Callable[[], object]] = {
            pygame.K_p: self.model.pass_turn,
            pygame.K_u: self.model.undo,
            pygame.K_LEFT: self.model.undo,
            pygame.K_RIGHT: self.model.redo,
            pygame.K_r: self._ask_resign,
            pygame.K_n: self._ask_new_game,
            pygame.K_b: self.model.restore,
            pygame.K_s: self.model.save,
            pygame.K_h: lambda: self._toggle("heat_map"),
            pygame.K_o: lambda: self._toggle("ownership"),
            pygame.K_c: lambda: self._toggle("coordinates"),
            pygame.K_F1: self._show_keys,
        }

    def run(self) -> None:
        """Until the window is closed."""
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
            clock.tick(FRAMES_PER_S)
        self.thinker.close()

    def _phase(self) -> int:
        """Changes when the picture moves by itself."""
        waiting = not self._failed and (not self._ready or self.model.ai_to_move)
        return pygame.time.get_ticks() // DOTS_EVERY_MS if waiting else 0

    # Events.

    def handle(self, event: pygame.event.Event) -> None:
        """Take one event."""
        if event.type == pygame.QUIT:
            self.running = False
        elif event.type == pygame.VIDEORESIZE:
            self._resize(event.size)
        elif self.dialog is not None:
            if not self.dialog.handle(event):
                self.dialog = None
        elif event.type == pygame.KEYDOWN:
            self._key(event)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self._click(event.pos)

    def _resize(self, size: tuple[int, int]) -> None:
        wanted = (max(size[0], SMALLEST[0]), max(size[1], SMALLEST[1]))
        if wanted != size:
            self.screen = pygame.display.set_mode(wanted, pygame.RESIZABLE)

    def _key(self, event: pygame.event.Event) -> None:
        if event.unicode == "?":
            self._show_keys()
        elif event.key == pygame.K_ESCAPE:
            self.model.message = ""
            self.thinker.hurry(self.model.ticket)
        elif event.key in self._keys:
            self._keys[event.key]()

    def _click(self, position: tuple[int, int]) -> None:
        for button in (*self.buttons.values(), *self.switches.values()):
            if button.click(position):
                return
        frame = self._frame()
        if frame.grid.area.collidepoint(position):
            point = frame.grid.point_at(position)
            if point is not None:
                self.model.play(point)

    def _toggle(self, name: str) -> None:
        self.overlays = replace(self.overlays, **{name: not getattr(self.overlays, name)})

    def _show_keys(self) -> None:
        self.dialog = dialogs.KeyList()

    def _ask_resign(self) -> None:
        if self.model.over:
            self.model.resign()
        else:
            self.dialog = dialogs.Question("Resign this game?", "Resign", self.model.resign)

    def _ask_new_game(self) -> None:
        self.dialog = dialogs.NewGame(self.model.settings, self._new_game)

    def _new_game(self, settings: Settings) -> None:
        self.model.new_game(settings)
        if self.model.previous is not None:
            self.model.message = "B brings the earlier game back"

    # The AI.

    def update(self) -> bool:
        """Take what the AI has to say and ask it what to think about; return if it said a thing."""
        events = self.thinker.events()
        for event in events:
            if isinstance(event, Loaded):
                self._ready, self._note = True, event.note
                self.model.ai_name = event.name
            elif isinstance(event, Failed):
                self._ready, self._failed, self._note = False, True, event.reason
            elif isinstance(event, Thinking):
                self.model.ai_thinks(event.ticket, event.thought)
            elif isinstance(event, Decided):
                self.model.ai_decides(event.ticket, event.decision)
        if self._ready:
            self._ask()
        return bool(events)

    def _ask(self) -> None:
        simulations = self._wanted_simulations()
        question = (self.model.ticket, simulations)
        if simulations == 0:
            if self._asked is not None and self._asked[0] != self.model.ticket:
                self.thinker.stop()
        elif question != self._asked:
            self._asked = question
            limit = Limit(simulations=simulations)
            self.thinker.ask(self.model.ticket, self.model.turn(), limit)

    def _wanted_simulations(self) -> int:
        """How deep the AI should look at the present position; 0 is not at all."""
        if self.model.over:
            return 0
        if self.model.ai_to_move:
            return self.model.settings.simulations
        looking = self.overlays.heat_map or self.overlays.ownership
        return _LOOK_SIMULATIONS if looking else 0

    # The picture.

    def _frame(self) -> Frame:
        return Frame.of(self.screen.get_size(), self.model.spec.height, self.model.spec.width)

    def draw(self) -> None:
        """Paint the window."""
        frame = self._frame()
        self.screen.fill(theme.BACKGROUND)
        mouse = pygame.mouse.get_pos()
        hover = None
        if self.dialog is None and frame.grid.area.collidepoint(mouse):
            hover = frame.grid.point_at(mouse)
        draw_board(self.screen, frame.grid, self.model, self.overlays, hover)
        self._update_buttons()
        mood = Mood(self._ready, self._failed, self._note)
        draw_panel(
            self.screen,
            frame.panel,
            self.model,
            mood,
            list(self.buttons.values()),
            list(self.switches.values()),
        )
        if self.dialog is not None:
            self.dialog.draw(self.screen)

    def _update_buttons(self) -> None:
        model = self.model
        self.buttons["Pass"].enabled = not model.over and not model.ai_to_move
        self.buttons["Resign"].enabled = not model.over
        self.buttons["Undo"].enabled = model.can_undo
        self.buttons["Redo"].enabled = model.can_redo
        for label, on in switch_states(self.overlays).items():
            self.switches[label].on = on


def play(screen: pygame.Surface, args: argparse.Namespace, load: Loader) -> int:
    """Show the window until it is closed; the engine loads behind a picture that says so."""
    colour = BLACK if args.colour == "black" else WHITE
    settings = Settings(args.size, args.komi, colour, args.simulations)
    prepared: list[GameModel] = []
    failures: list[BaseException] = []

    def prepare() -> None:
        try:
            network_path(args.network)  # a misspelt one ends the program before there is a board
            prepared.append(_warm_model(settings))
        except BaseException as error:
            failures.append(error)

    # The first picture comes before the thread: it is there sooner, and loads the fonts alone.
    _draw_loading(screen)
    pygame.display.flip()
    thread = threading.Thread(target=prepare, daemon=True)
    thread.start()
    clock = pygame.time.Clock()
    while not prepared:
        if failures:
            close_screen()
            raise failures[0]
        if any(event.type == pygame.QUIT for event in pygame.event.get()):
            return 0
        _draw_loading(screen)
        pygame.display.flip()
        clock.tick(30)
    App(screen, prepared[0], Thinker(load)).run()
    close_screen()
    return 0


def _warm_model(settings: Settings) -> GameModel:
    """A new game whose kernels have all been compiled or loaded."""
    model = GameModel(settings)
    assert model.legal.any()
    assert model.owners.size == model.stones.size
    return model


def _draw_loading(screen: pygame.Surface) -> None:
    screen.fill(theme.BACKGROUND)
    centre = screen.get_rect().center
    theme.text(screen, "Miai", centre, 40, bold=True, anchor="midbottom")
    words = f"loading{dots()}"
    theme.text(screen, words, (centre[0], centre[1] + 18), 16, theme.DIM, anchor="midtop")
    note = "the first start after an update compiles for about a minute"
    theme.text(screen, note, (centre[0], centre[1] + 44), 14, theme.LINE, anchor="midtop")
