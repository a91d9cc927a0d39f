"""Chains with little room, read out: dead shapes, eyes, and sekis that random games destroy."""

from __future__ import annotations

import numpy as np
import pytest

from agents.evaluators.auto import network_evaluator
from agents.evaluators.rollout import RolloutEvaluator
from agents.network.checkpoint import shipped_network_path
from arena.analysis.capture import Reader
from arena.analysis.life import judge_board, settled_score
from engine.diagram import parse_diagram
from engine.games.go import GoSpec
from engine.games.spec import BLACK, Positions
from engine.notation import action_to_text, text_to_action

THREE_POINTS = """
. X . O X . .
O O O O X . .
X X X X X . .
. . . . . . .
X X X X X X X
O O O O O O O
. . O . . O .
"""
TWO_EYES = """
. O . O X . .
O O O O X . .
X X X X X . .
. . . . . . .
X X X X X X X
O O O O O O O
. . O . . O .
"""
AN_EYE_EACH = """
. X . O . O X . .
X X O O O O X . .
O O O X X X X . .
X X X X . . . . .
. . . . . . . . .
O O O O O O O O O
. . . . . . . . .
. . O . . . O . .
. . . . . . . . .
"""
TWENTY_STONES = """
. X O O O . . O .
. X X O O . . O .
X X X X O O O O O
X O X X X X X O X
O O O X X X . X X
. O X X O X X X .
X O O O O X . . .
X X . O X X X . .
O O O O O O X . .
"""
"""The end of a game of KataGo against itself, which Black won by half a point."""


def position_of(drawing: str) -> tuple[GoSpec, Positions]:
    size = len(drawing.strip().splitlines())
    spec = GoSpec(size, size, 6.5)
    position = spec.allocate(1)
    spec.set_up(position, parse_diagram(spec, drawing), BLACK, strict=False)
    return spec, position


@pytest.mark.parametrize(
    "drawing, stone, captured",
    [
        (THREE_POINTS, "A6", True),
        (TWO_EYES, "A6", False),
        (AN_EYE_EACH, "A8", False),
        (AN_EYE_EACH, "D9", False),
        (TWENTY_STONES, "A5", False),
    ],
)
def test_what_has_little_room_is_read(drawing: str, stone: str, captured: bool) -> None:
    spec, position = position_of(drawing)
    point = text_to_action(spec, stone)
    stones = spec.stones(position)[0]
    chain, todo = {point}, [point]
    for at in todo:
        for near in (at - spec.width, at + spec.width, at - 1, at + 1):
            beside = 0 <= near < spec.points and abs(near % spec.width - at % spec.width) < 2
            if beside and near not in chain and stones[near] == stones[point]:
                chain.add(near)
                todo.append(near)
    assert Reader(spec, position).can_be_captured(chain) is captured


def test_a_chain_with_room_is_not_read() -> None:
    spec, position = position_of(AN_EYE_EACH)
    point = text_to_action(spec, "C2")
    reader = Reader(spec, position)
    assert not reader.is_tight([point]) and reader.can_be_captured([point]) is None


@pytest.mark.parametrize(
    "drawing, dead", [(AN_EYE_EACH, ""), (THREE_POINTS, "A6 B6 C6 D6 D7"), (TWO_EYES, "")]
)
def test_random_games_no_longer_kill_sekis(drawing: str, dead: str) -> None:
    spec, position = position_of(drawing)
    life = judge_board(RolloutEvaluator(), spec, position)
    found = {action_to_text(spec, int(point)) for point in np.flatnonzero(life.dead)}
    assert found == set(dead.split())


def test_the_winner_of_a_game_with_a_seki() -> None:
    spec, position = position_of(TWENTY_STONES)
    path = shipped_network_path(spec.name, spec.width)
    if not path.is_file():
        pytest.skip(f"no network for 9x9 Go at {path}")
    life = judge_board(network_evaluator(path, spec), spec, position)
    assert not life.dead.any()
    assert settled_score(spec, position, life) == 0.5
    assert life.seki[text_to_action(spec, "A5")] and life.seki[text_to_action(spec, "A3")]
