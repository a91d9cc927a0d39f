"""External programs as processes: bounded, watched, and gone when closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from agents.gtp.process import BrokenProgramError, ProgramProcess

MOCK = Path(__file__).resolve().parents[2] / "support" / "mock_engine.py"
Start = Callable[..., ProgramProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[ProgramProcess] = []

    def begin(*argv: str) -> ProgramProcess:
        started.append(ProgramProcess([sys.executable, "-I", *argv]))
        return started[-1]

    yield begin
    for process in started:
        process.close()


def in_s(seconds: float) -> float:
    return time.monotonic() + seconds


def is_gone(pid: int) -> bool:
    """No such process, or one that waits to be reaped by whoever inherited it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z"


def test_lines_go_both_ways(start: Start) -> None:
    process = start(str(MOCK))
    process.send(b"name\n", in_s(20))
    assert process.read_line(in_s(20), 100) == b"= Mock"


def test_a_missing_program_is_a_crash() -> None:
    with pytest.raises(BrokenProgramError, match="no-such-program") as caught:
        ProgramProcess(["/no-such-program"])
    assert caught.value.kind == "crash"


def test_silence_is_a_stall(start: Start) -> None:
    process = start("-c", "import time; time.sleep(60)")
    started = time.monotonic()
    with pytest.raises(BrokenProgramError) as caught:
        process.read_line(in_s(0.2), 100)
    assert caught.value.kind == "stall"
    assert time.monotonic() - started < 5


def test_the_exit_code_is_told(start: Start) -> None:
    process = start("-c", "raise SystemExit(7)")
    for _ in range(2):
        with pytest.raises(BrokenProgramError, match="exit code 7") as caught:
            process.read_line(in_s(20), 100)
        assert caught.value.kind == "crash"


def test_an_endless_line_is_cut_and_memory_stays_bounded(start: Start) -> None:
    process = start("-c", "import os\nwhile True: os.write(1, b'x' * 65536)")
    with pytest.raises(BrokenProgramError, match="more than 1000 bytes") as caught:
        process.read_line(in_s(20), 1000)
    assert caught.value.kind == "nonsense"
    time.sleep(0.3)
    assert process._chunks.qsize() * 4096 <= 1 << 20


def test_a_flood_on_stderr_neither_blocks_nor_fills_memory(start: Start) -> None:
    flood = (
        "import sys\n"
        "for i in range(100000): print('noise', i, file=sys.stderr)\n"
        "print('done', flush=True)"
    )
    process = start("-c", flood)
    assert process.read_line(in_s(60), 100) == b"done"
    deadline = in_s(20)
    while "99999" not in process.last_words() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "noise 99999" in process.last_words()
    assert sum(len(piece) for piece in process._errors) <= 4096


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look for processes")
def test_closing_ends_the_whole_group(start: Start) -> None:
    process = start(str(MOCK), "--fault", "child")
    process.send(b"name\n", in_s(20))
    process.read_line(in_s(20), 100)
    deadline = in_s(20)
    while not process.last_words() and time.monotonic() < deadline:
        time.sleep(0.01)
    child = int(process.last_words().split()[1])
    assert not is_gone(child)
    process.close()
    deadline = in_s(10)
    while not is_gone(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert is_gone(child) and is_gone(process.pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="found through Linux's /proc")
def test_closing_ends_a_child_that_left_the_group(start: Start) -> None:
    daemon = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork(): os._exit(0)\n"
        "    print(os.getpid(), flush=True)\n"
        "time.sleep(600)\n"
    )
    process, other = start("-c", daemon), start("-c", daemon)
    children = [int(one.read_line(in_s(20), 100)) for one in (process, other)]
    process.close()
    deadline = in_s(10)
    while not is_gone(children[0]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [is_gone(child) for child in children] == [True, False]


def test_a_program_that_does_not_read_is_a_stall(start: Start) -> None:
    process = start("-c", "import time; time.sleep(600)")
    started = time.monotonic()
    with pytest.raises(BrokenProgramError, match="did not read") as caught:
        for _ in range(100_000):
            process.send(b"play b a1 " * 10 + b"\n", in_s(0.5))
    assert caught.value.kind == "stall"
    assert time.monotonic() - started < 60
    process.close()
    with pytest.raises(BrokenProgramError) as closed:
        process.send(b"name\n", in_s(0.5))
    assert closed.value.kind == "crash"


def test_all_of_a_long_line_arrives(start: Start) -> None:
    process = start("-c", "import time; time.sleep(0.3); print(len(input()))")
    process.send(b"x" * 1_000_000 + b"\n", in_s(20))
    assert process.read_line(in_s(20), 100) == b"1000000"


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGKILL, "SIGKILL"), (getattr(signal, "SIGRTMIN", 34) + 6, "40")]
)
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_every_signal_is_a_crash(start: Start, number: int, name: str) -> None:
    process = start("-c", f"import os; os.kill(os.getpid(), {int(number)})")
    with pytest.raises(BrokenProgramError, match=f"by signal {name}") as caught:
        process.read_line(in_s(20), 100)
    assert caught.value.kind == "crash"


def test_closing_a_deaf_program_does_not_wait_for_it(start: Start) -> None:
    process = start(str(MOCK), "--fault", "deaf-to-quit")
    process.send(b"quit\n", in_s(20))
    started = time.monotonic()
    process.close(patience_s=0.3)
    assert 0.25 < time.monotonic() - started < 5
    with pytest.raises(BrokenProgramError):
        process.send(b"name\n", in_s(20))


def test_the_program_is_in_a_group_of_its_own(start: Start) -> None:
    process = start("-c", "import time; time.sleep(60)")
    assert os.getpgid(process.pid) == process.pid != os.getpgid(0)


def test_programs_are_found_where_games_are_installed(gnugo: str, start: Start) -> None:
    process = ProgramProcess(["gnugo", "--version"])
    assert process.read_line(in_s(20), 200).startswith(b"GNU Go")
    process.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals and /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_killed_command_ends_a_program_that_reads_nothing(tmp_path: Path, number: int) -> None:
    note, script = tmp_path / "pid", tmp_path / "deaf.py"
    script.write_text(
        "import os, pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\n"
        "time.sleep(600)\n"
    )
    command = f"gtp:{sys.executable} -I {script} {note}"
    miai = subprocess.Popen(
        [sys.executable, "-m", "miai", "arena", "--check", command, "--size", "5"],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
        preexec_fn=partial(signal.signal, number, signal.SIG_DFL),  # nohup ignores it
    )
    try:
        deadline = in_s(300.0)
        while not (note.is_file() and note.read_text()):
            assert miai.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        pid = int(note.read_text())
        miai.send_signal(number)
        assert miai.wait(120.0) == -number
        deadline = in_s(60.0)
        while not is_gone(pid):
            assert time.monotonic() < deadline, "the program outlived the command"
            time.sleep(0.05)
    finally:
        miai.kill()
        miai.wait()
