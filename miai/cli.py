"""The command ``miai``: finds the subcommand, turns errors into messages and exit codes.

Only the subcommand that is asked for is imported, and none of them imports Numba, torch or pygame
before it runs: ``miai train --help`` has to answer at once.

Exit codes: 0 done; 1 the output is not read any more; 2 the input or the machine is at fault (one
line on stderr says how); 130 interrupted. A traceback means a bug.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from types import FrameType
from typing import Any, Final

from engine.errors import MiaiError
from engine.text import PlainStream
from miai import __version__

COMMANDS: Final = (
    "play",
    "train",
    "runs",
    "report",
    "compare",
    "ratings",
    "finetune",
    "adjust",
    "adapt",
    "transfer",
    "arena",
    "gtp",
    "gomocup",
    "nboard",
    "analyze",
    "analysis",
    "info",
    "export",
    "benchmark",
)
"""Subcommands in the order of the help; each is a module of :mod:`miai.commands`."""

_DONE, _NO_READER, _FAULT, _INTERRUPTED = 0, 1, 2, 130
_EXTRAS = {
    "torch": "train",
    "psutil": "train",
    "tensorboard": "tensorboard",
    "onnx": "onnx",
    "openvino": "openvino",
    "nncf": "openvino",
}
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's) and return its exit code.

    Raises:
        SystemExit: from ``--help``, ``--version`` and arguments that cannot be parsed.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    _wait_politely()
    with _plain_streams(), _programs_end_with_us():
        return _run(arguments)


@contextmanager
def _programs_end_with_us() -> Iterator[None]:
    """Let a signal that ends this process end the programs that it started, which may not read.

    What ignores the signal already, such as ``nohup``, goes on ignoring it.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, _end_with_programs)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_with_programs(number: int, frame: FrameType | None) -> None:
    process = sys.modules.get("agents.gtp.process")
    if process is not None:
        process.kill_all()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


@contextmanager
def _plain_streams() -> Iterator[None]:
    """Let no text that a command writes act on the terminal, wherever it came from.

    The protocols write bytes, and the displays through :class:`arena.console.PlainConsole`. A
    stream that was closed by who started the program is empty, and takes what is written.
    """
    _fill_closed_files()
    streams = sys.stdin, sys.stdout, sys.stderr
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    if sys.stderr is None:
        sys.stderr = io.StringIO()
    if sys.stdout is not None:  # the protocols have to know that it is closed
        sys.stdout = PlainStream(sys.stdout)
    sys.stderr = PlainStream(sys.stderr)
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams


def _fill_closed_files() -> None:
    """Give away the numbers 0 to 2: a game's file that got one would take a library's messages."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _run(arguments: list[str]) -> int:
    try:
        code = _dispatch(arguments)
        if sys.stdout is not None:  # closed by who started it
            sys.stdout.flush()
    except MiaiError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        return _fail(
            f"expected the package {error.name!r}, found none: "
            f"pip install 'miai[{_EXTRAS[error.name]}]', or `make setup` in a checkout"
        )
    except BrokenPipeError:
        _silence_stdout()
        return _NO_READER
    except OSError as error:
        if error.filename is None and error.errno not in _NO_ROOM:
            raise
        return _fail(_describe(error))
    except KeyboardInterrupt:
        print("\nmiai: interrupted", file=sys.stderr)
        return _INTERRUPTED
    return code


def _wait_politely() -> None:
    """Let the threads of torch sleep, not spin, while they wait for each other.

    Measured on two cores: spinning trains 20 % faster on an idle machine, and makes a network up to
    300 times slower beside one other busy program. Read once, when torch is imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        parser = _main_parser()
        parser.parse_args(arguments)
        parser.print_help()
        return _DONE
    name, *rest = arguments
    if name not in COMMANDS:
        return _fail(_unknown_command(name))
    command = import_module(f"miai.commands.{name}")
    parser = command_parser(name, command)
    code: int = command.run(parser.parse_args(rest))
    return code


def _main_parser() -> argparse.ArgumentParser:
    commands = {name: import_module(f"miai.commands.{name}").SUMMARY for name in COMMANDS}
    listing = "\n".join(f"  {name:<10}  {summary}" for name, summary in commands.items())
    parser = argparse.ArgumentParser(
        prog="miai",
        description="A self-play board-game engine: play it, train it, fine-tune it, benchmark it.",
        usage="miai COMMAND [options]",
        epilog=f"commands:\n{listing}\n\n`miai COMMAND --help` explains one of them.\n\n"
        "example:\n  miai play",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"miai {__version__}")
    return parser


def command_parser(name: str, command: Any) -> argparse.ArgumentParser:
    """Return the parser of one subcommand; ``command`` is its module."""
    example = "\n".join(f"  {line.strip()}" for line in command.EXAMPLE.strip().splitlines())
    parser = argparse.ArgumentParser(
        prog=f"miai {name}",
        description=f"{command.SUMMARY}.".replace("..", "."),
        epilog=f"example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    return parser


def _unknown_command(name: str) -> str:
    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"expected a command from {', '.join(COMMANDS)}, got {name!r}{hint}"


def _describe(error: OSError) -> str:
    where = "" if error.filename is None else f": {os.fspath(error.filename)!r}"
    return f"{(error.strerror or 'cannot use a file').lower()}{where}"


def _fail(message: str) -> int:
    print(f"miai: {message}", file=sys.stderr)
    return _FAULT


def _silence_stdout() -> None:
    """Let the interpreter's last flush go nowhere instead of failing with a second message."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
