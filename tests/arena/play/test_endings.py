"""How games end beside the rules: voids, clocks, agreement; and who is told."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.gtp.client import Watchdog
from agents.gtp.program import GtpAgent
from agents.protocol import Decision, TimeLeft, Turn
from agents.random_agent import RandomAgent
from arena.openings import make_openings
from arena.play.adjudication import Resignation
from arena.play.clock import read_time_control
from arena.play.game import PlayedGame, Terms, Void
from arena.play.game_runner import play_games
from arena.schedule import make_schedule
from engine.errors import ProgramError
from engine.games.go import GoSpec
from engine.games.spec import BLACK
from engine.search.result import SearchResult
from tests.support.scripted_agent import ScriptedAgent, first_sensible

SPEC = GoSpec(5, 5, 7.0)
MOCK = Path(__file__).resolve().parents[2] / "support" / "mock_engine.py"


def program(*options: str, processes: int = 1, commands: tuple[str, ...] = (), **times: float):  # type: ignore[no-untyped-def]
    watchdog = Watchdog(**{"move_s": 20.0, "quit_s": 0.5, **times})
    argv = [sys.executable, "-I", str(MOCK), *options]
    return GtpAgent("mock", argv, processes, watchdog, commands)


def play(agents, terms: Terms, pairs: int = 2, **options):  # type: ignore[no-untyped-def]
    played: list[PlayedGame] = []
    voids: list[Void] = []
    fixtures = make_schedule([(0, 1)], make_openings(SPEC, pairs, (2, 3), seed=1))
    play_games(
        SPEC, agents, fixtures, terms, on_game=played.append, on_void=voids.append, **options
    )
    return sorted(played, key=lambda game: game.fixture.game), voids


def test_a_failure_before_the_first_move_is_void_and_played_again() -> None:
    mock = program("--fault", "crash-at-boardsize", "--at", "2", "--moves", "3")
    played, voids = play([RandomAgent(), mock], Terms(1), pairs=2)
    mock.close()
    assert [game.fixture.game for game in played] == [0, 1, 2, 3]
    assert {game.verdict.termination for game in played} <= {"two passes", "move limit"}
    # The third game's board size is the first one a fresh process hears: it counts anew.
    assert len(voids) >= 1 and {void.agent for void in voids} == {1}
    assert "exit code 4" in voids[0].note


def test_a_program_that_cannot_be_set_up_ends_the_tournament() -> None:
    mock = program("--fault", "refuse-boardsize")
    with pytest.raises(ProgramError, match="3 times in a row before its first move"):
        play([RandomAgent(), mock], Terms(1))
    mock.close()


def test_start_up_commands_are_told_and_have_to_be_accepted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    mock = program("--log", str(log), commands=("komi 3", "boardsize 7"))
    mock.start()
    assert "komi 3\nboardsize 7\n" in log.read_text()
    mock.close()
    refusing = program("--fault", "refuse-boardsize", commands=("boardsize 7",))
    with pytest.raises(ProgramError, match="refused 'boardsize 7'"):
        refusing.start()
    refusing.close()


def test_all_moves_of_a_game_have_a_time_of_their_own() -> None:
    mock = program("--fault", "late-always", "--moves", "20", game_s=0.9)
    played, _ = play([RandomAgent(), mock], Terms(1), pairs=1)
    mock.close()
    assert {game.verdict.termination for game in played} == {"stall"}


def test_whoever_oversteps_the_clock_loses() -> None:
    def slow(turn: Turn) -> Decision:
        assert turn.time_left is not None
        return replace(first_sensible(turn), seconds=4.0)

    def quick(turn: Turn) -> Decision:
        return replace(first_sensible(turn), seconds=0.1)

    agents = [ScriptedAgent("slow", slow), ScriptedAgent("quick", quick)]
    played, _ = play(agents, Terms(1, clock=read_time_control("10+1")))
    for game in played:
        assert game.verdict.termination == "time" and game.verdict.result.endswith("+T")
        assert game.verdict.winner == (1 if game.fixture.black == 1 else -1)
        assert "slow took 4.0 s" in game.verdict.note
    assert max(agents[0].batches) == 1, "under a clock everybody thinks alone"


def test_programs_are_told_the_time(tmp_path: Path) -> None:
    for text, settings, left in (
        ("60+2", "time_settings 60 2 1", "time_left b 60 0"),
        ("7", "time_settings 0 7 1", "time_left b 7 1"),
        ("30+5x10", "time_settings 30 10 1", "time_left b 30 0"),
    ):
        log = tmp_path / f"{text}.log"
        mock = program("--log", str(log), "--moves", "1")
        play([mock, RandomAgent()], Terms(1, move_limit=6, clock=read_time_control(text)), pairs=1)
        mock.close()
        said = log.read_text()
        assert settings in said and left in said, said


def seeing(value: float):  # type: ignore[no-untyped-def]
    """Plays on and thinks that Black stands at ``value``."""

    def choose(turn: Turn) -> Decision:
        side = 1.0 if turn.spec.to_move(turn.position)[0] == BLACK else -1.0
        none = np.zeros(turn.spec.actions, np.float32)
        thought = SearchResult(0, none.astype(np.int32), none, none, none, side * value, 0.0, 1)
        return replace(first_sensible(turn), thought=thought)

    return choose


def test_games_that_both_give_up_end_and_some_are_played_on() -> None:
    def agents(one: float, other: float) -> list[ScriptedAgent]:
        return [ScriptedAgent("a", seeing(one)), ScriptedAgent("b", seeing(other))]

    never = Terms(1, resignation=Resignation(0.9, 2, audited=0.0))
    for black in (1.0, -1.0):
        played, _ = play(agents(black, black), never)
        assert {game.verdict.termination for game in played} == {"adjudication"}
        assert {game.verdict.winner for game in played} == {int(black)}
        assert all(sum(game.decisions) == 4 for game in played)
    played, _ = play(agents(1.0, 0.5), never)
    assert "adjudication" not in {game.verdict.termination for game in played}
    always = Terms(1, resignation=Resignation(0.9, 2, audited=1.0))
    played, _ = play(agents(1.0, 1.0), always)
    assert {game.agreed for game in played} == {1}
    assert {game.verdict.termination for game in played} == {"two passes"}


def test_time_is_shared_out() -> None:
    assert TimeLeft(60.0).for_one_move(30) == pytest.approx(1.8)
    assert TimeLeft(0.0, increment_s=2.0).for_one_move(30) == pytest.approx(1.8)
    assert TimeLeft(1.0, increment_s=50.0).for_one_move(30) <= 0.9
