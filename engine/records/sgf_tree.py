"""The text of one SGF game as a tree of nodes, and back; knows no game and no encoding.

The grammar is that of FF[4] (https://www.red-bean.com/sgf/sgf4.html), read leniently: what is left
out or left over is noted with its line and column. Nothing recurses, and time is linear.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from engine.errors import RecordError

Properties = dict[str, list[str]]
"""Values by identifier, as they stand between the brackets, escapes included."""
Progress = Callable[[float], object]
"""Is told from time to time which share of the work is done; what it raises ends the work."""
MOST_NODES: Final = 500_000
"""Of one game: some 300 MB. A game with 20 variations at every move has a tenth of them."""
_MOST_NOTES: Final = 20
_TOLD_EVERY: Final = 1 << 17
"""Characters."""
_LARGE: Final = 1 << 16
"""Characters of a game during which no garbage is collected."""

# Most of a game: nodes that hold one move each.
_RUN = re.compile(r"(?:;\s*[BW]\[[a-zA-Z]{0,2}\]\s*)+(?=[;()]|\Z)")
_MOVE = re.compile(r"([BW])\[([a-zA-Z]*)\]")
_TOKEN = re.compile(r"\s*(?:([;()])|([A-Za-z][A-Za-z0-9_]*)\s*(?=\[)|(\[))")
_VALUE = re.compile(r"\s*\[([^\\\]]*+(?:\\.[^\\\]]*+)*+)(\]|\\?\Z)", re.DOTALL)
_JUNK = re.compile(r"(?:[^;()\[A-Za-z]++|[A-Za-z][A-Za-z0-9_]*+(?!\s*+\[))+")
_LONG_NAMES: Final = {
    "black": "B",
    "white": "W",
    "size": "SZ",
    "boardsize": "SZ",
    "komi": "KM",
    "handicap": "HA",
    "result": "RE",
    "rules": "RU",
    "date": "DT",
    "event": "EV",
    "game": "GM",
    "comment": "C",
    "addblack": "AB",
    "addwhite": "AW",
    "addempty": "AE",
    "playerblack": "PB",
    "playerwhite": "PW",
    "blackrank": "BR",
    "whiterank": "WR",
}


class Node:
    """A node of a game tree."""

    __slots__ = ("at", "children", "properties")

    def __init__(
        self,
        properties: Properties | None = None,
        children: list[Node] | None = None,
        at: int = -1,
    ) -> None:
        self.properties: Properties = {} if properties is None else properties
        self.children: list[Node] = [] if children is None else children
        self.at = at
        """Where its first move or its ``;`` stands in the text, -1 if that was not asked for."""

    def main_line(self) -> list[Node]:
        """This node and its first descendants."""
        nodes = [self]
        while nodes[-1].children:
            nodes.append(nodes[-1].children[0])
        return nodes


@dataclass(frozen=True)
class Place:
    """Where a game's text begins in its file; lines and columns count from 1."""

    line: int = 1
    column: int = 1

    def of(self, text: str, offset: int) -> str:
        """Return line and column of a place in the game's text, for messages."""
        breaks = text.count("\n", 0, offset)
        last = text.rfind("\n", 0, offset)
        column = offset - last if breaks else self.column + offset
        return f"line {self.line + breaks}, column {column}"


@dataclass
class Parsed:
    """A game's tree."""

    root: Node
    notes: list[str] = field(default_factory=list)
    """What was passed over or filled in."""


def no_progress(share: float) -> None:
    """Tell nobody which share of the work is done."""


def part_of(progress: Progress, begin: float, end: float) -> Progress:
    """Return what tells ``progress`` of a part of its work, which lies between two shares."""
    return lambda share: progress(begin + (end - begin) * share)


