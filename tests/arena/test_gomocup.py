"""The Gomocup server: a dialogue after the protocol's text, times, and a match of both sides."""

from __future__ import annotations

import io
import sys
import time

import pytest

from agents.evaluators.rollout import RolloutEvaluator
from agents.gomocup.grammar import action_of, point_of
from agents.gomocup.program import GomocupAgent
from agents.protocol import Agent, Decision, Limit
from agents.random_agent import RandomAgent
from agents.search_agent import SearchAgent, rollout_agent
from arena.gomocup.server import GomocupServer
from arena.gomocup.times import Times
from arena.play.match import play_match
from arena.play.verdict import FORFEITS
from engine.errors import NotationError
from engine.games.gomoku import GomokuSpec
from tests.support.scripted import ScriptedEvaluator, arbitrary
from tests.support.scripted_agent import ScriptedAgent, first_sensible

RENJU = (
    "ERROR expected freestyle (rule 0) or exactly five (rule 1), got Renju (rule 4), which is not "
    "played here"
)
DIALOGUE = f"""\
ABOUT
name="Miai", version="0.0", author="Miai"
BEGIN
ERROR expected START first
START 4
ERROR unsupported size: expected a line of 3 to 4 stones on gomoku 4x4, got 5
START x
ERROR expected the size of a board, got 'x'
start 9
OK
INFO timeout_turn 1000
INFO max_memory 0
INFO game_type 1
INFO rule 0
INFO folder C:\\ai
BEGIN
0,0
BEGIN
ERROR expected an empty board: RESTART comes first
TURN 4,4
1,0
TURN 4,4
ERROR the point is taken: 4,4
TURN 9,0
ERROR expected a point from 0,0 to 8,8, got '9,0'
TURN
ERROR expected a point such as 7,7, got ''
PLAY 5,5
5,5
TAKEBACK 5,5
OK
TAKEBACK 0,0
OK
TAKEBACK 0,0
ERROR expected a point with a stone, got '0,0'
RESTART
OK
BOARD
8,8,2
7,7,1
6,6,2
DONE
0,0
RESTART
OK
BOARD
8,8,1
7,7,1
6,6,2
5,5,2
4,4,3
DONE
0,0
BOARD
1,1,7
ERROR expected X,Y and 1 or 2, got '1,1,7'
RECTSTART 7,5
OK
BEGIN
0,0
INFO rule 4
{RENJU}
TURN 1,1
{RENJU}
INFO rule 1
INFO timeout_turn soon
ERROR expected milliseconds for timeout_turn, got 'soon'
DANCE now
UNKNOWN DANCE
END
"""
ANSWERS = ("OK", "ERROR", "UNKNOWN", "name=")


def server(agent: Agent | None = None) -> GomocupServer:
    return GomocupServer(agent or ScriptedAgent("s", first_sensible), GomokuSpec(), "0.0")


def last(server: GomocupServer, line: str) -> str:
    """The answer without what the program says besides."""
    return [text for text in server.answer(line) if not text.startswith("MESSAGE")][-1]


def test_a_recorded_dialogue() -> None:
    """Lines that are answers follow the command that they answer."""
    one = server()
    lines = DIALOGUE.splitlines()
    waiting: list[str] = []
    for line in lines:
        is_point = line[:1].isdigit() and line.count(",") == 1
        if waiting and (line.startswith(ANSWERS) or is_point):
            assert waiting.pop(0) == line
        else:
            assert not waiting, (line, waiting)
            waiting = one.answer(line)
    assert not waiting and one.ended


def test_the_stream_ends_with_its_word_and_long_lines_are_refused() -> None:
    answers = io.BytesIO()
    lines = b"START 9\r\n\r\n" + b"x" * 200_000 + b"\nABOUT\nEND\nABOUT\n"
    server().serve(io.BytesIO(lines), answers)
    said = answers.getvalue().decode().splitlines()
    assert said[0] == "OK" and said[1].startswith("ERROR line of more") and len(said) == 3


def test_five_in_a_row_by_either_rule() -> None:
    for rule, over in (("0", True), ("1", False)):
        one = server()
        for line in ("START 9", f"INFO rule {rule}", "BOARD"):
            one.answer(line)
        for x in range(6):  # six in a line, the gap filled last
            if x != 2:
                one.answer(f"{x},8,2")
                one.answer(f"{x},{2 + x % 2 * 4},1")
        one.answer("DONE")
        assert ("the game is over" in last(one, "TURN 2,8")) is over


def test_the_times_that_are_stated_are_obeyed() -> None:
    agent = SearchAgent("patient", RolloutEvaluator(), Limit())
    one = server(agent)
    one.answer("START 9")
    one.answer("INFO timeout_turn 60000")
    one.answer("INFO time_left 1500")
    last(one, "BEGIN")  # by now every kernel is compiled
    started = time.monotonic()
    last(one, "TURN 8,8")
    assert time.monotonic() - started < 5.0


def test_seconds_for_a_move() -> None:
    assert Times().for_move(10) is None
    assert Times(turn_ms=0).for_move(10) == pytest.approx(0.01)
    assert Times(turn_ms=1000).for_move(10) == pytest.approx(0.8)
    assert Times(turn_ms=1000, match_ms=60_000).for_move(10) == pytest.approx(0.8)
    assert Times(turn_ms=10_000, left_ms=30_000).for_move(60) == pytest.approx(0.85 * 0.5 - 0.05)
    assert Times(turn_ms=5000, left_ms=2_147_483_647).for_move(60) == pytest.approx(4.2)
    assert Times().with_info("timeout_match", 40_000).for_move(40) == pytest.approx(0.8)


@pytest.mark.parametrize("stones", [0, 3, 5])
def test_swap2(stones: int) -> None:
    one = server(SearchAgent("net", ScriptedEvaluator(arbitrary), Limit(8)))
    one.answer("START 15")
    one.answer("SWAP2BOARD")
    spec = GomokuSpec()
    for action in range(100, 100 + stones):
        assert one.answer(point_of(spec, action)) == []
    answer = last(one, "DONE")
    if stones == 0:
        assert len({action_of(spec, word) for word in answer.split()}) == 3
    else:
        assert answer == "SWAP" or action_of(spec, answer) not in range(100, 100 + stones)


def test_a_resignation_is_a_move() -> None:
    one = server(ScriptedAgent("quitter", lambda turn: Decision(-1, resign=True)))
    one.answer("START 9")
    assert action_of(GomokuSpec(9, 9), last(one, "BEGIN")) >= 0


def test_evaluation_of_a_point_is_a_message() -> None:
    one = server(rollout_agent("mc", 8, RolloutEvaluator()))
    one.answer("START 9")
    assert one.answer("INFO evaluate 4,4")[0].startswith("MESSAGE 4,4: policy ")


def test_points() -> None:
    spec = GomokuSpec(7, 9)
    assert point_of(spec, 9) == "0,1" and action_of(spec, " 8 , 6") == 62
    for text in ("9,0", "0,7", "a,b", "1", "1,2,3", "-1,0"):
        with pytest.raises(NotationError):
            action_of(spec, text)


def test_both_sides_of_the_protocol_play_a_match() -> None:
    argv = [sys.executable, "-m", "miai", "gomocup", "--agent", "rollouts:4"]
    spec = GomokuSpec(7, 7, exactly=True)
    program = GomocupAgent("ours", argv, 1)
    result = play_match(spec, program, RandomAgent(), games=2, seed=1)
    program.close()
    assert not {game.verdict.termination for game in result.games} & set(FORFEITS)
