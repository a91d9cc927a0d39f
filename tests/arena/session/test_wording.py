"""Sentences about a game: who wins in how many moves where the search has proven it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.parse import parse_agent
from agents.protocol import Turn
from arena.session import files
from arena.session.game import Settings
from arena.session.session import Session
from arena.session.wording import chances
from engine.games import make
from engine.games.spec import BLACK, WHITE
from engine.search.tree import DRAW


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("334455", "Red wins in 1"),
        ("33445", "Red wins in 1"),
        ("3344", "Red wins in 2"),
    ],
)
def test_a_proven_win_is_told_in_the_winners_moves(columns: str, words: str) -> None:
    spec = make("connect_four", 6, 7)
    session = Session(Settings(spec, (BLACK, WHITE)), seed=1)
    for column in columns:
        legal = np.flatnonzero(session.game.legal)
        session.play(int(next(a for a in legal if a % 7 == int(column) - 1)))
    game = session.game
    assert chances(game) == "no judgement yet"
    agent = parse_agent("rollouts:3000", spec)
    turn = Turn(0, spec, game.position, tuple(game.actions), 0)
    game.node.thought = agent.choose([turn])[0].thought
    assert chances(game) == words
    data = files.as_sgf(game)
    again = Session(Settings(spec, (BLACK, WHITE)), seed=1)
    assert files.open_text(again, data, "x")
    again.game.node = next(n for n in again.game.node.root.walk() if n.ply == len(columns))
    assert chances(again.game) == words, "the distance is kept in the file"
    thought = game.node.thought
    game.node.thought = replace(thought, proven=DRAW, value=0.0)
    assert chances(game) == "50% : 50%"
