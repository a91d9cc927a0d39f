"""Programs are told what they get wrong, and whether they can play."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agents.gtp.client import Watchdog
from arena.gtp.check import check_program, playable
from engine.games import GoSpec, make
from miai.cli import main

MOCK = [sys.executable, str(Path(__file__).resolve().parents[2] / "support" / "mock_engine.py")]
SPEC = GoSpec(5, 5, 7.0)
PATIENCE = Watchdog(start_s=20.0, move_s=20.0, command_s=2.0, quit_s=1.0)


def checked(*arguments: str) -> dict[str, tuple[bool, str]]:
    """What passed and what came, by what was asked."""
    checks = list(check_program([*MOCK, *arguments], SPEC, PATIENCE))
    return {check.what: (check.passed, check.got) for check in checks}


def test_our_own_program_gets_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    command = f"gtp:{sys.executable} -m miai gtp --agent rollouts:4"
    assert main(["arena", "--check", command, "--size", "5"]) == 0
    said = capsys.readouterr().out
    assert "FAIL" not in said and "odd" not in said, said
    assert said.count("ok  ") > 30 and said.endswith("This program can play here.\n")


def test_our_own_program_plays_hex_too(capsys: pytest.CaptureFixture[str]) -> None:
    command = f"gtp:{sys.executable} -m miai gtp --game hex --agent random"
    assert main(["arena", "--check", command, "--game", "hex", "--size", "4"]) == 0
    said = capsys.readouterr().out
    assert "FAIL" not in said and "odd" not in said, said


def test_positions_may_have_few_moves_left() -> None:
    argv = [sys.executable, "-m", "miai", "gtp", "--agent", "random"]
    checks = list(
        check_program([*argv, "--game", "connect_four", "--size", "4"], make("connect_four", 4, 4))
    )
    assert playable(checks), [check for check in checks if not check.passed]


def test_a_program_is_told_its_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    command = f"gtp:{' '.join(MOCK)} --log {log} ;; level 3"
    assert main(["arena", "--check", command, "--size", "5"]) == 0
    assert "ok    it takes level 3" in capsys.readouterr().out
    assert log.read_text().splitlines().count("level 3") == 2, "and in the games too"


def test_gnu_go_can_play(gnugo: str) -> None:
    argv = [gnugo, "--mode", "gtp", "--level", "1", "--chinese-rules"]
    checks = list(check_program(argv, make("go", 9, komi=7.0)))
    assert playable(checks), [check for check in checks if not check.passed]


def test_what_the_mock_gets_wrong_is_named() -> None:
    found = checked()
    assert found["an unknown command is a failure"] == (False, "= ''")
    assert not found["a move on a stone is refused"][0]
    assert not found["an id comes back"][0]
    assert "IndexError" in found["it goes on after such lines"][1]
    assert found["game 2 of 2 against random moves"][0]
    assert found["it has boardsize, clear_board, play, genmove"][0]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("crash-at-start", "ended with exit code 1"),
        ("hang", "did not answer in time"),
        ("illegal", "= "),
        ("nonsense", "my best move"),
        ("garbage", "answered"),
    ],
)
def test_programs_that_cannot_play_are_told_why(fault: str, words: str) -> None:
    patience = Watchdog(start_s=5.0, move_s=1.5, command_s=2.0, quit_s=1.0)
    checks = list(check_program([*MOCK, "--fault", fault], SPEC, patience))
    assert not playable(checks)
    failed = [check for check in checks if check.needed and not check.passed]
    assert any(words in check.got for check in failed), failed


def test_what_is_no_program_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arena", "--check", "random"]) == 2
    assert (
        "expected --check 'gtp:PROGRAM ...' (or gomocup:, nboard:), got 'random'"
        in capsys.readouterr().err
    )
    assert main(["arena", "--check", "gtp:/no/such/program"]) == 2
    assert "FAIL  it starts" in capsys.readouterr().out


@pytest.mark.parametrize("protocol", ["gomocup", "nboard"])
def test_our_servers_of_other_protocols_pass(
    protocol: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"{protocol}:{sys.executable} -m miai {protocol} --agent random"
    assert main(["arena", "--check", command]) == 0
    said = capsys.readouterr().out
    assert said.count("ok  ") == 7 and "FAIL" not in said, said


@pytest.mark.parametrize(
    ("protocol", "fault", "got"),
    [
        ("gomocup", ("nonsense", "2"), "answered 'my best move' to BOARD"),
        ("gomocup", ("refuse-start", "1"), "refused 'START 9'"),
        ("nboard", ("crash", "1"), "it ended"),
    ],
)
def test_what_programs_of_other_protocols_get_wrong_is_named(
    protocol: str, fault: tuple[str, str], got: str, capsys: pytest.CaptureFixture[str]
) -> None:
    brain = Path(MOCK[1]).with_name("mock_brain.py")
    command = f"{protocol}:{sys.executable} {brain} {protocol} --fault {fault[0]} --at {fault[1]}"
    size = ["--size", "9"] if protocol == "gomocup" else []
    assert main(["arena", "--check", command, *size, "--move-timeout", "20"]) == 2
    said = capsys.readouterr().out
    assert got in said and "cannot play here" in said, said


def test_only_programs_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arena", "--check", "random"]) == 2
    assert "gomocup:, nboard:" in capsys.readouterr().err
