"""Hex as HexGui and MoHex speak it (HTP)."""

from __future__ import annotations

import pytest

from agents.gtp.vertex import action_of, vertex_of
from agents.protocol import Limit
from agents.search_agent import SearchAgent
from arena.gtp.commands import Session
from arena.gtp.server import GtpServer
from engine.errors import NotationError
from engine.games.go import GoSpec
from engine.games.hex import HexSpec
from tests.support.gtp_session import ask, refusal
from tests.support.scripted import ScriptedEvaluator, indifferent
from tests.support.scripted_agent import ScriptedAgent, passing


def session(spec: HexSpec) -> GtpServer:
    return Session(ScriptedAgent("swapper", passing), spec, "0.0").server()


@pytest.mark.parametrize("swap", [True, False])
@pytest.mark.parametrize("word", ["swap-pieces", "swap", "SWAP-PIECES"])
def test_a_controller_swaps(swap: bool, word: str) -> None:
    server = session(HexSpec(5, 5, swap=swap))
    ask(server, "play b a4")
    ask(server, f"play w {word}")
    board = ask(server, "showboard")
    assert board.split("\n")[2].split()[:6] == ["1", ".", ".", ".", "O", "."]
    assert refusal(server, "play b swap-pieces") == "illegal move"
    ask(server, "undo")
    ask(server, "undo")
    assert refusal(server, "play b swap-pieces") == "illegal move"
    assert ask(server, "param_game") == "[bool] allow_swap 1"


def test_the_rule_stays_off_if_the_swap_is_refused() -> None:
    server = session(HexSpec(5, 5))
    assert refusal(server, "play b swap-pieces") == "illegal move"
    assert ask(server, "param_game") == "[bool] allow_swap 0"
    ask(server, "param_game allow_swap 1")
    assert ask(server, "param_game") == "[bool] allow_swap 1"
    assert "swap-pieces" in refusal(server, "play w swap-sides")
    assert "swap-pieces" in refusal(server, "play w pass")


def test_a_program_swaps_in_the_words_of_hex() -> None:
    server = session(HexSpec(5, 5, swap=True))
    ask(server, "play b a4")
    assert ask(server, "all_legal_moves").split()[-1] == "swap-pieces"
    assert ask(server, "genmove w") == "swap-pieces"
    assert "swap-pieces" not in ask(server, "all_legal_moves").split()


def test_the_score_of_hex_says_who_joined_his_edges() -> None:
    server = session(HexSpec(3, 3))
    assert "not over" in refusal(server, "final_score")
    for move in ("b a1", "w b1", "b a2", "w b2", "b a3"):
        ask(server, f"play {move}")
    assert ask(server, "final_score") == "B+"
    assert ask(server, "all_legal_moves") == ""


def test_what_is_in_the_menu_is_a_command() -> None:
    agent = SearchAgent("net", ScriptedEvaluator(indifferent), Limit(5))
    server = Session(agent, HexSpec(5, 5), "0.0").server()
    lines = ask(server, "hexgui-analyze_commands").split("\n")
    commands = {line.split("/")[2] for line in lines}
    assert {"final_score", "all_legal_moves", "param_game", "param_search"} <= commands
    assert commands <= set(ask(server, "list_commands").split())
    ask(server, "param_search maxVisits 7")
    assert "[string] maxVisits 7" in ask(server, "param_search").split("\n")
    ask(server, "param_search ponderingEnabled 1")
    assert "[bool] ponderingEnabled 1" in ask(server, "param_search").split("\n")


@pytest.mark.parametrize("spec", [HexSpec(5, 5, swap=True), GoSpec(5, 5)])
def test_what_is_written_is_read(spec: HexSpec | GoSpec) -> None:
    for action in range(spec.actions):
        assert action_of(spec, vertex_of(spec, action)) == action
    with pytest.raises(NotationError):
        action_of(spec, "Z9")
