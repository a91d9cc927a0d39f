"""SGF with variations: a game as a tree of moves, in and out, without recursion.

Moves are pairs ``(parent, action)``, numbered from 1 in their order; 0 is the start of the game. A
parent comes before its children, and the first child of each is the main line. What else a file
holds stays with the record, and is written again around its moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.errors import IllegalActionError, RecordError
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.records.collection import split_collection
from engine.records.formats import other_game
from engine.records.line import SET_UP
from engine.records.record import GameRecord
from engine.records.replay import reopen
from engine.records.results import normal_result
from engine.records.sgf import ReadGame, in_utf8, read_game, record_tree
from engine.records.sgf_tree import (
    Node,
    Progress,
    Properties,
    copied,
    no_progress,
    part_of,
    tree_text,
    walk,
)
from engine.records.sgf_values import escape, point_text, read_action, unescape

Moves = Sequence[tuple[int, int]]
MOST_MOVES = 20_000
"""Of a game's tree; what comes after them is kept with the record and not followed."""
_TOLD_EVERY = 1024
"""Nodes."""
_SET_UP = frozenset(SET_UP)
_OTHERWISE_KEPT = (
    "B W KO MN PL GM FF CA AP ST SZ KM HA RU RE DT EV RO PB PW BR WR BT WT PC GN GC US SO ON OT TM "
    "AN CP BL WL OB OW TB TW"
)
"""Properties of moves, of the board, of clocks and of whole games."""


@dataclass
class _Followed:
    """The moves that a tree holds, and where its nodes stand among them."""

    moves: list[tuple[int, int]] = field(default_factory=list)
    number: dict[int, int] = field(default_factory=dict)
    """By a node's id, the number of the move after which it stands; without those that cannot be
    followed."""


def read_first(
    data: bytes, source: str, progress: Progress = no_progress
) -> tuple[ReadGame, list[tuple[int, int]], int, int]:
    """Return the first game of a file that can be read, its variations, its number, and how many
    games the file has.

    Raises:
        RecordError: if no game of the file can be read; of other formats only the first counts.
    """
    if (other := other_game(data, source)) is not None:
        return other, list(enumerate(other.record.actions)), 1, 1
    found: tuple[ReadGame, int] | None = None
    refusal: RecordError | None = None
    count = 0
    for text in split_collection(data, source):
        count += 1
        try:
            if found is None:
                found = read_game(text, progress=part_of(progress, 0.0, 0.6)), count
        except RecordError as error:
            refusal = refusal or error
        if count % 64 == 0:
            progress(0.6)
    if found is None:
        raise refusal or RecordError(f"expected a game, got none: {source}")
    game, number = found
    moves = _follow(game.record, part_of(progress, 0.6, 1.0)).moves
    return game, moves, number, count


def variations_of(record: GameRecord, progress: Progress = no_progress) -> list[tuple[int, int]]:
    """Return the tree of moves of a record as far as it can be followed."""
    if record.tree is None:
        return list(enumerate(record.actions))
    return _follow(record, progress).moves


def notes_of(record: GameRecord, progress: Progress = no_progress) -> dict[int, Properties]:
    """Return what a record's file says about its positions, by the number of the latest move.

    Moves, set-up stones and the properties of the whole game are left out. Where several nodes
    stand after the same move, the first that has a property counts.
    """
    if record.tree is None:
        return {0: {"C": [escape(record.comment)]}} if record.comment else {}
    number = _follow(record, progress).number
    found: dict[int, Properties] = {}
    left_out = _SET_UP.union(_OTHERWISE_KEPT.split())
    for node in walk(record.tree.root):
        at = number.get(id(node))
        if at is None:
            continue
        said = {k: v for k, v in node.properties.items() if k not in left_out}
        if said:
            found[at] = {**said, **found.get(at, {})}
    return found


