"""The search finds what exhaustive reading proves: signs, captures and wins on tiny boards."""

from __future__ import annotations

import numpy as np
import pytest

from agents.evaluators.rollout import RolloutEvaluator
from engine.games import BLACK, WHITE, GoSpec
from engine.search.tree import LOSS, WIN
from tests.support.positions import random_positions
from tests.support.proofs import ALGORITHMS, proven, searched, set_up
from tests.support.scripted import ScriptedEvaluator, arbitrary, counting


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("to_move", [BLACK, WHITE])
def test_the_last_pass_is_a_win_for_the_side_ahead_and_a_loss_for_the_other(
    algorithm: str, to_move: int
) -> None:
    """After a pass, the side to move may end the game as it stands: one ply decides the sign."""
    # Black owns all nine points, whoever is to move.
    spec = GoSpec(3, 3, 0.5, suicide=False)
    position = set_up(spec, ". X .\nX X X\n. X .", 3 - to_move)
    spec.play(position, np.array([spec.pass_action]))
    result = searched(spec, position, 60, algorithm)
    ahead = to_move == BLACK
    if ahead:
        assert result.action == spec.pass_action
        assert result.q[spec.pass_action] == 1
        assert result.value > 0.5
    else:
        assert result.q[spec.pass_action] == -1
        assert result.value <= 0


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("to_move", [BLACK, WHITE])
def test_the_side_to_move_wins_the_race_to_capture(algorithm: str, to_move: int) -> None:
    """Both middle chains stand in atari; whoever moves captures, and nothing else helps."""
    spec = GoSpec(5, 5, 0.5)
    text = """
    . X O . .
    X O X O .
    X O X O .
    X O X O .
    . . . . .
    """
    position = set_up(spec, text, to_move)
    result = searched(spec, position, 300, algorithm, ScriptedEvaluator(counting))
    capture = 21 if to_move == BLACK else 22
    assert result.action == capture
    assert result.value > 0
    assert result.variation[0] == capture
    after = position.copy()
    spec.play(after, np.array([capture]))
    assert after["prisoners"][0].tolist()[to_move - 1] >= 3


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("height, width, komi", [(2, 2, 0.5), (2, 2, -0.5), (2, 3, 0.5)])
def test_what_reading_to_the_end_proves_the_search_believes(
    algorithm: str, height: int, width: int, komi: float
) -> None:
    """Where four plies of exhaustive reading prove one action won and another lost."""
    spec = GoSpec(height, width, komi)
    positions = random_positions(spec, 60, 8, seed=4)
    evaluator = ScriptedEvaluator(arbitrary)
    judged = 0
    for i in range(len(positions)):
        position = positions[i : i + 1]
        legal = np.flatnonzero(spec.legal(position)[0])
        worth = {int(action): proven(spec, position, int(action), 4) for action in legal}
        if not (1.0 in worth.values() and -1.0 in worth.values()):
            continue
        result = searched(spec, position, 2400, algorithm, evaluator, prune_candidates=False)
        assert worth[result.action] != -1.0, (worth, result.visits)
        for action, proof in worth.items():
            known = result.proof[action] in (WIN, LOSS) or result.visits[action] >= 300
            if proof is not None and known:
                assert result.q[action] * proof > 0, (worth, result.q)
                judged += 1
    assert judged >= 5


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("komi, sign", [(0.5, 1), (1.5, -1)])
def test_two_by_two_is_worth_one_point_to_black(algorithm: str, komi: float, sign: int) -> None:
    """As John Tromp solved it, under area scoring and positional superko."""
    spec = GoSpec(2, 2, komi)
    result = searched(spec, spec.allocate(1), 3000, algorithm)
    assert result.value * sign > 0.5
    if sign > 0:
        assert result.action != spec.pass_action


@pytest.mark.parametrize("komi, sign", [(8.5, 1), (9.5, -1)])
def test_three_by_three_is_worth_all_nine_points_to_black(komi: float, sign: int) -> None:
    """The known value; Black begins in the centre."""
    spec = GoSpec(3, 3, komi)
    result = searched(spec, spec.allocate(1), 10_000, "puct", RolloutEvaluator())
    assert result.value * sign > 0.4
    if sign > 0:
        assert result.action == spec.points // 2
