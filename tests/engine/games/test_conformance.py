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
]


def test_every_registered_game_is_here() -> None:
    assert {spec.name for spec in SPECS} == set(GAMES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.name} {spec.height}x{spec.width}")
def test_conformance(spec: GameSpec, check: Callable[[GameSpec], None]) -> None:
    check(spec)
