"""The search on every game: against its twin in plain Python, and against reading everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.evaluators.rollout import RolloutEvaluator
from engine.games import (
    BLACK,
    GAMES,
    WHITE,
    ConnectFourSpec,
    GameSpec,
    GomokuSpec,
    GoSpec,
    HexSpec,
    OthelloSpec,
    TicTacToeSpec,
)
from engine.search import Roots, Search, SearchConfig
from engine.search.tree import DRAW, LOSS, ROOT, UNPROVEN, WIN
from tests.support import slow_search
from tests.support.enumerate import levels
from tests.support.minimax import solver
from tests.support.positions import random_positions
from tests.support.scripted import arbitrary
from tests.support.twins import begun, compare

SMALL = {
    "go": GoSpec(4, 4, 0.5),
    "othello": OthelloSpec(4, 4),
    "gomoku": GomokuSpec(5, 5, 4),
    "tic_tac_toe": TicTacToeSpec(),
    "connect_four": ConnectFourSpec(4, 5, 3),
    "hex": HexSpec(4, 4, swap=True),
}
VALUE = {WIN: 1, DRAW: 0, LOSS: -1}
BOTH = pytest.mark.parametrize("algorithm", ["puct", "gumbel"])


def test_no_game_is_forgotten() -> None:
    assert set(SMALL) == set(GAMES)


@BOTH
@pytest.mark.parametrize("game", SMALL)
def test_the_tree_is_the_one_that_plain_python_grows(game: str, algorithm: str) -> None:
    """Early and late positions, so that trees run into the end of the game."""
    spec = SMALL[game]
    positions = random_positions(spec, 8, spec.points, seed=3)
    positions = positions[~spec.finished(positions)]
    slots = np.arange(len(positions), dtype=np.int32)
    config = SearchConfig(algorithm=algorithm)
    search = begun(positions, config, slots, spec=spec)
    search.run(slots, 150)
    for slot in slots:
        here = positions[slot : slot + 1]
        compare(search, slot, ROOT, slow_search.search(spec, arbitrary, here, 150, config))


def searched(spec: GameSpec, positions: Any, simulations: int, algorithm: str) -> Roots:
    """Classic Monte Carlo search of all rows."""
    config = SearchConfig(algorithm=algorithm, considered=64, prune_candidates=False)
    search = Search(spec, RolloutEvaluator(), len(positions), config, simulations + 2)
    slots, numbers = (np.arange(len(positions), dtype=kind) for kind in (np.int32, np.uint64))
    search.begin(slots, positions, numbers, numbers)
    search.run(slots, simulations)
    return search.read(slots)


@BOTH
def test_every_tic_tac_toe_position_is_solved(algorithm: str) -> None:
    """All 4,520 positions that are reached in unfinished games: value and action are perfect."""
    spec = TicTacToeSpec()
    value = solver(spec)
    count = 0
    for positions in levels(spec, 8, distinct=True):
        positions = positions[~spec.finished(positions)]
        roots = searched(
            spec,
            positions,
            200_000 if len(positions) < 10 else 20_000 if len(positions) < 100 else 3000,
            algorithm,
        )
        assert (roots.proven != UNPROVEN).all()
        assert [VALUE[int(proof)] for proof in roots.proven] == [
            value(positions[i : i + 1]) for i in range(len(positions))
        ]
        after = positions.copy()
        spec.play(after, roots.action)
        assert [-value(after[i : i + 1]) for i in range(len(after))] == roots.value.tolist()
        count += len(positions)
    assert count == 4520


@BOTH
@pytest.mark.parametrize(
    "spec, simulations",
    [
        (ConnectFourSpec(3, 3, 3), 3000),
        (ConnectFourSpec(3, 4, 3), 4000),
        (HexSpec(3, 3), 3000),
        (HexSpec(3, 3, swap=True), 4000),
        (OthelloSpec(4, 4), 6000),
        (GomokuSpec(3, 4, 3), 4000),
    ],
    ids=str,
)
def test_small_games_are_what_reading_everything_says(
    spec: GameSpec, simulations: int, algorithm: str
) -> None:
    positions = random_positions(spec, 24, spec.points // 2, seed=6)
    positions = positions[~spec.finished(positions)]
    positions[0] = spec.allocate(1)[0]
    value = solver(spec)
    roots = searched(spec, positions, simulations, algorithm)
    solved = 0
    for i in range(len(positions)):
        exact = value(positions[i : i + 1])
        after = positions[i : i + 1].copy()
        spec.play(after, roots.action[i : i + 1])
        assert -value(after) == exact, f"row {i} gives away a {exact}"
        for action in np.flatnonzero(roots.proof[i]):
            after = positions[i : i + 1].copy()
            spec.play(after, np.array([action]))
            assert -value(after) == VALUE[int(roots.proof[i, action])]
        if roots.proven[i] != UNPROVEN:
            assert VALUE[int(roots.proven[i])] == exact == roots.value[i]
            solved += 1
    assert solved >= 0.75 * len(positions)


@BOTH
def test_hex_4x4_is_what_reading_everything_says(algorithm: str) -> None:
    """From nine empty cells on every position is proven."""
    spec = HexSpec(4, 4)
    positions = random_positions(spec, 24, 9, seed=8)
    positions = positions[(positions["plies"] >= 7) & ~spec.finished(positions)]
    value = solver(spec)
    roots = searched(spec, positions, 4000, algorithm)
    exact = [value(positions[i : i + 1]) for i in range(len(positions))]
    assert [VALUE[int(proof)] for proof in roots.proven] == exact == roots.value.tolist()
    assert {1, -1} == set(exact)


def test_the_first_player_wins_hex_4x4() -> None:
    spec = HexSpec(4, 4)
    assert searched(spec, spec.allocate(1), 30_000, "puct").value[0] > 0.1


def solved_connect_four(path: Path) -> tuple[Any, NDArray[np.int64]]:
    """Positions late in the game with the exact sign for the side to move."""
    spec = ConnectFourSpec()
    lines = [line.split() for line in path.read_text("utf-8").splitlines() if line[:1] != "#"]
    positions = spec.allocate(len(lines))
    for row, (columns, _) in enumerate(lines):
        for column in columns:
            legal = np.flatnonzero(spec.legal(positions[row : row + 1])[0])
            action = legal[legal % spec.width == int(column) - 1]
            spec.play(positions[row : row + 1], action)
    return positions, np.sign([int(score) for _, score in lines])


def check_signs(path: Path, algorithm: str) -> None:
    """Without a network, by at most 20,000 simulations: 99 % of the signs, all of the proven."""
    positions, signs = solved_connect_four(path)
    roots = searched(ConnectFourSpec(), positions, 20_000, algorithm)
    value = roots.q[np.arange(len(signs)), roots.action]
    sign = np.where(abs(value) < 0.05, 0, np.sign(value))
    proven = roots.proven != UNPROVEN
    assert (roots.value[proven] == signs[proven]).all()
    assert (sign == signs).mean() >= 0.99
    assert proven.mean() >= 0.95


@BOTH
def test_connect_four_endings_have_the_sign_of_the_solver(algorithm: str) -> None:
    check_signs(Path(__file__).parents[2] / "data/connect_four_solved.txt", algorithm)


@pytest.mark.slow
def test_a_thousand_connect_four_endings_have_the_sign_of_the_solver(shared_data: Path) -> None:
    check_signs(shared_data / "connect4_solved_L3_R1.txt", "puct")


def solved_othello(path: Path) -> tuple[Any, list[dict[int, int]]]:
    """Positions of the FFO endgame suite, and each action's exact result for the side to move."""
    spec = OthelloSpec()
    lines = [line.split(";") for line in path.read_text("utf-8").splitlines() if line.strip()]
    positions, results = spec.allocate(len(lines)), []
    for row, (board, *moves) in enumerate(lines):
        squares, mover = board.split()
        black, white = ([i for i, c in enumerate(squares) if c == colour] for colour in "XO")
        stones = spec.board(black, white)
        spec.set_up(positions[row : row + 1], stones, BLACK if mover == "X" else WHITE)
        found = {}
        for move in filter(str.strip, moves):
            square, _, discs = move.strip().partition(":")
            found["ABCDEFGH".index(square[0]) + 8 * (int(square[1]) - 1)] = int(discs)
        results.append(found)
    return positions, results


def test_othello_endings_of_16_empty_squares_keep_the_exact_result(shared_data: Path) -> None:
    """Numbers 1 to 19 of the suite, by random games alone: no action gives a win or draw away."""
    spec = OthelloSpec()
    positions, results = solved_othello(shared_data / "othello_fforum_1_19.obf")
    legal = spec.legal(positions)
    assert [np.flatnonzero(row).tolist() for row in legal] == [sorted(each) for each in results]
    roots = searched(spec, positions, 20_000, "puct")
    exact = [max(each.values()) for each in results]
    chosen = [each[int(action)] for each, action in zip(results, roots.action, strict=True)]
    assert np.sign(chosen).tolist() == np.sign(exact).tolist()
    proven = roots.proven != UNPROVEN
    assert (roots.value[proven] == np.sign(exact)[proven]).all()
