"""SGF in and out: games as records, and their files as trees that keep all that was written.

Reads what the world writes: any of the usual encodings, collections with damaged games, other
servers' ways to write handicap, komi, rules and results. A record holds the actions up to the first
that cannot be played; :class:`ReadGame` says where that is and why, and what was read otherwise
than it is written. However deep a file is nested, nothing recurses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from engine.errors import RecordError
from engine.games import GoSpec
from engine.games.spec import BLACK, WHITE
from engine.records.collection import LARGEST_GAME, GameText, split_collection
from engine.records.line import Opening, play_main_line, read_opening, result_on_board
from engine.records.record import GameRecord, GameTree
from engine.records.results import normal_result
from engine.records.rules_text import rules_named
from engine.records.sgf_game import GAME_PROPERTY, announced
from engine.records.sgf_tree import Node, Progress, no_progress, parse_game, tree_text
from engine.records.sgf_values import escape, point_text, record_text, unescape

_KEPT: Final[tuple[str, ...]] = ("BR", "WR", "DT", "EV", "GN", "HA", "RU")
_MOST_SET_UPS: Final = 1000
_BEGINNING: Final = 5
"""Nodes that show which game it is."""
_MOST_HANDICAP: Final = 400


@dataclass(frozen=True)
class ReadGame:
    """A game that was read from a file, and what was noted on the way."""

    record: GameRecord
    cut: str = ""
    """Not empty: why the record ends before the file's main line does, with the move's number."""
    notes: tuple[str, ...] = ()
    """What was read otherwise than it is written, or was left out."""
    plain: int | None = None
    """How many actions come before a pass that the file does not hold, or before play that went
    on after the end; ``None`` if all do."""
    says_komi: bool = True
    says_rules: bool = True
    """Whether the file says its komi and its rules in words that are known."""


def write_sgf(record: GameRecord) -> bytes:
    """Return the record as one game tree in UTF-8; its actions, not the file it came from."""
    return tree_text(record_tree(record)).encode()


def record_tree(record: GameRecord) -> Node:
    """Return the record's actions as a tree without variations."""
    spec = record.spec
    size = f"{spec.width}" if spec.width == spec.height else f"{spec.width}:{spec.height}"
    root: dict[str, list[str]] = {
        "FF": ["4"],
        "GM": [spec.sgf_number or "1"],
        "CA": ["UTF-8"],
        "AP": ["Miai"],
        "SZ": [size],
    }
    if isinstance(spec, GoSpec):
        root["KM"] = [f"{spec.komi:g}"]
        root["RU"] = [escape(_rules_text(spec, record.extra.get("RU", "")))]
    else:
        root[GAME_PROPERTY] = [escape(json.dumps({"game": spec.name, **spec.rules}))]
    root |= {name: [escape(t)] for name, t in record_text(record).items() if name not in root}
    for name, points in (("AB", record.black_setup), ("AW", record.white_setup)):
        if points:
            root[name] = [point_text(spec, point) for point in points]
    if record.black_setup or record.white_setup or record.first_to_move == WHITE:
        root["PL"] = ["B" if record.first_to_move == BLACK else "W"]
    node = tree = Node(root)
    colour = record.first_to_move
    for action in record.actions:
        child = Node({"B" if colour == BLACK else "W": [point_text(spec, action)]})
        node.children.append(child)
        node = child
        colour = BLACK + WHITE - colour
    return tree


def _rules_text(spec: GoSpec, written: str) -> str:
    """The rules as they were read, if they are still the same; else as KataGo writes them."""
    if written and rules_named(spec, written)[0] == spec:
        return written
    bonus = {"none": "", "stones": "whbN", "stones-1": "whbN-1"}[spec.handicap_bonus]
    how = f"ko{spec.ko.upper()}score{spec.scoring.upper()}taxNONEsui{int(spec.suicide)}"
    return how + bonus


def written_sgf(record: GameRecord) -> bytes:
    """Return the file that a record was read from, in UTF-8; the record itself if it was not."""
    if record.tree is None:
        return write_sgf(record)
    return tree_text(in_utf8(record.tree.root)).encode()


def in_utf8(root: Node) -> Node:
    """Return a root that says that its text is UTF-8, with the same children."""
    return Node({**root.properties, "CA": ["UTF-8"]}, root.children)


def read_sgf(data: bytes, source: str) -> list[GameRecord]:
    """Return the games of a file; see :func:`read_games`, which also tells where they were cut."""
    return [game.record for game in read_games(data, source)]


