"""The symmetries of a board form a group, and the rules of Go do not see them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.games import GoSpec
from engine.symmetry import action_permutations, inverse, inverses, permutations
from tests.support.strategies import choices, go_specs, play_choices

SIZES = [(2, 2), (5, 5), (9, 9), (3, 5), (6, 2)]


@pytest.mark.parametrize("height, width", SIZES)
def test_the_symmetries_are_a_group(height: int, width: int) -> None:
    table = permutations(height, width)
    assert len(table) == (8 if height == width else 4)
    assert table[0].tolist() == list(range(height * width))
    known = {tuple(row) for row in table}
    assert len(known) == len(table)
    for one in table:
        for other in table:
            assert tuple(one[other]) in known


@pytest.mark.parametrize("height, width", SIZES)
def test_each_symmetry_keeps_neighbours(height: int, width: int) -> None:
    for perm in permutations(height, width):
        where = [divmod(int(point), width) for point in perm]
        for point in range(height * width):
            row, column = divmod(point, width)
            for near in ((row + 1, column), (row, column + 1)):
                if near[0] < height and near[1] < width:
                    there = where[near[0] * width + near[1]]
                    distance = abs(there[0] - where[point][0]) + abs(there[1] - where[point][1])
                    assert distance == 1


@pytest.mark.parametrize("height, width", SIZES)
def test_inverses_undo(height: int, width: int) -> None:
    plane = np.random.default_rng(0).random(height * width)
    for k, perm in enumerate(permutations(height, width)):
        assert np.array_equal(plane[perm][inverses(height, width)[k]], plane)
        back = permutations(height, width)[inverse(height, width, k)]
        assert np.array_equal(plane[perm][back], plane)


@pytest.mark.parametrize("height, width", SIZES)
def test_the_pass_stays_where_it_is(height: int, width: int) -> None:
    table = action_permutations(height, width)
    assert (table[:, -1] == height * width).all()
    assert np.array_equal(table[:, :-1], permutations(height, width))


def test_tables_cannot_be_changed_by_accident() -> None:
    for table in (permutations(5, 5), action_permutations(5, 5), inverses(5, 5)):
        with pytest.raises(ValueError):
            table[0, 0] = 1


@settings(max_examples=40, deadline=None)
@given(go_specs(2, 7), choices(50), st.data())
def test_a_transformed_game_is_the_game_transformed(
    spec: GoSpec, numbers: list[int], data: st.DataObject
) -> None:
    k = data.draw(st.integers(0, len(permutations(spec.height, spec.width)) - 1))
    perm = permutations(spec.height, spec.width)[k]
    action_perm = action_permutations(spec.height, spec.width)[k]
    moved_to = np.append(inverses(spec.height, spec.width)[k], spec.pass_action)
    plain, moved = spec.allocate(1), spec.allocate(1)
    for action in play_choices(spec, numbers):
        spec.play(plain, np.array([action]))
        spec.play(moved, moved_to[[action]])
    assert np.array_equal(spec.stones(moved)[0], spec.stones(plain)[0][perm])
    assert np.array_equal(spec.legal(moved)[0], spec.legal(plain)[0][action_perm])
    assert np.array_equal(spec.candidates(moved)[0], spec.candidates(plain)[0][action_perm])
    assert np.array_equal(spec.ownership(moved)[0], spec.ownership(plain)[0][perm])
    assert spec.score(moved)[0] == spec.score(plain)[0]
    assert np.array_equal(spec.features(moved)[0][0], spec.features(plain)[0][0][perm])
    assert np.array_equal(spec.features(moved)[1], spec.features(plain)[1])
