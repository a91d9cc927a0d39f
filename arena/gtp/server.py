"""Answers GTP commands from a table of functions, for any game.

A function takes the arguments and returns the answer's text, or a :class:`Stream` of further lines.
A :class:`CommandError`, or any other :class:`~engine.errors.MiaiError`, becomes a failure answer.
Only ``quit`` and the end of input end the server.

Background streams and the work between commands run in a thread of their own. The next line of
input stops them, and its command waits for their end. The functions are therefore never called
from two threads at once.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO, Final

from agents.gtp.grammar import LONGEST_LINE, Command, Reply, decode, format_reply, parse_command
from engine.errors import MiaiError

PROTOCOL_VERSION: Final = "2"
_MOST_ASKED: Final = 200
Emit = Callable[[str], None]
"""Sends one line of an answer."""
Stopped = Callable[[], bool]
"""Returns whether the work should stop; it is called often."""


class CommandError(MiaiError, ValueError):
    """A command that cannot be carried out; its message is the answer."""


@dataclass(frozen=True)
class Stream:
    """An answer that is sent line by line."""

    work: Callable[[Emit, Stopped], str]
    """Emits lines and returns the last one, or nothing."""
    background: bool
    """Whether the next line of input stops it."""


Answer = str | Stream
Handler = Callable[[Sequence[str]], Answer]
Idle = Callable[[], Callable[[Stopped], None] | None]
"""Returns the work to do until the next line arrives, or ``None``."""


class GtpServer:
    """Serves the commands of one connection."""

    def __init__(self, handlers: Mapping[str, Handler], idle: Idle = lambda: None) -> None:
        """Answer ``handlers`` and the four commands that every server has."""
        self._quitting = False
        self._idle = idle
        self._background: _Background | None = None
        self._handlers: dict[str, Handler] = {
            "protocol_version": lambda arguments: PROTOCOL_VERSION,
            "list_commands": lambda arguments: "\n".join(sorted(self._handlers)),
            "known_command": self._known_command,
            "quit": self._quit,
            **handlers,
        }

    def serve(self, lines: BinaryIO, answers: BinaryIO) -> None:
        """Answer until ``quit`` or the end of ``lines``."""
        while not self._quitting:
            line = lines.readline(LONGEST_LINE)
            self._halt()
            if not line:
                return
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                skip_line(lines)
                reply = Reply(False, f"line of more than {LONGEST_LINE} bytes")
                _send(answers, format_reply(reply))
            else:
                self._respond(decode(line), answers)

    def answer(self, line: str) -> Reply | None:
        """Carry out one line; ``None`` for blank lines and comments.

        Of an answer that would go on until stopped, the lines up to the first.
        """
        command = parse_command(line)
        if command is None:
            return None
        result = self._carry_out(command)
        if isinstance(result, Reply):
            return result
        lines: list[str] = []
        background = result.background
        asked = count()  # a stream may have nothing to say, as with maxmoves 0

        def stopped() -> bool:
            return background and (bool(lines) or next(asked) >= _MOST_ASKED)

        last = _guarded(lambda: result.work(lines.append, stopped))
        text = "\n".join([*lines, *([last.text] if last.text else [])])
        return Reply(last.ok or bool(lines), text, command.id)

    def _respond(self, line: str, answers: BinaryIO) -> None:
        """Answer one line, or begin to."""
        command = parse_command(line)
        if command is None:
            return
        result = self._carry_out(command)
        if isinstance(result, Reply):
            _send(answers, format_reply(result))
        else:
            stream, number = result, command.id
            job = _Background(lambda stopped: _stream(stream, number, answers, stopped))
            if stream.background:
                self._background = job.start()
                return
            job.run()
        doing = None if self._quitting else self._idle()
        if doing is not None:
            self._background = _Background(doing).start()

    def _carry_out(self, command: Command) -> Reply | Stream:
        handler = self._handlers.get(command.name)
        if handler is None:
            return Reply(False, "unknown command", command.id)
        found: list[Stream] = []

        def run() -> str:
            result = handler(command.arguments)
            if isinstance(result, Stream):
                found.append(result)
                return ""
            return result

        reply = _guarded(run)
        return found[0] if found else Reply(reply.ok, reply.text, command.id)

    def _halt(self) -> None:
        """Stop what goes on in the background and wait for its end."""
        if self._background is not None:
            self._background.stop()
            self._background = None

    def _known_command(self, arguments: Sequence[str]) -> str:
        return "true" if arguments and arguments[0] in self._handlers else "false"

    def _quit(self, arguments: Sequence[str]) -> str:
        self._quitting = True
        return ""


class _Background:
    """Work in a thread that can be stopped."""

    def __init__(self, work: Callable[[Stopped], None]) -> None:
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="gtp stream", daemon=True)

    def start(self) -> _Background:
        """Begin in the thread."""
        self._thread.start()
        return self

    def run(self) -> None:
        """Do the work here; what goes wrong is shown on stderr."""
        with suppress(BrokenPipeError):  # the next answer will detect the closed pipe
            _guarded(lambda: self._work(self._stop.is_set) or "")

    def stop(self) -> None:
        """Ask for the end and wait for it."""
        self._stop.set()
        self._thread.join()


def _stream(stream: Stream, number: int | None, answers: BinaryIO, stopped: Stopped) -> None:
    """Send a stream's lines as one answer; one that fails before its first line is a failure."""
    begun = False

    def emit(line: str) -> None:
        nonlocal begun
        head = "" if begun else f"={'' if number is None else number}\n"
        begun = True
        _send(answers, f"{head}{line}\n".encode())

    last = _guarded(lambda: stream.work(emit, stopped))
    if not begun:
        _send(answers, format_reply(Reply(last.ok, last.text, number)))
        return
    _send(answers, f"{last.text}\n\n".encode() if last.text else b"\n")


def _guarded(work: Callable[[], str]) -> Reply:
    """Do it; what the user or the machine did wrong is a failure in words, and so is a bug."""
    try:
        return Reply(True, work())
    except MiaiError as error:
        return Reply(False, str(error))
    except BrokenPipeError:
        raise
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return Reply(False, f"internal error: {type(error).__name__}")


def _send(answers: BinaryIO, data: bytes) -> None:
    answers.write(data)
    answers.flush()


def skip_line(lines: BinaryIO) -> None:
    """Read what is left of a line that is too long."""
    while True:
        piece = lines.readline(LONGEST_LINE)
        if not piece or piece.endswith(b"\n"):
            return
