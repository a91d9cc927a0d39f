"""Programs as agents: their moves, and every way they fail."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from agents.gtp.client import GtpClient, Watchdog
from agents.gtp.program import GtpAgent
from agents.protocol import Decision, Turn
from engine.errors import ProgramError
from engine.notation import action_to_text
from tests.support.turns import SPEC, turn

MOCK = Path(__file__).resolve().parents[2] / "support" / "mock_engine.py"
QUICK = Watchdog(start_s=30.0, move_s=1.0, command_s=30.0, quit_s=0.5)
Make = Callable[..., GtpAgent]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[GtpAgent] = []

    def begin(*options: str, processes: int = 1, watchdog: Watchdog = QUICK) -> GtpAgent:
        argv = [sys.executable, "-I", str(MOCK), *options]
        made.append(GtpAgent("mock", argv, processes, watchdog))
        return made[-1]

    yield begin
    for agent in made:
        agent.close()


def test_the_program_is_told_the_game_and_only_what_is_new(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "log"
    agent = make("--log", str(log))
    first = agent.choose([turn(1, "C3", "D3")])[0]
    assert action_to_text(SPEC, first.action) == "A1"
    second = agent.choose([turn(1, "C3", "D3", "A1", "E5")])[0]
    assert action_to_text(SPEC, second.action) == "B1"
    agent.end_game(1)
    agent.choose([turn(2)])
    asked = log.read_text().split("\n")
    assert asked[3:] == [
        "boardsize 5", "clear_board", "komi 7", "play b C3", "play w D3", "genmove b",
        "play w E5", "genmove b",
        "boardsize 5", "clear_board", "komi 7", "genmove b", "",
    ]  # fmt: skip
    assert second.seconds > 0


def test_a_program_may_take_its_time_to_start(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it loads before its first move is not on a game's clock."""
    clock = SimpleNamespace(now_s=0.0, perf_counter=lambda: clock.now_s)
    greet = GtpClient.greet

    def slowly(client: GtpClient) -> None:
        clock.now_s += 8.0
        greet(client)

    monkeypatch.setattr(GtpClient, "greet", slowly)
    monkeypatch.setattr("agents.program_agent.time", clock)
    decision = make().choose([turn(1)])[0]
    assert not decision.forfeit and decision.seconds == 0.0 and clock.now_s == 8.0


def test_another_line_of_the_same_game_is_set_up_anew(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "log"
    agent = make("--log", str(log))
    agent.choose([turn(1, "C3", "D3")])
    agent.choose([turn(1, "C3", "E5")])
    assert log.read_text().count("clear_board") == 2


@pytest.mark.parametrize(
    ("fault", "kind", "note"),
    [
        ("crash", "crash", "exit code 3"),
        ("chatty-crash", "crash", "out of memory in layer 7"),
        ("hang", "stall", "did not answer in time"),
        ("half-line", "stall", "did not answer in time"),
        ("endless-line", "nonsense", "more than 65536 bytes"),
        ("endless-answer", "nonsense", "more than 1048576 bytes"),
        ("garbage", "nonsense", "answered"),
        ("nonsense", "nonsense", "my best move"),
        ("refuse", "nonsense", "I will not"),
        ("illegal", "illegal move", "played C3"),
    ],
)
def test_every_failure_forfeits_with_its_kind_and_a_note_and_the_next_game_goes_on(
    make: Make, fault: str, kind: str, note: str
) -> None:
    patient = Watchdog(start_s=30.0, move_s=30.0 if kind != "stall" else 0.5, quit_s=0.5)
    agent = make("--fault", fault, "--at", "2", watchdog=patient)
    assert not agent.choose([turn(1, "C3")])[0].forfeit
    failed = agent.choose([turn(1, "C3", "A1", "D3")])[0]
    assert (failed.termination, note in failed.forfeit) == (kind, True), failed
    assert len(failed.forfeit) < 1000
    agent.end_game(1)
    if fault != "illegal":
        assert not agent.choose([turn(2, "C3")])[0].forfeit


def test_a_late_answer_within_the_time_is_an_answer(make: Make) -> None:
    assert not make("--fault", "late").choose([turn(1)])[0].forfeit


def test_a_flood_of_stderr_is_no_fault(make: Make) -> None:
    agent = make("--fault", "flood-stderr", watchdog=Watchdog(move_s=30.0))
    assert not agent.choose([turn(1)])[0].forfeit


def test_resignation(make: Make) -> None:
    decision = make("--fault", "resign").choose([turn(1)])[0]
    assert decision.resign and not decision.forfeit


def test_a_program_that_does_not_start_is_an_error_and_not_a_forfeit(make: Make) -> None:
    agent = make("--fault", "crash-at-start")
    with pytest.raises(ProgramError, match="no such network"):
        agent.start()
    assert agent.choose([turn(1)])[0].termination == "crash"
    with pytest.raises(ProgramError, match="3 times in a row"):
        agent.choose([turn(2)])


def test_a_program_that_hangs_at_the_start_is_an_error(make: Make) -> None:
    agent = make("--fault", "hang-at-start", watchdog=Watchdog(start_s=0.3))
    started = time.monotonic()
    with pytest.raises(ProgramError, match="did not answer in time"):
        agent.start()
    assert time.monotonic() - started < 5


def test_a_missing_program_is_an_error() -> None:
    agent = GtpAgent("none", ["/no-such-program"])
    with pytest.raises(ProgramError, match="/no-such-program"):
        agent.start()
    agent.close()


def test_several_games_at_once_have_a_process_each(make: Make) -> None:
    agent = make("--fault", "late", processes=2)
    agent.choose([turn(1), turn(2)])
    moves = ("A1", "E5")
    started = time.monotonic()
    decisions = agent.choose([turn(1, *moves), turn(2, *moves)])
    assert [action_to_text(SPEC, decision.action) for decision in decisions] == ["B1", "B1"]
    assert time.monotonic() - started < 0.4


def test_dead_stones_are_read_or_left_out(make: Make) -> None:
    claimed = make("--fault", "dead-all").dead_stones(turn(1, "C3", "D3", "pass", "pass"))
    assert claimed is not None
    assert [action_to_text(SPEC, point) for point in np.flatnonzero(claimed)] == ["C3", "D3"]
    none = make().dead_stones(turn(1, "C3", "D3", "pass", "pass"))
    assert none is not None and not none.any()


def test_gnu_go_plays_a_whole_game_against_itself(gnugo: str) -> None:
    agent = GtpAgent("gnugo", [gnugo, "--mode", "gtp", "--chinese-rules", "--level", "1"], 1)
    assert agent.start().startswith("GNU Go")
    position = SPEC.allocate(1)
    actions: list[int] = []
    while not SPEC.finished(position)[0] and len(actions) < 100:
        state = Turn(1, SPEC, position, tuple(actions), 0)
        decision = agent.choose([state])[0]
        if decision.resign:
            break
        assert not decision.forfeit
        actions.append(decision.action)
        SPEC.play(position, np.array([decision.action]))
    agent.close()
    assert len(actions) > 5


def test_closing_gives_up_a_move_that_is_being_asked_for(make: Make) -> None:
    agent = make("--fault", "hang", watchdog=Watchdog(move_s=60.0))
    decisions: list[Decision] = []
    asking = threading.Thread(target=lambda: decisions.extend(agent.choose([turn(1)])))
    asking.start()
    time.sleep(0.5)
    agent.close()
    asking.join(10.0)
    assert not asking.is_alive()
    assert decisions[0].forfeit
    assert agent.choose([turn(2)])[0].forfeit
