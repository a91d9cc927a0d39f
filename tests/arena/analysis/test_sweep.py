"""Games looked through: what moves cost is what the values on both sides of them say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.evaluators.rollout import RolloutEvaluator
from agents.protocol import Limit
from arena.analysis import Analyst, sweep
from arena.analysis.sweep import record_positions
from engine.errors import RecordError
from engine.games import BLACK, WHITE, GameSpec, GoSpec, TicTacToeSpec
from engine.records import GameRecord
from tests.support.scripted import ScriptedEvaluator, arbitrary, indifferent


def test_a_blunder_in_tic_tac_toe_costs_what_it_costs() -> None:
    """After corner and centre White answers on an edge: 0 4 8 2 is a draw, 0 1 a loss for White."""
    record = GameRecord(TicTacToeSpec(), (0, 1, 4, 8, 3, 5, 6))
    review = sweep(record, Analyst(ScriptedEvaluator(indifferent)), Limit(3000))
    assert len(review.looks) == 8 and len(review.moves) == 7
    assert [look.black_win_rate for look in review.looks[2:]] == [1.0] * 6
    white = review.moves[1]
    assert white.colour == WHITE and white.loss == pytest.approx(0.5, abs=0.1)
    assert review.mistakes(0.3) == [white] and white.best.action in (4,)
    black = [move for move in review.moves if move.colour == BLACK]
    # The draw at the root is not proven yet: its estimate may lie a few hundredths off.
    assert black[0].loss < 0.06 and [move.loss for move in black[1:]] == [0.0] * 3
    assert review.accuracy(BLACK) in (0.75, 1.0) and review.accuracy(WHITE) == 2 / 3
    assert review.looks[-1].candidates == () and review.looks[-1].proven


def test_positions_of_a_record_with_a_handicap() -> None:
    spec = GoSpec(5, 5, 0.5)
    record = GameRecord(spec, (12, 13), black_setup=(6, 18), first_to_move=WHITE)
    positions = record_positions(record)
    assert np.flatnonzero(spec.stones(positions)[0]).tolist() == [6, 18]
    assert spec.to_move(positions).tolist() == [WHITE, BLACK, WHITE]
    assert spec.stones(positions)[2][[12, 13]].tolist() == [WHITE, BLACK]


def test_losses_are_differences_and_never_negative() -> None:
    record = GameRecord(GoSpec(5, 5, 0.5), (12, 13, 7, 8, 17, 18))
    seen: list[tuple[int, int]] = []
    review = sweep(
        record,
        Analyst(ScriptedEvaluator(arbitrary)),
        Limit(50),
        on_look=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (7, 7)
    for move in review.moves:
        before, after = review.looks[move.ply - 1], review.looks[move.ply]
        drop = before.black_win_rate - after.black_win_rate
        drop = drop if move.colour == BLACK else -drop
        expected = 0.0 if move.action == move.best.action else max(0.0, drop)
        assert move.loss == pytest.approx(expected)
        assert (move.rank == 1) == (move.action == move.best.action)
        assert before.simulations == 50


def test_dead_stones_do_not_make_the_last_pass_a_blunder() -> None:
    """Black passes with a white stone on the board that nobody need take."""

    def black_owns_all(spec: GameSpec, position: Any) -> tuple[NDArray[np.float64], float]:
        return np.zeros(spec.actions), 0.9 if spec.to_move(position)[0] == BLACK else -0.9

    spec = GoSpec(5, 5, 2.5)
    record = GameRecord(spec, (12, 20, 13, spec.pass_action, spec.pass_action))
    assert spec.score(record_positions(record)[-1:])[0] == -1.5, "as the stones stand"
    review = sweep(record, Analyst(ScriptedEvaluator(black_owns_all)), Limit(50))
    assert (review.looks[-1].black_win_rate, review.looks[-1].black_score) == (1.0, 22.5)
    assert review.moves[-1].colour == BLACK and review.moves[-1].loss == 0.0
    playouts = sweep(record, Analyst(RolloutEvaluator()), Limit(50))
    assert playouts.looks[-1].black_win_rate == 1.0


def test_a_game_without_moves_is_refused() -> None:
    with pytest.raises(RecordError, match="with moves"):
        sweep(GameRecord(GoSpec(5, 5), ()), Analyst(ScriptedEvaluator(arbitrary)), Limit(5))
