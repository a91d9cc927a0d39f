"""SGF with variations: a game as a tree of moves, in and out, without recursion.

Moves are pairs ``(parent, action)``, numbered from 1 in their order; 0 is the start of the game. A
parent comes before its children, and the first child of each is the main line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sgfmill import sgf_grammar

from engine.errors import IllegalActionError, RecordError
from engine.games.spec import BLACK, WHITE, GameSpec, Positions
from engine.records.record import GameRecord
from engine.records.sgf import ReadGame, read_game, split_collection, write_sgf
from engine.records.sgf_values import point_text, read_action

Moves = Sequence[tuple[int, int]]
_MOST_MOVES = 20_000
_SET_UP = {"AB", "AW", "AE"}


def start_of(record: GameRecord) -> Positions:
    """The position before the record's first action, ``(1,)``.

    Raises:
        IllegalActionError: if its set-up stones cannot stand.
    """
    start = record.spec.allocate(1)
    if record.has_setup or record.first_to_move != BLACK:
        stones = record.spec.board(record.black_setup, record.white_setup)
        record.spec.set_up(start, stones, record.first_to_move, strict=False)
    return start


def write_variations(record: GameRecord, moves: Moves) -> bytes:
    """Return the tree of moves as SGF; of ``record`` all but its actions is written."""
    spec = record.spec
    first = int(spec.to_move(start_of(record))[0])
    children: dict[int, list[int]] = {}
    for number, (parent, _) in enumerate(moves, start=1):
        children.setdefault(parent, []).append(number)
    head = write_sgf(replace(record, actions=())).decode().rstrip()
    parts = [head.removesuffix(")")]
    todo: list[tuple[int, int] | str] = [(number, 0) for number in reversed(children.get(0, []))]
    if len(todo) > 1:
        todo = _in_brackets(todo)
    while todo:
        entry = todo.pop()
        if isinstance(entry, str):
            parts.append(entry)
            continue
        number, ply = entry
        black = (ply % 2 == 0) == (first == BLACK)
        parts.append(f";{'B' if black else 'W'}[{point_text(spec, moves[number - 1][1])}]")
        further: list[tuple[int, int] | str] = [
            (child, ply + 1) for child in reversed(children.get(number, []))
        ]
        todo += _in_brackets(further) if len(further) > 1 else further
    return ("".join(parts) + ")\n").encode()


def _in_brackets(entries: list[tuple[int, int] | str]) -> list[tuple[int, int] | str]:
    return [part for entry in entries for part in (")", entry, "(")]


def read_variations(data: bytes, source: str) -> list[tuple[ReadGame, list[tuple[int, int]]]]:
    """Return all games of a file with their variations; illegal moves end a variation.

    Raises:
        RecordError: if the file is not SGF, or a game in it is not one of ours.
    """
    games = []
    for text, label in split_collection(data, source):
        game = read_game(text, label)
        tree = sgf_grammar.parse_sgf_game(text)
        games.append((game, _moves(game.record, tree, label)))
    return games


def _moves(record: GameRecord, tree: Any, label: str) -> list[tuple[int, int]]:
    """Walk the parsed tree, children in order, the main line first of all."""
    moves: list[tuple[int, int]] = []
    known: dict[tuple[int, int], int] = {}
    # Last: whether only first children lead there; their set-up is the record's own.
    todo: list[tuple[Any, int, Positions, bool]] = [(tree, 0, start_of(record), True)]
    while todo and len(moves) < _MOST_MOVES:
        part, here, position, first = todo.pop()
        position = position.copy()
        for node in part.sequence:
            if _SET_UP & node.keys() and (here or not first):
                break
            actions = _actions_of(record.spec, position, node, label)
            if actions is None:
                break
            for action in actions:
                step = (here, action)
                if step not in known:
                    moves.append(step)
                    known[step] = len(moves)
                here = known[step]
        else:
            todo += [
                (child, here, position, first and child is part.children[0])
                for child in reversed(part.children)
            ]
    return moves


def _actions_of(spec: GameSpec, position: Positions, node: Any, label: str) -> list[int] | None:
    """Play a node's move and return it, with the pass that Othello leaves out before it.

    ``None`` if it cannot be played.
    """
    for name, colour in (("B", BLACK), ("W", WHITE)):
        if name not in node:
            continue
        actions = []
        try:
            if int(spec.to_move(position)[0]) != colour:
                actions.append(spec.pass_action)
            actions.append(read_action(spec, node[name][0], label))
            if len(actions) > 1 and spec.name != "othello":
                return None
            for action in actions:
                spec.play(position, np.array([action]))
        except (RecordError, IllegalActionError):
            return None
        return actions
    return []
