"""Go against OpenSpiel: legal actions at every ply and results of 2,013 random games.

OpenSpiel plays simple ko without suicide, counts area, and ends a game as a draw when a stone
brings a position back: exactly the actions that positional superko refuses. Its points count from
the bottom row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.games import GoSpec

pyspiel = pytest.importorskip("pyspiel", reason="needs the package open-spiel")

Batch = list[Any]


def their_number(spec: GoSpec) -> np.ndarray:
    """OpenSpiel's action for each of ours, and the other way round: rows from the bottom."""
    points = np.arange(spec.points).reshape(spec.height, spec.width)
    return np.append(points[::-1].reshape(-1), spec.pass_action)


def repeats(state: Any, action: int) -> bool:
    """Whether OpenSpiel ends the game at this action because a position came back."""
    is_pass = action == state.num_distinct_actions() - 1
    return not is_pass and bool(state.child(action).is_terminal())


def compare_legal(simple: np.ndarray, positional: np.ndarray, states: Batch, back: Any) -> int:
    """Compare all games that go on; return how many actions superko alone refused."""
    refused = 0
    for i, state in enumerate(states):
        theirs = np.zeros(simple.shape[1], bool)
        if not state.is_terminal():
            theirs[back[state.legal_actions()]] = True
        assert np.array_equal(simple[i], theirs), str(state)
        assert not (positional[i] & ~theirs).any(), str(state)
        for action in np.flatnonzero(theirs & ~positional[i]):
            assert repeats(state, int(back[action])), str(state)
            refused += 1
    return refused


def choose(spec: GoSpec, positions: Any, legal: np.ndarray, random: np.random.Generator) -> Any:
    """Mostly sensible points, sometimes any legal action, the pass when nothing is left."""
    sensible = spec.candidates(positions)
    sensible[:, -1] = ~sensible[:, :-1].any(axis=1)
    wild = random.random(len(positions)) < 0.05
    allowed = np.where(wild[:, None], legal, sensible)
    actions = (random.random(allowed.shape) * allowed).argmax(axis=1)
    return np.where(spec.finished(positions), -1, actions)


def play_games(size: int, games: int, seed: int) -> int:
    """Play ``games`` games in lockstep under both ko rules; return superko's refusals."""
    random = np.random.default_rng(seed)
    komi = float(random.choice([0.5, 5.5, 7.5]))
    exact, simple = GoSpec(size, size, komi), GoSpec(size, size, komi, ko="simple")
    back = their_number(exact)
    rules = f"go(board_size={size},komi={komi},max_game_length={exact.max_plies})"
    states = [pyspiel.load_game(rules).new_initial_state() for _ in range(games)]
    positions, simple_positions = exact.allocate(games), simple.allocate(games)
    refused = 0
    while not exact.finished(positions).all():
        legal = exact.legal(positions)
        refused += compare_legal(simple.legal(simple_positions), legal, states, back)
        actions = choose(exact, positions, legal, random)
        exact.play(positions, actions)
        simple.play(simple_positions, actions)
        for state, action in zip(states, actions, strict=True):
            if action >= 0:
                state.apply_action(int(back[action]))
    for state, outcome in zip(states, exact.outcome(positions), strict=True):
        assert state.is_terminal()
        assert state.returns() == [outcome, -outcome], str(state)
    return refused


@pytest.mark.parametrize("size, games", [(5, 1300), (7, 500), (9, 200), (13, 10), (19, 3)])
def test_random_games_agree(size: int, games: int) -> None:
    refused = play_games(size, games, seed=size)
    if size <= 7:
        assert refused > 0, "superko never mattered: the games test too little"


@pytest.mark.parametrize("size", [2, 3])
def test_every_superko_refusal_is_a_repetition_and_every_other_action_is_not(size: int) -> None:
    random = np.random.default_rng(size)
    spec = GoSpec(size, size, 0.5)
    back = their_number(spec)
    rules = pyspiel.load_game(f"go(board_size={size},komi=0.5,max_game_length=1000)")
    for _ in range(60):
        state, position = rules.new_initial_state(), spec.allocate(1)
        while not spec.finished(position)[0]:
            legal = spec.legal(position)[0]
            for action in back[state.legal_actions()]:
                assert legal[action] != repeats(state, int(back[action])), str(state)
            points = np.flatnonzero(legal[:-1])
            action = random.choice(points) if len(points) else spec.pass_action
            spec.play(position, np.array([action]))
            state.apply_action(int(back[action]))
