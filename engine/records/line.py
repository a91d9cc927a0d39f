"""The main line of a game's tree played by its rules: set-up, moves, and where it stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from engine.errors import IllegalActionError, RecordError
from engine.games import GoSpec
from engine.games.go_handicap import fixed_handicap
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.notation import action_to_text
from engine.records.record import GameRecord
from engine.records.replay import reopen
from engine.records.sgf_game import Announced, lenient_rules
from engine.records.sgf_tree import Node
from engine.records.sgf_values import actions_by_text, is_printed_point, read_action, read_point

SET_UP: Final = ("AE", "AB", "AW")
_SET_UP_NAMES: Final = frozenset(SET_UP)
_MOST_SETUP_POINTS: Final = 20_000
_OTHER: Final = BLACK + WHITE
_GIVEN_UP: Final = frozenset(("resign", "resigns", "forfeit"))

Where = Callable[[int], str]
"""Says line and column of a node of the main line, by its number."""


@dataclass
class Opening:
    """What stands before the first move."""

    black: list[int]
    white: list[int]
    to_move: int
    first: int
    """Number of the first node that is played."""


@dataclass
class Line:
    """The moves of a main line."""

    spec: GameSpec
    """The game, by rules under which most of it is legal."""
    actions: list[int]
    plain: int
    """How many actions come before a pass that is not written, or play after the end."""
    cut: str = ""
    """Why it stops before the file does."""
    set_up_at: int | None = None
    """The node of the main line where stones are set up in mid-game: it stops there."""
    notes: list[str] = field(default_factory=list)
    resigned: int = 0
    """Who gives up in the place of a move, 0 if nobody does."""


def read_opening(
    found: Announced, nodes: Sequence[Node], label: str, handicap: int, before: Opening | None
) -> Opening:
    """Read the stones that stand before the first move, and who makes it.

    Args:
        found: the game; notes are added to it.
        nodes: of the main line, from where the stones are set up.
        label: for messages.
        handicap: stones that the record says Black has, 0 if it says none.
        before: the board as it is, where stones are set up in mid-game.

    Raises:
        RecordError: if there is too much of it.
    """
    spec = found.spec
    end = next((i for i, n in enumerate(nodes) if "B" in n.properties or "W" in n.properties), None)
    opening = nodes[: len(nodes) if end is None else end + 1]
    stones: dict[int, str] = {}
    if before is not None:
        stones = dict.fromkeys(before.black, "AB") | dict.fromkeys(before.white, "AW")
    _set_up_stones(found, opening, stones, label)
    black, white = ([p for p, owner in stones.items() if owner == name] for name in ("AB", "AW"))
    usual = WHITE if black and not white else BLACK
    to_move = _first_to_move(opening, before.to_move if before is not None else usual)
    first = len(opening) - 1 if end is not None else len(nodes)
    if isinstance(spec, GoSpec) and before is None and not white:
        moved = {}
        if to_move == BLACK or not black:
            moved = _leading_moves(spec, nodes, first, to_move, set(black))
        if len(moved) > 1:
            side = "Black" if to_move == BLACK else "White"
            found.notes.append(f"{len(moved)} moves of {side} in a row are read as handicap stones")
            placed = list(moved.values())
            if to_move == BLACK:
                return Opening([*black, *placed], [], WHITE, max(moved) + 1)
            return Opening(black, placed, BLACK, max(moved) + 1)
        if handicap > 1 and not black:
            black, to_move = _usual_handicap(found, handicap, end is None, to_move)
    return Opening(black, white, to_move, first)


def _set_up_stones(
    found: Announced, opening: Sequence[Node], stones: dict[int, str], label: str
) -> None:
    """Enter the stones of some nodes; a point that is none is left out and noted."""
    room = _MOST_SETUP_POINTS
    for node in opening:
        if _SET_UP_NAMES.isdisjoint(node.properties):
            continue
        for name in SET_UP:
            for value in node.properties.get(name, ()):
                points = _read_points(found, name, value, label)
                room -= len(points) + 1
                if room < 0:
                    raise RecordError(
                        f"expected {_MOST_SETUP_POINTS} set-up points or fewer: {label}"
                    )
                if name == "AE":
                    for point in points:
                        stones.pop(point, None)
                else:
                    stones |= dict.fromkeys(points, name)


def _read_points(found: Announced, name: str, value: str, label: str) -> list[int]:
    """A point, or a rectangle of points; none if it is not on the board."""
    spec = found.spec
    first, colon, second = value.partition(":")
    try:
        corners = [
            read_point(spec, part, label) for part in ((first, second) if colon else (first,))
        ]
    except RecordError:
        found.notes.append(f"{name}[{value[:20]}] is no point of the board and is left out")
        return []
    if is_printed_point(first):
        found.notes.append(f"{name}[{value[:20]}] is read as on a printed board")
    rows = sorted(point // spec.width for point in (corners[0], corners[-1]))
    columns = sorted(point % spec.width for point in (corners[0], corners[-1]))
    return [
        row * spec.width + column
        for row in range(rows[0], rows[1] + 1)
        for column in range(columns[0], columns[1] + 1)
    ]


def _first_to_move(opening: Sequence[Node], usual: int) -> int:
    """Who makes the first move, else who is said to, else who would."""
    last = opening[-1].properties
    if "B" in last or "W" in last:
        return BLACK if "B" in last else WHITE
    for node in reversed(opening):
        if "PL" in node.properties:
            text = node.properties["PL"][0].strip().upper()
            return WHITE if text.startswith(("W", "2")) else BLACK
    return usual


def _leading_moves(
    spec: GameSpec, nodes: Sequence[Node], first: int, colour: int, taken: set[int]
) -> dict[int, int]:
    """One side's stones before the other's first move, by the node: a handicap on some servers."""
    moved: dict[int, int] = {}
    name, other = ("B", "W") if colour == BLACK else ("W", "B")
    for number in range(first, len(nodes)):
        properties = nodes[number].properties
        if other in properties:
            return moved
        if name not in properties:
            continue
        try:
            point = read_action(spec, properties[name][0], "")
        except RecordError:
            return {}
        if point == spec.pass_action or point in taken:
            return {}
        taken.add(point)
        moved[number] = point
    return moved


def _usual_handicap(
    found: Announced, handicap: int, no_moves: bool, to_move: int
) -> tuple[list[int], int]:
    """The stones that ``HA`` stands for where the record does not place them, and who moves."""
    if to_move == BLACK and not no_moves:
        found.notes.append(f"HA[{handicap}] without stones: Black moves first, none are placed")
        return [], to_move
    points = fixed_handicap(found.spec, handicap)
    if points is None:
        found.notes.append(f"HA[{handicap}] without stones: the board has no such handicap")
        return [], to_move
    found.notes.append(f"HA[{handicap}] without stones: they stand on the usual points")
    return points, WHITE


def play_main_line(
    found: Announced, record: GameRecord, nodes: Sequence[Node], first: int, where: Where
) -> tuple[Line, Positions]:
    """Play a main line as far as it is legal; return it and the position that it leads to.

    Args:
        found: the game.
        record: with what stands before the first move.
        nodes: of the main line.
        first: number of the first node to play.
        where: for messages.

    Raises:
        RecordError: if the set-up stones cannot stand.
    """
    spec, label = found.spec, record.source
    position = _started(record, spec)
    line, numbers = _written(spec, int(spec.to_move(position)[0]), nodes, first, label, where)
    actions = line.actions
    played = spec.play_line(position, actions)
    if played < len(actions) and isinstance(spec, GoSpec):
        played, position = _followed(line, found, record, position, played)
        spec = line.spec
    if played == len(actions):
        return line, position
    line.actions, line.plain, line.set_up_at = actions[:played], min(line.plain, played), None
    if not spec.finished(position)[0]:
        why = f"at {action_to_text(spec, actions[played])} is illegal"
    elif isinstance(spec, GoSpec) and set(actions[played:]) == {spec.pass_action}:
        line.notes.append("a further pass after the end of the game is left out")
        return line, position
    else:
        why = "comes after the end of the game"
    line.cut = f"move {played + 1} {why}: {label}, {where(numbers[played])}"
    return line, position


def _started(record: GameRecord, spec: GameSpec) -> Positions:
    try:
        return (record if spec is record.spec else replace(record, spec=spec)).start()
    except IllegalActionError as error:
        why = f"expected set-up stones that can stand, got {error}"
        raise RecordError(f"{why}: {record.source}") from error


def _followed(
    line: Line, found: Announced, record: GameRecord, position: Positions, played: int
) -> tuple[int, Positions]:
    """Follow Go where it goes on after two passes, or was played by rules that allow more.

    Returns how many actions were played, and the position after them.
    """
    spec = found.spec
    assert isinstance(spec, GoSpec)
    actions = line.actions
    best, best_resumed = (played, position), 0
    for number, (rules, note) in enumerate(
        [(spec, ""), *lenient_rules(spec, found.says_rules)],
    ):
        if number:
            position = _started(record, rules)
            played = rules.play_line(position, actions)
        resumed = 0
        while played < len(actions) and set(actions[played:]) != {rules.pass_action}:
            if not reopen(rules, position):
                break
            resumed = resumed or played
            played += rules.play_line(position, actions[played:])
        if played == len(actions) or bool(rules.finished(position)[0]):
            line.spec = rules
            line.notes += [note] if note else []
            if resumed:
                line.plain = min(line.plain, resumed)
                line.notes.append(f"play goes on after two passes: move {resumed + 1}")
            return played, position
        if not number:
            best, best_resumed = (played, position), resumed
    if best_resumed:
        line.plain = min(line.plain, best_resumed)
    return best


def _written(
    spec: GameSpec, to_move: int, nodes: Sequence[Node], first: int, label: str, where: Where
) -> tuple[Line, list[int]]:
    """The actions that a main line writes, up to what is no move, and the node of each.

    A side that moves twice in a row stands for a pass of the other, which Othello leaves out.
    """
    actions: list[int] = []
    numbers: list[int] = []
    line = Line(spec, actions, -1)
    known = actions_by_text(spec.height, spec.width)
    longest = spec.max_plies
    for number in range(first, len(nodes)):
        properties = nodes[number].properties
        if len(properties) == 1 and number > first:  # most nodes: a move in turn and no more
            value = properties.get("B" if to_move == BLACK else "W")
            action = None if value is None else known.get(value[0])
            if action is not None and len(actions) <= longest:
                actions.append(action)
                numbers.append(number)
                to_move = _OTHER - to_move
                continue
        if (value := properties.get("B")) is not None:
            colour = BLACK
        elif (value := properties.get("W")) is not None:
            colour = WHITE
        if number > first and len(properties) > (value is not None):
            if not _SET_UP_NAMES.isdisjoint(properties):
                line.cut = f"stones are set up after move {len(actions)}: {label}, {where(number)}"
                line.set_up_at = number
                break
            if "PL" in properties and value is None and spec.name == "go":
                stated = _first_to_move([nodes[number]], to_move)
                if stated != to_move:
                    _put_in_pass(line, numbers, spec, number)
                    to_move = stated
        if value is None:
            continue
        if len(actions) > longest:
            break
        action = known.get(value[0])
        if action is None and value[0].strip().lower() in _GIVEN_UP:
            line.resigned = colour
            break
        if action is None:
            try:
                action = read_action(spec, value[0], label)
            except RecordError as error:
                line.cut = f"move {len(actions) + 1}: {error}, {where(number)}"
                break
            if is_printed_point(value[0].strip()) and spec.name == "go":
                line.notes.append(
                    f"moves such as {value[0].strip()} are read as on a printed board"
                )
        if to_move != colour:
            if spec.name not in ("othello", "go"):
                what = f"move {len(actions) + 1} is out of turn"
                line.cut = f"{what}: {label}, {where(number)}"
                break
            _put_in_pass(line, numbers, spec, number)
        actions.append(action)
        numbers.append(number)
        to_move = _OTHER - colour
    if line.plain < 0:
        line.plain = len(actions)
    line.notes = list(dict.fromkeys(line.notes))
    return line, numbers


def _put_in_pass(line: Line, numbers: list[int], spec: GameSpec, number: int) -> None:
    """Enter a pass that is not written; in Othello only a forced one can be."""
    if spec.name == "go":
        line.notes.append(
            f"move {len(line.actions) + 1} is out of turn: a pass is put in before it"
        )
        if line.plain < 0:
            line.plain = len(line.actions)
    line.actions.append(spec.pass_action)
    numbers.append(number)


def result_on_board(spec: GameSpec, position: Positions, last: Mapping[str, list[str]]) -> str:
    """Return the result of a game that is over by its rules, or whose territory is marked.

    ``?`` if it is not over, or a board of Go that must be counted first. ``last`` are the
    properties of the last node.
    """
    if not isinstance(spec, GoSpec):
        if not spec.finished(position)[0]:
            return "?"
        score = float(spec.score(position)[0])
        return result_text(score, spec.has_points)
    if "TB" in last or "TW" in last:
        return result_text(_marked_score(spec, position, last), True)
    if not spec.finished(position)[0]:
        return "?"
    return {1: "B+", -1: "W+", 0: "?"}[int(spec.decided(position)[0])]


def result_text(black: float, points: bool) -> str:
    """A result as SGF has it, from Black's lead."""
    if black == 0:
        return "0"
    return f"{'B' if black > 0 else 'W'}+{f'{abs(black):g}' if points else ''}"


def _marked_score(spec: GoSpec, position: Positions, last: Mapping[str, list[str]]) -> float:
    """Black's lead by the territory that the last node marks; stones of the other side are dead."""
    unread = Announced(spec)
    black, white = (
        {p for value in last.get(name, ()) for p in _read_points(unread, name, value, "")}
        for name in ("TB", "TW")
    )
    stones = spec.stones(position)[0].tolist()
    dead_black = sum(stones[point] == BLACK for point in white)
    dead_white = sum(stones[point] == WHITE for point in black)
    lead = float(len(black) - len(white))
    if spec.scoring == "territory":
        taken = position["prisoners"][0]
        lead += dead_white - dead_black + float(taken[0] - taken[1])
    else:
        lead += stones.count(BLACK) - dead_black - stones.count(WHITE) + dead_white
    return lead - float(position["komi_half_points"][0]) / 2.0
