"""Dead stones, sekis and scores at the end of games, over GTP."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.protocol import Limit
from agents.random_agent import RandomAgent
from agents.search_agent import SearchAgent
from arena.analysis.life import judge_life
from arena.gtp.commands import Session
from arena.gtp.server import GtpServer
from engine.diagram import parse_diagram
from engine.games import BLACK, WHITE, GoSpec
from engine.games.spec import GameSpec, Positions
from tests.support.gtp_session import ask
from tests.support.scripted import ScriptedEvaluator

ALIVE_AND_DEAD = """
. X . X O . O
X X X X O O O
X . O X O . O
X X X X O O O
X X X X O X .
X X X X O O O
X X X X O O O
"""
"""Black's left and White's right live for certain; White's C5 and Black's F3 are caught there."""


def position_of(spec: GoSpec, text: str) -> Positions:
    position = spec.allocate(1)
    spec.set_up(position, parse_diagram(spec, text), BLACK, strict=False)
    return position


def names(spec: GoSpec, mask: NDArray[np.bool_]) -> set[int]:
    return set(np.flatnonzero(mask).tolist())


def test_certain_life_overrules_whatever_an_evaluator_says() -> None:
    spec = GoSpec(7, 7, 0.5)
    position = position_of(spec, ALIVE_AND_DEAD)
    for opinion in (-1.0, 0.0, 1.0):
        life = judge_life(spec, position, np.full(49, opinion, np.float32))
        assert names(spec, life.dead) == {2 * 7 + 2, 4 * 7 + 5}
        assert not life.seki.any()
    assert float(spec.score(position, dead=life.dead[None])[0]) == 28 - 21 - 0.5


def test_groups_that_only_share_liberties_live_in_seki() -> None:
    """Black's C and White's E share D and have no eye; both outer groups have one."""
    spec = GoSpec(2, 7, 0.5)
    position = position_of(spec, ". O X . O X .\nO O X . O X X")
    stones = spec.stones(position)[0]
    ownership = np.select([stones == BLACK, stones == WHITE], [0.5, -0.5], 0.0)
    life = judge_life(spec, position, ownership.astype(np.float32))
    assert not life.dead.any()
    assert names(spec, life.seki) == {2, 9, 4, 11}


def test_an_evaluator_decides_what_is_open() -> None:
    spec = GoSpec(5, 5, 0.5)
    position = position_of(spec, "X X . O .\nX X . O O\nX X . O .\nO X . O O\n. X . O .")
    for says_black_owns, dead in ((1.0, {15}), (-1.0, set())):
        ownership = np.full(25, -0.9, np.float32)
        ownership.reshape(5, 5)[:, :2] = 0.9
        ownership[15] = says_black_owns
        assert names(spec, judge_life(spec, position, ownership).dead) == dead


def judging(spec: GameSpec, position: Any) -> tuple[NDArray[np.float64], float]:
    """All points belong to Black."""
    return np.zeros(spec.actions), 1.0 if spec.to_move(position)[0] == BLACK else -1.0


def talk(server: GtpServer, *lines: str) -> list[str]:
    return [ask(server, line) for line in lines]


def test_scores_by_the_networks_ownership() -> None:
    agent = SearchAgent("black owns all", ScriptedEvaluator(judging), Limit(8))
    server = Session(agent, GoSpec(5, 5, 0.5), "0").server()
    talk(server, "play b C3", "play w D2", "play b pass", "play w pass")
    assert talk(server, "final_score", "final_status_list dead", "final_status_list alive") == [
        "B+24.5",
        "D2",
        "C3",
    ]


def test_a_game_that_goes_on_is_estimated() -> None:
    agent = SearchAgent("black owns all", ScriptedEvaluator(judging), Limit(8))
    server = Session(agent, GoSpec(5, 5, 0.5), "0").server()
    talk(server, "play b C3", "play w D2")
    assert ask(server, "final_score") == "B+9.5"  # the evaluator's 10 points, as komi allows


def test_an_agent_without_a_network_is_judged_by_random_games() -> None:
    server = Session(RandomAgent("random"), GoSpec(7, 7, 0.5), "0").server()
    rows = [line.split() for line in ALIVE_AND_DEAD.strip().splitlines()]
    stones = [
        f"{'b' if sign == 'X' else 'w'} {'ABCDEFG'[column]}{7 - row}"
        for row, line in enumerate(rows)
        for column, sign in enumerate(line)
        if sign != "."
    ]
    ask(server, "set_position " + " ".join(stones))
    assert set(ask(server, "final_status_list dead").split()) == {"C5", "F3"}
    assert ask(server, "final_status_list seki") == ""


def test_other_games_are_scored_by_their_own_rules() -> None:
    from engine.games import HexSpec, OthelloSpec

    server = Session(RandomAgent("random"), OthelloSpec(), "0").server()
    talk(server, "play b D3")
    assert ask(server, "final_score") == "B+3"
    server = Session(RandomAgent("random"), HexSpec(3, 3), "0").server()
    reply = server.answer("final_score")
    assert reply is not None and reply.text == "cannot score: the game is not over"
    talk(server, "play b A1", "play w B1", "play b A2", "play w B2", "play b A3")
    assert ask(server, "final_score").startswith("B+")
    reply = server.answer("final_status_list dead")
    assert reply is not None and reply.text == "unknown command"
