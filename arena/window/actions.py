"""What the commands of :mod:`arena.session.commands` do to a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pygame

from arena.session import choices, games
from arena.session.acquaintance import unknown_board
from arena.session.game import Settings
from arena.session.markup import comment_of, name_of, write_comment
from arena.session.opponents import Opponent, allow_program, level_number
from arena.session.preferences import Preferences
from arena.session.remarks import write_remarks
from arena.session.review import next_mistake
from arena.session.texts import say
from arena.session.view import PANES
from arena.session.wording import goal_words
from arena.window import dialogs, text_dialogs
from arena.window.candidates_pane import order_words
from arena.window.file_actions import FileActions
from arena.window.rules_card import RulesCard
from engine.errors import NotationError
from engine.games.spec import BLACK, WHITE
from engine.notation import move_name, text_to_action

if TYPE_CHECKING:
    from arena.window.app import App


class Actions:
    """One method for each command, by its name."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.files = FileActions(app)
        session, control, view = app.control.session, app.control, app.control.view
        self.by_name: dict[str, Callable[[], object]] = {
            "pass": session.pass_turn,
            "resign": self._resign,
            "undo": session.undo,
            "redo": session.redo,
            "hint": self._hint,
            "go_on": self._go_on,
            "stop": self._stop,
            "swap": session.swap_sides,
            "type": self._type,
            "cursor": self._cursor,
            "back": lambda: session.step(-1),
            "forth": lambda: session.step(1),
            "back_ten": lambda: session.step(-10),
            "forth_ten": lambda: session.step(10),
            "start": lambda: session.step(-session.game.node.ply),
            "end": lambda: session.step(session.game.spec.max_plies),
            "variation_up": lambda: session.turn_to_sibling(-1),
            "variation_down": lambda: session.turn_to_sibling(1),
            "fork": session.go_to_fork,
            "main_line": session.go_to_main_line,
            "promote": lambda: games.promote_variation(session),
            "comment": self._comment,
            "remarks": self._remarks,
            "delete": lambda: games.delete_variation(session),
            "next_mistake": lambda: self._mistake(1),
            "last_mistake": lambda: self._mistake(-1),
            "candidates": partial(view.toggle, "candidates"),
            "heat_map": partial(view.toggle, "heat_map"),
            "ownership": partial(view.toggle, "ownership"),
            **{name: partial(view.turn_pane, name) for name in PANES},
            "order": self._order,
            "equally": self._equally,
            "shortlist": self._shortlist,
            "sweep": control.sweep_deeper,
            "teach": self._teach,
            "deeper": lambda: control.look_deeper(2.0),
            "faster": lambda: control.look_deeper(0.5),
            "numbers": partial(view.toggle, "numbers"),
            "threats": partial(view.toggle, "threats"),
            "branches": partial(view.toggle, "branches"),
            "coordinates": partial(view.toggle, "coordinates"),
            "new": self._new,
            "restore": self._restore,
            **self.files.by_name,
            "set_up": self._set_up,
            "count": self._count,
            "options": self._options,
            "full_screen": self._full_screen,
            "rules": self._rules,
            "keys": self._keys,
            "quit": self._quit,
        }

    def _mistake(self, step: int) -> None:
        session = self._app.control.session
        node = next_mistake(session.game, step)
        if node is None:
            session.message = say("No costly move that way; M goes through the game")
        else:
            session.look_at(node)

    def _resign(self) -> None:
        session = self._app.control.session
        if session.game.over:
            session.resign()
        else:
            words = say("Resign this game?")
            self._app.show(dialogs.Question(words, say("Resign"), session.resign))

    def _hint(self) -> None:
        """The button says Restart where something has broken down, and Agree while counting."""
        control = self._app.control
        if control.broken:
            control.restart()
        elif control.game.to_agree:
            control.session.agree()
        else:
            control.hint()

    def _go_on(self) -> None:
        control = self._app.control
        if control.broken:
            control.restart()
        elif not control.session.agree():
            control.session.go_on()

    def _stop(self) -> None:
        app = self._app
        if app.view.set_up is not None:
            app.view.set_up = None
            app.control.session.message = say("The board is as it was")
        elif app.cursor is not None:
            app.cursor = None
        elif app.view.drawing:
            self._shortlist()
        elif not app.actions.files.stop():
            app.control.hurry()

    def _cursor(self) -> None:
        app, session = self._app, self._app.control.session
        game = session.game
        centre = game.spec.points // 2 if game.last_point is None else game.last_point
        app.cursor = None if app.cursor is not None else centre
        if app.cursor is not None:
            session.message = say("Arrows move the cursor, Enter plays there, Tab puts it away")

    def _type(self) -> None:
        note = say("such as D4, or pass; Enter plays it")
        self._app.show(dialogs.Entry(say("Type a move"), "", self._play_typed, note))

    def _play_typed(self, text: str) -> None:
        session = self._app.control.session
        try:
            session.play(text_to_action(session.game.spec, text.strip(), session.game.position))
        except NotationError as error:
            session.message = str(error)

    def _new(self) -> None:
        app = self._app
        app.show(
            dialogs.Rows(
                say("New game"),
                choices.NEW_GAME,
                app.control.game.settings,
                self._begin,
                say("Start"),
                ask=self._ask_source,
                note=_remark,
            )
        )

    def _begin(self, settings: Settings) -> None:
        self._app.control.new_game(settings)

    def _ask_source(self, settings: Settings, done: Callable[[Settings], object]) -> None:
        """Let a person type a program's command line, a network's file, or a number."""
        opponent = settings.opponent

        def take(text: str) -> None:
            done(replace(settings, opponent=_typed(opponent, text)))

        title = say("Program and its arguments, such as: gnugo --mode gtp")
        text = opponent.source
        if opponent.kind in ("simulations", "seconds"):
            title, text = say("Simulations or seconds a move, or a network's file"), ""
        elif opponent.kind != "program":
            title, text = say("Level, from 1 to 10"), f"{opponent.level}"
        self._app.show(dialogs.Entry(title, text, take))

    def _restore(self) -> None:
        keeper, control = self._app.keeper, self._app.control
        if games.restore(control.session) if keeper is None else keeper.restore():
            control.prepare()

    def _order(self) -> None:
        app = self._app
        app.view.turn_order(app.game.spec.has_points)
        app.session.message = say("Candidates: {order}", order=order_words(app.view.order))

    def _analyse(self) -> None:
        """Show candidates, which lists of moves to look at are about."""
        if not self._app.view.overlays.candidates:
            self._app.view.toggle("candidates")

    def _equally(self) -> None:
        view, session = self._app.view, self._app.session
        view.equally = not view.equally
        session.message = say("The search chooses where to look again")
        if view.equally:
            view.shortlist = frozenset()
            self._analyse()
            session.message = say("Every move gets the same visits, more and more")

    def _shortlist(self) -> None:
        """Begin to draw a shortlist, be done with drawing it, or forget it."""
        view, session = self._app.view, self._app.session
        if view.drawing:
            view.drawing = False
            session.message = say("Only these moves; {key} forgets them", key="Shift+R")
            if not view.shortlist:
                session.message = say("All moves are candidates")
        elif view.shortlist:
            view.shortlist = frozenset()
            session.message = say("All moves are candidates")
        else:
            view.drawing, view.equally = True, False
            self._analyse()
            session.message = say("Click or draw over points; {key}: done", key="Shift+R")

    def _remarks(self) -> None:
        session = self._app.session
        count = write_remarks(session.game)
        session.message = say("Wrote what {count} moves cost into their comments", count=count)
        if not count:
            session.message = say("No costly move without a remark; M goes through the game")

    def _comment(self) -> None:
        """Let a person write about the position on the board."""
        app = self._app
        game = app.game
        node = game.node
        title = say("Comment on the start")
        if node.parent is not None and node.action is not None:
            move = move_name(game.spec, node.action)
            title = say("Comment on move {ply}, {move}", ply=node.ply, move=move)

        def done(name: str, comment: str) -> None:
            write_comment(node, name, comment)
            if app.view.pane != "tree":
                app.view.turn_pane("tree")  # where it is shown

        app.show(text_dialogs.Comment(title, name_of(node), comment_of(node), done))

    def _set_up(self) -> None:
        app, session = self._app, self._app.control.session
        if app.view.set_up is None:
            app.view.set_up = games.SetUp.of(session)
            session.message = ""
        else:
            changed, app.view.set_up = app.view.set_up, None
            if not games.apply_set_up(session, changed):
                app.view.set_up = changed

    def _count(self) -> None:
        session = self._app.control.session
        game = session.game
        if game.count is None:
            session.message = say("There is nothing to count in this game")
            return
        if game.to_agree:
            session.agree()
            return
        if game.node.agreed:
            game.node.agreed = False
            session.message = ""
            return
        game.counting = not game.counting
        session.renew()
        session.message = ""
        if not game.counting:
            if not game.over:
                game.node.dead = frozenset()
        elif not game.node.dead and not self._app.control.broken:
            session.message = say("Looking which stones are dead ...")
            self._app.control.mark_dead()

    def _teach(self) -> None:
        app = self._app
        app.set_preferences(replace(app.preferences, teaching=not app.preferences.teaching))
        on = app.preferences.teaching
        words = say("Teaching is on: it stops at costly moves") if on else say("Teaching is off")
        app.control.session.message = words

    def _options(self) -> None:
        app, before = self._app, self._app.preferences
        if app.sounds.missing:
            app.control.session.message = say("No sound: {reason}", reason=app.sounds.missing)

        def done(preferences: Preferences) -> None:
            app.set_preferences(preferences, keep=True)

        app.show(
            dialogs.Rows(
                say("How the window looks and sounds"),
                choices.OPTIONS,
                before,
                done,
                say("Keep"),
                on_change=app.set_preferences,
                on_cancel=lambda: app.set_preferences(before),
            )
        )

    def _keys(self) -> None:
        self._app.show(dialogs.KeyList(self._app.command_of))

    def _rules(self) -> None:
        self._app.show(RulesCard(self._app.control.game))

    def _full_screen(self) -> None:
        try:
            pygame.display.toggle_fullscreen()
        except pygame.error as error:
            self._app.control.session.message = say("No full screen here: {reason}", reason=error)

    def _quit(self) -> None:
        self._app.running = False


def _remark(settings: Settings) -> tuple[str, bool]:
    """What is said below the choices of a new game, and whether it is a warning."""
    sides = [colour for colour in (BLACK, WHITE) if colour not in settings.people]
    for colour in sides:
        words = unknown_board(settings.opponent_of(colour), settings.spec)
        if words:
            return words, True
    return goal_words(settings.spec), False


def _typed(opponent: Opponent, text: str) -> Opponent:
    """What a person typed for an opponent; what makes no sense changes nothing."""
    text = text.strip()
    if opponent.kind == "program":
        allow_program(text)
        return replace(opponent, source=text)
    try:
        amount = float(text)
    except ValueError:
        is_path = opponent.kind in ("simulations", "seconds") and text
        return replace(opponent, source=text) if is_path else opponent
    if opponent.kind == "level":
        return replace(opponent, level=level_number(amount))
    if opponent.kind == "adaptive":
        return opponent  # the results against it set its level
    if opponent.kind == "simulations":
        return replace(opponent, simulations=int(min(max(amount, 1), 200_000)))
    return replace(opponent, seconds=min(max(amount, 0.05), 3600.0))
