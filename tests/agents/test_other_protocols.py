"""Programs of Gomocup and NBoard as agents: what they are told, their moves, and how they fail."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from agents.gtp.client import Watchdog
from agents.parse import parse_agent, read_program
from agents.program_agent import ProgramAgent
from agents.protocol import TimeLeft, Turn
from engine.errors import ConfigError, ProgramError
from engine.games.go import GoSpec
from engine.games.gomoku import GomokuSpec
from engine.games.othello import OthelloSpec
from engine.games.spec import GameSpec, Positions
from engine.notation import action_to_text, text_to_action

MOCK = Path(__file__).resolve().parents[1] / "support" / "mock_brain.py"
GOMOKU, OTHELLO = GomokuSpec(9, 9), OthelloSpec()
Make = Callable[..., ProgramAgent]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[ProgramAgent] = []

    def begin(kind: str, *options: str, commands: str = "", **times: float) -> ProgramAgent:
        words = [sys.executable, "-I", str(MOCK), kind, "--log", str(tmp_path / "log"), *options]
        line = " ".join(f"'{word}'" for word in words) + (f" ;; {commands}" if commands else "")
        watchdog = Watchdog(**{"move_s": 20.0, "quit_s": 0.5, **times})
        agent = parse_agent(f"{kind}:{line}", GOMOKU, processes=1, watchdog=watchdog)
        assert isinstance(agent, ProgramAgent)
        made.append(agent)
        return agent

    yield begin
    for agent in made:
        agent.close()


def turn(spec: GameSpec, *moves: str, game: int = 1, left: TimeLeft | None = None) -> Turn:
    position = spec.allocate(1)
    actions = tuple(text_to_action(spec, move) for move in moves)
    for action in actions:
        spec.play(position, np.array([action]))
    return Turn(game, spec, position, actions, seed=0, time_left=left)


def told(tmp_path: Path) -> list[str]:
    return (tmp_path / "log").read_text().split("\n")[:-1]


def test_a_brain_is_told_the_game_and_only_what_is_new(make: Make, tmp_path: Path) -> None:
    agent = make("gomocup", commands="INFO timeout_turn 700")
    first = agent.choose([turn(GOMOKU)])[0]
    assert action_to_text(GOMOKU, first.action) == "A9"
    agent.choose([turn(GOMOKU, "A9", "E5")])
    agent.end_game(1)
    agent.choose([turn(GOMOKU, "C3", "D3", "E5", game=2)])
    infos = [
        *("INFO timeout_match 0", "INFO timeout_turn 5000", "INFO max_memory 367001600"),
        *("INFO game_type 1", "INFO rule 0", "INFO timeout_turn 700"),
    ]
    left = "INFO time_left 2147483647"
    assert told(tmp_path) == [
        *("ABOUT", "START 15", "START 9", *infos, left, "BEGIN"),
        *(left, "TURN 4,4"),
        *("RESTART", *infos, left, "BOARD", "2,6,2", "3,6,1", "4,4,2", "DONE"),
    ]
    assert agent.start() == "Mock 1.2"


def test_a_brain_is_told_clock_rule_and_rectangle(make: Make, tmp_path: Path) -> None:
    spec = GomokuSpec(7, 9, exactly=True)
    make("gomocup").choose([turn(spec, left=TimeLeft(60.0, 2.0))])
    lines = told(tmp_path)
    assert "RECTSTART 9,7" in lines and "INFO rule 1" in lines
    assert "INFO timeout_match 60000" in lines and "INFO time_left 60000" in lines
    make("gomocup").choose([turn(GOMOKU, left=TimeLeft(0.0, 7.0))])
    lines = told(tmp_path)[len(lines) :]
    assert "INFO timeout_turn 7000" in lines and "INFO time_left 2147483647" in lines


@pytest.mark.parametrize("fault", ["talk", "suggest", "silent-about", "no-restart"])
def test_manners_that_differ_are_no_fault(make: Make, fault: str) -> None:
    agent = make("gomocup", "--fault", fault)
    for game in (1, 2):
        assert not agent.choose([turn(GOMOKU, game=game)])[0].forfeit
        agent.end_game(game)


FAULTS = [
    ("crash", "crash", "out of memory"),
    ("hang", "stall", "did not answer in time"),
    ("nonsense", "nonsense", "my best move"),
]


@pytest.mark.parametrize(
    ("kind", "fault", "termination", "note"),
    [
        *(("gomocup", *fault) for fault in FAULTS),
        *(("nboard", *fault) for fault in FAULTS),
        ("gomocup", "error", "nonsense", "ERROR lost"),
        ("gomocup", "flood", "nonsense", "more than 100000 lines"),
        ("gomocup", "illegal", "illegal move", "played A9"),
        ("nboard", "", "illegal move", "played A1"),
    ],
)
def test_every_failure_forfeits_with_its_kind(
    make: Make, kind: str, fault: str, termination: str, note: str
) -> None:
    options = ("--fault", fault) if fault else ()
    agent = make(kind, *options, move_s=0.5 if fault == "hang" else 30.0)
    asked = turn(GOMOKU, "A9", "B9") if kind == "gomocup" else turn(OTHELLO, "F5", "D6")
    decision = agent.choose([asked])[0]
    assert (decision.termination, note in decision.forfeit) == (termination, True), decision
    assert not decision.void


@pytest.mark.parametrize(
    ("kind", "spec", "words"),
    [
        ("gomocup", GoSpec(9, 9), "expected gomoku with lines of 5"),
        ("gomocup", GomokuSpec(9, 9, length=4), "expected gomoku with lines of 5"),
        ("nboard", GOMOKU, "expected othello 8x8"),
        ("nboard", OthelloSpec(6, 6), "expected othello 8x8"),
    ],
)
def test_another_game_is_refused_before_the_first_one(
    make: Make, kind: str, spec: GameSpec, words: str
) -> None:
    with pytest.raises(ProgramError, match=words):
        make(kind).untold(spec)


def test_a_board_that_a_brain_refuses_is_void(make: Make) -> None:
    decision = make("gomocup", "--fault", "refuse-start").choose([turn(GOMOKU)])[0]
    assert decision.void and "refused 'START 9': 'ERROR no'" in decision.forfeit


def test_a_viewer_tells_the_whole_game_and_its_time(make: Make, tmp_path: Path) -> None:
    agent = make("nboard", "--moves", "E6 C4", commands="set depth 4")
    first = agent.choose([turn(OTHELLO, "F5", "F6")])[0]
    assert action_to_text(OTHELLO, first.action) == "E6"
    agent.choose([turn(OTHELLO, "F5", "D6", game=2, left=TimeLeft(90.0, 1.0))])
    board = "8 ---------------------------O*------*O--------------------------- *"
    game = f"set game (;GM[Othello]PC[Miai]PB[]PW[]RE[?]TI[300:00]TY[8]BO[{board}]B[F5]W[F6];)"
    lines = told(tmp_path)
    assert lines[:7] == [
        *("nboard 2", "set depth 12", "set depth 4", "ping 1"),
        *(game, "ping 2", "go"),
    ]
    assert "TI[01:30/00:01]" in lines[7]
    assert agent.start() == "Mock 3"


def test_a_forced_pass_is_not_asked_for(make: Make, tmp_path: Path) -> None:
    position, actions = forced_pass(OTHELLO)
    decision = make("nboard").choose([Turn(1, OTHELLO, position, actions, 0)])[0]
    assert decision.action == OTHELLO.pass_action and "go" not in told(tmp_path)


def forced_pass(spec: OthelloSpec) -> tuple[Positions, tuple[int, ...]]:
    """Play at random until a side has to pass."""
    random = np.random.default_rng(3)
    position, actions = spec.allocate(1), list[int]()
    while not spec.legal(position)[0, spec.pass_action]:
        if spec.finished(position)[0]:
            position, actions = spec.allocate(1), []
        action = int(random.choice(np.flatnonzero(spec.legal(position)[0])))
        spec.play(position, np.array([action]))
        actions.append(action)
    return position, tuple(actions)


def test_programs_of_all_protocols_need_to_be_named() -> None:
    for text in ("gomocup:x y", "a=nboard:x", "gtp:x"):
        program = read_program(text)
        assert program is not None and program.is_program and not program.allowed
    with pytest.raises(ConfigError, match="expected a program"):
        read_program("gomocup:")
