"""The window's loop: events in, the model asked, the picture painted. Nothing here waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pygame

from agents.protocol import Limit
from arena.window import dialogs, files, theme
from arena.window.board import Grid
from arena.window.marks import Overlays, draw_board
from arena.window.model import GameModel, Settings
from arena.window.panel import (
    DOTS_EVERY_MS,
    WIDTH,
    Button,
    Mood,
    Places,
    draw_panel,
    switch_states,
)
from arena.window.review import SWEEP_SIMULATIONS, unjudged
from arena.window.screen import SMALLEST
from arena.window.thinker import Decided, Failed, Loaded, Thinker, Thinking
from arena.window.tree import Node
from engine.errors import MiaiError
from engine.games.spec import GameSpec
from engine.notation import action_to_text

FRAMES_PER_S = 60
_GLANCE = 64
"""Simulations of a search for the policy and the territory."""
_STUDY = 20_000
"""Simulations of the analysis, which goes on while somebody looks ..."""
_STUDY_POINTS = 2_000_000
"""... but fewer on large boards: simulations times points, for the memory."""
_HINT = 200
_GAP = 16
_WHEEL_DOWN = 5


@dataclass
class Frame:
    """Where things are in a window of some size."""

    grid: Grid
    panel: pygame.Rect

    @classmethod
    def of(cls, size: tuple[int, int], spec: GameSpec) -> Frame:
        """Lay out a window."""
        panel_width = min(WIDTH, max(size[0] // 3, 240))
        room = pygame.Rect(0, 0, size[0] - panel_width, size[1]).inflate(-2 * _GAP, -2 * _GAP)
        panel = pygame.Rect(size[0] - panel_width, 0, panel_width, size[1])
        return cls(Grid.of(room, spec), panel)


class App:
    """One window with one game."""

    def __init__(
        self,
        screen: pygame.Surface,
        model: GameModel,
        thinker: Thinker,
        autosave: Path | None = None,
    ) -> None:
        """``autosave`` is where the game is kept after every move; ``None`` keeps it nowhere."""
        self.screen = screen
        self.model = model
        self.thinker = thinker
        self.overlays = Overlays()
        self.dialog: dialogs.Dialog | None = None
        self.running = True
        self._autosave = autosave
        self._kept = -1
        self._loaded: dict[GameSpec, str] = {}
        self._failures: dict[GameSpec | None, str] = {}
        self._asked: tuple[int, int] | None = None
        self._review = False
        self._swept: dict[int, Node] = {}
        self._sweeps = 0
        self._hint = -1
        self._places = Places()
        self.buttons, self.switches = self._make_buttons()
        self._keys = self._make_keys()
        thinker.prepare(model.spec)

    def _make_buttons(self) -> tuple[dict[str, Button], dict[str, Button]]:
        model = self.model
        buttons: dict[str, tuple[Callable[[], object], str]] = {
            "Undo": (model.undo, "U"),
            "Hint": (self._ask_hint, "I"),
            "Pass": (model.pass_turn, "P"),
            "Resign": (self._ask_resign, "R"),
            "New game": (self._ask_new_game, "N"),
            "Swap sides": (model.swap_sides, "W"),
            "Open": (self._ask_file, "F"),
            "Save": (lambda: files.save(model), "S"),
        }
        switches: dict[str, tuple[Callable[[], object], str]] = {
            "Analysis": (lambda: self._toggle("candidates"), "A"),
            "Policy": (lambda: self._toggle("heat_map"), "H"),
            "Territory": (lambda: self._toggle("ownership"), "O"),
            "Review": (self._toggle_review, "M"),
            "Keys": (self._show_keys, "?"),
        }
        return (
            {label: Button(label, action, key) for label, (action, key) in buttons.items()},
            {label: Button(label, action, key) for label, (action, key) in switches.items()},
        )

    def _make_keys(self) -> dict[int, Callable[[], object]]:
        model = self.model
        return {
            pygame.K_p: model.pass_turn,
            pygame.K_u: model.undo,
            pygame.K_y: model.redo,
            pygame.K_LEFT: lambda: model.step(-1),
            pygame.K_RIGHT: lambda: model.step(1),
            pygame.K_HOME: lambda: model.step(-model.node.ply),
            pygame.K_END: lambda: model.step(model.spec.max_plies),
            pygame.K_UP: lambda: model.turn_to_sibling(-1),
            pygame.K_DOWN: lambda: model.turn_to_sibling(1),
            pygame.K_RETURN: model.go_on,
            pygame.K_r: self._ask_resign,
            pygame.K_n: self._ask_new_game,
            pygame.K_b: model.restore,
            pygame.K_s: lambda: files.save(model),
            pygame.K_f: self._ask_file,
            pygame.K_w: model.swap_sides,
            pygame.K_i: self._ask_hint,
            pygame.K_a: lambda: self._toggle("candidates"),
            pygame.K_SPACE: lambda: self._toggle("candidates"),
            pygame.K_h: lambda: self._toggle("heat_map"),
            pygame.K_o: lambda: self._toggle("ownership"),
            pygame.K_m: self._toggle_review,
            pygame.K_c: lambda: self._toggle("coordinates"),
            pygame.K_F1: self._show_keys,
            pygame.K_F11: pygame.display.toggle_fullscreen,
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
            self._keep()
            clock.tick(FRAMES_PER_S)
        self.thinker.close()

    def _phase(self) -> int:
        """Changes when the picture moves by itself."""
        waiting = not self._failure and (not self._ready or self.model.ai_to_move)
        return pygame.time.get_ticks() // DOTS_EVERY_MS if waiting else 0

    def _keep(self) -> None:
        """Keep the game, if it changed, for the next start."""
        if self._autosave is not None and self._kept != self.model.ticket:
            self._kept = self.model.ticket
            files.autosave(self.model, self._autosave)

    # Events.

    def handle(self, event: pygame.event.Event) -> None:
        """Take one event."""
        if event.type == pygame.QUIT:
            self.running = False
        elif event.type == pygame.VIDEORESIZE:
            self._resize(event.size)
        elif event.type == pygame.DROPFILE:
            self.dialog = None
            self._open(Path(event.file))
        elif self.dialog is not None:
            dialog = self.dialog
            if not dialog.handle(event) and self.dialog is dialog:
                self.dialog = None
        elif event.type == pygame.KEYDOWN:
            self._key(event)
        elif event.type == pygame.MOUSEBUTTONDOWN:
            self._mouse(event)

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
        elif event.key == pygame.K_v and event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META):
            self._paste()
        elif event.key in self._keys:
            self._keys[event.key]()

    def _mouse(self, event: pygame.event.Event) -> None:
        if event.button == 1:
            self._click(event.pos)
        elif event.button in (_WHEEL_DOWN - 1, _WHEEL_DOWN):
            self.model.step(1 if event.button == _WHEEL_DOWN else -1)

    def _click(self, position: tuple[int, int]) -> None:
        for button in (*self.buttons.values(), *self.switches.values()):
            if button.click(position):
                return
        ply = self._places.ply_at(position)
        move = self._places.move_at(position)
        frame = self._frame()
        if ply is not None:
            line = self.model.node.line()
            self.model.look_at(line[min(ply, len(line) - 1)])
        elif move is not None and move.node.parent is not None:
            self.model.look_at(move.node)
        elif frame.grid.area.collidepoint(position):
            point = frame.grid.point_at(position)
            if point is not None:
                if self.model.ai_turn and self.model.paused:
                    self.model.message = "It is the AI's turn here: Enter lets it move, W swaps"
                else:
                    self.model.play(self.model.target(point))

    def _toggle(self, name: str) -> None:
        self.overlays = replace(self.overlays, **{name: not getattr(self.overlays, name)})

    def _toggle_review(self) -> None:
        self._review = not self._review

    def _show_keys(self) -> None:
        self.dialog = dialogs.KeyList()

    def _ask_resign(self) -> None:
        if self.model.over:
            self.model.resign()
        else:
            self.dialog = dialogs.Question("Resign this game?", "Resign", self.model.resign)

    def _ask_new_game(self) -> None:
        self.dialog = dialogs.NewGame(self.model.settings, self._new_game)

    def _ask_file(self) -> None:
        self.dialog = dialogs.OpenFile(Path.cwd(), self._open)

    def _ask_hint(self) -> None:
        if self.model.over or self.model.ai_to_move:
            self.model.message = "There is nothing to decide"
        else:
            self._hint = self.model.ticket
            self.model.message = "Thinking of a hint ..."

    def _new_game(self, settings: Settings) -> None:
        self.model.new_game(settings)
        if self.model.previous is not None:
            self.model.message = "B brings the earlier game back"

    def _open(self, path: Path) -> None:
        files.open_file(self.model, path)

    def _paste(self) -> None:
        try:
            text = pygame.scrap.get_text()
        except pygame.error:
            text = ""
        try:
            files.open_text(self.model, text.encode(), "pasted game")
        except MiaiError as error:
            self.model.message = f"The clipboard holds no game: {error}"

    # The AI.

    @property
    def _ready(self) -> bool:
        return self.model.spec in self._loaded

    @property
    def _failure(self) -> str:
        return self._failures.get(None) or self._failures.get(self.model.spec, "")

    def update(self) -> bool:
        """Take what the AI has to say and ask it what to think about; return if it said a thing."""
        events = self.thinker.events()
        for event in events:
            if isinstance(event, Loaded):
                self._loaded[event.spec] = event.note
                self.model.ai_name = event.name
            elif isinstance(event, Failed):
                self._failures[event.spec] = event.reason
            elif isinstance(event, Thinking):
                self._take_thought(event)
            elif isinstance(event, Decided):
                self._take_decision(event)
        if not self._failure:
            self._ask()
        return bool(events)

    def _take_thought(self, event: Thinking) -> None:
        node = self._swept.get(event.ticket)
        if node is not None:
            node.thought = event.thought
        else:
            self.model.ai_thinks(event.ticket, event.thought)
        self._give_hint()

    def _take_decision(self, event: Decided) -> None:
        node = self._swept.pop(event.ticket, None)
        if node is not None:
            node.thought = event.decision.thought
            self._asked = None
        else:
            self.model.ai_decides(event.ticket, event.decision)
        self._give_hint()

    def _give_hint(self) -> None:
        thought = self.model.thought
        if self._hint != self.model.ticket or thought is None:
            return
        if thought.simulations >= _HINT or thought.proven:
            move = action_to_text(self.model.spec, thought.action)
            self.model.message = f"{move} looks best ({thought.win_rate:.0%} to win)"
            self._hint = -1

    def _ask(self) -> None:
        simulations = self._wanted_simulations()
        if simulations == 0:
            self._ask_about_the_rest()
            return
        question = (self.model.ticket, simulations)
        if question != self._asked:
            self._asked = question
            limit = Limit(simulations=simulations)
            self.thinker.ask(self.model.ticket, self.model.turn(), limit)

    def _wanted_simulations(self) -> int:
        """How deep the AI should look at the present position; 0 is not at all."""
        if self.model.over:
            return 0
        if self.model.ai_to_move:
            return self.model.settings.simulations
        if self.overlays.candidates:
            return min(_STUDY, _STUDY_POINTS // self.model.spec.points)
        if self._hint == self.model.ticket:
            return _HINT
        return _GLANCE if self.overlays.looking else 0

    def _ask_about_the_rest(self) -> None:
        """Go through the game's other positions, if a review is wanted; else think of nothing."""
        node = unjudged(self.model) if self._review else None
        if node is None:
            if self._asked is not None and self._asked[0] not in (-1, self.model.ticket):
                self.thinker.stop()
                self._asked = (-1, 0)
        elif node not in self._swept.values():
            self._sweeps -= 1
            ticket = self._sweeps - 1  # below -1, which stands for nothing
            self._swept = {ticket: node}
            self._asked = (ticket, SWEEP_SIMULATIONS)
            limit = Limit(simulations=SWEEP_SIMULATIONS)
            self.thinker.ask(ticket, self.model.turn_at(node), limit)

    # The picture.

    def _frame(self) -> Frame:
        return Frame.of(self.screen.get_size(), self.model.spec)

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
        self._places = draw_panel(
            self.screen,
            frame.panel,
            self.model,
            self._mood(),
            list(self.buttons.values()),
            list(self.switches.values()),
        )
        if self.dialog is not None:
            self.dialog.draw(self.screen)

    def _mood(self) -> Mood:
        failure = self._failure
        note = failure or self._loaded.get(self.model.spec, "Loading the network ...")
        return Mood(self._ready and not failure, bool(failure), note, self._review)

    def _update_buttons(self) -> None:
        model = self.model
        may_pass = not model.over and bool(model.legal[model.spec.pass_action])
        label = model.spec.pass_name.capitalize()
        self.buttons["Pass"].label = label
        self.buttons["Pass"].enabled = may_pass and not model.ai_to_move
        self.buttons["Hint"].enabled = not model.over and not model.ai_to_move
        self.buttons["Resign"].enabled = not model.over
        self.buttons["Undo"].enabled = model.can_undo
        self.buttons["Swap sides"].enabled = len(model.settings.people) == 1
        self.switches["Territory"].enabled = model.spec.has_points
        for name, on in switch_states(self.overlays).items():
            self.switches[name].on = on
        self.switches["Review"].on = self._review
