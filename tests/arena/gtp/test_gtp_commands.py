"""The GTP commands of Go, as controllers use them."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.evaluators.rollout import RolloutEvaluator
from agents.protocol import Decision, Turn
from agents.random_agent import RandomAgent
from agents.search_agent import rollout_agent
from arena.gtp.clock import Clock
from arena.gtp.player import Player
from engine.games.go import GoSpec
from engine.games.go_handicap import fixed_handicap
from engine.games.spec import BLACK, WHITE
from engine.notation import action_to_text
from engine.records.sgf import read_sgf
from miai.cli import main
from tests.support.gtp_session import ask, refusal, session
from tests.support.scripted_agent import ScriptedAgent, first_sensible

DIALOGUE = """\
1 protocol_version
=1 2
2 name
=2 Miai
version
= 0.0
known_command genmove
= true
known_command lz-genmove_analyze
= false
boardsize 5
=
clear_board
=
komi 6.5
=
get_komi
= 6.5
genmove b
= A5
play w A5
? illegal move
play w C3
=
play white pass
=
showboard
=
    A B C D E
 5 X . . . . 5
 4 . . . . . 4
 3 . . O . . 3
 2 . . . . . 2
 1 . . . . . 1
    A B C D E
Black to move, Black (X) has captured 0, White (O) 0, komi 6.5
undo
=
undo
=
undo
=
undo
? cannot undo
final_score
= W+8.5
genmove green
? expected a colour (b, black, w, white), got 'green'
play b Z9
? expected a point from A1 to E5, got 'Z9'
play b
? expected 2 arguments
komi 6.3
? expected komi as a multiple of 0.5 from -400 to 400, got 6.3
komi nan
? expected a number, got 'nan'
boardsize 50
? unacceptable size
boardsize x
? expected a whole number of at least 0, got 'x'
reg_genmove w
= A5
final_status_list dead
=
final_status_list sleepy
? expected a status from alive, seki, dead, got 'sleepy'
dance
? unknown command
quit
=
"""


def test_a_recorded_dialogue() -> None:
    server = session()
    lines = DIALOGUE.splitlines()
    while lines:
        command = lines.pop(0)
        expected = []
        while lines and (not expected or lines[0].startswith((" ", "Black"))):
            expected.append(lines.pop(0))
        reply = server.answer(command)
        assert reply is not None
        head = ("=" if reply.ok else "?") + ("" if reply.id is None else str(reply.id))
        answered = [line for line in f"{head} {reply.text}".split("\n") if line.strip()]
        assert [line.split() for line in answered] == [line.split() for line in expected], command


def test_a_move_out_of_turn_is_preceded_by_a_pass() -> None:
    server = session(size=5)
    ask(server, "play b C3")
    ask(server, "play b D3")
    assert read_sgf(ask(server, "printsgf").encode(), "test")[0].actions == (12, 25, 13)
    ask(server, "undo")
    assert read_sgf(ask(server, "printsgf").encode(), "test")[0].actions == (12,)


def test_a_side_that_passed_may_still_move() -> None:
    server = session(size=5)
    ask(server, "play b C3")
    ask(server, "play w pass")
    ask(server, "play w D3")
    assert read_sgf(ask(server, "printsgf").encode(), "test")[0].actions == (12, 13)


def test_play_goes_on_after_two_passes() -> None:
    server = session(size=5)
    for move in ("b C3", "w pass", "b pass"):
        ask(server, f"play {move}")
    ask(server, "play w D3")
    assert read_sgf(ask(server, "printsgf").encode(), "test")[0].actions == (12, 13)


def test_passes_beyond_two_change_nothing_and_can_be_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = session(size=5)
    for move in ("b C3", "w pass", "b pass"):
        ask(server, f"play {move}")
    score = ask(server, "final_score")
    monkeypatch.delattr(Player, "expected_score")  # of a game that is over nothing is estimated
    ask(server, "play w pass")
    ask(server, "play b pass")
    assert ask(server, "final_score") == score
    for _ in range(3):
        ask(server, "undo")
    ask(server, "play b D3")
    assert read_sgf(ask(server, "printsgf").encode(), "test")[0].actions == (12, 25, 13)


def test_a_side_may_resign() -> None:
    server = session(size=5)
    ask(server, "play b C3")
    ask(server, "play w resign")
    assert ask(server, "final_score") == "B+R"
    assert read_sgf(ask(server, "printsgf").encode(), "test")[0].result == "B+R"
    ask(server, "undo")
    assert ask(server, "final_score") != "B+R"
    ask(server, "play w resign")
    ask(server, "play w D3")
    assert ask(server, "final_score") != "B+R"


def test_arguments_beyond_a_commands_own_are_passed_over() -> None:
    server = session(size=5)
    for line in ("boardsize 5 5 9", "komi 6.5 7", "play b C3 D4", "genmove w 1 2", "undo 2"):
        ask(server, line)
    assert read_sgf(ask(server, "printsgf").encode(), "test")[0].actions == (12,)
    assert "from -400 to 400, got 1000" in refusal(server, "komi 1000")
    assert ask(server, "get_komi x") == "6.5"


def test_set_up_stones_that_cannot_stand_are_named_as_players_write_them() -> None:
    server = session(size=5)
    assert refusal(server, "set_position b C3 w C3") == "expected different points, got C3 twice"
    assert "without a liberty" in refusal(server, "set_position b A1 w A2 w B1")


def test_rectangles() -> None:
    server = session()
    ask(server, "boardsize 7 5")
    ask(server, "play b G5")
    assert refusal(server, "play w A6") == "expected a point from A1 to G5, got 'A6'"
    assert len(ask(server, "showboard").splitlines()) == 9


def test_final_status_lists_every_chain_once() -> None:
    server = session(size=5)
    for move in ("b A1", "w E5", "b A2", "w C3", "b B1"):
        ask(server, f"play {move}")
    answers = [ask(server, f"final_status_list {status}") for status in ("alive", "dead", "seki")]
    chains = [line.split() for answer in answers for line in answer.split("\n") if line]
    assert sorted(map(sorted, chains)) == [["A1", "A2", "B1"], ["C3"], ["E5"]]


@pytest.mark.parametrize("size", [7, 8, 9, 10, 12, 13, 19])
def test_fixed_handicap_is_that_of_gnu_go(size: int, gnugo: str) -> None:
    counts = range(2, 10)
    lines = "".join(f"boardsize {size}\nclear_board\nfixed_handicap {n}\n" for n in counts)
    run = subprocess.run(
        [gnugo, "--mode", "gtp"], input=lines, capture_output=True, text=True, check=True
    )
    answers = [line for line in run.stdout.splitlines() if line.strip()][2::3]
    spec = GoSpec(size, size)
    for count, answer in zip(counts, answers, strict=True):
        points = fixed_handicap(spec, count)
        if answer.startswith("?"):
            assert points is None, (size, count)
        else:
            assert points is not None
            ours = {action_to_text(spec, point) for point in points}
            assert ours == set(answer.lstrip("= ").split()), (size, count)


def test_handicap_stones_are_set_up_and_white_moves() -> None:
    server = session()
    assert set(ask(server, "fixed_handicap 4").split()) == {"C3", "G7", "C7", "G3"}
    assert "White to move" in ask(server, "showboard")
    assert refusal(server, "fixed_handicap 4") == "board not empty"
    record = read_sgf(ask(server, "printsgf").encode(), "test")[0]
    assert len(record.black_setup) == 4 and record.first_to_move == WHITE
    ask(server, "clear_board")
    assert refusal(server, "fixed_handicap 10") == "invalid number of stones"
    ask(server, "set_free_handicap D4 E5")
    ask(server, "clear_board")
    for bad in ("D4", "D4 D4", "D4 pass"):
        assert refusal(server, f"set_free_handicap {bad}") == "bad vertex list"
    assert len(ask(server, "place_free_handicap 30").split()) == 9


def test_games_are_written_and_loaded(tmp_path: Path) -> None:
    server = session(size=5)
    for move in ("b C3", "w D3", "b pass", "w B2"):
        ask(server, f"play {move}")
    board = ask(server, "showboard")
    file = tmp_path / "game.sgf"
    ask(server, f"printsgf {file}")
    other = session()
    ask(other, f"loadsgf {file}")
    assert ask(other, "showboard") == board
    ask(other, f"loadsgf {file} 2")
    assert read_sgf(ask(other, "printsgf").encode(), "test")[0].actions == (12,)
    assert refusal(other, "loadsgf /no/such/file").startswith("cannot load file")
    file.write_text("not a game")
    assert refusal(other, f"loadsgf {file}").startswith("cannot load file")


def test_names_with_spaces_are_written_and_loaded_as_controllers_send_them(tmp_path: Path) -> None:
    folder = tmp_path / "my games"
    folder.mkdir()
    server = session(size=5)
    for move in ("b C3", "w D3"):
        ask(server, f"play {move}")
    ask(server, f"printsgf {folder / 'a game.sgf'}")
    other = session()
    ask(other, f"loadsgf {folder / 'a game.sgf'}")
    assert read_sgf(ask(other, "printsgf").encode(), "test")[0].actions == (12, 13)
    ask(other, f"loadsgf {folder / 'a game.sgf'} 2")
    assert read_sgf(ask(other, "printsgf").encode(), "test")[0].actions == (12,)


def test_the_agent_may_resign_and_may_fail() -> None:
    resigning = ScriptedAgent("quitter", lambda turn: Decision(-1, resign=True))
    assert ask(session(resigning), "genmove b") == "resign"
    broken = ScriptedAgent("broken", lambda turn: Decision(-1, forfeit="it hung"))
    assert refusal(session(broken), "genmove b") == "no move: it hung"


def test_the_agent_sees_the_game_as_it_stands() -> None:
    seen: list[Turn] = []

    def watch(turn: Turn) -> Decision:
        seen.append(turn)
        return first_sensible(turn)

    server = session(ScriptedAgent("watcher", watch), size=5)
    ask(server, "komi 0.5")
    ask(server, "play b C3")
    ask(server, "genmove w")
    ask(server, "clear_board")
    ask(server, "genmove b")
    assert [turn.actions for turn in seen] == [(12,), ()]
    assert seen[0].game != seen[1].game
    assert seen[0].spec.komi == 0.5  # type: ignore[attr-defined]
    assert np.flatnonzero(seen[0].spec.stones(seen[0].position)[0]).tolist() == [12]


def test_time_settings_end_a_search_in_time() -> None:
    agent = rollout_agent("patient", 300_000, RolloutEvaluator())
    server = session(agent, size=9)
    ask(server, "time_settings 0 1 1")
    ask(server, "genmove b")
    ask(server, "genmove w")  # by now every kernel is compiled
    started = time.monotonic()
    ask(server, "genmove b")
    assert 0.5 < time.monotonic() - started < 10.0


def test_the_clock_shares_out_main_time_and_periods() -> None:
    clock = Clock()
    assert clock.budget_s(BLACK, 20) is None
    clock.set(100.0, 0.0, 0)
    assert clock.budget_s(BLACK, 20) == pytest.approx(4.5)
    clock.spend(BLACK, 60.0)
    assert clock.budget_s(BLACK, 20) == pytest.approx(1.8)
    assert clock.budget_s(WHITE, 20) == pytest.approx(4.5)
    clock.set(0.0, 30.0, 3)
    assert clock.budget_s(BLACK, 20) == pytest.approx(9.0)
    for _ in range(3):
        clock.spend(BLACK, 5.0)
    assert clock.budget_s(BLACK, 20) == pytest.approx(9.0)
    clock.set_left(BLACK, 4.0, 2)
    assert clock.budget_s(BLACK, 20) == pytest.approx(1.8)
    clock.set(10.0, 30.0, 3)
    clock.spend(BLACK, 11.0)
    assert clock.budget_s(BLACK, 20) == pytest.approx(9.0)
    clock.set(0.0, 5.0, 0)
    assert clock.budget_s(BLACK, 20) is None


COMMANDS = (
    "play genmove undo boardsize komi clear_board showboard final_score final_status_list "
    "fixed_handicap loadsgf printsgf time_left"
)
ARGUMENTS = "alive b w C3 D4 A1 pass 4 5 7 9 -1 6.5 nan"
WORDS = st.sampled_from(f"{COMMANDS} {ARGUMENTS}".split())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(WORDS, min_size=1, max_size=4), max_size=30))
def test_no_commands_break_a_session(commands: list[list[str]]) -> None:
    server = session(RandomAgent("random"), size=5)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # for printsgf FILE
        for words in commands:
            reply = server.answer(" ".join(words))
            assert reply is None or "internal error" not in reply.text
    ask(server, "showboard")


def test_a_seed_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gtp", "--agent", "random", "--seed", "-1"]) == 2
    assert "expected --seed from 0" in capsys.readouterr().err
