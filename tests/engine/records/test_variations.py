"""Trees of moves as SGF: round trips, depth, and what the world writes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.games import make
from engine.games.spec import BLACK
from engine.records import GameRecord
from engine.records.variations import write_variations
from tests.support.records import read_variations

GAMES = ["go", "othello", "gomoku", "connect_four", "hex", "tic_tac_toe"]


def random_tree(record: GameRecord, seed: int, size: int) -> list[tuple[int, int]]:
    """A tree that grows at random nodes, in the order that a reader gives it back."""
    random = np.random.default_rng(seed)
    positions = [record.start()]
    children: dict[int, list[int]] = {0: []}
    actions = [-1]
    for _ in range(size):
        parent = int(random.integers(len(positions)))
        position = positions[parent].copy()
        legal = np.flatnonzero(record.spec.legal(position)[0])
        free = [a for a in legal if a not in [actions[child] for child in children[parent]]]
        if not free:
            continue
        action = int(random.choice(free))
        record.spec.play(position, np.array([action]))
        children[parent].append(len(positions))
        children[len(positions)] = []
        positions.append(position)
        actions.append(action)
    moves: list[tuple[int, int]] = []
    todo = [(child, 0) for child in reversed(children[0])]
    while todo:
        node, parent = todo.pop()
        moves.append((parent, actions[node]))
        number = len(moves)
        todo += [(child, number) for child in reversed(children[node])]
    return moves


@pytest.mark.parametrize("game", GAMES)
@given(seed=st.integers(0, 10**6), size=st.integers(0, 40))
@settings(max_examples=10, deadline=None)
def test_a_tree_comes_back(game: str, seed: int, size: int) -> None:
    record = GameRecord(make(game), (), black="A]\\", white="B")
    moves = random_tree(record, seed, size)
    [(read, back)] = read_variations(write_variations(record, moves), "x")
    assert back == moves
    assert read.record.black == "A]\\"


def test_stones_that_are_set_up_decide_who_begins() -> None:
    record = GameRecord(make("go", 9), (), black_setup=(20, 60), first_to_move=2)
    moves = [(0, 40), (1, 41), (0, 42)]
    data = write_variations(record, moves)
    assert b"(;W[ee];B[fe])(;W[ge])" in data
    [(read, back)] = read_variations(data, "x")
    assert back == moves
    assert read.record.first_to_move == 2
    assert read.record.black_setup == (20, 60)


def test_a_bad_move_ends_its_variation_only() -> None:
    data = b"(;GM[1]SZ[9](;B[aa];W[aa];B[cc])(;B[bb];W[zz])(;W[cc])(;B[dd];W[ee]))"
    [(_, moves)] = read_variations(data, "x")
    assert moves == [(0, 0), (0, 10), (0, 81), (3, 20), (0, 30), (5, 40)]


def test_a_pass_written_as_tt_does_not_end_a_variation() -> None:
    data = b"(;GM[1]SZ[9];B[aa];W[tt](;B[bb];W[tt];B[tt])(;B[cc]))"
    [(read, moves)] = read_variations(data, "x")
    assert read.record.actions == (0, 81, 10, 81, 81)
    assert moves == [(0, 0), (1, 81), (2, 10), (3, 81), (4, 81), (2, 20)]


def test_stones_set_up_after_a_move_end_a_variation() -> None:
    """What comes then would be played on another board."""
    data = b"(;GM[1]SZ[9];B[aa](;W[bb];B[cc])(;AW[dd]AE[aa];B[ee]))"
    [(_, moves)] = read_variations(data, "x")
    assert moves == [(0, 0), (1, 10), (2, 20)]
    data = b"(;GM[1]SZ[9];AB[ii](;W[bb];B[cc])(;AW[dd];W[ee]))"
    [(read, moves)] = read_variations(data, "x")
    assert read.record.black_setup == (80,)
    assert moves == [(0, 10), (1, 20)]


def test_a_variation_for_every_move_is_no_recursion() -> None:
    spec = make("go", 19)
    points = [p for p in range(spec.points) if (p // 19 + p % 19) % 2 == 0][:150]
    text = "".join(
        f"(;{'BW'[k % 2]}[{chr(97 + p % 19)}{chr(97 + p // 19)}]" for k, p in enumerate(points)
    )
    data = f"(;GM[1]SZ[19]{text}{')' * len(points)})".encode()
    [(_, moves)] = read_variations(data, "x")
    assert len(moves) == 150
    assert BLACK == 1


def test_a_variation_that_is_the_pass_put_in_before_a_move_stays_behind_it() -> None:
    data = b"(;GM[1]SZ[19];B[cb];W[aa];B[bb];N[x](;B[lj];W[nf])(;W[tt]))"
    ((game, moves),) = read_variations(data, "test")
    ((back, again),) = read_variations(write_variations(game.record, moves), "test")
    assert back.record.actions == game.record.actions
    assert len(game.record.actions) == 6
    assert again == moves
