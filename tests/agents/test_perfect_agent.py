"""Perfect players, and the solver behind them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.evaluators.rollout import RolloutEvaluator
from agents.perfect_agent import PerfectAgent
from agents.protocol import Turn
from agents.random_agent import RandomAgent
from agents.search_agent import rollout_agent
from arena.play.match import play_match
from engine.errors import ConfigError
from engine.games import GameSpec, Positions, make
from engine.solvers.exact import UNKNOWN, ExactSolver

TIC_TAC_TOE = make("tic_tac_toe")


def read_everything(spec: GameSpec, position: Positions) -> int:
    """The value for the side to move, by plain recursion without a table."""
    if spec.finished(position)[0]:
        score = int(np.sign(spec.score(position)[0]))
        return score if spec.to_move(position)[0] == 1 else -score
    best = -1
    for action in np.flatnonzero(spec.legal(position)[0]):
        after = position.copy()
        spec.play(after, np.array([action]))
        best = max(best, -read_everything(spec, after))
    return best


@pytest.mark.parametrize(
    ("game", "size", "value"),
    [
        ("tic_tac_toe", (), 0),
        ("hex", (3, 3), 1),
        ("hex", (4, 4), 1),
        ("othello", (4, 4), -1),
        ("connect_four", (4, 4), 0),
    ],
)
def test_known_values(game: str, size: tuple[int, ...], value: int) -> None:
    spec = make(game, *size)
    assert ExactSolver(spec).value(spec.allocate(1)) == value


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(["tic_tac_toe", "othello", "hex", "connect_four"]))
def test_late_positions_agree_with_reading_everything(seed: int, game: str) -> None:
    spec = (
        TIC_TAC_TOE
        if game == "tic_tac_toe"
        else make(game, 4, 4)
        if game != "hex"
        else make(game, 3, 3)
    )
    random = np.random.default_rng(seed)
    position, solver = spec.allocate(1), ExactSolver(spec, table_bits=12)
    while not spec.finished(position)[0]:
        legal = spec.legal(position)[0]
        if (spec.stones(position) == 0).sum() <= 4:
            assert solver.value(position) == read_everything(spec, position)
            values = solver.values(position)
            assert np.array_equal(values != UNKNOWN, legal)
            assert values.max() == solver.value(position)
        spec.play(position, random.choice(np.flatnonzero(legal), 1))


def test_a_perfect_player_never_loses_what_is_not_lost() -> None:
    perfect = PerfectAgent("perfect", TIC_TAC_TOE)
    strong = rollout_agent("rollouts", 60, RolloutEvaluator())
    for other in (RandomAgent("random"), strong):
        result = play_match(TIC_TAC_TOE, perfect, other, 30, seed=1, opening_plies=(0, 3))
        for game in result.games:
            turn = Turn(0, TIC_TAC_TOE, TIC_TAC_TOE.allocate(1), (), 0)
            for action in game.fixture.opening:
                TIC_TAC_TOE.play(turn.position, np.array([action]))
            value = ExactSolver(TIC_TAC_TOE).value(turn.position)
            black_moves = TIC_TAC_TOE.to_move(turn.position)[0] == 1
            for_perfect = value if (game.fixture.black == 0) == black_moves else -value
            scored = game.black_points if game.fixture.black == 0 else 1 - game.black_points
            assert 2 * scored - 1 >= for_perfect
        assert result.distinct > 5, "it varies among equal moves"


def test_connect_four_has_a_solver_of_its_own() -> None:
    spec = make("connect_four", 5, 4)
    agent, plain = PerfectAgent("perfect", spec), ExactSolver(spec)
    chosen = set()
    position = spec.allocate(1)
    for column in (1, 1, 2, 0, 2, 3):
        row = max(r for r in range(5) if spec.stones(position)[0].reshape(5, 4)[r, column] == 0)
        spec.play(position, np.array([row * 4 + column]))
    for game in range(30):
        chosen.add(agent.choose([Turn(game, spec, position, tuple(range(6)), 0)])[0].action)
    values = plain.values(position)
    assert chosen == set(np.flatnonzero(values == values.max()))


def test_the_whole_of_connect_four_is_begun_from_the_book() -> None:
    spec = make("connect_four")
    agent = PerfectAgent("perfect", spec)
    turn = Turn(0, spec, spec.allocate(1), (), 0)
    assert agent.choose([turn])[0].action == 35 + 3, "only the middle column wins"


@pytest.mark.parametrize(
    "spec", [make("go"), make("othello"), make("hex"), make("connect_four", 7, 8)]
)
def test_games_too_large_to_be_read_are_refused(spec: GameSpec) -> None:
    with pytest.raises(ConfigError, match="read to its end"):
        PerfectAgent("perfect", spec)
