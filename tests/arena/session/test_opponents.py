"""Opponents as the window makes them."""

from __future__ import annotations

import pytest

from agents.protocol import Limit, Turn
from arena.session.opponents import Opponent, load
from engine.games import make


@pytest.mark.parametrize(
    "opponent", [Opponent("level", level=10), Opponent("simulations", simulations=64)]
)
def test_a_game_under_rules_that_the_network_never_saw_begins_even(opponent: Opponent) -> None:
    """Asked about simple ko as it stands, the network thinks that Black has won at the start."""
    spec = make("go", 9, ko="simple")
    agent, _ = load(opponent, spec)
    turn = Turn(0, spec, spec.allocate(1), (), 1)
    thought = agent.think(turn, Limit(simulations=64), lambda _: True).thought
    assert thought is not None
    assert 0.2 < thought.win_rate < 0.8
    agent.close()
