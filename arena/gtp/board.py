"""The game that a controller has on the board: what was played, taken back, set up or loaded.

GTP allows more than the rules do. A move out of turn is preceded by a pass of the other side, if
the game has passes. A move after two passes of Go continues as if they had not been played.
Further passes after two change nothing, and a side may resign.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from arena.gtp.server import CommandError
from engine.errors import IllegalActionError
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec, Positions
from engine.notation import action_to_text
from engine.records import GameRecord
from engine.records.replay import reopen
from engine.symmetry import action_permutations


@dataclass(frozen=True)
class Line:
    """A game from its first stone to now."""

    black_setup: tuple[int, ...] = ()
    white_setup: tuple[int, ...] = ()
    first_to_move: int = BLACK
    actions: tuple[int, ...] = ()
    handicap: bool = False
    """Whether the set-up stones are a handicap, for which White may be paid."""
    resigned: int = EMPTY
    """Side that resigned after the last action, ``BLACK`` or ``WHITE``, else ``EMPTY``."""

    @property
    def to_move(self) -> int:
        """Whose turn it is."""
        other = BLACK + WHITE - self.first_to_move
        return self.first_to_move if len(self.actions) % 2 == 0 else other


class Board:
    """One game and the rules it is played by."""

    def __init__(self, spec: GameSpec) -> None:
        self.spec = spec
        self._latest: tuple[GameSpec, Line, Positions] = (spec, Line(), spec.allocate(1))
        self.game = 0
        """Number of the game, for agents: another one for each that was begun."""
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.game += 1
        self._rules_text = ""
        self.line = Line()
        self._earlier: list[Line] = []
        self.position = self.replay(self.line)

    def resize(self, spec: GameSpec) -> None:
        """Begin anew by other rules or on another board."""
        self.spec = spec
        self.clear()

    def change_rules(self, spec: GameSpec) -> None:
        """Go on with the game by other rules; the board has the same size.

        Raises:
            IllegalActionError: if the game so far could not have been played by them.
        """
        before, self.spec = self.spec, spec
        try:
            self.position = self.replay(self.line)
        except IllegalActionError:
            self.spec = before
            raise

    def play(self, colour: int, action: int) -> None:
        """Play for a side, whose turn it need not be.

        Raises:
            CommandError: if the rules refuse it; nothing has changed then.
        """
        line = self.with_turn(colour)
        if action == self.spec.pass_action and self._ended_by_passes:
            line = replace(self.line, resigned=EMPTY)
        else:
            line = replace(line, actions=(*line.actions, action))
        try:
            position = self.replay(line)
        except IllegalActionError:
            raise CommandError("illegal move") from None
        self._earlier.append(self.line)
        self.line, self.position = line, position

    def resign(self, colour: int) -> None:
        """Let a side give up; the next move, if any, goes on as if it had not."""
        self._earlier.append(self.line)
        self.line = replace(self.line, resigned=colour)

    def undo(self) -> None:
        """Take the last move back.

        Raises:
            CommandError: if there is none.
        """
        if not self._earlier:
            raise CommandError("cannot undo")
        self.line = self._earlier.pop()
        self.position = self.replay(self.line)

    def start_from(self, line: Line) -> None:
        """Put a game on the board; of its moves the last can be taken back, one by one.

        Raises:
            CommandError: if it cannot be played.
        """
        try:
            position = self.replay(line)
        except IllegalActionError as error:
            raise CommandError(self._why_no_start(line) or str(error)) from None
        self.game += 1
        self.line, self.position = line, position
        self._earlier = [
            replace(line, actions=line.actions[:ply]) for ply in range(len(line.actions))
        ]

    def load(self, spec: GameSpec, line: Line, rules_text: str = "") -> None:
        """Put a game of a file on the board, with its rules, which it may name in its own words.

        Raises:
            CommandError: if it cannot be played; nothing has changed then.
        """
        before, self.spec = self.spec, spec
        try:
            self.start_from(line)
        except CommandError:
            self.spec = before
            raise
        self._rules_text = rules_text

    def _why_no_start(self, line: Line) -> str:
        """Say what is wrong with set-up stones, with points as players write them."""
        spec, taken = self.spec, set[int]()
        for point in (*line.black_setup, *line.white_setup):
            if point in taken:
                return f"expected different points, got {action_to_text(spec, point)} twice"
            taken.add(point)
        stones = spec.board(line.black_setup, line.white_setup)
        refused = int(spec.try_set_up(spec.allocate(1), stones, line.first_to_move, False)[0])
        return f"expected a position of {spec}, got {spec.refusals[refused - 1]}" if refused else ""

    def with_turn(self, colour: int) -> Line:
        """Return the line with ``colour`` to move; see the module's docstring.

        Raises:
            CommandError: if it is the other side's turn in a game where that cannot pass.
        """
        line, spec = self.open_line(), self.spec
        if line.to_move == colour:
            return line
        if spec.may_pass:
            if line.actions[-1:] == (spec.pass_action,):
                return replace(line, actions=line.actions[:-1])
            return replace(line, actions=(*line.actions, spec.pass_action))
        legal = np.flatnonzero(spec.legal(self.position)[0])
        if legal.tolist() == [spec.pass_action]:
            return replace(line, actions=(*line.actions, spec.pass_action))
        name = "Black" if line.to_move == BLACK else "White"
        raise CommandError(f"expected a move of {name}, whose turn it is")

    def open_line(self) -> Line:
        """Return the line without what ended it: two passes in a game of Go, a resignation."""
        line = self.line if self.line.resigned == EMPTY else replace(self.line, resigned=EMPTY)
        while self._ends_with_passes(line):
            line = replace(line, actions=line.actions[:-2])
        return line

    @property
    def _ended_by_passes(self) -> bool:
        return self._ends_with_passes(self.line)

    def _ends_with_passes(self, line: Line) -> bool:
        two = (self.spec.pass_action, self.spec.pass_action)
        return self.spec.may_pass and line.actions[-2:] == two

    def replay(self, line: Line) -> Positions:
        """Return the position after a line; raises IllegalActionError if it is not one.

        A line that goes on from the latest one is not played from its beginning.
        """
        spec, known, position = self._latest
        count = len(known.actions)
        if spec is not self.spec or known != replace(line, actions=line.actions[:count]):
            count, position = 0, self._start(line)
        position = position.copy()
        for action in line.actions[count:]:
            reopen(self.spec, position)
            self.spec.play(position, np.array([action]))
        self._latest = (self.spec, line, position)
        return position

    def _start(self, line: Line) -> Positions:
        """Return the position that a line begins with."""
        position = self.spec.allocate(1)
        if line.handicap and self.spec.has_handicap:
            self.spec.place_handicap(position, line.black_setup)
        elif line.black_setup or line.white_setup or line.first_to_move != BLACK:
            stones = self.spec.board(line.black_setup, line.white_setup)
            self.spec.set_up(position, stones, line.first_to_move, strict=False)
        return position

    def turned(self, line: Line, symmetry: int) -> Positions:
        """Return the position after a line, played on the board turned by a symmetry."""
        place = self.places_when_turned(symmetry)

        def turn(actions: Iterable[int]) -> tuple[int, ...]:
            return tuple(int(place[action]) for action in actions)

        black, white = line.black_setup, line.white_setup
        if not (black or white):  # Othello begins with stones, which turn as well
            start = self.spec.stones(self.spec.allocate(1))[0]
            black, white = (
                tuple(np.flatnonzero(start == colour).tolist()) for colour in (BLACK, WHITE)
            )
        turned = replace(
            line, black_setup=turn(black), white_setup=turn(white), actions=turn(line.actions)
        )
        position = self._start(turned)
        for action in turned.actions:
            reopen(self.spec, position)
            self.spec.play(position, np.array([action]))
        return position

    def symmetries(self) -> list[int]:
        """Numbers of the symmetries that this board has, the identity first."""
        square = self.spec.height == self.spec.width
        return [number for number in self.spec.symmetries if square or number < 4]

    def places_when_turned(self, symmetry: int) -> NDArray[np.int64]:
        """Return where each action of this board stands on the turned one, ``(actions,)``."""
        numbers = (symmetry,)
        return np.argsort(action_permutations(self.spec.height, self.spec.width, numbers)[0])

    def record(self) -> GameRecord:
        """Return the game as a record."""
        extra = {"HA": str(len(self.line.black_setup))} if self.line.handicap else {}
        if self._rules_text:
            extra["RU"] = self._rules_text
        return GameRecord(
            spec=self.spec,
            actions=self.line.actions,
            black_setup=self.line.black_setup,
            white_setup=self.line.white_setup,
            first_to_move=self.line.first_to_move,
            result={BLACK: "W+R", WHITE: "B+R"}.get(self.line.resigned, "?"),
            extra=extra,
        )