def parse_game(
    text: str,
    place: Place | None = None,
    locate: bool = False,
    progress: Progress = no_progress,
) -> Parsed:
    """Return the tree of a game; what follows it in the text is not looked at.

    Args:
        text: from the first parenthesis on.
        place: of the text in its file, for the notes.
        locate: set ``at`` of every node, which takes longer.
        progress: is told how much of the text is read.

    Raises:
        RecordError: if it has more than ``MOST_NODES`` nodes.
    """
    parser = _Parser(text, place or Place(), locate, progress)
    if len(text) < _LARGE:
        return parser.parse()
    with no_garbage_collection():
        return parser.parse()


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep Python from looking for cycles; a tree has none, and looking takes most of the time.

    Threads may overlap: the first that ends turns it on again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Parser:
    """Reads a text once, from its beginning to its end, into trees of nodes."""

    def __init__(self, text: str, place: Place, locate: bool, progress: Progress) -> None:
        self._text, self._place, self._locate = text, place, locate
        self._progress, self._count = progress, 0
        self._root: Node | None = None
        self._node: Node | None = None
        self._open: list[Node | None] = []
        self._notes: list[str] = []

    def parse(self) -> Parsed:
        text, at, told = self._text, 0, 0
        if not text.lstrip().startswith("("):
            self._open.append(None)
            self._note("a parenthesis is missing", 0)
        while True:
            if at >= told + _TOLD_EVERY:
                told = at
                self._progress(at / len(text))
            if not self._locate and self._node is not None:
                run = _RUN.match(text, at)
                if run is not None:
                    self._take_run(run.group(), at)
                    at = run.end()
            token = _TOKEN.match(text, at)
            if token is None:
                junk = _JUNK.match(text, at)
                if junk is None or junk.end() == len(text):
                    break
                self._note_junk(junk)
                at = junk.end()
                continue
            mark, name, value = token.groups()
            at = token.end()
            if mark == ";":
                self._begin_node(at - 1)
            elif mark == "(":
                self._open.append(self._node)
            elif mark == ")":
                self._node = self._open.pop() if self._open else None
                if not self._open:
                    return self._end()
            elif name is not None:
                at = self._take_property(name, token.start(2), at)
            else:
                self._note("a value without a name is left out", token.start(3))
                at = self._end_of_value(value, token.start(3))
        missing = len(self._open)
        if missing:
            what = "a parenthesis is" if missing == 1 else f"{missing} parentheses are"
            self._note(f"{what} missing at the end", len(text.rstrip()))
        return self._end()

    def _end(self) -> Parsed:
        return Parsed(Node() if self._root is None else self._root, self._notes)

    def _begin_node(self, at: int) -> Node:
        self._more(1, at)
        node = Node(at=at if self._locate else -1)
        if self._node is not None:
            self._node.children.append(node)
        elif self._root is None:
            self._root = node
        else:  # a second game within the parentheses of the first
            self._root.children.append(node)
        self._node = node
        return node

    def _more(self, nodes: int, at: int) -> None:
        self._count += nodes
        if self._count > MOST_NODES:
            where = self._place.of(self._text, at)
            raise RecordError(f"expected at most {MOST_NODES:,} positions, got more: {where}")

    def _take_run(self, text: str, at: int) -> None:
        node = self._node
        assert node is not None
        children = node.children
        self._more(text.count(";"), at)
        for name, value in _MOVE.findall(text):
            node = Node({name: [value]}, [])
            children.append(node)
            children = node.children
        self._node = node

    def _take_property(self, name: str, start: int, at: int) -> int:
        """Read the values of a property; return where they end."""
        name = normal_name(name)
        node = self._node
        if node is None:
            node = self._begin_node(start)
            self._note("a semicolon is missing", start)
        elif name in ("B", "W") and ("B" in node.properties or "W" in node.properties):
            node = self._begin_node(start)
            self._note("a semicolon is missing before a move", start)
        elif name in ("B", "W"):
            node.at = start if self._locate else -1
        values = node.properties.setdefault(name, [])
        while (value := _VALUE.match(self._text, at)) is not None:
            at = value.end()
            if value.group(2) != "]":
                self._note(f"the value of {name} does not end", value.start())
                if name in ("B", "W"):  # half a move is none
                    break
            values.append(value.group(1))
        if not values:
            del node.properties[name]
        return at

    def _end_of_value(self, bracket: str, at: int) -> int:
        value = _VALUE.match(self._text, at)
        return at + len(bracket) if value is None else value.end()

    def _note_junk(self, junk: re.Match[str]) -> None:
        found = junk.group().strip()
        if found:
            at = junk.start() + len(junk.group()) - len(junk.group().lstrip())
            self._note(f"{found[:20]!r} is left out", at)

    def _note(self, what: str, offset: int) -> None:
        if len(self._notes) < _MOST_NOTES:
            self._notes.append(f"{what}: {self._place.of(self._text, offset)}")


@lru_cache(maxsize=4096)
def normal_name(name: str) -> str:
    """Return an identifier as FF[4] writes it.

    Older formats allow small letters, which do not count: ``BlacK`` is not meant, ``Black`` is B.
    """
    if name.isupper():
        return name
    known = _LONG_NAMES.get(name.lower())
    capitals = "".join(c for c in name if c.isupper() or c.isdigit()).lstrip("0123456789")
    return known or capitals or name.upper()


def copied(root: Node) -> tuple[Node, dict[int, Node]]:
    """Return a copy of a tree, and by the id of each node its copy; values are shared."""
    copies = {id(node): Node(dict(node.properties), at=node.at) for node in walk(root)}
    for node in walk(root):
        copies[id(node)].children = [copies[id(child)] for child in node.children]
    return copies[id(root)], copies


def tree_text(root: Node) -> str:
    """Return a tree as SGF, on one line but for what its values hold."""
    parts: list[str] = ["("]
    todo: list[Node | str] = [")", root]
    while todo:
        entry = todo.pop()
        if isinstance(entry, str):
            parts.append(entry)
            continue
        parts.append(node_text(entry))
        children = entry.children
        if len(children) == 1:
            todo.append(children[0])
        else:
            for child in reversed(children):
                todo += (")", child, "(")
    return "".join(parts) + "\n"


def node_text(node: Node) -> str:
    """Return one node, its semicolon first."""
    values = node.properties.items()
    return ";" + "".join(name + "".join(f"[{v}]" for v in some) for name, some in values)


def walk(root: Node) -> Iterator[Node]:
    """Yield all nodes, parents before their children, first children first."""
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(reversed(node.children))
