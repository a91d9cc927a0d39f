"""The game of the window in a terminal: where there is no display, or by choice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from agents.protocol import Limit
from agents.search_agent import SearchAgent
from arena.window.files import save
from arena.window.model import GameModel
from engine.diagram import diagram
from engine.errors import NotationError
from engine.games.spec import BLACK
from engine.notation import action_to_text, text_to_action

HELP = """\
D4          play there; in Connect Four a column's number will do
pass        pass, where the game has passes; in Hex: swap
undo, redo  take back your move and the answer, play it again
hint        what the AI would play in your place
resign      give up
save FILE   write the game as SGF
new         start over
back, forth look at earlier and later positions; 'go' lets the AI move there
quit        leave"""


class Terminal:
    """Reads commands, prints boards. Ends with ``quit`` or the end of the input."""

    def __init__(self, model: GameModel, agent: SearchAgent, input_: TextIO, out: TextIO) -> None:
        self._model = model
        self._agent = agent
        self._in = input_
        self._out = out
        self._commands: dict[str, Callable[[str], object]] = {
            "pass": lambda _: model.pass_turn(),
            "swap": lambda _: model.pass_turn(),
            "back": lambda _: model.step(-1),
            "forth": lambda _: model.step(1),
            "go": lambda _: model.go_on(),
            "undo": lambda _: model.undo(),
            "redo": lambda _: model.redo(),
            "hint": self._hint,
            "resign": lambda _: model.resign(),
            "save": self._save,
            "new": lambda _: model.new_game(model.settings),
            "help": lambda _: self._print(HELP),
        }

    def run(self) -> None:
        """Play until the person leaves."""
        people = self._model.settings.people
        who = " and ".join(self._model.look.player(colour) for colour in people) or "watching"
        self._print(f"You are {who}; 'help' lists the commands.")
        self._show()
        while True:
            self._let_ai_move()
            if self._model.over:
                self._print(f"{self._model.status}.  (new, undo, save FILE or quit)")
            self._out.write("> ")
            self._out.flush()
            line = self._in.readline()
            if not line:
                self._print("")
                return
            word, _, rest = line.strip().partition(" ")
            if word.lower() in ("quit", "exit", "q"):
                return
            if word:
                self._obey(word, rest.strip())

    def _obey(self, word: str, rest: str) -> None:
        model = self._model
        before = model.ticket
        model.message = ""
        command = self._commands.get(word.lower())
        if command is not None:
            command(rest)
        else:
            try:
                model.play(text_to_action(model.spec, word, model.position))
            except NotationError as error:
                model.message = f"{error}; 'help' lists the commands"
        if model.message:
            self._print(model.message)
        if model.ticket != before and not model.ai_to_move:
            self._show()

    def _let_ai_move(self) -> None:
        model = self._model
        while model.ai_to_move:
            ticket = model.ticket
            limit = Limit(simulations=model.settings.simulations)
            model.ai_decides(ticket, self._agent.think(model.turn(), limit, lambda _: True))
            if model.actions and model.resigned is None:
                played = action_to_text(model.spec, model.actions[-1])
                self._print(f"{model.ai_name} plays {played}{self._judgement()}")
            self._show()
            if model.message:
                self._print(model.message)

    def _judgement(self) -> str:
        rate = self._model.win_rate
        if rate is None:
            return ""
        mine = rate if self._model.to_move != BLACK else 1.0 - rate
        return f" and gives itself {mine:.0%} to win"

    def _hint(self, _: str) -> None:
        model = self._model
        if model.over or model.ai_to_move:
            model.message = "There is nothing to decide"
            return
        limit = Limit(simulations=model.settings.simulations)
        decision = self._agent.think(model.turn(), limit, lambda _: True)
        chance = "" if decision.thought is None else f" ({decision.thought.win_rate:.0%} to win)"
        self._print(
            f"{model.ai_name} would play {action_to_text(model.spec, decision.action)}{chance}"
        )

    def _save(self, name: str) -> None:
        save(self._model, Path(name) if name else None)

    def _show(self) -> None:
        model = self._model
        board = diagram(model.spec, model.position)
        tally = ""
        if model.spec.name == "go":
            black, white = (int(count) for count in model.position["prisoners"][0])
            tally = f"captured by Black {black}, by White {white}. "
        self._print(f"\n{board}\n{tally}{model.status}.")

    def _print(self, text: str) -> None:
        self._out.write(text + "\n")