def write_variations(
    record: GameRecord, moves: Moves, changes: Mapping[int, Properties] | None = None
) -> bytes:
    """Return the tree of moves as SGF; of ``record`` all but its actions is written.

    Where the record was read from a file, all that the file says is kept with its nodes. A
    variation that is not among the moves was deleted, one that could not be followed was not.

    Args:
        record: the game.
        moves: its tree.
        changes: properties to set, by the number of the move before them; no values remove one.
    """
    places: dict[int, list[Node]] = {}
    if record.tree is None:
        root = record_tree(replace(record, actions=()))
        home = {0: root}
        _add(record, moves, home, set())
        places = {number: [node] for number, node in home.items()}
    else:
        root = _merged(record, moves, places)
    for number, properties in (changes or {}).items():
        for name, values in properties.items():
            _set_property(places.get(number, []), name, values)
    if record.tree is not None:
        root = in_utf8(root)
        if record.result not in ("?", normal_result(_text(root, "RE"))):
            root.properties["RE"] = [escape(record.result)]
    return tree_text(root).encode()


def main_line_nodes(record: GameRecord) -> tuple[Node, dict[int, Node]]:
    """Return the record as a tree of its own, and by ply the node on the main line that plays it.

    Ply 0 is the node before the first move. A pass that the file does not hold has no node.
    """
    if record.tree is None:
        nodes = record_tree(record).main_line()
        return nodes[0], dict(enumerate(nodes))
    number = _follow(record).number
    root, _ = copied(in_utf8(record.tree.root))
    main = record.tree.root.main_line()
    plies = {0: root}
    for node, original in zip(root.main_line(), main, strict=True):
        ply = number.get(id(original))
        if ply and {"B", "W"} & original.properties.keys():
            plies.setdefault(ply, node)
    return root, plies


def _set_property(nodes: list[Node], name: str, values: list[str]) -> None:
    """Change a property where it stands, or add it to the first of the nodes."""
    node = next((n for n in nodes if name in n.properties), nodes[0] if nodes else None)
    if node is None:
        return  # a pass that the file leaves out has no node to write to
    node.properties.pop(name, None)
    if values:
        node.properties[name] = values


def _text(root: Node, name: str) -> str:
    return unescape(root.properties.get(name, [""])[0])


def _add(
    record: GameRecord, moves: Moves, home: dict[int, Node], unwritten: set[int]
) -> dict[int, int]:
    """Add nodes for the moves that have none; return by a new node's id the move's number.

    ``home`` has the node after which each number's moves go, and gets the new ones. Passes that
    are ``unwritten`` get a node only where a new move follows them.
    """
    spec = record.spec
    colours = [record.first_to_move]
    added: dict[int, int] = {}

    def add(number: int) -> None:
        parent, action = moves[number - 1]
        if parent not in home:
            add(parent)
        name = "B" if colours[parent] == BLACK else "W"
        home[number] = Node({name: [point_text(spec, action)]})
        home[parent].children.append(home[number])
        added[id(home[number])] = number

    for number, (parent, _) in enumerate(moves, start=1):
        colours.append(BLACK + WHITE - colours[parent])
        if number not in home and number not in unwritten:
            add(number)
    return added


def _merged(record: GameRecord, moves: Moves, standing: dict[int, list[Node]]) -> Node:
    """A copy of the record's tree with these moves in it and no others that can be followed.

    ``standing`` gets the nodes that stand after each number, in their order.
    """
    assert record.tree is not None
    known = _follow(record)
    places = {step: number for number, step in enumerate(moves, start=1)}
    now: list[int | None] = [0]
    for parent, action in known.moves:
        before = now[parent]
        now.append(None if before is None else places.get((before, action)))
    root = Node(dict(record.tree.root.properties))
    order: dict[int, int] = {id(root): 0}
    home: dict[int, Node] = {}
    todo = [(record.tree.root, root, 0)]
    copies, under = [root], {id(root): 0}
    while todo:
        node, copy, here = todo.pop()
        stands = known.number.get(id(node))
        if stands is not None:
            here = now[stands] or 0
            if here not in home or copy in home[here].children[:1]:
                home[here] = copy
            order[id(copy)] = here
            standing.setdefault(here, []).append(copy)
        kept = []
        for child in node.children:
            at = known.number.get(id(child))
            if at is not None and now[at] is None:
                continue
            kept.append((child, Node(dict(child.properties)), here))
        copy.children = [entry[1] for entry in kept]
        copies += copy.children
        under |= {id(child): here for child in copy.children}
        todo.extend(reversed(kept))
    unwritten = {number for number in now if number} - home.keys()
    order |= _add(record, moves, home, unwritten)
    for number, node in home.items():
        standing.setdefault(number, [node])
    for copy in reversed(copies):  # a node without a move counts as the first that follows it
        if order.get(id(copy)) == under[id(copy)]:
            first = order.get(id(copy.children[0])) if copy.children else None
            if first is None:
                del order[id(copy)]
            else:
                order[id(copy)] = first
    for copy in copies:
        if len(copy.children) > 1:
            steps = {
                id(child): _first_step(moves, order[id(child)], under.get(id(child)))
                for child in copy.children
                if id(child) in order
            }
            copy.children = _in_order(copy.children, steps)
    return root


