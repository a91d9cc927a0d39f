"""The command line: what it answers, how fast it can, and how it fails."""

from __future__ import annotations

import argparse
import errno
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from agents.network.checkpoint import save_network
from engine.errors import ConfigError
from engine.games import make
from miai import __version__, cli
from miai.cli import main
from tests.support.small import small_network

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numba", "torch", "pygame", "scipy", "numpy")

Install = Callable[[Callable[[argparse.Namespace], int]], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a command of the test's own in place of ``info``."""

    def put(run: Callable[[argparse.Namespace], int]) -> None:
        command = SimpleNamespace(
            SUMMARY="do as the test says",
            EXAMPLE="miai info",
            add_arguments=lambda _: None,
            run=run,
        )
        monkeypatch.setattr(cli, "import_module", lambda _: command)

    return put


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"miai {__version__}\n"


def test_no_arguments_print_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    for name in cli.COMMANDS:
        assert f"  {name} " in out


@pytest.mark.parametrize("command", ["", *cli.COMMANDS])
def test_help_ends_with_an_example_and_loads_nothing_heavy(command: str) -> None:
    arguments = [*command.split(), "--help"]
    script = (
        "import sys\nfrom miai.cli import main\n"
        f"try:\n    main({arguments!r})\n"
        "except SystemExit as stop:\n    assert stop.code == 0\n"
        f"print('loaded:', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    help_text, _, loaded = done.stdout.rpartition("loaded: ")
    assert loaded.strip() == "[]"
    assert f"miai {command}".strip() in help_text.rpartition("example:\n")[2]


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_example_parses(name: str) -> None:
    command = import_module(f"miai.commands.{name}")
    for line in command.EXAMPLE.strip().splitlines():
        program, subcommand, *rest = shlex.split(line.rpartition("| ")[2])
        assert (program, subcommand) == ("miai", name)
        cli.command_parser(name, command).parse_args(rest)


@pytest.mark.parametrize(
    ("words", "plain"),
    [("", True), ("--keys keys.json", True), ("--network runs/try", False), ("hex", False)],
)
def test_only_a_plain_start_goes_on_with_the_kept_game(words: str, plain: bool) -> None:
    from miai.commands import play

    args = cli.command_parser("play", play).parse_args(words.split())
    assert play._is_plain(args) == plain
    assert play._network(args) == ("runs/try" if "--network" in words else "shipped")


def test_unknown_command_suggests(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trian"]) == 2
    message = capsys.readouterr().err
    assert message.startswith("miai: expected a command")
    assert message.endswith("got 'trian'; did you mean 'train'?\n")


def test_error_of_the_user_is_one_line(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise ConfigError("expected komi, got 'seven'")

    install(fail)
    assert cli.main(["info"]) == 2
    assert capsys.readouterr().err == "miai: expected komi, got 'seven'\n"


def test_the_terminal_does_not_pretend_to_watch(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["play", "--terminal", "--watch", str(tmp_path)]) == 2
    assert "expected a display to watch" in capsys.readouterr().err


def test_unreadable_file_is_one_line(
    install: Install, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    install(lambda _: len((tmp_path / "absent").read_bytes()))
    assert cli.main(["info"]) == 2
    assert capsys.readouterr().err.startswith("miai: no such file or directory: ")


def test_full_disk_is_one_line(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    install(fail)
    assert cli.main(["info"]) == 2
    assert capsys.readouterr().err == "miai: no space left on device\n"


def test_bug_keeps_its_traceback(install: Install) -> None:
    def fail(_: argparse.Namespace) -> int:
        raise OSError("a bug without a file")

    install(fail)
    with pytest.raises(OSError, match="a bug"):
        cli.main(["info"])


def test_interrupt(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    install(interrupt)
    assert cli.main(["info"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_reader_that_goes_away_is_no_error() -> None:
    script = (
        "import sys\nfrom types import SimpleNamespace\nfrom miai import cli\n"
        "def run(_):\n    for _ in range(100000):\n        print('line')\n    return 0\n"
        "cli.import_module = lambda _: SimpleNamespace(\n"
        "    SUMMARY='', EXAMPLE='miai info', add_arguments=lambda _: None, run=run)\n"
        "sys.exit(cli.main(['info']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    message = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), message) == (1, "")


@pytest.mark.parametrize("arguments", [["benchmark", "rulez"], ["benchmark", "rules", "--jsn"]])
def test_bad_arguments_exit_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "usage: miai benchmark" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["torch", "psutil"])
def test_training_without_its_extra_says_what_to_install(tmp_path: Path, package: str) -> None:
    program = (
        "import sys\n"
        f"sys.modules[{package!r}] = None\n"
        "from miai.cli import main\n"
        f"sys.exit(main(['train', '--minutes', '1', '--run', {str(tmp_path / 'run')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "miai[train]" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_no_text_of_a_file_acts_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b]0;X\x07\x9b2J\u202e"
    spec = make("tic_tac_toe")
    path = tmp_path / "evil.safetensors"
    save_network(path, small_network(spec), {"game": "tic_tac_toe", evil: evil})
    (tmp_path / "evil.sgf").write_text(f"(;GM[{evil}];B[aa])", encoding="utf-8")
    (tmp_path / "evil.toml").write_text('agents = ["\\u001b[2J", "\\u202e"]', encoding="utf-8")
    assert main(["info", str(path)]) == 0
    assert main(["analyze", str(tmp_path / "evil.sgf")]) == 2
    assert main(["arena", "--config", str(tmp_path / "evil.toml")]) == 2
    assert main(["train", "--preset", evil]) == 2
    assert main([evil]) == 2
    captured = capsys.readouterr()
    for text in (captured.out, captured.err):
        assert len(text) > 100
        assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize("closed", [(0,), (1,), (0, 1, 2)])
@pytest.mark.parametrize("words", [["runs"], ["gtp", "--agent", "random"], ["nonsense"]])
def test_closed_streams_are_no_fault(closed: tuple[int, ...], words: list[str]) -> None:
    code = (
        f"import os\nfor n in {closed}: os.close(n)\n"
        f"os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'miai', *{words!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=b"", capture_output=True, timeout=300
    )
    assert done.returncode in (0, 1, 2), done.stderr
    assert b"Traceback" not in done.stderr + done.stdout
