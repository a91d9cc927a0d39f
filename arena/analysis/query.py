"""Queries of the JSON analysis protocol, read and checked. Searches nothing.

The fields are those of KataGo's analysis engine; ``game`` says which game, if not the one that the
engine was started for. What is wrong with a query is a :class:`QueryError` that names the field;
what is only of no use here becomes a warning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Limit
from arena.analysis.analyst import Job
from arena.analysis.fields import (
    MOST_MOVES,
    QueryError,
    action_at,
    colour_of,
    is_whole,
    number,
    pairs,
    shown,
    typed,
)
from arena.analysis.settings import SearchSettings, is_known, with_setting
from arena.gtp.board import Board, Line
from engine.errors import MiaiError
from engine.games import make
from engine.games.go import GoSpec
from engine.games.katago_rules import with_rules
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.notation import action_to_text

_SETTINGS_AT_THE_TOP: Final = ("maxVisits", "rootPolicyTemperature", "rootFpuReductionMax")
_FLAGS: Final = ("includeOwnership", "includeMovesOwnership", "includePolicy", "includePVVisits")
_OTHER_FIELDS: Final = (
    *("id", "moves", "initialStones", "initialPlayer", "rules", "komi", "whiteHandicapBonus"),
    *("boardXSize", "boardYSize", "analyzeTurns", "avoidMoves", "allowMoves", "overrideSettings"),
    *("reportDuringSearchEvery", "priority", "priorities", "game"),
)
_FIELDS: Final = frozenset((*_SETTINGS_AT_THE_TOP, *_FLAGS, *_OTHER_FIELDS))
_LONGEST_S: Final = 1e9


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
    """Number of the query, since ids may be used again."""


def read_query(
    data: Mapping[str, Any], spec: GameSpec, settings: SearchSettings, serial: int
) -> Query:
    """Read one query.

    Args:
        data: the JSON object.
        spec: the game that the engine was started for, with its usual size and rules.
        settings: of the engine.
        serial: number of the query.

    Raises:
        QueryError: on anything that cannot be carried out.
    """
    name = data.get("id")
    if not isinstance(name, str):
        raise QueryError(f"expected a string, got {shown(name)}", "id")
    warnings = [
        (key, "not a field that is known here; it was left out") for key in data if not _is(key)
    ]
    spec = _read_spec(data, spec)
    if not isinstance(spec, GoSpec) and isinstance(data.get("rules"), str):
        warnings.append(("rules", f"{spec.name} has no rules by name; it was left out"))
    settings, more = _read_settings(data, settings)
    flags = {flag: typed(data, flag, bool, "true or false", False) for flag in _FLAGS}
    positions = _read_turns(data, spec)
    priorities = _priorities(data, len(positions))
    prohibited = _read_prohibitions(data, spec)
    for turn, position in positions:
        _check_something_is_left(data, spec, prohibited, turn, position)
    every = data.get("reportDuringSearchEvery")
    if every is not None:
        every = number(every, "reportDuringSearchEvery", 0.001, _LONGEST_S)
    jobs = [
        Job(
            key=Ticket(name, turn, serial),
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
    game = typed(data, "game", str, "the name of a game", spec.name)
    width = typed(data, "boardXSize", int, "a whole number", None)
    height = typed(data, "boardYSize", int, "a whole number", None)
    rules = data.get("rules")
    try:
        if game != spec.name:
            spec = make(game)
    except MiaiError as error:
        raise QueryError(str(error), "game") from None
    spec = _resized(spec, width, height)
    if isinstance(spec, GoSpec):
        return _read_go_rules(data, spec, rules)
    if rules is None or isinstance(rules, str):
        return spec
    if not isinstance(rules, Mapping):
        raise QueryError(f"expected an object, got {shown(rules)}", "rules")
    try:
        return make(spec.name, spec.height, spec.width, **{**spec.rules, **rules})
    except (MiaiError, TypeError) as error:
        raise QueryError(str(error), "rules") from None


def _resized(spec: GameSpec, width: int | None, height: int | None) -> GameSpec:
    """Return the game on the board that is asked for, a square if only one side is told."""
    if width is None and height is None:
        return spec
    field = "boardXSize" if width is not None else "boardYSize"
    wide = spec.width if width is None else width
    try:
        # The sides are tried one after the other, so that the wrong one can be named.
        if height is not None and width is not None:
            replace(spec, width=wide, height=wide)
            field = "boardYSize"
        return replace(spec, width=wide, height=wide if height is None else height)
    except MiaiError as error:
        raise QueryError(str(error), field) from None


def _read_go_rules(data: Mapping[str, Any], spec: GoSpec, rules: Any) -> GoSpec:
    if rules is not None and not isinstance(rules, (str, Mapping)):
        raise QueryError(f"expected a name or an object, got {shown(rules)}", "rules")
    try:
        if rules is not None:
            spec = with_rules(spec, rules)
            spec = replace(spec, komi=6.5 if spec.scoring == "territory" else 7.5)
    except MiaiError as error:
        raise QueryError(str(error), "rules") from None
    if "whiteHandicapBonus" in data:
        try:
            spec = with_rules(spec, {"whiteHandicapBonus": data["whiteHandicapBonus"]})
        except MiaiError as error:
            raise QueryError(str(error), "whiteHandicapBonus") from None
    if "komi" not in data:
        return spec
    try:
        return replace(spec, komi=number(data["komi"], "komi", -MOST_MOVES, MOST_MOVES))
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
        raise QueryError(f"expected an object, got {shown(overrides)}", "overrideSettings")
    at_the_top = {name: data[name] for name in _SETTINGS_AT_THE_TOP if name in data}
    warnings = []
    for where, changes in (("overrideSettings", overrides), ("", at_the_top)):
        for name, value in changes.items():
            if not is_known(name):
                warnings.append((where, f"{name[:80]} means nothing here; it was left out"))
                continue
            try:
                if not where and isinstance(value, str):
                    raise QueryError(f"expected a number, got {shown(value)}", name)
                settings = with_setting(settings, name, value)
            except MiaiError as error:
                raise QueryError(str(error), where or name) from None
    return settings, warnings


def _read_turns(data: Mapping[str, Any], spec: GameSpec) -> list[tuple[int, Positions]]:
    """The positions to be analysed, by their turn."""
    written = pairs(data, "moves", required=True)
    sides = [colour_of(player, "moves") for player, _ in written]
    turns = data.get("analyzeTurns")
    if turns is None:
        turns = [len(sides)]
    if (
        not isinstance(turns, list)
        or not turns
        or not all(is_whole(t, 0, len(sides)) for t in turns)
    ):
        raise QueryError(
            f"expected a list of turns from 0 to {len(sides)}, one or more, got {shown(turns)}",
            "analyzeTurns",
        )
    turns = list(dict.fromkeys(turns))
    board = Board(spec)
    first, line = _start(data, spec, sides[0] if sides else None)
    try:
        board.start_from(line)
    except MiaiError as error:
        raise QueryError(str(error), "initialStones") from None
    wanted, found = set(turns), {}
    for turn in range(len(sides) + 1):
        if turn:
            place = written[turn - 1][1]
            action = action_at(spec, place, "moves", board.position)
        try:
            if turn:
                board.play(sides[turn - 1], action)
            if turn in wanted:
                found[turn] = _position(board, sides, turn, first)
        except MiaiError as error:
            why = place if str(error) == "illegal move" else str(error)
            if action == spec.pass_action and not spec.rules.get("swap", True):
                why += ', in a game without it: send "rules": {"swap": true}'
            raise QueryError(f"Illegal move {turn}: {why}", "moves") from None
    return [(turn, found[turn]) for turn in turns]


def _position(board: Board, sides: Sequence[int], turn: int, first: int) -> Positions:
    """The board's position with the side to move whose turn the query says it is."""
    after = BLACK + WHITE - sides[-1] if sides else first
    colour = sides[turn] if turn < len(sides) else after
    if board.spec.finished(board.position)[0] and board.open_line() == board.line:
        return board.position.copy()
    return board.replay(board.with_turn(colour)).copy()


