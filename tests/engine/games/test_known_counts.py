"""Numbers of positions and games that others have counted."""

from __future__ import annotations

import numpy as np
import pytest

from engine.games import ConnectFourSpec, GameSpec, GoSpec, HexSpec, OthelloSpec, TicTacToeSpec
from tests.support.enumerate import levels


def paths(spec: GameSpec, plies: int) -> list[int]:
    """Ways to play the first 1, 2, ... ``plies`` plies."""
    return [int(spec.legal(positions).sum()) for positions in levels(spec, plies - 1)]


def test_othello_perft_to_depth_9() -> None:
    """Numbers of lines of play, as Othello programmers publish them."""
    known = [4, 12, 56, 244, 1_396, 8_200, 55_092, 390_216, 3_005_288]
    assert paths(OthelloSpec(), 9) == known


def test_distinct_connect_four_positions() -> None:
    """OEIS A212693, the first ten."""
    known = [1, 7, 49, 238, 1_120, 4_263, 16_422, 54_859, 184_275, 558_186]
    assert [len(found) for found in levels(ConnectFourSpec(), 9, distinct=True)] == known


def test_tic_tac_toe_games_and_positions() -> None:
    """255,168 games: 131,184 won by the first player, 77,904 by the second, 46,080 drawn."""
    spec = TicTacToeSpec()
    results = np.zeros(3, int)
    for positions in levels(spec, 9):
        over = positions[spec.finished(positions)]
        results += np.bincount(spec.outcome(over) + 1, minlength=3)
    assert results.tolist() == [77_904, 46_080, 131_184]
    assert sum(len(found) for found in levels(spec, 9, distinct=True)) == 5_478


def test_every_full_game_of_hex_has_one_winner() -> None:
    """There are no draws, and no position is won by both."""
    spec = HexSpec(3, 3)
    over = 0
    for positions in levels(spec, 9, distinct=True):
        finished = spec.finished(positions)
        assert (spec.outcome(positions) != 0).tolist() == finished.tolist()
        over += int(finished.sum())
    assert over > 0 and finished.all()


@pytest.mark.parametrize(
    "size, known",
    [(2, 57), (3, 12_675), pytest.param(4, 24_318_165, marks=pytest.mark.slow)],
)
def test_legal_go_positions(size: int, known: int) -> None:
    """Boards on which every chain has a liberty: Tromp and Farnebaeck, "Combinatorics of Go"."""
    spec = GoSpec(size, size)
    rows = spec.allocate(3**9)
    digits = 3 ** np.arange(spec.points)
    legal = 0
    for start in range(0, 3**spec.points, len(rows)):
        numbers = np.arange(start, min(start + len(rows), 3**spec.points))
        stones = (numbers[:, None] // digits % 3).astype(np.uint8)
        legal += int((spec.try_set_up(rows[: len(numbers)], stones) == 0).sum())
    assert legal == known
