"""The swap of Hex: White takes over Black's only stone, however it came to stand there."""

from __future__ import annotations

import numpy as np
import pytest

from engine.games import HexSpec
from engine.games.spec import BLACK, WHITE

SPEC = HexSpec(5, 5, swap=True)
SWAP = SPEC.pass_action


def may_swap(positions: np.ndarray) -> bool:
    return bool(SPEC.legal(positions)[0, SWAP])


@pytest.mark.parametrize("stone", [0, 3, 12, 24])
def test_the_stone_becomes_whites_mirrored(stone: int) -> None:
    position = SPEC.allocate(1)
    SPEC.play(position, np.array([stone]))
    assert may_swap(position)
    SPEC.play(position, np.array([SWAP]))
    stones = SPEC.stones(position)[0]
    assert np.flatnonzero(stones).tolist() == [stone % 5 * 5 + stone // 5]
    assert stones.max() == WHITE and not may_swap(position)


def test_after_a_set_up_it_takes_no_stones_that_are_not_the_first() -> None:
    """It once put White's stone on Black's and removed another."""
    position = SPEC.allocate(1)
    SPEC.set_up(position, SPEC.board([1], [13]), BLACK)
    SPEC.play(position, np.array([5]))
    assert not may_swap(position)


def test_a_first_stone_that_was_set_up_may_be_taken_over() -> None:
    position = SPEC.allocate(1)
    SPEC.set_up(position, SPEC.board([7], []), WHITE)
    assert may_swap(position)
    SPEC.play(position, np.array([SWAP]))
    assert SPEC.stones(position)[0].tolist().index(WHITE) == 11


def test_black_never_swaps() -> None:
    position = SPEC.allocate(1)
    SPEC.set_up(position, SPEC.board([], []), WHITE, strict=False)
    SPEC.play(position, np.array([7]))
    assert not may_swap(position)