def _start(data: Mapping[str, Any], spec: GameSpec, mover: int | None) -> tuple[int, Line]:
    """Who begins, and the line without moves."""
    stones: dict[int, list[int]] = {BLACK: [], WHITE: []}
    for player, place in pairs(data, "initialStones", required=False):
        action = action_at(spec, place, "initialStones")
        if action == spec.pass_action:
            raise QueryError(f"expected a point, got {place!r}", "initialStones")
        if action in stones[BLACK] or action in stones[WHITE]:
            point = action_to_text(spec, action)
            raise QueryError(f"expected different points, got {point} twice", "initialStones")
        stones[colour_of(player, "initialStones")].append(action)
    black, white = tuple(stones[BLACK]), tuple(stones[WHITE])
    if "initialPlayer" in data:
        first = colour_of(data["initialPlayer"], "initialPlayer")
    else:
        first = mover or (WHITE if black and not white else BLACK)
    handicap = len(black) > 1 and not white and first == WHITE
    return first, Line(black, white, first, handicap=handicap)


def _priorities(data: Mapping[str, Any], count: int) -> list[int]:
    if "priorities" not in data:
        return [typed(data, "priority", int, "a whole number", 0)] * count
    found = data["priorities"]
    if not isinstance(found, list) or len(found) != count or not all(is_whole(p) for p in found):
        raise QueryError(
            f"expected {count} whole numbers, one per turn, got {shown(found)}", "priorities"
        )
    return found


