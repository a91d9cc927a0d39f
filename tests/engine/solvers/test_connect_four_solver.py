"""Solved Connect Four against published scores, and small boards against reading everything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engine.errors import SpecError
from engine.games import make
from engine.games.connect_four import ConnectFourSpec
from engine.games.spec import Positions
from engine.solvers.connect_four import ConnectFourSolver, position_after

DATA = Path(__file__).parents[2] / "data/connect_four_solved.txt"


def test_scores_are_those_of_the_published_positions() -> None:
    spec = ConnectFourSpec()
    solver = ConnectFourSolver(spec, table_bits=16)
    lines = [line.split() for line in DATA.read_text("utf-8").splitlines() if line[0] != "#"]
    for columns, score in lines:
        positions = position_after(spec, [int(column) - 1 for column in columns])
        assert solver.score(positions) == int(score), columns
        assert solver.score(positions, sign_only=True) == np.sign(int(score)), columns


def test_the_start_of_a_middle_game_is_read_in_moments() -> None:
    spec = ConnectFourSpec()
    solver = ConnectFourSolver(spec, table_bits=18)
    # From Pons's Test_L1_R1 and Test_L2_R1.
    assert solver.score(position_after(spec, [int(c) - 1 for c in "32164625"])) == 11
    assert (
        solver.score(position_after(spec, [int(c) - 1 for c in "5554224333234511764415115"])) == 4
    )


def slow_score(spec: ConnectFourSpec, positions: Positions, known: dict[bytes, int]) -> int:
    """The score by reading every line of play with the rules of the engine."""
    key = positions.tobytes()
    if key not in known:
        played = int((spec.stones(positions)[0] > 0).sum())
        if spec.finished(positions)[0]:
            lost = spec.score(positions)[0] != 0
            known[key] = -((spec.points + 2 - played) // 2) if lost else 0
        else:
            scores = []
            for action in np.flatnonzero(spec.legal(positions)[0]):
                after = positions.copy()
                spec.play(after, np.array([action]))
                scores.append(-slow_score(spec, after, known))
            known[key] = max(scores)
    return known[key]


def after_random_moves(
    spec: ConnectFourSpec, random: np.random.Generator, fewest: int
) -> Positions:
    """A position after so many random moves or more, or where the game ended before."""
    positions = spec.allocate(1)
    for _ in range(int(random.integers(fewest, spec.points))):
        if not spec.finished(positions)[0]:
            action = random.choice(np.flatnonzero(spec.legal(positions)[0]))
            spec.play(positions, np.array([action]))
    return positions


@pytest.mark.parametrize(("height", "width"), [(4, 4), (5, 3), (3, 5), (2, 7)])
def test_small_boards_are_solved_as_by_reading_everything(height: int, width: int) -> None:
    spec = make("connect_four", height, width)
    assert isinstance(spec, ConnectFourSpec)
    solver = ConnectFourSolver(spec, table_bits=12)
    known: dict[bytes, int] = {}
    random = np.random.default_rng(5)
    for _ in range(12):
        positions = after_random_moves(spec, random, spec.points // 2)
        assert solver.score(positions) == slow_score(spec, positions, known)
        if not spec.finished(positions)[0]:
            scores = solver.scores(positions)
            assert scores.max() == solver.score(positions)
            assert (scores > np.iinfo(np.int64).min).tolist() == spec.legal(positions)[0].tolist()


def test_a_crowded_table_gives_the_same_scores() -> None:
    """Positions that push each other out cost time, never truth."""
    spec = ConnectFourSpec()
    columns = [int(c) - 1 for c in "5554224333234511764415115"]
    wide, narrow = ConnectFourSolver(spec, table_bits=16), ConnectFourSolver(spec, table_bits=3)
    positions = position_after(spec, columns)
    assert wide.scores(positions).tolist() == narrow.scores(positions).tolist()


def test_boards_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SpecError, match="four in a row on at most 63 bits"):
        ConnectFourSolver(ConnectFourSpec(8, 8))
    with pytest.raises(SpecError, match=r"more than 2\*\*4 places"):
        ConnectFourSolver(ConnectFourSpec(6, 9), table_bits=4)
    with pytest.raises(SpecError, match="5 in a row"):
        ConnectFourSolver(ConnectFourSpec(6, 7, length=5))


@pytest.mark.parametrize(("height", "width"), [(4, 4), (5, 4), (4, 6)])
def test_the_best_moves_are_those_with_the_best_signs(height: int, width: int) -> None:
    spec = make("connect_four", height, width)
    assert isinstance(spec, ConnectFourSpec)
    solver = ConnectFourSolver(spec, table_bits=14)
    random = np.random.default_rng(6)
    seen = set()
    for _ in range(60):
        positions = after_random_moves(spec, random, spec.points // 3)
        if not spec.finished(positions)[0]:
            signs = ConnectFourSolver(spec, table_bits=14).scores(positions, sign_only=True)
            for action in np.flatnonzero(spec.legal(positions)[0]):
                assert solver.keeps(positions, action) == (signs[action] == signs.max())
            seen.add(int(signs.max()))
    assert seen == {-1, 0, 1}


def test_twins_read_side_by_side_what_one_reads_alone() -> None:
    spec = ConnectFourSpec()
    lines = [line.split() for line in DATA.read_text("utf-8").splitlines() if line[0] != "#"]
    first = ConnectFourSolver(spec, table_bits=10)
    solvers = [first, first.twin(), first.twin()]

    def wrong(solver: ConnectFourSolver) -> int:
        found = 0
        for columns, score in lines:
            positions = position_after(spec, [int(column) - 1 for column in columns])
            found += solver.score(positions) != int(score)
        return found

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(wrong, solvers)) == [0, 0, 0]
