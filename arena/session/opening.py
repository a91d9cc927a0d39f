"""Reads games of a file as trees of positions, and says which games a file has.

Everything here may run in a thread: it knows no session, and what it returns is new.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from arena.session.kept_thoughts import take_thought
from arena.session.texts import say
from arena.session.tree import Node
from engine.errors import MiaiError, RecordError
from engine.games import GAMES, quick
from engine.games.spec import Positions, other_side
from engine.look import look_of
from engine.records import GameRecord
from engine.records.collection import split_collection
from engine.records.formats import other_games, read_game_of
from engine.records.sgf_tree import parse_game
from engine.records.sgf_values import unescape
from engine.records.variations import notes_of, read_first, start_of, variations_of

MOST_NODES = 200_000
_HEAD = 4000
"""Characters of a game in which its names are looked for."""
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


def read_opened(data: bytes, name: str, number: int | None = None) -> Opened:
    """Read one game of a file: the first that can be read, or the one of a number.

    Raises:
        MiaiError: if there is none, or it is too large.
    """
    if data.count(b";") > MOST_NODES:
        raise RecordError(
            f"expected at most {MOST_NODES:,} positions to look at, got more; cut the file, or "
            "let `miai analyze` look through its first game"
        )
    count = 0
    if number is None:
        found, moves, number, count = read_first(data, name)
    else:
        found = read_game_of(data, name, number)
        moves = variations_of(found.record)
    start = start_of(found.record)
    root = grown(found.record, start, moves)
    message = say("{name}: go through it with the arrows or the wheel", name=name)
    if found.cut:
        message = say("Opened as far as it can be read: {reason}", reason=found.cut)
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


def grown(record: GameRecord, start: Positions, moves: list[tuple[int, int]]) -> Node:
    """Return the tree of moves with what the record's file says; the main line is selected."""
    nodes = [Node()]
    for parent, action in moves:
        nodes.append(nodes[parent].child(action))
    for node in nodes:
        node.chosen = 0
    annotate(record, start, nodes)
    return nodes[0]


def annotate(record: GameRecord, start: Positions, nodes: list[Node | None] | list[Node]) -> None:
    """Give positions what the record's file says about them.

    ``nodes`` are by the numbers of the record's moves; ``None`` stands for a deleted position.
    """
    first = int(record.spec.to_move(start)[0])
    for number, said in notes_of(record).items():
        node = nodes[number] if number < len(nodes) else None
        if node is not None:
            node.notes = {name: list(values) for name, values in said.items()}
            side = first if node.ply % 2 == 0 else other_side(first)
            take_thought(record.spec, side, node, said)


def list_games(data: bytes, name: str) -> list[Listed]:
    """Return the games of a file, at most 20,000, without reading their moves where it can."""
    try:
        return [listed for listed, _ in zip(_listed(data, name), range(_MOST_LISTED), strict=False)]
    except MiaiError:
        return []


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
        said = parse_game(text.text[:_HEAD]).root.properties

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
