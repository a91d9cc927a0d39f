"""Every registered game keeps the promises of ``engine.games.spec``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.games import GAMES, GameSpec, make
from tests.conformance import CHECKS

SPECS = [
    make("go", 9),
    make("go", 5, 3, komi=0.5, ko="simple"),
    make("go", 2, 4, suicide=True),
    make("go", 13, 10),
    make("go", 7, rules="japanese"),
    make("go", 6, rules="new-zealand"),
    make("othello"),
    make("othello", 4),
    make("othello", 6, 10),
    make("gomoku"),
    make("gomoku", 7, 9, exactly=True),
    make("gomoku", 4, 3, length=3),
    make("tic_tac_toe"),
    make("connect_four"),
    make("connect_four", 5, 12, length=5),
    make("connect_four", 4, 4, length=3),
    make("hex", 7),
    make("hex", 3, 5),
    make("hex", 5, swap=True),
]


def test_every_registered_game_is_here() -> None:
    assert {spec.name for spec in SPECS} == set(GAMES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_conformance(spec: GameSpec, check: Callable[[GameSpec], None]) -> None:
    check(spec)
