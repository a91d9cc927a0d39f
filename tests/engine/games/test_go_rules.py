"""What differs between the rule sets: ko, counting, seki, handicap; drawn by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.diagram import parse_diagram
from engine.errors import IllegalActionError, SpecError
from engine.games import BLACK, WHITE, GoSpec, make
from engine.games.go_rules import RULES
from engine.notation import text_to_action


def board(spec: GoSpec, drawing: str, to_move: int = BLACK) -> Any:
    position = spec.allocate(1)
    spec.set_up(position, parse_diagram(spec, drawing), to_move)
    return position


def play(spec: GoSpec, position: Any, *moves: str) -> None:
    for move in moves:
        spec.play(position, np.array([text_to_action(spec, move)]))


def is_legal(spec: GoSpec, position: Any, move: str) -> bool:
    return bool(spec.legal(position)[0, text_to_action(spec, move)])


@pytest.mark.parametrize("name", RULES)
def test_every_rule_set_plays_to_the_end(name: str) -> None:
    spec = make("go", 5, rules=name)
    assert {field: getattr(spec, field) for field in RULES[name]} == dict(RULES[name])
    assert make(spec.name, 5, 5, **spec.rules) == spec
    positions = spec.allocate(8)
    spec.playout(positions, np.arange(8, dtype=np.uint64))
    assert spec.finished(positions).all()


def test_a_rule_set_may_be_changed_in_one_field() -> None:
    assert GoSpec.by("japanese", 19, komi=0.5) == GoSpec(19, 19, 0.5, "simple", False, "territory")
    with pytest.raises(SpecError, match=r"expected rules from tromp-taylor, .* got 'ing'"):
        GoSpec.by("ing")
    with pytest.raises(SpecError, match="expected a way of scoring from area, territory"):
        GoSpec(scoring="points")


TRIPLE_KO = """
. X O .
X . X O
. X O .
. X O .
X O . O
. X O .
. X O .
X . X O
. X O .
"""


@pytest.mark.parametrize("ko, captures", [("simple", 6), ("positional", 5), ("situational", 5)])
def test_a_triple_ko_goes_round_under_simple_ko_alone(ko: str, captures: int) -> None:
    """After six captures the board is back, with the same side to move."""
    spec = GoSpec(9, 4, 0.5, ko=ko)
    position = board(spec, TRIPLE_KO, WHITE)
    played = 0
    for move in ("B8", "C5", "B2", "C8", "B5", "C2"):
        if not is_legal(spec, position, move):
            break
        play(spec, position, move)
        played += 1
        assert position["prisoners"][0].sum() == played
    assert played == captures
    back = spec.stones(position)[0].tolist() == parse_diagram(spec, TRIPLE_KO).tolist()
    assert back == (ko == "simple")


SEND_TWO = """
. . . . .
. . . . .
. . . . .
O O X . .
. X . X .
"""


@pytest.mark.parametrize(
    "ko, waited, allowed",
    [
        ("simple", False, True),
        ("simple", True, True),
        ("positional", False, False),
        ("positional", True, False),
        ("situational", False, True),
        ("situational", True, False),
    ],
)
def test_sending_two_and_returning_one(ko: str, waited: bool, allowed: bool) -> None:
    """The board comes back with White to move: new by the situational rule, unless White waited."""
    spec = GoSpec(5, 5, ko=ko)
    position = board(spec, SEND_TWO, WHITE if waited else BLACK)
    if waited:
        play(spec, position, "pass")
    play(spec, position, "A1", "C1")
    assert is_legal(spec, position, "B1") is allowed
    if allowed:
        play(spec, position, "B1")
        assert spec.stones(position)[0].tolist() == parse_diagram(spec, SEND_TWO).tolist()


@pytest.mark.parametrize(
    "name, komi", [("chinese", 10.5), ("aga", 9.5), ("japanese", 6.5), ("new-zealand", 7.0)]
)
def test_white_is_paid_for_handicap_stones(name: str, komi: float) -> None:
    spec = GoSpec.by(name, 9)
    positions = spec.allocate(2)
    spec.place_handicap(positions, [20, 24, 60])
    assert spec.to_move(positions).tolist() == [WHITE, WHITE]
    assert (positions["komi_half_points"] == 2 * komi).all()
    black = 81.0 if spec.scoring == "area" else 78.0
    assert spec.score(positions).tolist() == [black - komi] * 2
    with pytest.raises(IllegalActionError, match="expected different points, got 20 twice"):
        spec.place_handicap(positions, [20, 20])


def test_territory_and_area_agree_on_a_game_played_to_the_end() -> None:
    """Equally many moves by both, no dead stone left: the difference is nobody's."""
    drawing = ". X . X O\nX X X X O\nX . X O O\nX X X O .\n. X O O ."
    area, territory = GoSpec(5, 5, 0.0), GoSpec(5, 5, 0.0, scoring="territory")
    by_area = area.score(board(area, drawing))[0]
    assert by_area == 16 - 9
    position = board(territory, drawing)
    assert territory.score(position)[0] == 4 - 2
    # Twelve black stones are left and seven white ones: of equally many, White lost five more.
    position["prisoners"][0] = [6, 1]
    assert territory.score(position)[0] == by_area
    assert area.ownership(board(area, drawing)).tolist() == territory.ownership(position).tolist()


