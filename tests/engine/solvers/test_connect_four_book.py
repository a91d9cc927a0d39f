"""The book of Connect Four against the solver, the engine's rules and what is known of the game."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.errors import SpecError
from engine.games.connect_four import ConnectFourSpec
from engine.solvers.connect_four import ConnectFourSolver, position_after
from engine.solvers.connect_four_book import DISCS, OpeningBook, beginnings, load_book

SPEC = ConnectFourSpec()
QUICK = ("01442", "15103", "41113", "06051", "33112", "20664")
"""Beginnings that take the solver a second or two: wins, draws and losses of the side to move."""

NO_SIGNS = OpeningBook("=" * len(beginnings(DISCS)))


def bits(columns: tuple[int, ...] | str) -> tuple[int, int]:
    """The mover's discs and all discs, written apart from the solver's own way."""
    filled, discs = [0] * SPEC.width, [0, 0]
    for ply, column in enumerate(map(int, columns)):
        discs[ply % 2] |= 1 << (column * (SPEC.height + 1) + filled[column])
        filled[column] += 1
    return discs[len(columns) % 2], discs[0] | discs[1]


def test_the_game_and_its_first_moves_end_as_is_known() -> None:
    """Allis (1988): the first player wins from the middle, draws beside it, else loses."""
    solver = ConnectFourSolver(SPEC, 4, load_book())
    assert solver.score(SPEC.allocate(1), sign_only=True) == 1
    scores = solver.scores(SPEC.allocate(1), sign_only=True)
    assert scores[SPEC.points - SPEC.width : SPEC.points].tolist() == [-1, -1, 0, 1, 0, -1, -1]


def test_every_beginning_is_in_the_book_once_up_to_mirror_images() -> None:
    """Counted from all sequences of columns."""
    known: dict[int, set[frozenset[tuple[int, int]]]] = {}
    for discs in range(4):
        for columns in itertools.product(range(7), repeat=discs):
            mirrored = tuple(6 - column for column in columns)
            known.setdefault(discs, set()).add(frozenset((bits(columns), bits(mirrored))))
    for discs, classes in known.items():
        assert len(beginnings(discs)) == len(classes)
        assert all(sum(b in one for b in beginnings(discs)) == 1 for one in classes)
        assert all(NO_SIGNS.get(*b) == 0 for one in classes for b in one)


@pytest.mark.parametrize("columns", QUICK)
def test_the_book_says_what_the_solver_reads(columns: str) -> None:
    solver, with_book = ConnectFourSolver(SPEC, 20), ConnectFourSolver(SPEC, 4, load_book())
    position = position_after(SPEC, [int(column) for column in columns])
    assert with_book.score(position, sign_only=True) == solver.score(position, sign_only=True)
    assert with_book.visited == 0, "it did not read"


def test_a_beginning_is_worth_its_best_move() -> None:
    book = load_book()
    solver = ConnectFourSolver(SPEC, 4, book)
    random = np.random.default_rng(3)
    for _ in range(50):
        columns = random.integers(0, 7, int(random.integers(0, DISCS)))
        position = position_after(SPEC, columns.tolist())
        assert solver.scores(position, sign_only=True).max() == book.get(*bits(tuple(columns)))


def test_other_positions_are_not_in_the_book() -> None:
    assert load_book().get(*bits("333333")) is None


@pytest.mark.parametrize("signs", ["", "+", "?" * len(beginnings(DISCS))])
def test_a_file_of_something_else_is_refused(signs: str) -> None:
    with pytest.raises(SpecError, match="expected 2144 signs"):
        OpeningBook(signs)


def test_a_book_of_another_board_is_refused() -> None:
    with pytest.raises(SpecError, match="expected a board of 7x6"):
        ConnectFourSolver(ConnectFourSpec(6, 6), 4, NO_SIGNS)
