"""Our server against other people's clients, and against our own in another process."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from agents.gtp.program import GtpAgent
from agents.random_agent import RandomAgent
from arena.play.match import play_match
from engine.games.go import GoSpec

SERVER = [sys.executable, "-m", "miai", "gtp", "--agent", "rollouts:8", "--size", "9"]
SPEC = GoSpec(5, 5, 7.0)


def test_our_client_plays_our_server_over_pipes() -> None:
    program = GtpAgent("ours", SERVER, 1)
    assert program.start().startswith("Miai")
    result = play_match(SPEC, program, RandomAgent("random"), games=4, seed=1)
    program.close()
    assert {game.verdict.termination for game in result.games} == {"two passes"}
    assert not any(game.verdict.disputed for game in result.games)


def test_two_processes_of_ours_play_a_match() -> None:
    first, second = (GtpAgent(name, [*SERVER, "--no-resign"], 1) for name in ("first", "second"))
    result = play_match(SPEC, first, second, games=2, seed=2)
    first.close()
    second.close()
    assert [game.verdict.termination for game in result.games] == ["two passes"] * 2
    assert all(game.verdict.score is not None for game in result.games)


def test_gnu_go_plays_our_server(gnugo: str) -> None:
    ours = GtpAgent("ours", SERVER, 1)
    theirs = GtpAgent("gnugo", [gnugo, "--mode", "gtp", "--chinese-rules", "--level", "1"], 1)
    result = play_match(SPEC, ours, theirs, games=2, seed=1)
    ours.close()
    theirs.close()
    endings = {game.verdict.termination for game in result.games}
    assert endings <= {"two passes", "resignation"}, [game.verdict.note for game in result.games]


def test_openspiels_client_talks_to_our_server() -> None:
    gtp = pytest.importorskip("open_spiel.python.bots.gtp", reason="needs open_spiel")
    pyspiel = pytest.importorskip("pyspiel", reason="needs open_spiel")
    game = pyspiel.load_game("go", {"board_size": 9, "komi": 7.0})
    bot = gtp.GTPBot(game, SERVER)
    try:
        assert bot.gtp_cmd("name").lower() == "miai"
        assert "final_status_list" in bot.gtp_cmd("list_commands").split()
        assert bot.gtp_cmd("boardsize", "9") == "" and bot.gtp_cmd("komi", "7") == ""
        state = game.new_initial_state()
        for _ in range(6):
            move = bot.gtp_cmd("genmove", "b" if state.current_player() == 0 else "w")
            action = state.string_to_action(
                f"{'B' if state.current_player() == 0 else 'W'} {move.lower()}"
            )
            assert action in state.legal_actions()
            state.apply_action(action)
        with pytest.raises(gtp.CommandError, match="illegal move"):
            bot.gtp_cmd("play", "b", move)
    finally:
        bot.close()


def test_a_pipe_with_carriage_returns_and_no_quit() -> None:
    lines = b"1 name\r\n\r\n2 boardsize 5\r\n3 genmove b\r\n"
    run = subprocess.run(SERVER, input=lines, capture_output=True, check=True, timeout=120)
    answers = run.stdout.split(b"\n\n")
    assert answers[:2] == [b"=1 Miai", b"=2"]
    assert answers[2].startswith(b"=3 ") and np.char.isalnum(answers[2].split()[1].decode())
