"""What an opponent's network says of boards that it never learned."""

from __future__ import annotations

import pytest

from arena.session.acquaintance import unknown_board
from arena.session.opponents import Opponent
from engine.games import make


@pytest.mark.parametrize(
    "name, size, words",
    [
        ("hex", 7, ""),
        ("hex", 11, ""),
        ("hex", 19, "11x11"),
        ("gomoku", 9, ""),
        ("gomoku", 15, ""),
        ("gomoku", 19, "15x15"),
        ("go", 9, ""),
        ("go", 19, "9x9"),
        ("othello", 8, ""),
        ("othello", 10, "8x8"),
    ],
)
def test_a_board_that_the_network_does_not_know_is_told(name: str, size: int, words: str) -> None:
    for opponent in (Opponent(), Opponent("simulations"), Opponent("seconds")):
        told = unknown_board(opponent, make(name, size))
        assert bool(told) == bool(words)
        assert words in told


def test_a_network_of_several_boards_names_those_of_the_game() -> None:
    opponent = Opponent("simulations", "shipped:many")
    assert not unknown_board(opponent, make("hex", 9))
    told = unknown_board(opponent, make("hex", 11))
    assert "7x7, 9x9" in told
    assert "never learned this game" in unknown_board(
        Opponent("simulations", "shipped:othello"), make("go", 9)
    )


def test_programs_and_missing_files_are_not_judged() -> None:
    assert not unknown_board(Opponent("program", "gnugo --mode gtp"), make("go", 19))
    assert not unknown_board(Opponent("simulations", "no-such-file"), make("go", 19))
