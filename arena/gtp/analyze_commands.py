"""The commands that show what a search thinks while it thinks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.gtp.grammar import parse_colour, parse_integer
from agents.gtp.vertex import action_of, vertex_of
from agents.protocol import Limit, Turn
from arena.analysis.thought import moves_ownership
from arena.gtp.infos import Dialect, Wishes, info_line
from arena.gtp.player import Player, timed
from arena.gtp.server import CommandError, Emit, Handler, Stopped, Stream
from engine.errors import NotationError
from engine.games.spec import BLACK, WHITE, GameSpec
from engine.search import SearchResult

_COLOURS: Final = ("b", "black", "w", "white")
_POLL_S: Final = 0.01
_CENTISECONDS: Final = 100.0
_FLAGS: Final = {
    "ownership": "ownership",
    "movesownership": "moves_ownership",
    "rootinfo": "root_info",
    "pvvisits": "pv_visits",
}


@dataclass(frozen=True)
class _Request:
    """The arguments of one command."""

    colour: int
    wishes: Wishes
    prohibited: NDArray[np.int16] | None


class AnalyzeCommands:
    """Commands over one :class:`Player` whose agent searches."""

    def __init__(self, player: Player) -> None:
        self._player = player

    def commands(self) -> dict[str, Handler]:
        """Return the table."""
        table: dict[str, Handler] = {}
        dialects: dict[str, Dialect] = {"lz-": "lz", "kata-": "kata", "": "sabaki"}
        for prefix, dialect in dialects.items():
            table[f"{prefix}analyze"] = self._handler(dialect, self._analyze)
            table[f"{prefix}genmove_analyze"] = self._handler(dialect, self._genmove)
        return table | {
            "kata-search": self._handler("kata", self._search, tell=False),
            "kata-search_cancellable": self._handler("kata", self._cancellable, tell=False),
            "kata-search_analyze": self._handler("kata", self._search),
            "kata-search_analyze_cancellable": self._handler("kata", self._cancellable),
        }

    def _handler(
        self, dialect: Dialect, make: Callable[[_Request, bool], Stream], tell: bool = True
    ) -> Handler:
        return lambda arguments: make(self._read(arguments, dialect), tell)

    def _analyze(self, request: _Request, tell: bool) -> Stream:
        """Report until something new is asked, also when there is no more to be found."""
        turn = self._turn(request)

        def work(emit: Emit, stopped: Stopped) -> str:
            if not turn.spec.finished(turn.position)[0]:
                report = self._reporter(request, turn, emit)
                thought = self._player.think(
                    turn, Limit(), report, request.wishes.interval_s, stopped, request.prohibited
                ).thought
                if thought is not None and not stopped():
                    report(thought)
            _wait(stopped)
            return ""

        return Stream(work, background=True)

    def _genmove(self, request: _Request, tell: bool) -> Stream:
        def work(emit: Emit, stopped: Stopped) -> str:
            word = self._choose(request, emit, lambda: False, keep=True)
            self._player.may_ponder = True
            return f"play {word}"

        return Stream(work, background=False)

    def _search(self, request: _Request, tell: bool) -> Stream:
        """Search as for a move and say it, but do not play it."""

        def work(emit: Emit, stopped: Stopped) -> str:
            sink = emit if tell else _nowhere
            word = self._choose(request, sink, lambda: False, keep=False)
            return f"play {word}" if tell else word

        return Stream(work, background=False)

    def _cancellable(self, request: _Request, tell: bool) -> Stream:
        def work(emit: Emit, stopped: Stopped) -> str:
            sink = emit if tell else _nowhere
            word = self._choose(request, sink, stopped, keep=False)
            word = "cancelled" if stopped() else word
            return f"play {word}" if tell else word

        return Stream(work, background=True)

    def _choose(self, request: _Request, emit: Emit, stopped: Stopped, keep: bool) -> str:
        player, board = self._player, self._player.board
        turn = self._turn(request)
        if turn.spec.finished(turn.position)[0]:
            return board.spec.pass_name
        report = self._reporter(request, turn, emit)
        how = (report, request.wishes.interval_s, stopped, request.prohibited)
        decision = timed(
            player.clock, request.colour, lambda: player.decide(turn, request.colour, *how)
        )
        if decision.thought is not None:
            report(decision.thought)
        if keep:
            player.last = decision.thought
        if player.resigns(request.colour, decision):
            return "resign"
        if keep:
            board.play(request.colour, decision.action)
        return vertex_of(board.spec, decision.action)

    def _turn(self, request: _Request) -> Turn:
        return self._player.turn(self._player.board.with_turn(request.colour))

    def _reporter(
        self, request: _Request, turn: Turn, emit: Emit
    ) -> Callable[[SearchResult], bool]:
        """Return what emits a report; it never ends the search."""
        spec, evaluator = turn.spec, self._player.evaluator
        sign = view_sign(self._player.settings.point_of_view, request.colour)

        def owners_after(actions: Sequence[int]) -> dict[int, NDArray[np.float32]]:
            return moves_ownership(evaluator, spec, turn.position, np.array(actions, np.int64))

        def report(result: SearchResult) -> bool:
            line = info_line(spec, result, request.wishes, sign, owners_after)
            if line:
                emit(line)
            return True

        return report

    def _read(self, arguments: Sequence[str], dialect: Dialect) -> _Request:
        """Read ``[colour] [interval] key value ...``."""
        words = list(arguments)
        board = self._player.board
        colour = board.open_line().to_move
        if words and words[0].lower() in _COLOURS:
            colour = parse_colour(words.pop(0))
        wishes = Wishes(dialect)
        if words and words[0].isdecimal():
            wishes = replace(wishes, interval_s=parse_integer(words.pop(0)) / _CENTISECONDS)
        until = np.zeros((2, board.spec.actions), np.int16)
        allowed = np.zeros((2, board.spec.actions), np.int16)
        while words:
            key = words.pop(0).lower()
            if key in ("avoid", "allow"):
                if len(words) < 3:
                    raise CommandError(f"expected {key} COLOUR MOVES DEPTH")
                side, moves, depth = (words.pop(0) for _ in range(3))
                _mark(board.spec, until if key == "avoid" else allowed, side, moves, depth)
                continue
            if not words:
                raise CommandError(f"expected a value for {key!r}")
            wishes = _with_wish(wishes, key, words.pop(0))
        for row, permitted in enumerate(allowed):
            if permitted.any():
                until[row] = np.where(permitted > 0, until[row], permitted.max())
        return _Request(colour, wishes, until if until.any() else None)


def _with_wish(wishes: Wishes, key: str, value: str) -> Wishes:
    if key == "interval":
        return replace(wishes, interval_s=parse_integer(value) / _CENTISECONDS)
    if key == "minmoves":
        return replace(wishes, min_moves=parse_integer(value))
    if key == "maxmoves":
        return replace(wishes, max_moves=parse_integer(value))
    if key in _FLAGS and wishes.dialect != "lz":
        if value.lower() not in ("true", "false"):
            raise CommandError(f"expected true or false for {key}, got {value!r}")
        return replace(wishes, **{_FLAGS[key]: value.lower() == "true"})  # type: ignore[arg-type]
    known = ["interval", "minmoves", "maxmoves", "avoid", "allow"]
    known += [] if wishes.dialect == "lz" else ["ownership", "movesOwnership", "rootInfo"]
    known += [] if wishes.dialect == "lz" else ["pvVisits"]
    raise CommandError(f"expected a key from {', '.join(known)}, got {key!r}")


def _mark(spec: GameSpec, until: NDArray[np.int16], side: str, moves: str, depth: str) -> None:
    """Write the depth at all moves of ``C3,D4`` for a side."""
    plies = parse_integer(depth)
    if plies < 1:
        raise CommandError(f"expected a depth of at least 1, got {depth!r}")
    actions = [action_of(spec, word) for word in moves.split(",") if word]
    if not actions:
        raise NotationError(f"expected moves such as C3,D4, got {moves!r}")
    until[parse_colour(side) - 1, actions] = min(plies, np.iinfo(np.int16).max)


def view_sign(point_of_view: str, colour: int) -> float:
    """Return -1 if values of the side to move have to be turned round, else 1."""
    views = {"BLACK": BLACK, "WHITE": WHITE}
    return 1.0 if views.get(point_of_view, colour) == colour else -1.0


def _nowhere(line: str) -> None:
    """Say nothing."""


def _wait(stopped: Stopped) -> None:
    while not stopped():
        time.sleep(_POLL_S)
