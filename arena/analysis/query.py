"""Queries of the JSON analysis protocol, read and checked. Searches nothing.

The fields are those of KataGo's analysis engine; ``game`` says which game, if not the one that the
engine was started for. What is wrong with a query is a :class:`QueryError` that names the field;
what is only of no use here becomes a warning.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Limit
from arena.analysis.analyst import Job
from arena.analysis.settings import SearchSettings, is_known, with_setting
from arena.gtp.board import Board, Line
from engine.errors import MiaiError
from engine.games import make
from engine.games.go import GoSpec
from engine.games.katago_rules import with_rules
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.notation import text_to_action

_SETTINGS_AT_THE_TOP: Final = ("maxVisits", "rootPolicyTemperature", "rootFpuReductionMax")
_FLAGS: Final = ("includeOwnership", "includeMovesOwnership", "includePolicy", "includePVVisits")
_OTHER_FIELDS: Final = (
    *("id", "moves", "initialStones", "initialPlayer", "rules", "komi", "whiteHandicapBonus"),
    *("boardXSize", "boardYSize", "analyzeTurns", "avoidMoves", "allowMoves", "overrideSettings"),
    *("reportDuringSearchEvery", "priority", "priorities", "game"),
)
_FIELDS: Final = frozenset((*_SETTINGS_AT_THE_TOP, *_FLAGS, *_OTHER_FIELDS))
_COLOURS: Final = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}
_COORDINATES = re.compile(r"\(\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*\)")
_MOST_MOVES: Final = 4000
_LONGEST_S: Final = 1e9


class QueryError(MiaiError, ValueError):
    """A query that cannot be answered; ``field`` is what was wrong with it."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Query:
    """One query: its jobs, and what is to be said of each."""

    id: str
    spec: GameSpec
    settings: SearchSettings
    jobs: tuple[Job, ...]
    """The key of each is ``(query, turn)``."""
    warnings: tuple[tuple[str, str], ...] = ()
    """Field and text."""
    flags: Mapping[str, bool] = field(default_factory=dict)
    """``includeOwnership`` and so on."""

    def wants(self, flag: str) -> bool:
        """Whether an optional part was asked for."""
        return self.flags.get(flag, False)


@dataclass(frozen=True, eq=False)
class Ticket:
    """The key of a job: which query, which of its turns."""

    query: str
    turn: int
    number: int
    """Of the query, since ids may be used again."""


def read_query(
    data: Mapping[str, Any], spec: GameSpec, settings: SearchSettings, number: int
) -> Query:
    """Read one query.

    Args:
        data: the JSON object.
        spec: the game that the engine was started for, with its usual size and rules.
        settings: of the engine.
        number: of the query.

    Raises:
        QueryError: on anything that cannot be carried out.
    """
    name = data.get("id")
    if not isinstance(name, str):
        raise QueryError(f"expected a string, got {_shown(name)}", "id")
    warnings = [
        (key, "not a field that is known here; it was left out") for key in data if not _is(key)
    ]
    spec = _read_spec(data, spec)
    settings, more = _read_settings(data, settings)
    flags = {flag: _typed(data, flag, bool, "true or false", False) for flag in _FLAGS}
    positions = _read_turns(data, spec)
    priorities = _priorities(data, len(positions))
    prohibited = _read_prohibitions(data, spec)
    every = data.get("reportDuringSearchEvery")
    if every is not None:
        every = _number(every, "reportDuringSearchEvery", 0.001, _LONGEST_S)
    jobs = [
        Job(
            key=Ticket(name, turn, number),
            spec=spec,
            position=position,
            limit=Limit(settings.max_visits, settings.max_time_s),
            config=settings.config,
            prohibited=prohibited,
            priority=priority,
            report_every_s=every,
            moves_ownership=flags["includeMovesOwnership"],
        )
        for (turn, position), priority in zip(positions, priorities, strict=True)
    ]
    return Query(name, spec, settings, tuple(jobs), (*warnings, *more), flags)


def _is(key: str) -> bool:
    return key in _FIELDS


