"""The buttons of the panel: which there are, what they say, when they can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from arena.session.commands import key_words, keys_of
from arena.session.control import Control
from arena.session.texts import mark, say
from arena.session.view import PANES
from arena.window.button import Button

_BUTTONS = (
    ("undo", mark("Undo")),
    ("hint", mark("Hint")),
    ("pass", mark("Pass")),
    ("new", mark("New")),
    ("open", mark("Open")),
    ("save", mark("Save")),
    ("resign", mark("Resign")),
    ("swap", mark("Sides")),
    ("options", mark("Options")),
)
_SWITCHES = (
    ("candidates", mark("Analysis")),
    ("heat_map", mark("Policy")),
    ("ownership", mark("Territory")),
    *((name, pane.title) for name, pane in PANES.items()),
    ("set_up", mark("Set up")),
    ("keys", mark("Keys")),
)


class Buttons:
    """One for each command that has one, by its name."""

    def __init__(
        self, actions: Mapping[str, Callable[[], object]], command_of: Mapping[str, str]
    ) -> None:
        """``actions`` are those of the commands, ``command_of`` the keymap."""
        self._actions, self._command_of = actions, command_of
        self.by_name = {name: self._button(name, words) for name, words in (*_BUTTONS, *_SWITCHES)}

    @property
    def all(self) -> list[Button]:
        """In the order in which they are painted."""
        return list(self.by_name.values())

    def click(self, position: tuple[int, int]) -> bool:
        """Act if the click is on one of them; return whether it was."""
        return any(button.click(position) for button in self.all)

    def update(self, control: Control) -> None:
        """Follow the game and the view."""
        game, buttons, view = control.game, self.by_name, control.view
        may_pass = not game.over and bool(game.legal[game.spec.pass_action])
        buttons["pass"].label = say(game.spec.pass_name).capitalize()
        buttons["pass"].enabled = may_pass and not game.ai_to_move
        buttons["hint"].label = say("Hint")
        if control.broken:
            buttons["hint"].label = say("Restart")
        elif game.to_agree:
            buttons["hint"].label = say("Agree")
        asks = not (game.over or game.ai_to_move)
        buttons["hint"].enabled = control.broken or game.to_agree or asks
        buttons["resign"].enabled = not game.over
        buttons["undo"].enabled = game.can_undo
        buttons["swap"].enabled = len(game.settings.people) == 1
        buttons["ownership"].enabled = game.spec.has_points
        for name in ("candidates", "heat_map", "ownership"):
            buttons[name].on = getattr(view.overlays, name)
        buttons["set_up"].on = view.set_up is not None
        for name in PANES:
            buttons[name].on = view.pane == name

    def _button(self, name: str, words: str) -> Button:
        keys = keys_of(self._command_of, name)
        return Button(say(words), self._actions[name], key_words(keys[0]) if keys else "")
