"""The Go kernels against plain-Python rules: every ply of random games, under all rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.games import BLACK, GoSpec
from engine.games.go_board import BORDER, ZOBRIST
from tests.support.slow_go import EMPTY, SlowGo
from tests.support.strategies import choices, go_specs, pick


def slow_twin(spec: GoSpec) -> SlowGo:
    return SlowGo(spec.height, spec.width, spec.komi, spec.ko, spec.suicide, spec.scoring)


def cell_of(spec: GoSpec, point: int) -> int:
    return (point // spec.width + 1) * (spec.width + 1) + point % spec.width + 1


def compare(spec: GoSpec, position: Any, slow: SlowGo) -> None:
    """Everything that rules and scoring say of one position."""
    assert position["to_move"][0] == slow.to_move
    assert position["plies"][0] == len(slow.actions)
    assert position["passes"][0] == slow.passes
    assert position["prisoners"][0].tolist() == slow.prisoners
    latest = slow.actions[::-1][:5]
    assert position["last"][0].tolist() == latest + [-1] * (5 - len(latest))
    assert spec.finished(position)[0] == slow.finished
    assert spec.stones(position)[0].tolist() == list(slow.board)
    assert spec.legal(position)[0].tolist() == slow.legal()
    assert spec.ownership(position)[0].tolist() == slow.ownership()
    assert spec.score(position)[0] == slow.score()


def compare_chains(spec: GoSpec, row: Any, slow: SlowGo) -> None:
    """The invariants that ``engine.games.go_board`` states, recomputed from the stones."""
    cells = {point: cell_of(spec, point) for point in range(spec.points)}
    empty = [cells[point] for point in range(spec.points) if slow.board[point] == EMPTY]
    assert sorted(row["empties"][: row["empty_count"]]) == empty
    assert [row["empties"][row["empty_at"][cell]] for cell in empty] == empty
    border = np.ones(len(row["board"]), bool)
    border[list(cells.values())] = False
    assert (row["board"][border] == BORDER).all()
    assert not row["root"][border].any() and not row["root"][empty].any()
    whole_hash = 0
    for point in np.flatnonzero(slow.board).tolist():
        chain = slow.chain(slow.board, point)
        root = row["root"][cells[point]]
        assert {row["root"][cells[stone]] for stone in chain} == {root}
        circle = [int(root)]
        while row["next"][circle[-1]] != root:
            circle.append(int(row["next"][circle[-1]]))
            assert len(circle) <= len(chain)
        assert set(circle) == {cells[stone] for stone in chain}
        assert row["size"][root] == len(chain)
        edges = [near for s in chain for near in slow.neighbours(s) if slow.board[near] == EMPTY]
        assert row["libs"][root] == len(edges)
        chain_hash = np.bitwise_xor.reduce(ZOBRIST[slow.board[point], circle])
        assert row["chain_hash"][root] == chain_hash
        whole_hash ^= int(ZOBRIST[slow.board[point], cells[point]])
    assert int(row["hash"]) == whole_hash


def compare_features(spec: GoSpec, position: Any, slow: SlowGo) -> None:
    """Network inputs, from the side to move."""
    planes_of_row, globals_of_row = spec.features(position)
    planes = dict(zip(spec.plane_names, planes_of_row[0].T, strict=True))
    mover, board = slow.to_move, slow.board
    assert planes["on_board"].all()
    assert planes["own"].tolist() == [stone == mover for stone in board]
    assert planes["opponent"].tolist() == [stone == 3 - mover for stone in board]
    counts = [len(slow.liberties(board, p)) if board[p] else 0 for p in range(spec.points)]
    for count in (1, 2, 3):
        assert planes[f"liberties_{count}"].tolist() == [c == count for c in counts]
    ko, legal = [], []
    for point in range(spec.points):
        free = board[point] == EMPTY
        alive = free and (spec.suicide or not slow.place(point)[2])
        ko.append(bool(alive and slow.forbidden_by_ko(point)))
        legal.append(bool(alive and not slow.forbidden_by_ko(point)))
    assert planes["ko"].tolist() == ko
    assert planes["legal"].tolist() == legal
    for age in (1, 2):
        action = slow.actions[-age] if len(slow.actions) >= age else spec.pass_action
        assert np.flatnonzero(planes[f"last_{age}"]).tolist() == [
            point for point in range(spec.points) if point == action
        ]
    inputs = dict(zip(spec.global_names, globals_of_row[0], strict=True))
    assert inputs["komi"] == pytest.approx((-spec.komi if mover == BLACK else spec.komi) / 10)
    assert inputs["passed"] == (slow.passes > 0)
    assert inputs["superko"] == (spec.ko != "simple")
    assert inputs["suicide"] == spec.suicide


def walk(spec: GoSpec, numbers: list[int], features: bool = True, every: int = 1) -> SlowGo:
    """Play on the kernels and on their twin; compare all there is after ``every`` so many plies."""
    position, slow = spec.allocate(1), slow_twin(spec)
    hashes = {slow.board: int(position["hash"][0])}
    for ply, number in enumerate(numbers, start=1):
        if slow.finished:
            break
        action = pick(spec.legal(position)[0], number)
        spec.play(position, np.array([action]))
        slow.play(action)
        if ply % every:
            continue
        compare(spec, position, slow)
        compare_chains(spec, position[0], slow)
        if features and not slow.finished:
            compare_features(spec, position, slow)
        assert hashes.setdefault(slow.board, int(position["hash"][0])) == position["hash"][0]
    assert len(set(hashes.values())) == len(hashes)
    return slow


@settings(max_examples=150, deadline=None)
@given(go_specs(2, 4), choices(80))
def test_small_boards_where_ko_and_suicide_are_everywhere(spec: GoSpec, numbers: list[int]) -> None:
    walk(spec, numbers)


@settings(max_examples=25, deadline=None)
@given(go_specs(5, 9), choices(100))
def test_boards_up_to_nine(spec: GoSpec, numbers: list[int]) -> None:
    walk(spec, numbers)


@pytest.mark.parametrize("height, width", [(13, 13), (19, 19), (19, 2), (2, 19), (10, 17)])
def test_larger_boards_and_long_rectangles(height: int, width: int) -> None:
    numbers = np.random.default_rng(height * width).integers(0, 1 << 16, 90).tolist()
    walk(GoSpec(height, width, 7.5), numbers, every=15 if height * width > 81 else 1)


@settings(max_examples=40, deadline=None)
@given(go_specs(2, 4), choices(80))
def test_positional_superko_never_repeats_a_position(spec: GoSpec, numbers: list[int]) -> None:
    slow = walk(GoSpec(spec.height, spec.width, ko="positional"), numbers, features=False)
    placed = [slow.boards[0]]
    placed += [
        board
        for action, board in zip(slow.actions, slow.boards[1:], strict=True)
        if action != slow.points
    ]
    assert len(set(placed)) == len(placed)


@settings(max_examples=40, deadline=None)
@given(go_specs(2, 6), choices(60), st.data())
def test_dead_stones_leave_before_scoring(
    spec: GoSpec, numbers: list[int], data: st.DataObject
) -> None:
    slow = walk(spec, numbers, features=False)
    position = spec.allocate(1)
    for action in slow.actions:
        spec.play(position, np.array([action]))
    dead = data.draw(st.lists(st.booleans(), min_size=spec.points, max_size=spec.points))
    cleared = slow_twin(spec)
    cleared.prisoners = list(slow.prisoners)
    for stone, gone in zip(slow.board, dead, strict=True):
        if gone and stone != EMPTY:
            cleared.prisoners[2 - stone] += 1
    cleared.boards = [tuple(0 if gone else s for s, gone in zip(slow.board, dead, strict=True))]
    marks = np.array([dead])
    assert spec.score(position, marks)[0] == cleared.score()
    assert spec.ownership(position, marks)[0].tolist() == cleared.ownership()
    compare(spec, position, slow)  # scoring changes nothing
