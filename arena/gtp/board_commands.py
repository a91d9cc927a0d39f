"""The commands that move stones: size, rules, moves, handicap, files. None of them thinks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from agents.gtp.grammar import parse_colour, parse_integer, parse_number
from agents.gtp.vertex import action_of
from arena.gtp.board import Board, Line
from arena.gtp.server import CommandError, Handler
from engine.diagram import diagram
from engine.errors import IllegalActionError, SpecError
from engine.files import read_file
from engine.games.go import GoSpec
from engine.games.go_handicap import fixed_handicap
from engine.games.katago_rules import rules_of, with_rule, with_rules
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.notation import action_to_text, text_to_action
from engine.records.sgf import ReadGame, read_one, write_sgf
from engine.records.sgf_game import lenient_rules

_LARGEST_FILE = 16 << 20


class BoardCommands:
    """Commands over one :class:`Board`."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def commands(self) -> dict[str, Handler]:
        """Return the table; what only Go has is there for Go only."""
        table: dict[str, Handler] = {
            "boardsize": self._boardsize,
            "rectangular_boardsize": self._boardsize,
            "clear_board": self._clear_board,
            "play": self._play,
            "undo": self._undo,
            "showboard": self._showboard,
            "set_position": self._set_position,
            "loadsgf": self._loadsgf,
            "printsgf": self._printsgf,
        }
        if isinstance(self._board.spec, GoSpec):
            table |= {
                "komi": self._komi,
                "get_komi": lambda arguments: f"{self._go().komi:g}",
                "fixed_handicap": self._fixed_handicap,
                "place_free_handicap": self._place_free_handicap,
                "set_free_handicap": self._set_free_handicap,
                "kata-get-rules": lambda arguments: json.dumps(rules_of(self._go())),
                "kata-set-rules": self._set_rules,
                "kata-set-rule": self._set_rule,
                "kgs-rules": self._kgs_rules,
            }
        return table

    def _go(self) -> GoSpec:
        spec = self._board.spec
        if not isinstance(spec, GoSpec):
            raise CommandError("expected a game of Go")
        return spec

    def _boardsize(self, arguments: Sequence[str]) -> str:
        numbers = [parse_integer(word) for word in at_least(arguments, 1)[:2]]
        try:
            spec = replace(self._board.spec, width=numbers[0], height=numbers[-1])
        except SpecError:
            raise CommandError("unacceptable size") from None
        self._board.resize(spec)
        return ""

    def _clear_board(self, arguments: Sequence[str]) -> str:
        self._board.clear()
        return ""

    def _komi(self, arguments: Sequence[str]) -> str:
        komi = parse_number(at_least(arguments, 1)[0])
        self._board.change_rules(replace(self._go(), komi=komi))
        return ""

    def _set_rules(self, arguments: Sequence[str]) -> str:
        at_least(arguments, 1)
        return self._change_rules(with_rules(self._go(), " ".join(arguments)))

    def _set_rule(self, arguments: Sequence[str]) -> str:
        name, value = at_least(arguments, 2)[:2]
        return self._change_rules(with_rule(self._go(), name, value))

    def _kgs_rules(self, arguments: Sequence[str]) -> str:
        name = at_least(arguments, 1)[0]
        return self._change_rules(
            with_rules(self._go(), "chinese-kgs" if name == "chinese" else name)
        )

    def _change_rules(self, spec: GameSpec) -> str:
        try:
            self._board.change_rules(spec)
        except IllegalActionError as error:
            raise CommandError(f"the game so far breaks these rules: {error}") from None
        return ""

    def _play(self, arguments: Sequence[str]) -> str:
        colour, vertex = at_least(arguments, 2)[:2]
        side = parse_colour(colour)
        if vertex.lower() == "resign":
            self._board.resign(side)
        else:
            action = action_of(self._board.spec, vertex, self._board.position)
            self._play_or_swap(side, action)
        return ""

    def _play_or_swap(self, side: int, action: int) -> None:
        """Play; who swaps in a game without the swap, plays with it: no command of HTP says so."""
        board, spec = self._board, self._board.spec
        try:
            board.play(side, action)
        except CommandError:
            if action != spec.pass_action or spec.rules.get("swap", True):
                raise
            board.change_rules(spec.changed(swap=True))
            try:
                board.play(side, action)
            except CommandError:
                board.change_rules(spec)
                raise

    def _undo(self, arguments: Sequence[str]) -> str:
        self._board.undo()
        return ""

    def _showboard(self, arguments: Sequence[str]) -> str:
        board, spec = self._board, self._board.spec
        to_move = "Black" if board.line.to_move == BLACK else "White"
        text = f"\n{diagram(spec, board.position)}\n{to_move} to move"
        if spec.takes_prisoners:
            black, white = (int(count) for count in board.position["prisoners"][0])
            text += f", Black (X) has captured {black}, White (O) {white}"
        if spec.has_komi:
            text += f", komi {spec.rules['komi']:g}"
        return text

    def _set_position(self, arguments: Sequence[str]) -> str:
        """``set_position COLOUR POINT ...``: these stones, no history, Black to move."""
        if len(arguments) % 2:
            raise CommandError("expected pairs of a colour and a point")
        stones: dict[int, list[int]] = {BLACK: [], WHITE: []}
        for colour, vertex in zip(arguments[::2], arguments[1::2], strict=True):
            stones[parse_colour(colour)].append(self._point(vertex))
        line = Line(black_setup=tuple(stones[BLACK]), white_setup=tuple(stones[WHITE]))
        self._board.start_from(line)
        return ""

    def _point(self, vertex: str) -> int:
        action = text_to_action(self._board.spec, vertex)
        if action == self._board.spec.pass_action:
            raise CommandError(f"expected a point, got {vertex!r}")
        return action

    def _fixed_handicap(self, arguments: Sequence[str]) -> str:
        count = parse_integer(at_least(arguments, 1)[0])
        return self._handicap(fixed_handicap(self._board.spec, count))

    def _place_free_handicap(self, arguments: Sequence[str]) -> str:
        """May place fewer stones than asked for, as the protocol allows."""
        count = parse_integer(at_least(arguments, 1)[0])
        points = None
        for fewer in range(min(count, self._board.spec.points), 1, -1):
            points = fixed_handicap(self._board.spec, fewer)
            if points is not None:
                break
        return self._handicap(points)

    def _set_free_handicap(self, arguments: Sequence[str]) -> str:
        spec = self._board.spec
        points = [text_to_action(spec, word) for word in arguments]
        if len(points) < 2 or len(set(points)) < len(points) or spec.pass_action in points:
            raise CommandError("bad vertex list")
        self._handicap(points)
        return ""

    def _handicap(self, points: Sequence[int] | None) -> str:
        if points is None:
            raise CommandError("invalid number of stones")
        if self._board.line != Line():
            raise CommandError("board not empty")
        line = Line(black_setup=tuple(points), first_to_move=WHITE, handicap=True)
        self._board.start_from(line)
        return " ".join(action_to_text(self._board.spec, point) for point in points)

    def _loadsgf(self, arguments: Sequence[str]) -> str:
        """``loadsgf FILE [MOVE]``: the position before that move, or the last one.

        Rules and komi are the file's where it names them, else those of the board. Nothing
        changes if the game cannot be followed that far.
        """
        path, more = _file_of(at_least(arguments, 1))
        count = max(0, parse_integer(more[0]) - 1) if more else None
        try:
            data = read_file(path, _LARGEST_FILE)
            game = read_one(data, path.name)
            if game.cut and (count is None or count > len(game.record.actions)):
                game, count = read_one(data, path.name, to_the_end=True), None
        except (OSError, ValueError) as error:
            raise CommandError(f"cannot load file: {error}") from None
        if game.cut and count is None:
            raise CommandError(f"cannot load file: {game.cut}")
        record = game.record
        if record.spec.name != self._board.spec.name:
            name, ours = record.spec.name, self._board.spec.name
            raise CommandError(f"cannot load file: a game of {name}, not of {ours}")
        line = Line(
            black_setup=record.black_setup,
            white_setup=record.white_setup,
            first_to_move=record.first_to_move,
            actions=record.actions[:count],
            handicap=bool(record.handicap),
        )
        self._load(game, line)
        return ""

    def _load(self, game: ReadGame, line: Line) -> None:
        """Put a game on the board by its own rules, or by the board's, as far as they allow it."""
        spec = game.record.spec
        tries = [spec]
        if isinstance(spec, GoSpec):
            komi = spec.komi if game.says_komi else self._go().komi
            spec = replace(spec, komi=komi)
            ours = replace(self._go(), height=spec.height, width=spec.width, komi=komi)
            tries = [spec]
            if not game.says_rules:
                tries = [ours, *(rules for rules, _ in lenient_rules(ours, False))]
        for number, rules in enumerate(tries, start=1):
            try:
                self._board.load(rules, line, game.record.extra.get("RU", ""))
                return
            except CommandError as error:
                if number == len(tries):
                    raise CommandError(f"cannot load file: {error}") from None

    def _printsgf(self, arguments: Sequence[str]) -> str:
        data = write_sgf(self._board.record())
        if not arguments:
            return data.decode().strip()
        try:
            Path(" ".join(arguments)).write_bytes(data)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise CommandError(f"cannot write file: {why}") from None
        return ""


def _file_of(arguments: Sequence[str]) -> tuple[Path, Sequence[str]]:
    """The file that the first arguments name, and the other arguments.

    GTP knows no quotes, and controllers send names with spaces as they are: the longest name counts
    that a file has.
    """
    for count in range(len(arguments), 0, -1):
        path = Path(" ".join(arguments[:count]))
        with suppress(OSError, ValueError):
            if path.is_file():
                return path, arguments[count:]
    return Path(arguments[0]), arguments[1:]


def at_least(arguments: Sequence[str], count: int) -> Sequence[str]:
    """Return the arguments.

    Raises:
        CommandError: if there are fewer than ``count``.
    """
    if len(arguments) < count:
        raise CommandError(f"expected {count} argument{'s' if count > 1 else ''}")
    return arguments
