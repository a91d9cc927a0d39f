"""An external program behind pipes: no shell, bounded in time and memory, ended with its children.

Children are found by their process group and, on Linux, by a mark in the environment that they
inherit, which finds those that left the group too. A child that starts without that environment, or
that leaves the group on another system, stays.

Knows nothing of the protocol. Whatever the program does wrong is a :class:`BrokenProgramError` with
its kind: it ended (``crash``), said nothing (``stall``), or said what no answer is (``nonsense``).
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from engine.errors import ProgramError

FailureKind = Literal["crash", "stall", "nonsense", "other rules"]

_CHUNK = 4096
_CHUNKS_WAITING = 64
_STDERR_BYTES = 4096
_STDERR_LINES_SHOWN: Final = 3
_POLL_S = 0.2
_MARK: Final = "MIAI_STARTED_BY"
_SEARCHES_FOR_CHILDREN: Final = 5  # while one is searched for, another may be made
_MORE_PLACES: Final = ("/usr/games", "/usr/local/games")


class BrokenProgramError(ProgramError):
    """A program that cannot go on. Its process must be closed."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind


class ProgramProcess:
    """One running program. Used by one thread at a time."""

    def __init__(self, argv: Sequence[str]) -> None:
        """Start ``argv`` in a process group of its own.

        Raises:
            BrokenProgramError: if there is no such program or it cannot be started.
        """
        self._mark = secrets.token_hex(16)
        try:
            self._process = subprocess.Popen(
                [find_program(argv[0]), *argv[1:]],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                env={**os.environ, _MARK: ",".join([*_marks(os.environ), self._mark])},
            )
        except (OSError, ValueError) as error:
            raise BrokenProgramError(
                "crash", f"expected a program that can be started, got {argv[0]!r}: {_why(error)}"
            ) from error
        if os.name != "nt" and self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)
        _running.add(self)
        self._pending = b""
        self._writing = threading.Lock()
        self._closed = threading.Event()
        self._chunks: queue.Queue[bytes] = queue.Queue(_CHUNKS_WAITING)
        self._errors: deque[bytes] = deque(maxlen=_STDERR_BYTES // 64)
        self._readers = [
            threading.Thread(target=target, name=f"{argv[0]} pipe", daemon=True)
            for target in (self._read_output, self._read_errors)
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """Process id, which is the id of its group too."""
        return self._process.pid

    def send(self, line: bytes, deadline: float) -> None:
        """Write one line.

        Args:
            line: with its end.
            deadline: value of ``time.monotonic()`` until which the program has to take it; Windows,
                whose pipes always wait, lets it take longer.

        Raises:
            BrokenProgramError: if the program has closed its input, or does not read.
        """
        left = memoryview(line)
        while left:
            try:
                written = self._write(left)
            except (OSError, ValueError) as error:
                raise BrokenProgramError("crash", self._how_it_ended()) from error
            left = left[written:]
            if not written and time.monotonic() > deadline:
                raise BrokenProgramError("stall", "did not read what it was sent in time")

    def _write(self, data: memoryview) -> int:
        """Write what fits the pipe; wait a moment and return 0 if nothing does."""
        pipe = self._process.stdin
        with self._writing:  # a pipe that is closed meanwhile may be another file by its number
            if pipe is None or self._closed.is_set():
                raise BrokenPipeError
            try:
                return os.write(pipe.fileno(), data)
            except BlockingIOError:
                poll = select.poll()
                poll.register(pipe.fileno(), select.POLLOUT)
        poll.poll(_POLL_S * 1000)
        return 0

    def read_line(self, deadline: float, longest: int) -> bytes:
        """Return the next line without its end.

        Args:
            deadline: value of ``time.monotonic()`` until which to wait.
            longest: bytes that a line may have.

        Raises:
            BrokenProgramError: if the program ends, says nothing in time, or the line is too long.
        """
        while b"\n" not in self._pending:
            if len(self._pending) > longest:
                raise BrokenProgramError("nonsense", f"sent a line of more than {longest} bytes")
            left_s = deadline - time.monotonic()
            try:
                chunk = self._chunks.get(timeout=min(max(left_s, 0.0), _POLL_S))
            except queue.Empty:
                if self._closed.is_set():
                    raise BrokenProgramError("crash", "was stopped") from None
                if left_s <= _POLL_S:
                    raise BrokenProgramError("stall", "did not answer in time") from None
                continue
            if not chunk:
                self._chunks.put(b"")
                raise BrokenProgramError("crash", self._how_it_ended())
            self._pending += chunk
        line, self._pending = self._pending.split(b"\n", 1)
        return line

    def last_words(self) -> str:
        """Return the last lines of stderr, or an empty text."""
        tail = b"".join(list(self._errors))[-_STDERR_BYTES:]
        lines = tail.decode("utf-8", errors="replace").splitlines()
        printable = ["".join(c for c in line if c.isprintable())[:200] for line in lines]
        return " | ".join([line for line in printable if line.strip()][-_STDERR_LINES_SHOWN:])

    def close(self, patience_s: float = 0.0) -> None:
        """End the program: give it ``patience_s`` to leave, then kill its whole group."""
        if patience_s > 0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
        self._closed.set()
        self.kill()
        _running.discard(self)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        with contextlib.suppress(OSError), self._writing:
            if self._process.stdin is not None:
                self._process.stdin.close()

    def kill(self) -> None:
        """Kill its whole group and wait for nothing; a signal handler may call it."""
        with contextlib.suppress(OSError):
            if os.name == "nt":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        _kill_children(self._mark)

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(_POLL_S)
            self._readers[1].join(_POLL_S)  # its last words are on the way
        except subprocess.TimeoutExpired:
            return "closed its input or output"
        if code < 0:
            return f"ended by signal {_signal_name(-code)}"
        return f"ended with exit code {code}"

    def _read_output(self) -> None:
        """Pass on what the program says; a program that says too much waits in its own write."""
        pipe = self._process.stdout
        while pipe is not None and not self._closed.is_set():
            try:
                chunk = os.read(pipe.fileno(), _CHUNK)
            except (OSError, ValueError):
                chunk = b""
            while not self._closed.is_set():
                try:
                    self._chunks.put(chunk, timeout=_POLL_S)
                    break
                except queue.Full:
                    continue
            if not chunk:
                break
        if pipe is not None:
            pipe.close()

    def _read_errors(self) -> None:
        """Keep the last few kilobytes and never let the program wait."""
        pipe = self._process.stderr
        while pipe is not None:
            try:
                chunk = os.read(pipe.fileno(), _CHUNK)
            except (OSError, ValueError):
                break
            if not chunk:
                break
            for start in range(0, len(chunk), 64):
                self._errors.append(chunk[start : start + 64])
        if pipe is not None:
            pipe.close()


_running: weakref.WeakSet[ProgramProcess] = weakref.WeakSet()


def kill_all() -> None:
    """Kill every program that this process started and did not close."""
    for program in list(_running):
        program.kill()


def find_program(program: str) -> str:
    """Return a program's file; Debian puts games where not every user's PATH leads."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), *_MORE_PLACES])
    return shutil.which(program, path=places) or program


def _signal_name(number: int) -> str:
    """Return a signal's name; real-time signals have none but their number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _kill_children(mark: str) -> None:
    """Kill every process of this user that inherited the mark; on Linux alone."""
    if not sys.platform.startswith("linux"):
        return
    for _ in range(_SEARCHES_FOR_CHILDREN):
        if not [name for name in _process_numbers() if _kill(name, mark)]:
            return


def _process_numbers() -> list[str]:
    try:
        return [path.name for path in Path("/proc").iterdir() if path.name.isdecimal()]
    except OSError:  # not mounted
        return []


def _kill(name: str, mark: str) -> bool:
    """Kill a process if it has the mark, and nothing else that may take its number meanwhile."""
    try:
        environment = Path("/proc", name, "environ")
        if not _has_mark(environment, mark):
            return False
        handle = os.pidfd_open(int(name))
        try:
            if not _has_mark(environment, mark):
                return False
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
    except OSError:  # it is gone, or another user's
        return False
    return True


def _has_mark(environment: Path, mark: str) -> bool:
    lines = environment.read_bytes().decode("latin-1").split("\0")
    return mark in _marks(dict(line.split("=", 1) for line in lines if "=" in line))


def _marks(environment: Mapping[str, str]) -> list[str]:
    """Return the marks of all programs that a process is a child of."""
    return [mark for mark in environment.get(_MARK, "").split(",") if mark]


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
