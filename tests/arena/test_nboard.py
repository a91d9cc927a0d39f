"""The NBoard server: dialogues from the protocol's text, and a game between the two sides."""

from __future__ import annotations

import io
import re
import sys

import pytest

from agents.nboard.program import NBoardAgent
from agents.protocol import Limit
from agents.random_agent import RandomAgent
from agents.search_agent import SearchAgent
from arena.nboard.server import NBoardServer
from arena.play.match import play_match
from arena.play.verdict import FORFEITS
from engine.games.othello import OthelloSpec
from tests.support.scripted import ScriptedEvaluator, arbitrary

START = "8 ---------------------------O*------*O--------------------------- *"
GAME = f"set game (;GM[Othello]PC[NBoard]PB[a]PW[b]RE[?]TI[15:00]TY[8]BO[{START}]B[F5]W[F6];)"


def server(simulations: int | None = 20) -> NBoardServer:
    agent = SearchAgent("net", ScriptedEvaluator(arbitrary), Limit())
    return NBoardServer(agent, OthelloSpec(), simulations=simulations)


def talk(*lines: str, simulations: int | None = 20) -> list[str]:
    said: list[str] = []
    one = server(simulations)
    for line in lines:
        one.answer(line, said.append)
    return said


def test_the_session_of_the_protocols_text() -> None:
    said = talk("nboard 2", "set contempt 0", GAME, "set depth 6", "ping 1", "go")
    assert said[:2] == ["set myname Miai", "pong 1"]
    move = re.fullmatch(r"=== ([A-H][1-8])/-?\d+\.\d\d/\d+\.\d\d", said[-2])
    assert move is not None and said[-1] == "status"
    assert move[1] in ("C3", "D3", "E6", "F4", "G5", "E3", "D6", "C4", "E7", "G7", "F7", "G6")


def test_go_does_not_move_the_board() -> None:
    first, second = (talk(GAME, *["go"] * count)[-2].split("/")[0] for count in (1, 2))
    assert first == second


def test_hints_are_of_the_best_moves() -> None:
    said = talk(GAME, "hint 3")
    hints = [line.split() for line in said if line.startswith("search ")]
    assert len(hints) == 3 and said[-1] == "status"
    for hint in hints:
        assert re.fullmatch(r"[A-H][1-8](-([A-H][1-8]|PA))*", hint[1])
        float(hint[2])
        assert hint[3] == "0" and re.match(r"\d+", hint[4])
    assert any(re.fullmatch(r"nodestats 20 \d+\.\d\d", line) for line in said)


def test_a_game_is_analysed_from_its_end() -> None:
    said = talk(GAME, "analyze")
    counts = [int(line.split()[1]) for line in said if line.startswith("analysis")]
    assert counts == [2, 1, 0] and said[-1] == "status"


def test_moves_are_followed_and_illegal_ones_said() -> None:
    said = talk("move F5//2.50", "move f6", "move A1", "move nowhere", "go")
    assert [line for line in said if "A1" in line] == ["status expected a legal move, got 'A1'"]
    assert any("nowhere" in line for line in said) and said[-2].startswith("=== ")


def test_what_is_not_understood_is_passed_over_and_what_is_wrong_is_said() -> None:
    assert talk("dance", "", "set", "set volume 11", "learn") == ["learned"]
    for line, words in (
        ("set depth deep", "expected a depth"),
        ("set game nonsense", "expected GGF"),
        ("set game (;GM[Othello]BO[8 xx *];)", "expected BO"),
        (GAME.replace("W[F6]", "W[A1]"), "move 2, A1, is illegal"),
    ):
        (said,) = talk(line)
        assert said.startswith("status ") and words in said


def test_a_game_that_is_refused_leaves_the_board() -> None:
    whole = talk(GAME, GAME.replace("W[F6]", "W[A1]"), "go")[-2]
    assert whole.split("/")[0] == talk(GAME, "go")[-2].split("/")[0]


def test_passes_and_the_end() -> None:
    full = "8 " + "*" * 62 + "O- "
    passing = f"set game (;GM[Othello]BO[{full}O];)"
    assert talk(passing, "go")[-1] in ("=== PA", "status the game is over")
    over = f"set game (;GM[Othello]BO[8 {'*' * 64} *];)"
    assert talk(over, "go", "hint 1") == ["status the game is over"] * 2


def test_the_depth_sets_the_size_of_a_search() -> None:
    for depth, simulations in (("1", 10), ("3", 90)):
        said = talk(GAME, f"set depth {depth}", "go", simulations=None)
        assert any(line.startswith(f"nodestats {simulations} ") for line in said)


def test_what_is_in_the_pipe_is_answered_in_order() -> None:
    answers = io.BytesIO()
    lines = f"nboard 2\n{GAME}\nping 1\ngo\nlearn\nquit\nlearn\n"
    server(2000).serve(io.BytesIO(lines.encode()), answers)
    said = answers.getvalue().decode().splitlines()
    order = [line.split()[0] for line in said if line.split()[0] in ("pong", "===", "learned")]
    assert order == ["pong", "===", "learned"]
    assert "nodestats 2000" in answers.getvalue().decode(), "only a ping ends a move"


@pytest.mark.parametrize("games", [2])
def test_both_sides_of_the_protocol_play_a_match(games: int) -> None:
    argv = [sys.executable, "-m", "miai", "nboard", "--agent", "rollouts:4", "--simulations", "4"]
    program = NBoardAgent("ours", argv, 1)
    result = play_match(OthelloSpec(), program, RandomAgent(), games=games, seed=1)
    program.close()
    assert not {game.verdict.termination for game in result.games} & set(FORFEITS)
