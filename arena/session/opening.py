"""Reads games of a file as trees of positions, and says which games a file has.

Everything here may run in a thread: it knows no session, and what it returns is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from arena.session.kept_thoughts import take_thought
from arena.session.texts import say
from arena.session.tree import Node
from engine.errors import RecordError
from engine.games import GAMES, quick
from engine.games.spec import Positions, other_side
from engine.look import look_of
from engine.records import GameRecord
from engine.records.collection import split_collection
from engine.records.formats import other_games, read_game_of
from engine.records.sgf_tree import (
    Progress,
    no_garbage_collection,
    no_progress,
    parse_game,
    part_of,
)
from engine.records.sgf_values import unescape
from engine.records.variations import (
    MOST_MOVES,
    notes_of,
    read_first,
    variations_of,
)

_HEAD = re.compile(r"[\s(]*+;?(?:[^;(\[]++|\[[^\\\]]*+(?:\\.[^\\\]]*+)*+\]?)*+", re.DOTALL)
"""The first node of a game, where its names stand."""
_LONGEST_HEAD = 4000
"""Characters."""
_MOST_LISTED = 20_000


@dataclass(frozen=True)
class Opened:
    """One game of a file."""

    record: GameRecord
    start: Positions
    """Position before the first action, ``(1,)``."""
    root: Node
    """The start of its tree; forward follows the main line."""
    number: int
    """Which game of the file it is, from 1."""
    count: int
    """How many games the file has."""
    message: str
    """What the person is told about it."""


@dataclass(frozen=True)
class Listed:
    """A game of a file, before it is read."""

    number: int
    players: str
    details: str
    """Board, date, event and result, as far as the file says them."""


def read_opened(
    data: bytes, name: str, number: int | None = None, progress: Progress = no_progress
) -> Opened:
    """Read one game of a file: the first that can be read, or the one of a number.

    Raises:
        MiaiError: if there is none, or it is too large.
    """
    with no_garbage_collection():
        return _read(data, name, number, progress)


def _read(data: bytes, name: str, number: int | None, progress: Progress) -> Opened:
    count = 0
    if number is None:
        found, moves, number, count = read_first(data, name, part_of(progress, 0.0, 0.8))
    else:
        found = read_game_of(data, name, number, part_of(progress, 0.0, 0.6))
        moves = variations_of(found.record, part_of(progress, 0.6, 0.8))
    start = found.record.start()
    root = grown(found.record, start, moves, part_of(progress, 0.8, 1.0))
    message = say("{name}: go through it with the arrows or the wheel", name=name)
    if found.cut:
        message = say("Opened as far as it can be read: {reason}", reason=found.cut)
    elif len(moves) >= MOST_MOVES:
        message = say(
            "{name}: its first {count} moves are shown; saving keeps the others too",
            name=name,
            count=len(moves),
        )
    elif not count:
        message = say("{name}, game {number}", name=name, number=number)
    elif number > 1:
        message = say(
            "{name}, game {number} of {count}: those before cannot be read",
            name=name,
            number=number,
            count=count,
        )
    elif count > 1:
        message = say("{name}, the first of {count} games", name=name, count=count)
    elif found.notes:
        message = say("{name}, with a note: {note}", name=name, note=found.notes[0])
    return Opened(found.record, start, root, number, count, message)


def grown(
    record: GameRecord,
    start: Positions,
    moves: list[tuple[int, int]],
    progress: Progress = no_progress,
) -> Node:
    """Return the tree of moves with what the record's file says; the main line is selected."""
    nodes = [Node()]
    for parent, action in moves:
        nodes.append(nodes[parent].child(action))
    for node in nodes:
        node.chosen = 0
    annotate(record, start, nodes, progress)
    return nodes[0]


def annotate(
    record: GameRecord,
    start: Positions,
    nodes: list[Node | None] | list[Node],
    progress: Progress = no_progress,
) -> None:
    """Give positions what the record's file says about them.

    ``nodes`` are by the numbers of the record's moves; ``None`` stands for a deleted position.
    """
    first = int(record.spec.to_move(start)[0])
    for number, said in notes_of(record, progress).items():
        node = nodes[number] if number < len(nodes) else None
        if node is not None:
            node.notes = {name: list(values) for name, values in said.items()}
            side = first if node.ply % 2 == 0 else other_side(first)
            take_thought(record.spec, side, node, said)


def list_games(
    data: bytes, name: str, count: int = _MOST_LISTED, progress: Progress = no_progress
) -> list[Listed]:
    """Return the games of a file, at most 20,000, without reading their moves where it can.

    ``count`` is how many there are, for the progress.
    """
    found: list[Listed] = []
    with no_garbage_collection(), suppress(RecordError):
        for listed in _listed(data, name):
            found.append(listed)
            if len(found) == _MOST_LISTED:
                break
            if len(found) % 64 == 0:
                progress(min(len(found) / count, 1.0))
    return found


def _listed(data: bytes, name: str) -> Iterator[Listed]:
    others = other_games(data, name)
    if others is not None:
        for number, other in enumerate(others, start=1):
            if isinstance(other, RecordError):
                yield Listed(number, say("cannot be read"), str(other))
            else:
                record = other.record
                yield Listed(
                    number, f"{record.black or '?'} – {record.white or '?'}", record.result
                )
        return
    specs = [quick(game) for game in GAMES]
    titles = {spec.sgf_number: look_of(spec).title for spec in specs if spec.sgf_number}
    for number, text in enumerate(split_collection(data, name), start=1):
        head = _HEAD.match(text.text, 0, _LONGEST_HEAD)
        said = parse_game(head.group() if head else "").root.properties

        def of(name: str, said: dict[str, list[str]] = said) -> str:
            return " ".join(unescape(said.get(name, [""])[0]).split())

        black, white = of("PB") or of("BT"), of("PW") or of("WT")
        players = f"{black or '?'} – {white or '?'}" if black or white else of("GN")
        title = titles.get(of("GM") or "1", "")
        game = say(title) if title else ""
        size = of("SZ")
        board = size if ":" in size else f"{size}x{size}" if size else ""
        details = [f"{game} {board}".strip(), of("DT"), of("RE"), of("EV")]
        if black or white:
            details.append(of("GN"))
        yield Listed(number, players, ", ".join(detail for detail in details if detail))
