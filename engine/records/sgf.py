"""SGF in and out, on sgfmill's grammar layer, which knows no game and no size.

Reads what the world writes: collections, variations (the main line), encodings that are not the
one declared, odd results, set-up stones at the root. A record holds the actions up to the first
illegal one; :class:`ReadGame` says where it was cut and why. However deep a file is nested, nothing
recurses; a game that is absurdly long is refused before it is parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sgfmill import sgf_grammar

from engine.errors import IllegalActionError, RecordError
from engine.games import GoSpec
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.notation import action_to_text
from engine.records.record import GameRecord
from engine.records.sgf_values import (
    GAME_NUMBERS,
    GAME_PROPERTY,
    Properties,
    decode,
    encodings_of,
    escape,
    normal_result,
    point_text,
    read_action,
    read_point,
    read_spec,
    record_text,
)

LARGEST_GAME: Final = 4 << 20
"""Bytes of one game; a whole 19x19 game with comments has a few thousand."""
_MOST_BAD_GAMES: Final = 100
_MOST_SETUP_STONES: Final = 4096
_START = re.compile(rb"\(\s*+;")
_LINE_START = re.compile(rb"[\r\n]\s*+\(\s*+;")
# A bracket that never closes reaches to the end: each byte is looked at once.
_MARK = re.compile(rb"\[[^\\\]]*+(?:\\.[^\\\]]*+)*+(?:\]|\\?\Z)|[()]", re.DOTALL)


@dataclass(frozen=True)
class ReadGame:
    """One game of a file."""

    record: GameRecord
    cut: str = ""
    """Not empty: why the record ends before the file's main line does, with the move's number."""


def write_sgf(record: GameRecord) -> bytes:
    """Return the record as one game tree in UTF-8."""
    spec = record.spec
    size = f"{spec.width}" if spec.width == spec.height else f"{spec.width}:{spec.height}"
    root: dict[str, list[str]] = {
        "FF": ["4"],
        "GM": [GAME_NUMBERS.get(spec.name, "1")],
        "CA": ["UTF-8"],
        "AP": ["Miai"],
        "SZ": [size],
    }
    if isinstance(spec, GoSpec):
        root["KM"] = [f"{spec.komi:g}"]
        how = f"ko{spec.ko.upper()}score{spec.scoring.upper()}taxNONEsui{int(spec.suicide)}"
        root["RU"] = [how]
    else:
        root[GAME_PROPERTY] = [json.dumps({"game": spec.name, **spec.rules})]
    root |= {name: [text] for name, text in record_text(record).items() if name not in root}
    for name, points in (("AB", record.black_setup), ("AW", record.white_setup)):
        if points:
            root[name] = [point_text(spec, point) for point in points]
    if record.black_setup or record.white_setup or record.first_to_move == WHITE:
        root["PL"] = ["B" if record.first_to_move == BLACK else "W"]
    nodes = ["".join(name + "".join(f"[{escape(v)}]" for v in vs) for name, vs in root.items())]
    colour = record.first_to_move
    for action in record.actions:
        nodes.append(f"{'B' if colour == BLACK else 'W'}[{point_text(spec, action)}]")
        colour = BLACK + WHITE - colour
    return ("(;" + ";".join(nodes) + ")\n").encode()


def read_sgf(data: bytes, source: str) -> list[GameRecord]:
    """Return the games of a file; see :func:`read_games`, which also tells where they were cut."""
    return [game.record for game in read_games(data, source)]


def read_games(data: bytes, source: str) -> list[ReadGame]:
    """Return all games of a file, the main line of each.

    Raises:
        RecordError: if the file is not SGF, or a game in it is not one of ours.
    """
    return [read_game(text, label) for text, label in split_collection(data, source)]


def split_collection(data: bytes, source: str) -> Iterator[tuple[bytes, str]]:
    """Yield the text of each game of a file, and a label for messages.

    Doesn't check more than that brackets and parentheses close; memory is that of one game.

    Raises:
        RecordError: if there is no game at all.
    """
    start = _START.search(data)
    if start is None:
        raise RecordError(f"expected an SGF file, got no '(;' in it: {source}")
    if data.count(b"(") == 1:  # the usual file: one game without variations
        yield data[start.start() : start.start() + LARGEST_GAME + 1], source
        return
    number, bad = 0, 0
    while start is not None and bad < _MOST_BAD_GAMES:
        number += 1
        begin, end = start.start(), _end_of_game(data, start.start())
        if end:
            following = _START.search(data, end)
        else:  # go on where a line begins like a game
            following = _LINE_START.search(data, begin + 1)
            bad += 1
        alone = number == 1 and following is None
        yield data[begin : end or begin + 1], source if alone else f"{source}, game {number}"
        start = following


def _end_of_game(data: bytes, start: int) -> int:
    """Where the game that begins at ``start`` ends; 0 if it does not, or not soon enough."""
    depth = 0
    last = start + LARGEST_GAME
    for mark in _MARK.finditer(data, start):
        if mark.start() > last:
            return 0
        byte = data[mark.start()]
        if byte == 0x28:
            depth += 1
        elif byte == 0x29:
            depth -= 1
            if depth == 0:
                return mark.end()
    return 0


def read_game(data: bytes, label: str) -> ReadGame:
    """Read the main line of one game.

    Raises:
        RecordError: if it is damaged, or the game, its size or its set-up cannot be used.
    """
    if len(data) > LARGEST_GAME:
        raise RecordError(f"expected a game of at most {LARGEST_GAME >> 20} MiB: {label}")
    try:
        nodes = _main_line(sgf_grammar.parse_sgf_game(data))
    except (ValueError, RecursionError) as error:
        raise RecordError(f"expected a game in SGF, got {error}: {label}") from error
    root: Properties = nodes[0]
    spec = read_spec(root, label)
    opening = _opening(nodes)
    black, white = _read_setup(spec, opening, label)
    to_move = _first_to_move(opening, bool(black) and not white)
    position = spec.allocate(1)
    try:
        if black or white or to_move != BLACK:
            spec.set_up(position, spec.board(black, white), to_move, strict=False)
    except IllegalActionError as error:
        raise RecordError(f"expected set-up stones that can stand, got {error}: {label}") from error
    actions, cut = _play_main_line(spec, position, nodes, label)
    encodings = encodings_of(root)

    def text(name: str) -> str:
        return decode(root.get(name, [b""])[0], encodings).strip()

    record = GameRecord(
        spec=spec,
        actions=tuple(actions),
        black=text("PB"),
        white=text("PW"),
        result=normal_result(text("RE")),
        comment=text("C"),
        extra={name: text(name) for name in ("BR", "WR", "DT", "EV", "GN", "HA") if name in root},
        black_setup=tuple(black),
        white_setup=tuple(white),
        first_to_move=to_move,
        source=label,
    )
    return ReadGame(record, cut)


def _main_line(tree: Any) -> list[Properties]:
    """The properties of each node, first children only; no recursion, however deep."""
    nodes: list[Properties] = list(tree.sequence)
    while tree.children:
        tree = tree.children[0]
        nodes.extend(tree.sequence)
    return nodes


def _opening(nodes: list[Properties]) -> list[Properties]:
    """The nodes up to the first move, its own included: some servers set up in the second node."""
    for index, node in enumerate(nodes):
        if "B" in node or "W" in node:
            return nodes[: index + 1]
    return nodes


def _read_setup(
    spec: GameSpec, opening: list[Properties], label: str
) -> tuple[list[int], list[int]]:
    """Black's and White's stones that stand before the first move."""
    stones: dict[int, str] = {}
    for node in opening:
        for name in ("AE", "AB", "AW"):
            if len(values := node.get(name, [])) > _MOST_SETUP_STONES:
                raise RecordError(f"expected {_MOST_SETUP_STONES} set-up points or fewer: {label}")
            stones |= dict.fromkeys(_read_points(spec, values, label), name)
    black, white = (
        [point for point, owner in stones.items() if owner == name] for name in ("AB", "AW")
    )
    return black, white


def _read_points(spec: GameSpec, values: list[bytes], label: str) -> list[int]:
    """Points, and rectangles of points, in the order of the file."""
    points: list[int] = []
    for value in values:
        first, colon, second = value.partition(b":")
        corners = [
            read_point(spec, part, label) for part in ((first, second) if colon else (first,))
        ]
        rows = sorted(point // spec.width for point in (corners[0], corners[-1]))
        columns = sorted(point % spec.width for point in (corners[0], corners[-1]))
        points.extend(
            row * spec.width + column
            for row in range(rows[0], rows[1] + 1)
            for column in range(columns[0], columns[1] + 1)
        )
    return points


def _first_to_move(opening: list[Properties], handicap: bool) -> int:
    """Who makes the first move, else who is said to, else who would."""
    if "B" in opening[-1] or "W" in opening[-1]:
        return BLACK if "B" in opening[-1] else WHITE
    for node in reversed(opening):
        if "PL" in node:
            return WHITE if node["PL"][0].strip().upper().startswith(b"W") else BLACK
    return WHITE if handicap else BLACK


def _play_main_line(
    spec: GameSpec, position: Positions, nodes: list[Properties], label: str
) -> tuple[list[int], str]:
    """Play the moves as far as they are legal; return them and why they were cut, if so."""
    actions, cut = _written_line(spec, int(spec.to_move(position)[0]), nodes, label)
    played = spec.play_line(position, actions)
    if played == len(actions):
        return actions, cut
    if spec.finished(position)[0]:
        return actions[:played], f"move {played + 1} comes after the end of the game: {label}"
    where = action_to_text(spec, actions[played])
    return actions[:played], f"move {played + 1} at {where} is illegal: {label}"


def _written_line(
    spec: GameSpec, to_move: int, nodes: list[Properties], label: str
) -> tuple[list[int], str]:
    """The actions that the main line writes, up to what is no move in turn.

    In Othello passes are often left out: whoever moves twice in a row stands for one.
    """
    actions: list[int] = []
    passes_left_out = spec.name == "othello"
    longest = spec.max_plies
    for node in nodes:
        if actions and ("AB" in node or "AW" in node or "AE" in node):
            return actions, f"stones are set up after move {len(actions)}: {label}"
        for name, colour in (("B", BLACK), ("W", WHITE)):
            if name not in node:
                continue
            if len(actions) > longest:
                return actions, ""
            if to_move != colour:
                if not passes_left_out:
                    return actions, f"move {len(actions) + 1} is out of turn: {label}"
                actions.append(spec.pass_action)
            try:
                actions.append(read_action(spec, node[name][0], label))
            except RecordError as error:
                return actions, f"move {len(actions) + 1}: {error}"
            to_move = BLACK + WHITE - colour
    return actions, ""