def _first_step(moves: Moves, number: int, above: int | None) -> int:
    """The move by which a node leaves the position above it: a pass where one is put in."""
    step = number
    while above is not None and step > above:
        parent = moves[step - 1][0]
        if parent == above:
            return step
        step = parent
    return number


def _in_order(children: list[Node], order: dict[int, int]) -> list[Node]:
    """Nodes in the order of their moves; what cannot be followed stays behind its neighbour."""
    keys: list[int] = []
    for child in children:
        keys.append(order.get(id(child), keys[-1] if keys else 0))
    return [child for _, child in sorted(zip(keys, children, strict=True), key=lambda e: e[0])]


def _follow(record: GameRecord, progress: Progress = no_progress) -> _Followed:
    """Walk the record's tree, children in order, the main line first of all."""
    assert record.tree is not None
    found = _Followed()
    known: dict[tuple[int, int], int] = {}
    main = record.tree.root.main_line()
    before = {id(node) for node in main[: record.tree.first]}
    start = {id(node) for node in main[record.tree.first : record.tree.first + 1]}
    found.number = dict.fromkeys(before, 0)
    todo: list[tuple[Node, int, Positions]] = [(record.tree.root, 0, record.start())]
    visited = 0
    while todo:
        node, here, shared = todo.pop()
        position, owned = shared, False
        while True:
            visited += 1
            if visited % _TOLD_EVERY == 0:
                progress(len(found.moves) / MOST_MOVES)
            if id(node) not in before:
                actions = _actions_of(record.spec, position, node.properties, id(node) in start)
                if actions is None or len(found.moves) + len(actions) > MOST_MOVES:
                    break
                if actions and not owned:
                    position, owned = position.copy(), True
                if not _play(record.spec, position, actions):
                    break
                for action in actions:
                    step = (here, action)
                    if step not in known:
                        found.moves.append(step)
                        known[step] = len(found.moves)
                    here = known[step]
                found.number[id(node)] = here
            if len(node.children) != 1:
                todo += [(child, here, position) for child in reversed(node.children)]
                break
            node = node.children[0]
    return found


def _actions_of(
    spec: GameSpec, position: Positions, properties: Properties, starts: bool
) -> list[int] | None:
    """The actions that a node stands for, with the pass that is left out before its move.

    ``None`` if it cannot be followed. The node that ``starts`` the moves may set up stones.
    """
    if not starts and not _SET_UP.isdisjoint(properties):
        return None
    to_move = int(spec.to_move(position)[0])
    for name, colour in (("B", BLACK), ("W", WHITE)):
        if name not in properties:
            continue
        try:
            action = read_action(spec, properties[name][0], "")
        except RecordError:
            return None
        if to_move == colour:
            return [action]
        return [spec.pass_action, action] if spec.name in ("othello", "go") else None
    if "PL" in properties and spec.name == "go" and not starts:
        white = properties["PL"][0].strip().upper().startswith(("W", "2"))
        return [] if white == (to_move == WHITE) else [spec.pass_action]
    return []


def _play(spec: GameSpec, position: Positions, actions: list[int]) -> bool:
    """Play actions in place; False if they are not legal."""
    for action in actions:
        reopen(spec, position)
        try:
            spec.play(position, np.array([action]))
        except IllegalActionError:
            return False
    return True