def _read_prohibitions(data: Mapping[str, Any], spec: GameSpec) -> NDArray[np.int16] | None:
    until = np.zeros((2, spec.actions), np.int16)
    for key in ("avoidMoves", "allowMoves"):
        entries = data.get(key, [])
        if not isinstance(entries, list) or (key == "allowMoves" and len(entries) > 1):
            how = "a list of one object" if key == "allowMoves" else "a list of objects"
            raise QueryError(f"expected {how}, got {shown(entries)}", key)
        for entry in entries:
            side, actions, depth = _prohibition(entry, spec, key)
            mark = np.zeros(spec.actions, np.bool_)
            mark[actions] = True
            rows = mark if key == "avoidMoves" else ~mark
            until[side - 1] = np.where(rows, np.maximum(until[side - 1], depth), until[side - 1])
    return until if until.any() else None


def _check_something_is_left(
    data: Mapping[str, Any],
    spec: GameSpec,
    until: NDArray[np.int16] | None,
    turn: int,
    position: Positions,
) -> None:
    """Refuse prohibitions that leave the side to move without any action."""
    if until is None or spec.finished(position)[0]:
        return
    barred = until[int(spec.to_move(position)[0]) - 1] > 0
    legal = spec.legal(position)[0]
    if (legal & ~barred).any():
        return
    key = "allowMoves" if data.get("allowMoves") else "avoidMoves"
    places = [word for entry in data[key] for word in entry["moves"]]
    raise QueryError(
        f"expected a legal move to be left to search at turn {turn}, got none: {shown(places)} "
        f"{'allows' if key == 'allowMoves' else 'bars'} "
        f"{'none' if key == 'allowMoves' else 'all'} of its {int(legal.sum())} legal moves",
        key,
    )


def _prohibition(entry: Any, spec: GameSpec, key: str) -> tuple[int, list[int], int]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("moves"), list):
        raise QueryError(
            f"expected an object with player, moves and untilDepth, got {shown(entry)}", key
        )
    depth: Any = entry.get("untilDepth")
    if not is_whole(depth, 1, 1_000_000):
        raise QueryError(f"expected untilDepth of at least 1, got {shown(depth)}", key)
    actions = [action_at(spec, place, key) for place in entry["moves"]]
    if not actions and key == "allowMoves":
        raise QueryError("expected one move or more, got []", key)
    return (
        colour_of(entry.get("player"), key),
        actions,
        min(int(depth), int(np.iinfo(np.int16).max)),
    )
