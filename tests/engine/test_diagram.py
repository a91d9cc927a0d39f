"""Boards as text and back."""

from __future__ import annotations

from textwrap import dedent

import numpy as np
import pytest
from hypothesis import given, settings

from engine.diagram import diagram, parse_diagram, star_points
from engine.errors import NotationError
from engine.games import GoSpec
from tests.support.strategies import choices, go_specs, play_choices


def position_after(spec: GoSpec, actions: tuple[int, ...] | list[int]):
    position = spec.allocate(1)
    for action in actions:
        spec.play(position, np.array([action]))
    return position


def test_a_small_board_is_drawn_as_in_the_manual() -> None:
    spec = GoSpec(3, 3)
    expected = """\
           A B C
         3 . . . 3
         2 . X O 2
         1 . . . 1
           A B C"""
    lines = [line[8:] for line in expected.splitlines()]
    assert diagram(spec, position_after(spec, [4, 5])).splitlines() == lines


def test_marks_and_star_points_show_on_empty_points() -> None:
    spec = GoSpec(5, 5)
    drawn = diagram(spec, position_after(spec, [0]), {1: "a", 0: "#"})
    assert drawn.splitlines()[1] == " 5 # a . . . 5"
    assert drawn.splitlines()[3] == " 3 . . + . . 3"


@settings(deadline=None)
@given(go_specs(2, 19), choices(30))
def test_drawing_and_reading_give_the_stones_back(spec: GoSpec, numbers: list[int]) -> None:
    position = position_after(spec, play_choices(spec, numbers))
    drawn = diagram(spec, position)
    assert np.array_equal(parse_diagram(spec, drawn), spec.stones(position)[0])
    assert diagram(spec, position[0]) == drawn
    assert len({len(line.rstrip()) for line in drawn.splitlines()[1:-1]}) <= 2


def test_bare_boards_can_be_read() -> None:
    spec = GoSpec(2, 3)
    for text in (".XO\n+xo", ". X O\n. # o\n", "  A B C\n2 . X O 2\n1 . X O 1\n  A B C"):
        assert parse_diagram(spec, dedent(text)).tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("text", ["", ".XO", ".XO\n.X", ".XO\n.XO\n.XO", ".XO\n.XZ", "hello"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NotationError, match="expected a diagram of 2 rows of 3 points"):
        parse_diagram(GoSpec(2, 3), text)


@pytest.mark.parametrize(
    "size, count", [(4, 0), (5, 1), (6, 0), (7, 5), (8, 4), (9, 5), (10, 4), (13, 9), (19, 9)]
)
def test_star_points_are_those_of_printed_boards(size: int, count: int) -> None:
    stars = star_points(size, size)
    assert len(stars) == count
    assert {size * size - 1 - star for star in stars} == stars
    if size == 19:
        assert 3 * 19 + 3 in stars