def test_dead_stones_are_prisoners_under_territory_scoring() -> None:
    """Two white stones in Black's corner: four points and two prisoners."""
    drawing = "O O X . O\n. . X . O\nX X X . O\n. . . . O"
    territory = GoSpec(4, 5, 0.0, scoring="territory")
    position = board(territory, drawing)
    dead = (territory.stones(position) == WHITE) & (np.arange(20) < 2)
    before = position.tobytes()
    assert territory.score(position)[0] == 0  # the corner touches both colours
    assert territory.score(position, dead)[0] == 4 + 2
    area = GoSpec(4, 5, 0.0)
    assert area.score(board(area, drawing), dead)[0] == 4 + 5 - 4
    assert position.tobytes() == before
    with pytest.raises(SpecError, match=r"expected dead points of shape \(1, 20\), got \(20,\)"):
        area.score(board(area, drawing), dead[0])


def test_eyes_in_seki_count_by_area_only() -> None:
    """Each side has an eye, and neither may fill the point between them."""
    drawing = ". X . O .\n. X X O O"
    seki = np.ones((1, 10), bool)
    territory, area = GoSpec(2, 5, 0.0, scoring="territory"), GoSpec(2, 5, 0.0)
    assert territory.score(board(territory, drawing))[0] == 2 - 1
    assert territory.score(board(territory, drawing), seki=seki)[0] == 0
    assert area.score(board(area, drawing), seki=seki)[0] == area.score(board(area, drawing))[0]


@pytest.mark.parametrize("first", [BLACK, WHITE])
def test_in_seki_neither_side_may_begin(first: int) -> None:
    """Two chains without eyes share two liberties: whoever fills one is taken."""
    spec = GoSpec(2, 5, 0.0)
    position = board(spec, "X X . O O\nX X . O O", first)
    assert spec.score(position)[0] == 0 and not spec.ownership(position)[0, [2, 7]].any()
    play(spec, position, "C1", "C2")
    assert (spec.stones(position) != first).all()
    assert position["prisoners"][0, 2 - first] == 5


BENT_FOUR = """
X X . O X .
X O O O X X
. O X X X .
O O X . X X
X X X X X .
"""


def test_bent_four_in_the_corner() -> None:
    """White, who has two liberties, dies by either; Black may begin a ko at leisure."""
    spec = GoSpec(5, 6, 0.0, ko="simple")
    for white, black in (("C5", "A3"), ("A3", "C5")):
        position = board(spec, BENT_FOUR, WHITE)
        play(spec, position, white, black)
        assert (spec.stones(position) != WHITE).all(), "self-atari of the whole group"
    position = board(spec, BENT_FOUR, BLACK)
    play(spec, position, "A3", "C5")
    assert position["prisoners"][0].tolist() == [0, 4]
    play(spec, position, "A4", "A5", "B5")
    assert position["prisoners"][0].tolist() == [1, 4]
    assert not is_legal(spec, position, "A5"), "White must find a threat first"
    play(spec, position, "pass", "A5", "pass", "A3")
    assert (spec.stones(position) != WHITE).all()
    # Nobody has to play it out where the players agree.
    position = board(spec, BENT_FOUR, BLACK)
    dead = spec.stones(position) == WHITE
    assert spec.score(position, dead)[0] == 30


def test_a_chain_of_361_stones_takes_its_own_last_liberty() -> None:
    """Suicide of the whole board, where rules allow it: the board is empty again."""
    for name, allowed in (("tromp-taylor", True), ("chinese", False)):
        spec = GoSpec.by(name, 19)
        position = spec.allocate(1)
        spec.set_up(position, spec.board(range(1, 361)), BLACK)
        if not allowed:
            with pytest.raises(IllegalActionError, match="got suicide on point 0"):
                play(spec, position, "A19")
            continue
        play(spec, position, "A19")
        assert not spec.stones(position).any()
        assert position["prisoners"][0].tolist() == [0, 361]


@pytest.mark.parametrize("ko, refused", [("positional", True), ("situational", False)])
def test_a_suicide_of_one_stone_changes_the_turn_alone(ko: str, refused: bool) -> None:
    """It leaves the board as it was: a pass by another name, which positional superko forbids."""
    spec = GoSpec(3, 3, 0.0, ko=ko, suicide=True)
    position = board(spec, ". O .\nO . .\n. . .", BLACK)
    assert is_legal(spec, position, "A3") != refused
    if not refused:
        play(spec, position, "A3")
        assert spec.to_move(position)[0] == WHITE
        play(spec, position, "pass")
        assert not is_legal(spec, position, "A3"), "now board and turn would come back"


def test_twenty_five_lines() -> None:
    spec = GoSpec(25, 25)
    position = spec.allocate(1)
    play(spec, position, "A1", "Z25", "Z1", "A25")
    assert spec.stones(position)[0, [0, 24, 600, 624]].tolist() == [WHITE, WHITE, BLACK, BLACK]
    spec.playout(position, np.ones(1, np.uint64))
    assert spec.finished(position)[0]
    assert spec.plane_names and spec.features(position)[0].shape == (1, 625, 10)
