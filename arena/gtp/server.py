"""Answers GTP commands from a table of functions. Knows no game.

A function takes the arguments and returns the answer's text; a :class:`CommandError`, or any other
:class:`~engine.errors.MiaiError`, becomes a failure answer. Nothing that comes in ends the server
but ``quit`` and the end of input.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Final

from agents.gtp.grammar import LONGEST_LINE, Reply, decode, format_reply, parse_command
from engine.errors import MiaiError

Handler = Callable[[Sequence[str]], str]
PROTOCOL_VERSION: Final = "2"


class CommandError(MiaiError, ValueError):
    """A command that cannot be carried out; its message is the answer."""


class GtpServer:
    """One connection."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        """Answer ``handlers`` and the four commands that every server has."""
        self._stopped = False
        self._handlers: dict[str, Handler] = {
            "protocol_version": lambda arguments: PROTOCOL_VERSION,
            "list_commands": lambda arguments: "\n".join(sorted(self._handlers)),
            "known_command": self._known_command,
            "quit": self._quit,
            **handlers,
        }

    def serve(self, lines: BinaryIO, answers: BinaryIO) -> None:
        """Answer until ``quit`` or the end of ``lines``."""
        while not self._stopped:
            line = lines.readline(LONGEST_LINE)
            if not line:
                return
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                _skip_line(lines)
                reply: Reply | None = Reply(False, f"line of more than {LONGEST_LINE} bytes")
            else:
                reply = self.answer(decode(line))
            if reply is not None:
                answers.write(format_reply(reply))
                answers.flush()

    def answer(self, line: str) -> Reply | None:
        """Carry out one line; ``None`` for blank lines and comments."""
        command = parse_command(line)
        if command is None:
            return None
        handler = self._handlers.get(command.name)
        if handler is None:
            return Reply(False, "unknown command", command.id)
        try:
            return Reply(True, handler(command.arguments), command.id)
        except MiaiError as error:
            return Reply(False, str(error), command.id)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            return Reply(False, f"internal error: {type(error).__name__}", command.id)

    def _known_command(self, arguments: Sequence[str]) -> str:
        return "true" if arguments and arguments[0] in self._handlers else "false"

    def _quit(self, arguments: Sequence[str]) -> str:
        self._stopped = True
        return ""


def _skip_line(lines: BinaryIO) -> None:
    while True:
        piece = lines.readline(LONGEST_LINE)
        if not piece or piece.endswith(b"\n"):
            return
