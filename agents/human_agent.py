"""A person at the terminal as a player: reads moves line by line, shows the board before each."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Sequence
from typing import TextIO

import numpy as np

from agents.protocol import Decision, Turn
from engine.diagram import diagram
from engine.errors import NotationError
from engine.games.spec import BLACK
from engine.notation import move_name, text_to_action

_TERMINAL = threading.Lock()
"""Two people at one terminal are asked in turns."""


class HumanAgent:
    """Asks a person for every move. Where input ends, the person resigns."""

    def __init__(
        self, name: str = "human", input_: TextIO | None = None, out: TextIO | None = None
    ) -> None:
        self._name = name
        self._in, self._out = input_ or sys.stdin, out or sys.stderr
        self._closed = False
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    @property
    def name(self) -> str:
        return self._name

    def choose(self, turns: Sequence[Turn]) -> list[Decision]:
        with _TERMINAL:
            return [self._ask(turn) for turn in turns]

    def _ask(self, turn: Turn) -> Decision:
        started = time.perf_counter()
        spec = turn.spec
        legal = spec.legal(turn.position)[0]
        colour = "Black" if spec.to_move(turn.position)[0] == BLACK else "White"
        self._say(diagram(spec, turn.position))
        if turn.actions:
            self._say(f"the other side played {move_name(spec, turn.actions[-1])}")
        if int(np.flatnonzero(legal)[0]) == spec.pass_action:
            self._say(f"{self._name} can only {spec.pass_name}")
            return Decision(spec.pass_action, seconds=time.perf_counter() - started)
        while True:
            self._out.write(f"game {turn.game}, {self._name} ({colour}), move or 'resign' > ")
            self._out.flush()
            line = self._read_line()
            word = line.strip()
            if not line or word.lower() == "resign":
                return Decision(-1, resign=True, seconds=time.perf_counter() - started)
            try:
                action = text_to_action(spec, word, turn.position)
            except NotationError as error:
                self._say(str(error))
                continue
            if legal[action]:
                return Decision(action, seconds=time.perf_counter() - started)
            self._say(f"{word} is not allowed here")

    def _read_line(self) -> str:
        """Wait for a line, or for the end of this agent, which is as the end of the input."""
        if self._closed:
            return ""
        # Nothing can stop a thread that reads, and only a daemon does not hold up the end.
        threading.Thread(target=self._read, daemon=True).start()
        return self._lines.get()

    def _read(self) -> None:
        try:
            line = self._in.readline()
        except (OSError, ValueError):  # closed, or no text: no answer can come
            line = ""
        self._lines.put(line)

    def _say(self, text: str) -> None:
        print(text, file=self._out)

    def end_game(self, game: int) -> None:
        """Keeps nothing."""

    def close(self) -> None:
        """End every wait for a line."""
        self._closed = True
        self._lines.put("")
