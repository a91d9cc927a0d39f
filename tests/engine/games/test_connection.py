"""Rows, threats and joined edges as people are shown them, against the rules' own results."""

from __future__ import annotations

import numpy as np
import pytest

from engine.games import GAMES, make, quick
from engine.games.connection import COMPLETES, OPENS
from engine.games.spec import BLACK, EMPTY, WHITE, GameSpec
from engine.look import look_of


def played_out(spec: GameSpec, seed: int) -> np.ndarray:
    """Games at random to their ends, ``(20,)``."""
    positions, random = spec.allocate(20), np.random.default_rng(seed)
    while not spec.finished(positions).all():
        legal = spec.legal(positions)
        actions = [
            -1 if over else int(random.choice(np.flatnonzero(row)))
            for row, over in zip(legal, spec.finished(positions), strict=True)
        ]
        spec.play(positions, np.array(actions))
    return positions


@pytest.mark.parametrize("name", ["gomoku", "connect_four", "tic_tac_toe", "hex"])
def test_without_the_winning_stones_nobody_has_won(name: str) -> None:
    """A stone of the winner that is marked and taken off ends the win, unless there are two."""
    spec = make(name, 7, 7) if name in ("gomoku", "hex") else make(name)
    positions = played_out(spec, 5)
    marked, stones = spec.winning_points(positions), spec.stones(positions)
    for row, score in enumerate(spec.score(positions)):
        if score == 0:
            assert not marked[row].any()
            continue
        winner = BLACK if score > 0 else WHITE
        assert (stones[row][marked[row]] == winner).all()
        alone = np.where(marked[row], stones[row], EMPTY).astype(np.uint8)
        again = spec.allocate(1)
        refused = spec.try_set_up(again, alone, BLACK + WHITE - winner, strict=False)[0]
        if not spec.stones_fall:
            assert refused or spec.score(again)[0] == score, "the marked stones win by themselves"


@pytest.mark.parametrize("name", ["gomoku", "connect_four", "tic_tac_toe"])
def test_a_threat_completes_a_row_exactly_if_playing_there_wins(name: str) -> None:
    spec = make(name, 7, 7) if name == "gomoku" else make(name)
    random = np.random.default_rng(8)
    seen = 0
    for _ in range(60):
        position = spec.allocate(1)
        for _ in range(int(random.integers(3, spec.points - 1))):
            if spec.finished(position)[0]:
                break
            legal = np.flatnonzero(spec.legal(position)[0])
            spec.play(position, random.choice(legal, 1))
        if spec.finished(position)[0]:
            continue
        mover, found = int(spec.to_move(position)[0]), spec.threats(position)[0]
        for action in np.flatnonzero(spec.legal(position)[0]):
            after = position.copy()
            spec.play(after, np.array([action]))
            wins = bool(spec.score(after)[0])
            assert wins == bool(found[action] & COMPLETES[mover])
            seen += wins
    assert seen > 5


def test_an_open_three_is_seen_and_a_closed_one_is_not() -> None:
    spec = make("gomoku", 9)
    open_three = spec.board([38, 39, 40], [])
    position = spec.allocate(1)
    spec.set_up(position, open_three, WHITE, strict=False)
    found = spec.threats(position)[0]
    assert np.flatnonzero(found & OPENS[BLACK]).tolist() == [37, 41]
    spec.set_up(position, spec.board([38, 39, 40], [36, 42]), WHITE, strict=False)
    assert not spec.threats(position).any(), "four would be closed at both ends"
    spec.set_up(position, spec.board([38, 39, 40, 41], [37]), WHITE, strict=False)
    assert np.flatnonzero(spec.threats(position)[0]).tolist() == [42]


def test_six_in_a_row_is_no_threat_where_five_are_needed_exactly() -> None:
    for exactly, expected in ((False, [41]), (True, [])):
        spec = make("gomoku", 9, exactly=exactly)
        position = spec.allocate(1)
        spec.set_up(position, spec.board([37, 38, 39, 40, 42], [36, 43]), WHITE, strict=False)
        completing = spec.threats(position)[0] & COMPLETES[BLACK]
        assert np.flatnonzero(completing).tolist() == expected


def test_the_chain_of_hex_is_a_shortest_one() -> None:
    spec = make("hex", 4)
    position = spec.allocate(1)
    spec.set_up(position, spec.board([1, 5, 9, 13, 4, 8, 12], [2, 6, 10, 7, 11, 3]), WHITE, False)
    assert spec.finished(position)[0]
    assert spec.winning_points(position)[0].sum() == 4


def test_every_game_has_a_goal_and_no_other_game_a_threat() -> None:
    for name in GAMES:
        look = look_of(quick(name))
        assert look.goal.endswith(".") and look.how
    spec = make("go", 9)
    assert not spec.threats(spec.allocate(2)).any()
    assert spec.winning_points(spec.allocate(2)).shape == (2, 81)
