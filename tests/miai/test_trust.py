"""What comes with data starts no program: every place that starts one, and every file that asks."""

from __future__ import annotations

import ast
import dataclasses
import io
import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.network.checkpoint import save_network
from agents.parse import make_agent, read_program, read_spelling
from agents.trust import allow, programs_path, recall
from arena.session.opponents import Opponent, load
from engine.errors import ConfigError
from engine.games import make
from miai import cli
from miai.config import to_toml
from miai.rating import TaskRating
from miai.rating_process import RatingProcess
from selfplay.run.benchmark import BenchmarkConfig
from selfplay.run.folder import RunFolder
from tests.support.small import small_network, small_run
from tests.support.sources import ROOT, sources

MOCK = ROOT / "tests" / "support" / "mock_engine.py"
SECURITY = ROOT / "docs" / "security.md"
STARTERS = {
    "subprocess", "multiprocessing", "pty", "webbrowser", "runpy", "code", "ctypes", "cffi",
    "ProcessPoolExecutor", "create_subprocess_exec", "create_subprocess_shell",
    "system", "popen", "startfile", "fork", "forkpty", "posix_spawn", "posix_spawnp",
    "execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe",
    "spawnl", "spawnle", "spawnlp", "spawnlpe", "spawnv", "spawnve", "spawnvp", "spawnvpe",
}  # fmt: skip
STARTING_CALLS = {
    "ProgramProcess", "GtpClient", "GtpAgent", "check_program", "make_agent", "parse_agent",
    "RatingProcess",
}  # fmt: skip


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def starters(source: str) -> Iterator[str]:
    """Name every import and attribute in ``source`` that can start a process."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = {part for alias in node.names for part in alias.name.split(".")}
        elif isinstance(node, ast.ImportFrom):
            names = {*(node.module or "").split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = {node.attr} if node.value.id in ("os", "asyncio", "posix", "nt") else set()
        else:
            names = set()
        yield from names & STARTERS


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess",
        "from subprocess import run",
        "import multiprocessing.pool",
        "from concurrent.futures import ProcessPoolExecutor",
        "import os\nos.system('x')",
        "import os\nstart = os.execv",
        "from os import popen",
    ],
)
def test_the_search_for_starters_finds_them(source: str) -> None:
    assert list(starters(source))


def test_processes_are_started_in_four_places() -> None:
    found = {
        str(path.relative_to(ROOT)) for path in sources() if list(starters(path.read_text("utf-8")))
    }
    assert found == {
        "agents/gtp/process.py",
        "miai/commands/transfer.py",
        "miai/rating_process.py",
        "selfplay/play/processes.py",
    }


def test_all_who_may_start_one_are_on_the_page() -> None:
    page = SECURITY.read_text(encoding="utf-8")
    for path in sources():
        calls = {
            ast.unparse(node.func).rpartition(".")[2]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
        }
        if calls & STARTING_CALLS:
            assert f"`{path.relative_to(ROOT).as_posix()}`" in page, calls & STARTING_CALLS


def evil(folder: Path) -> tuple[str, Path]:
    """A command that leaves a mark and then plays as a program does."""
    mark = folder / "PWNED"
    script = f"touch {mark}; exec {sys.executable} -I {MOCK}"
    return f"gtp:sh -c {shlex.quote(script)}", mark


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, Path]:
    """A run folder from a stranger, and the mark that its program leaves."""
    rung, mark = evil(tmp_path)
    folder = RunFolder(tmp_path / "run")
    folder.lock().release()
    benchmark = BenchmarkConfig(games=16, simulations=4, ladder=(rung, "random"), anchor="random")
    folder.write_config(to_toml(dataclasses.replace(small_run(), benchmark=benchmark)), {})
    save_network(folder.checkpoint(1), small_network(make("go", 5, 5)), {"game": "go"})
    folder.append(folder.metrics, {"cycle": 1, "elapsed_s": 60.0})
    return folder.path, mark


@pytest.mark.parametrize(
    "words", [("ratings", "{run}", "--play", "0.1"), ("train", "--run", "{run}"),
              ("train", "--preset", "{run}/config.toml", "--run", "{run}-2")]
)  # fmt: skip
def test_a_run_folder_starts_nothing(
    run: tuple[Path, Path], words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    path, mark = run
    assert cli.main([word.format(run=path) for word in words]) == 2
    said = capsys.readouterr().err
    assert "touch" in said and "config.toml" in said and "--trust" in said
    assert not mark.exists()


def test_whoever_rates_leaves_a_stranger_out(
    run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path, mark = run
    rating = TaskRating(path)
    while rating.step() is not None:
        pass
    rating.close()
    assert "is left out" in capsys.readouterr().err
    assert not mark.exists()


def test_a_confirmed_program_rates(
    run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path, mark = run
    assert cli.main(["ratings", str(path), "--play", "0.5", "--trust"]) == 0
    assert mark.exists()
    mark.unlink()
    (path / "benchmarks.jsonl").unlink()
    assert cli.main(["ratings", str(path), "--play", "0.5"]) == 0
    assert mark.exists(), "it was confirmed once"


def test_a_tournament_folder_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, mark = evil(tmp_path)
    options = ["--size", "5", "--games", "2"]
    assert cli.main(["arena", "random", program, *options, "--out", str(tmp_path / "t")]) == 0
    assert mark.exists(), "the command line is the person's own"
    mark.unlink()
    again = ["arena", "--out", str(tmp_path / "t"), "--games", "4"]
    programs_path().unlink()  # as on another machine
    assert cli.main(again) == 2
    assert "touch" in capsys.readouterr().err
    assert not mark.exists()
    typed = Terminal("n\n")
    monkeypatch.setattr(sys, "stdin", typed)
    monkeypatch.setattr(sys, "stderr", typed)
    assert cli.main(again) == 2
    assert not mark.exists()
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert cli.main(again) == 0
    assert mark.exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("extra", ["", "make-book = 'book.txt'\n", "check = {program}\n"])
def test_a_file_of_options_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: str
) -> None:
    program, mark = evil(tmp_path)
    agents = [program] if "book" in extra else ["random", program]
    text = extra.format(program=json.dumps(program)) + f"agents = {json.dumps(agents)}\n"
    (tmp_path / "evil.toml").write_text(f"{text}games = 2\nsize = '5'\n")
    words = ["arena", "--config", str(tmp_path / "evil.toml"), "--out", str(tmp_path / "t")]
    assert cli.main(words) == 2
    assert "touch" in capsys.readouterr().err
    assert not mark.exists()
    assert not (tmp_path / "t").exists()


def test_a_file_cannot_trust_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program, mark = evil(tmp_path)
    (tmp_path / "evil.toml").write_text(f"trust = true\nagents = ['random', {program!r}]\n")
    assert cli.main(["arena", "--config", str(tmp_path / "evil.toml")]) == 2
    assert "--trust" in capsys.readouterr().err
    assert not mark.exists()


def test_a_saved_game_starts_nothing(tmp_path: Path) -> None:
    program, mark = evil(tmp_path)
    with pytest.raises(ConfigError, match="type its command line"):
        load(Opponent("program", program.removeprefix("gtp:")), make("go", 5, 5))
    assert not mark.exists()


def test_programs_are_remembered_one_by_one(tmp_path: Path) -> None:
    known = read_spelling("gtp:gnugo --mode gtp ;; level 3")
    assert not recall(known).allowed
    assert allow(known).allowed
    assert recall(known).allowed
    assert recall(read_spelling("x=gtp:gnugo --mode gtp ;; level 3")).allowed
    for other in ("gtp:gnugo --mode gtp", "gtp:gnugo --mode gtp ;; level 4", "gtp:/tmp/gnugo"):
        assert not recall(read_spelling(other)).allowed
    programs_path().chmod(0o622)
    assert not recall(known).allowed, "another user could have written it"


@pytest.mark.parametrize("damage", [b"", b"[", b"[]", b"[" * 100_000, b"\xff", b'{"x": NaN}'])
def test_a_damaged_memory_is_an_empty_one(damage: bytes) -> None:
    allow(read_spelling("gtp:one"))
    programs_path().write_bytes(damage)
    assert not recall(read_spelling("gtp:one")).allowed
    allow(read_spelling("gtp:one"))
    assert recall(read_spelling("gtp:one")).allowed


def test_the_same_words_in_another_folder_are_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "engine.py").write_text("")
    monkeypatch.chdir(tmp_path / "mine")
    allow(read_spelling("gtp:python3 engine.py"))
    allow(read_spelling("gtp:sh -c 'python3 engine.py'"))
    for text in ("gtp:python3 engine.py", "gtp:sh -c 'python3 engine.py'"):
        assert recall(read_spelling(text)).allowed
    monkeypatch.chdir(tmp_path / "theirs")
    for text in ("gtp:python3 engine.py", "gtp:sh -c 'python3 engine.py'"):
        assert not recall(read_spelling(text)).allowed


@pytest.mark.parametrize("text", ["gtp:x", "a=gtp:x", "a=b=gtp:x y ;; level 3"])
def test_a_program_is_found_behind_any_name(text: str) -> None:
    program = read_program(text)
    assert program is not None and program.argv[0] == "x"
    with pytest.raises(ConfigError, match="you named"):
        make_agent(program, make("go", 5, 5))


@pytest.mark.parametrize("text", ["random", "rollouts:5", "nothing@5", "GTP:x", " gtp:x"])
def test_others_are_no_programs(text: str) -> None:
    assert read_program(text) is None


def test_the_process_beside_imports_nothing_from_the_folder_it_stands_in(tmp_path: Path) -> None:
    for name in ("json", "numpy", "filelock", "miai"):
        Path(f"{name}.py").write_text(f"open({str(tmp_path / 'PWNED')!r}, 'w')\n")
    (tmp_path / "empty").mkdir()
    with RatingProcess(tmp_path / "empty") as beside:
        beside._process.wait(60)
        words = beside.last_words
    assert "run folder" in words, words
    assert not (tmp_path / "PWNED").exists()