def _read_spec(data: Mapping[str, Any], spec: GameSpec) -> GameSpec:
    """The game, its size and its rules."""
    game = _typed(data, "game", str, "the name of a game", spec.name)
    width = _typed(data, "boardXSize", int, "a whole number", None)
    height = _typed(data, "boardYSize", int, "a whole number", None)
    rules = data.get("rules")
    try:
        if game != spec.name:
            spec = make(game)
    except MiaiError as error:
        raise QueryError(str(error), "game") from None
    try:
        size = {"width": width or spec.width, "height": height or width or spec.height}
        spec = replace(spec, **size)
    except MiaiError as error:
        raise QueryError(str(error), "boardXSize") from None
    if isinstance(spec, GoSpec):
        return _read_go_rules(data, spec, rules)
    if rules is None or isinstance(rules, str):
        return spec
    try:
        return make(spec.name, spec.height, spec.width, **{**spec.rules, **rules})
    except (MiaiError, TypeError) as error:
        raise QueryError(str(error), "rules") from None


def _read_go_rules(data: Mapping[str, Any], spec: GoSpec, rules: Any) -> GoSpec:
    if rules is not None and not isinstance(rules, (str, Mapping)):
        raise QueryError(f"expected a name or an object, got {_shown(rules)}", "rules")
    try:
        if rules is not None:
            spec = with_rules(spec, rules)
            spec = replace(spec, komi=6.5 if spec.scoring == "territory" else 7.5)
        if "whiteHandicapBonus" in data:
            spec = with_rules(spec, {"whiteHandicapBonus": data["whiteHandicapBonus"]})
    except MiaiError as error:
        raise QueryError(str(error), "rules") from None
    if "komi" not in data:
        return spec
    try:
        return replace(spec, komi=_number(data["komi"], "komi", -_MOST_MOVES, _MOST_MOVES))
    except QueryError:
        raise
    except MiaiError as error:
        raise QueryError(str(error), "komi") from None


def _read_settings(
    data: Mapping[str, Any], settings: SearchSettings
) -> tuple[SearchSettings, list[tuple[str, str]]]:
    """Settings with what the query overrides, and warnings about what means nothing here."""
    overrides = data.get("overrideSettings", {})
    if not isinstance(overrides, Mapping):
        raise QueryError(f"expected an object, got {_shown(overrides)}", "overrideSettings")
    at_the_top = {name: data[name] for name in _SETTINGS_AT_THE_TOP if name in data}
    warnings = []
    for where, changes in (("overrideSettings", overrides), ("", at_the_top)):
        for name, value in changes.items():
            if not is_known(name):
                warnings.append((where, f"{name[:80]} means nothing here; it was left out"))
                continue
            try:
                settings = with_setting(settings, name, value)
            except MiaiError as error:
                raise QueryError(str(error), where or name) from None
    return settings, warnings


def _read_turns(data: Mapping[str, Any], spec: GameSpec) -> list[tuple[int, Positions]]:
    """The positions to be analysed, by their turn."""
    moves = [
        (_colour(player, "moves"), _action(spec, place, "moves"))
        for player, place in _pairs(data, "moves", required=True)
    ]
    turns = data.get("analyzeTurns")
    if turns is None:
        turns = [len(moves)]
    if not isinstance(turns, list) or not all(_is_whole(t, 0, len(moves)) for t in turns):
        raise QueryError(
            f"expected a list of turns from 0 to {len(moves)}, got {_shown(turns)}", "analyzeTurns"
        )
    board = Board(spec)
    first, line = _start(data, spec, moves[0][0] if moves else None)
    try:
        board.start_from(line)
    except MiaiError as error:
        raise QueryError(str(error), "initialStones") from None
    wanted, found = set(turns), {}
    for turn in range(len(moves) + 1):
        try:
            if turn:
                board.play(*moves[turn - 1])
            if turn in wanted:
                found[turn] = _position(board, moves, turn, first)
        except MiaiError as error:
            why = "" if str(error) == "illegal move" else f": {error}"
            raise QueryError(f"Illegal move {turn}{why}", "moves") from None
    return [(turn, found[turn]) for turn in turns]


def _position(board: Board, moves: Sequence[tuple[int, int]], turn: int, first: int) -> Positions:
    """The board's position with the side to move whose turn the query says it is."""
    after = BLACK + WHITE - moves[-1][0] if moves else first
    colour = moves[turn][0] if turn < len(moves) else after
    if board.spec.finished(board.position)[0] and board.open_line() == board.line:
        return board.position.copy()
    return board.replay(board.with_turn(colour)).copy()