def read_games(data: bytes, source: str) -> list[ReadGame]:
    """Return all games of a file, the main line of each.

    Raises:
        RecordError: if the file is not SGF, or a game in it is not one of ours.
    """
    return [read_game(text) for text in split_collection(data, source)]


def read_one(
    data: bytes,
    source: str,
    number: int = 1,
    *,
    to_the_end: bool = False,
    progress: Progress = no_progress,
) -> ReadGame:
    """Return one game of a file, counted from 1; what is wrong with others is no matter.

    Raises:
        RecordError: if the file has no such game, or it cannot be used.
    """
    count = 0
    for text in split_collection(data, source):
        count += 1
        if count == number:
            return read_game(text, to_the_end=to_the_end, progress=progress)
        progress(0.0)
    raise RecordError(f"expected a game number from 1 to {count}, got {number!r}: {source}")


def read_game(
    game: GameText,
    *,
    keep_tree: bool = True,
    to_the_end: bool = False,
    progress: Progress = no_progress,
) -> ReadGame:
    """Read the main line of one game.

    Args:
        game: its text.
        keep_tree: give the record its tree, with all that the file says.
        to_the_end: where stones are set up in mid-game, begin the record with them.
        progress: is told how much of the text is read.

    Raises:
        RecordError: if it is damaged, or the game, its size or its set-up cannot be used.
    """
    label = game.label
    if game.damaged:
        raise RecordError(game.damaged)
    if len(game.text) > LARGEST_GAME:
        raise RecordError(f"expected a game of at most {LARGEST_GAME >> 20} MiB: {label}")
    try:
        parsed = parse_game(game.text, game.place, progress=progress)
    except RecordError as error:
        raise RecordError(f"{label}: {error}") from error
    nodes = parsed.root.main_line()
    root = parsed.root.properties
    found = announced(root, label, [node.properties for node in nodes[1:_BEGINNING]])
    found.notes[:0] = [*([game.note] if game.note else []), *parsed.notes]
    texts = {name: unescape(root[name][0]).strip() for name in _KEPT if name in root}
    opening = read_opening(found, nodes, label, _handicap(texts.get("HA", "")), None)
    record = GameRecord(
        spec=found.spec,
        actions=(),
        black=_text(root, "PB"),
        white=_text(root, "PW"),
        result=normal_result(_text(root, "RE")),
        comment=_text(root, "C"),
        extra=texts,
        source=label,
    )

    def where(number: int) -> str:
        located = parse_game(game.text, game.place, locate=True).root.main_line()
        return game.place.of(game.text, max(located[number].at, 0))

    begin = 0
    for _ in range(_MOST_SET_UPS):
        record = replace(
            record,
            black_setup=tuple(opening.black),
            white_setup=tuple(opening.white),
            first_to_move=opening.to_move,
        )
        first = begin + opening.first
        line, position = play_main_line(found, record, nodes, first, where)
        if not (to_the_end and line.set_up_at is not None):
            break
        begin = line.set_up_at
        stones = line.spec.stones(position)[0]
        opening = Opening(
            np.flatnonzero(stones == BLACK).tolist(),
            np.flatnonzero(stones == WHITE).tolist(),
            int(line.spec.to_move(position)[0]),
            begin,
        )
        found.spec = line.spec
        opening = read_opening(found, nodes[begin:], label, 0, opening)
    result = record.result
    if result == "?" and not line.cut:
        result = result_on_board(line.spec, position, nodes[-1].properties)
        if result == "?" and line.resigned:
            result = "W+R" if line.resigned == BLACK else "B+R"
        elif result != "?":
            line.notes.append(f"the result {result} is that of the board")
    tree = GameTree(parsed.root, first) if keep_tree else None
    record = replace(record, spec=line.spec, actions=tuple(line.actions), result=result, tree=tree)
    plain = line.plain if line.plain < len(line.actions) else None
    return ReadGame(
        record,
        line.cut,
        tuple(dict.fromkeys([*found.notes, *line.notes])),
        plain,
        found.says_komi,
        found.says_rules,
    )


def _text(root: dict[str, list[str]], name: str) -> str:
    return unescape(root[name][0]).strip() if name in root else ""


def _handicap(text: str) -> int:
    """The number of stones that ``HA`` says; 0 if it says none."""
    if not (text.isascii() and text.isdigit()):
        return 0
    return min(int(text[:4]), _MOST_HANDICAP)
