"""Go by hand: the positions a Go player would try first, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.diagram import parse_diagram
from engine.errors import IllegalActionError, SpecError
from engine.games import BLACK, WHITE, GoSpec, make
from engine.notation import text_to_action

KO = """
. X O . .
X . X O .
. X O . .
. . . . .
. . . . .
"""


def board(spec: GoSpec, drawing: str, to_move: int = BLACK) -> Any:
    """One position from a drawing; the game begins there."""
    position = spec.allocate(1)
    spec.set_up(position, parse_diagram(spec, drawing), to_move)
    return position


def play(spec: GoSpec, position: Any, *moves: str) -> None:
    for move in moves:
        spec.play(position, np.array([text_to_action(spec, move)]))


def is_legal(spec: GoSpec, position: Any, move: str) -> bool:
    return bool(spec.legal(position)[0, text_to_action(spec, move)])


def expect(spec: GoSpec, position: Any, drawing: str) -> None:
    assert spec.stones(position)[0].tolist() == parse_diagram(spec, drawing).tolist()


@pytest.mark.parametrize("ko", ["simple", "positional"])
def test_a_ko_may_be_retaken_after_a_move_elsewhere(ko: str) -> None:
    spec = GoSpec(5, 5, ko=ko)
    position = board(spec, KO, to_move=WHITE)
    play(spec, position, "B4")
    assert position["prisoners"][0].tolist() == [0, 1]
    assert not is_legal(spec, position, "C4")
    with pytest.raises(IllegalActionError, match="ko rule"):
        play(spec, position, "C4")
    play(spec, position, "E1", "D1")
    assert is_legal(spec, position, "C4")
    play(spec, position, "C4")
    assert position["prisoners"][0].tolist() == [1, 1]


@pytest.mark.parametrize("ko", ["simple", "positional"])
def test_whoever_took_a_ko_may_fill_it(ko: str) -> None:
    spec = GoSpec(5, 5, ko=ko)
    position = board(spec, KO, to_move=WHITE)
    play(spec, position, "B4", "pass")
    assert is_legal(spec, position, "C4")


@pytest.mark.parametrize("ko, allowed", [("simple", True), ("positional", False)])
def test_sending_two_and_returning_one(ko: str, allowed: bool) -> None:
    spec = GoSpec(5, 5, ko=ko)
    start = """
        . . . . .
        . . . . .
        . . . . .
        O O X . .
        . X . X .
        """
    position = board(spec, start)
    play(spec, position, "A1", "C1")
    assert position["prisoners"][0].tolist() == [0, 2]
    assert is_legal(spec, position, "B1") is allowed
    if allowed:
        play(spec, position, "B1")
        expect(spec, position, start)


def test_a_pass_repeats_the_board_and_is_legal_until_the_game_is_over() -> None:
    spec = GoSpec(3, 3)
    position = spec.allocate(1)
    play(spec, position, "pass", "B2", "pass")
    assert is_legal(spec, position, "pass")
    play(spec, position, "pass")
    assert spec.finished(position)[0]
    assert not spec.legal(position).any() and not spec.candidates(position).any()
    assert spec.score(position)[0] == -9 - 7
    with pytest.raises(IllegalActionError, match="not over"):
        play(spec, position, "pass")


@pytest.mark.parametrize("ko", ["simple", "positional"])
def test_snapback(ko: str) -> None:
    spec = GoSpec(5, 5, ko=ko)
    position = board(
        spec,
        """
        . . . . .
        . . . . .
        X X . . .
        O O X . .
        . . X . .
        """,
    )
    play(spec, position, "A1", "B1", "A1")
    expect(spec, position, ". . . . .\n. . . . .\nX X . . .\n. . X . .\nX . X . .")
    assert position["prisoners"][0].tolist() == [3, 1]


SURROUNDED = """
. . . .
O . . .
. O . .
O . . .
"""


def test_suicide_of_one_stone() -> None:
    position = board(GoSpec(4, 4), SURROUNDED)
    with pytest.raises(IllegalActionError, match=r"suicide on point 8 \(row 2, column 0\)"):
        play(GoSpec(4, 4), position, "A2")
    spec = GoSpec(4, 4, suicide=True)  # superko: the board would be as it was
    position = board(spec, SURROUNDED)
    with pytest.raises(IllegalActionError, match=r"new position.*ko rule"):
        play(spec, position, "A2")
    spec = GoSpec(4, 4, ko="simple", suicide=True)
    position = board(spec, SURROUNDED)
    play(spec, position, "A2")
    expect(spec, position, SURROUNDED)
    assert spec.to_move(position)[0] == WHITE
    assert position["prisoners"][0].tolist() == [0, 1]


def test_suicide_of_many_stones() -> None:
    drawing = ". . . .\n. . . .\nO O O .\nX X . O"
    assert not is_legal(GoSpec(4, 4), board(GoSpec(4, 4), drawing), "C1")
    for ko in ("simple", "positional"):
        spec = GoSpec(4, 4, ko=ko, suicide=True)
        position = board(spec, drawing)
        play(spec, position, "C1")
        expect(spec, position, ". . . .\n. . . .\nO O O .\n. . . O")
        assert position["prisoners"][0].tolist() == [0, 3]


@pytest.mark.parametrize("ko, allowed", [("simple", True), ("positional", False)])
def test_a_suicide_of_joined_chains_may_repeat_a_position(ko: str, allowed: bool) -> None:
    spec = GoSpec(4, 4, ko=ko, suicide=True)
    start = ". . . .\n. . . .\nO O O .\n. . . O"
    position = board(spec, start)
    play(spec, position, "C1", "pass", "A1", "pass")
    assert is_legal(spec, position, "B1") is allowed
    if allowed:
        play(spec, position, "B1")
        expect(spec, position, start)


def test_capturing_comes_before_suicide() -> None:
    spec = GoSpec(3, 3)
    position = board(spec, "X O .\n. X .\nO X .", to_move=WHITE)
    play(spec, position, "A2")
    expect(spec, position, ". O .\nO X .\nO X .")


def test_four_chains_are_captured_at_once() -> None:
    spec = GoSpec(5, 5)
    position = board(spec, ". . X . .\n. X O X .\nX O . O X\n. X O X .\n. . X . .")
    play(spec, position, "C3")
    expect(spec, position, ". . X . .\n. X . X .\nX . X . X\n. X . X .\n. . X . .")
    assert position["prisoners"][0].tolist() == [4, 0]


def test_chains_of_different_length_are_captured_at_once() -> None:
    spec = GoSpec(4, 4)
    position = board(spec, "O O . O\nX X . X\n. . X .\n. . . .")
    play(spec, position, "C4")
    expect(spec, position, ". . X .\nX X . X\n. . X .\n. . . .")
    assert position["prisoners"][0].tolist() == [3, 0]


@pytest.mark.parametrize(
    "moves", ["A1 B1 E1 A2", "E5 E4 A1 D5", "C1 B1 E5 D1 A5 C2", "A3 A4 E5 A2 D5 B3"]
)
def test_corners_and_edges_have_fewer_liberties(moves: str) -> None:
    spec = GoSpec(5, 5)
    position = spec.allocate(1)
    play(spec, position, *moves.split())
    assert position["prisoners"][0].tolist() == [0, 1]
    assert spec.stones(position)[0, text_to_action(spec, moves[:2])] == 0


def test_the_right_edge_does_not_touch_the_next_row() -> None:
    spec = GoSpec(2, 3)
    position = board(spec, ". . O\nX . .")
    assert spec.ownership(position)[0].tolist() == [0, 0, -1, 1, 0, 0]
    position = board(spec, "O X .\n. . X", to_move=WHITE)
    assert not is_legal(spec, position, "C2")
    assert is_legal(spec, position, "A1")


def test_a_shared_liberty_belongs_to_nobody() -> None:
    spec = GoSpec(2, 5, komi=0.5)
    position = board(spec, "X X . O O\nX X . O O")
    assert spec.ownership(position)[0].tolist() == [1, 1, 0, -1, -1] * 2
    assert spec.score(position)[0] == -0.5


def test_a_chain_of_360_stones_is_captured_by_one() -> None:
    spec = GoSpec(19, 19, komi=7.5)
    position = spec.allocate(1)
    spec.set_up(position, spec.board(range(1, 360)), WHITE)
    assert position["size"].max() == 359
    assert not spec.legal(position)[0, :-1].any()
    play(spec, position, "pass", "A19")
    assert spec.features(position)[0][0, :, 3].sum() == 360
    play(spec, position, "T1")
    assert position["prisoners"][0].tolist() == [0, 360]
    assert spec.stones(position)[0].tolist() == [0] * 360 + [WHITE]
    assert spec.score(position)[0] == -361 - 7.5
    assert spec.legal(position)[0].sum() == 361


@pytest.mark.parametrize(
    "action, message",
    [
        (0, r"expected an empty point, got point 0 \(row 0, column 0\), which is occupied"),
        (10, r"expected an action from 0 to 9, got 10"),
        (-2, r"expected an action from 0 to 9, got -2"),
    ],
)
def test_an_illegal_action_names_itself_and_changes_no_row(action: int, message: str) -> None:
    spec = GoSpec(3, 3)
    positions = spec.allocate(3)
    spec.play(positions, np.array([0, 0, 4]))
    before = positions.tobytes()
    with pytest.raises(IllegalActionError, match=message + r".* at ply 1, row 1"):
        spec.play(positions, np.array([1, action, 5]))
    assert positions.tobytes() == before


@pytest.mark.parametrize("black, white", [([0, 0], []), ([0], [0]), ([1, 3], [0]), ([10], [])])
def test_stones_that_cannot_be_set_up_are_refused(black: list[int], white: list[int]) -> None:
    spec = GoSpec(3, 3)
    with pytest.raises(IllegalActionError, match="expected"):
        spec.set_up(spec.allocate(1), spec.board(black, white), BLACK)


def test_set_up_stones_begin_a_new_game() -> None:
    spec = GoSpec(3, 3)
    position = board(spec, "X . .\n. O .\n. . .", to_move=WHITE)
    assert position["plies"][0] == 0 and position["last"][0].tolist() == [-1] * 5
    assert position["history_count"][0] == 1
    assert spec.to_move(position)[0] == WHITE


def test_the_last_ply_of_all_ends_a_game() -> None:
    spec = GoSpec(2, 2, ko="simple")
    position = spec.allocate(1)
    while position["plies"][0] < spec.max_plies:
        assert not spec.finished(position)[0]
        points = np.flatnonzero(spec.legal(position)[0, :-1])
        spec.play(position, points[:1] if len(points) else np.array([spec.pass_action]))
    assert spec.finished(position)[0]


def test_komi_may_differ_from_row_to_row() -> None:
    spec = GoSpec(3, 3, komi=0.5)
    positions = spec.allocate(2)
    positions["komi_half_points"][1] = -13
    assert spec.score(positions).tolist() == [-0.5, 6.5]
    assert spec.outcome(positions).tolist() == [-1, 1]
    spec.reset(positions)
    assert positions["komi_half_points"].tolist() == [1, -13]


@pytest.mark.parametrize(
    "rules, message",
    [
        ({"height": 1}, "from 2x2 to 25x25"),
        ({"height": 9, "width": 26}, "from 2x2 to 25x25"),
        ({"height": 9, "komi": 7.25}, "multiple of 0.5"),
        ({"height": 9, "komi": float("nan")}, "multiple of 0.5"),
        ({"height": 9, "komi": float("inf")}, "multiple of 0.5"),
        ({"height": 9, "ko": "super"}, "expected a ko rule .* got 'super'"),
        ({"height": 9, "handicap": 2}, "expected rules that go has"),
    ],
)
def test_rules_that_do_not_exist_are_refused(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make("go", **rules)


def test_a_game_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SpecError, match=r"expected a game from connect_four, go, .*, got 'chess'"):
        make("chess", 8)


@pytest.mark.parametrize("size, count", [(2, 57), (3, 12675)])
def test_as_many_positions_are_reached_as_there_are_legal_ones(size: int, count: int) -> None:
    """Counts of legal positions: Tromp and Farneback, "Combinatorics of Go", 2006."""
    spec = GoSpec(size, size, ko="simple")
    seen: set[bytes] = {spec.stones(spec.allocate(1))[0].tobytes()}
    frontier = spec.allocate(1)
    while len(frontier):
        children = []
        for to_move in (BLACK, WHITE):
            frontier["to_move"] = to_move
            frontier["ko"] = 0
            legal = spec.legal(frontier)
            for action in range(spec.points):
                rows = frontier[legal[:, action]]
                spec.play(rows, np.full(len(rows), action))
                for stones, row in zip(spec.stones(rows), rows, strict=True):
                    if stones.tobytes() not in seen:
                        seen.add(stones.tobytes())
                        children.append(row)
        frontier = np.array(children, spec.dtype)
    assert len(seen) == count