def _start(data: Mapping[str, Any], spec: GameSpec, mover: int | None) -> tuple[int, Line]:
    """Who begins, and the line without moves."""
    stones: dict[int, list[int]] = {BLACK: [], WHITE: []}
    for player, place in _pairs(data, "initialStones", required=False):
        action = _action(spec, place, "initialStones")
        if action == spec.pass_action:
            raise QueryError(f"expected a point, got {place!r}", "initialStones")
        stones[_colour(player, "initialStones")].append(action)
    black, white = tuple(stones[BLACK]), tuple(stones[WHITE])
    if "initialPlayer" in data:
        first = _colour(data["initialPlayer"], "initialPlayer")
    else:
        first = mover or (WHITE if black and not white else BLACK)
    handicap = len(black) > 1 and not white and first == WHITE
    return first, Line(black, white, first, handicap=handicap)


def _pairs(data: Mapping[str, Any], key: str, required: bool) -> list[tuple[str, str]]:
    pairs = data.get(key, None if required else [])
    if (
        not isinstance(pairs, list)
        or len(pairs) > _MOST_MOVES
        or not all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(w, str) for w in pair)
            for pair in pairs
        )
    ):
        raise QueryError(
            f'expected a list of at most {_MOST_MOVES} pairs such as ["B","D4"], '
            f"got {_shown(pairs)}",
            key,
        )
    return [(player, place) for player, place in pairs]


def _priorities(data: Mapping[str, Any], count: int) -> list[int]:
    if "priorities" not in data:
        return [_typed(data, "priority", int, "a whole number", 0)] * count
    found = data["priorities"]
    if not isinstance(found, list) or len(found) != count or not all(_is_whole(p) for p in found):
        raise QueryError(
            f"expected {count} whole numbers, one per turn, got {_shown(found)}", "priorities"
        )
    return found


def _read_prohibitions(data: Mapping[str, Any], spec: GameSpec) -> NDArray[np.int16] | None:
    until = np.zeros((2, spec.actions), np.int16)
    for key in ("avoidMoves", "allowMoves"):
        entries = data.get(key, [])
        if not isinstance(entries, list) or (key == "allowMoves" and len(entries) > 1):
            how = "a list of one object" if key == "allowMoves" else "a list of objects"
            raise QueryError(f"expected {how}, got {_shown(entries)}", key)
        for entry in entries:
            side, actions, depth = _prohibition(entry, spec, key)
            mark = np.zeros(spec.actions, np.bool_)
            mark[actions] = True
            rows = mark if key == "avoidMoves" else ~mark
            until[side - 1] = np.where(rows, np.maximum(until[side - 1], depth), until[side - 1])
    return until if until.any() else None


def _prohibition(entry: Any, spec: GameSpec, key: str) -> tuple[int, list[int], int]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("moves"), list):
        raise QueryError(
            f"expected an object with player, moves and untilDepth, got {_shown(entry)}", key
        )
    depth: Any = entry.get("untilDepth")
    if not _is_whole(depth, 1, 1_000_000):
        raise QueryError(f"expected untilDepth of at least 1, got {_shown(depth)}", key)
    actions = [_action(spec, place, key) for place in entry["moves"]]
    return _colour(entry.get("player"), key), actions, min(int(depth), int(np.iinfo(np.int16).max))


def _colour(word: Any, key: str) -> int:
    colour = _COLOURS.get(word.lower()) if isinstance(word, str) else None
    if colour is None:
        raise QueryError(f'expected a player "B" or "W", got {_shown(word)}', key)
    return colour


def _action(spec: GameSpec, place: Any, key: str) -> int:
    """Read ``D4``, ``pass`` or ``(3,15)``: column and row counted from the top left."""
    if not isinstance(place, str):
        raise QueryError(f"expected a point such as D4, got {_shown(place)}", key)
    match = _COORDINATES.fullmatch(place.strip())
    if match is not None:
        column, row = int(match[1]), int(match[2])
        if column >= spec.width or row >= spec.height:
            raise QueryError(f"expected a point of {spec}, got {place!r}", key)
        return row * spec.width + column
    try:
        return text_to_action(spec, place)
    except MiaiError as error:
        raise QueryError(str(error), key) from None


def _typed(data: Mapping[str, Any], key: str, kind: type, what: str, default: Any) -> Any:
    value: Any = data.get(key, default)
    if value is default:
        return value
    if type(value) is not kind or (isinstance(value, int) and not -(10**9) <= value <= 10**9):
        raise QueryError(f"expected {what}, got {_shown(value)}", key)
    return value


def _number(value: Any, key: str, least: float, most: float) -> float:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or not least <= value <= most:
        raise QueryError(f"expected a number from {least:g} to {most:g}, got {_shown(value)}", key)
    return float(value)


def _is_whole(value: Any, least: int = -(10**9), most: int = 10**9) -> bool:
    return type(value) is int and least <= value <= most


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
