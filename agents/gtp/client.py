"""Asks a program over GTP: one command, one answer, within a time.

Knows nothing of games. See :mod:`agents.gtp.process` for what may go wrong.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.gtp.grammar import (
    LONGEST_LINE,
    LONGEST_REPLY,
    Reply,
    decode,
    format_command,
    reply_head,
)
from agents.gtp.process import BrokenProgramError, ProgramProcess


@dataclass(frozen=True)
class Watchdog:
    """How long a program may take before it counts as hung; also under fixed simulations."""

    start_s: float = field(default=60.0, metadata={"why": "engines load networks at the start"})
    move_s: float = field(default=120.0, metadata={"why": "per move, and for the final status"})
    command_s: float = field(default=30.0, metadata={"why": "everything that needs no thought"})
    game_s: float = field(default=7200.0, metadata={"why": "all moves of one game together"})
    quit_s: float = field(default=2.0, metadata={"why": "then its process group is killed"})


class GtpClient:
    """One running program that speaks GTP. Used by one thread at a time."""

    def __init__(self, argv: Sequence[str], watchdog: Watchdog) -> None:
        """Start the program; :meth:`greet` it before anything else.

        Raises:
            BrokenProgramError: if it cannot be started.
        """
        self._watchdog = watchdog
        self._process = ProgramProcess(argv)
        self.name = self.version = ""
        self.commands: frozenset[str] = frozenset()

    def greet(self) -> None:
        """Ask name, version and commands.

        Raises:
            BrokenProgramError: if it does not answer in ``watchdog.start_s``.
        """
        deadline = time.monotonic() + self._watchdog.start_s
        answers = [self._ask_until(name, (), deadline) for name in ("name", "version")]
        commands = self._ask_until("list_commands", (), deadline)
        self.name, self.version = (reply.text.strip() if reply.ok else "" for reply in answers)
        self.commands = frozenset(commands.text.split() if commands.ok else ())

    def ask(self, name: str, *arguments: str) -> Reply:
        """Ask something that needs no thought.

        Raises:
            BrokenProgramError: if the program cannot go on; the client is to be closed then.
        """
        return self._ask_until(name, arguments, time.monotonic() + self._watchdog.command_s)

    def ask_to_think(self, name: str, *arguments: str, spent_s: float = 0.0) -> Reply:
        """Ask something that may take as long as a move; raises as :meth:`ask`.

        ``spent_s`` is what the program took for earlier moves of the game.
        """
        patience_s = min(self._watchdog.move_s, max(self._watchdog.game_s - spent_s, 0.0))
        return self._ask_until(name, arguments, time.monotonic() + patience_s)

    def close(self, quit_first: bool = False) -> None:
        """End the program, with a ``quit`` and a little patience if so asked."""
        patience = 0.0
        if quit_first:
            try:
                patience = self._watchdog.quit_s
                self._process.send(format_command("quit"), time.monotonic() + patience)
            except BrokenProgramError:
                patience = 0.0
        self._process.close(patience)

    def _ask_until(self, name: str, arguments: Sequence[str], deadline: float) -> Reply:
        asked = " ".join([name, *arguments])
        try:
            self._process.send(format_command(name, arguments), deadline)
            return self._read_reply(deadline)
        except BrokenProgramError as failure:
            words = self._process.last_words()
            said = f"; it last said: {words}" if words else ""
            raise BrokenProgramError(failure.kind, f"asked {asked!r}, it {failure}{said}") from None

    def _read_reply(self, deadline: float) -> Reply:
        """Read up to the empty line that ends an answer; empty lines before it are skipped."""
        line = self._next_line(deadline)
        while not line:
            line = self._next_line(deadline)
        head = reply_head(line)
        if head is None:
            raise BrokenProgramError("nonsense", f"answered {decode(line)[:80]!r}")
        lines = [head[2]]
        size = len(line)
        while line := self._next_line(deadline):
            size += len(line)
            if size > LONGEST_REPLY:
                raise BrokenProgramError(
                    "nonsense", f"sent an answer of more than {LONGEST_REPLY} bytes"
                )
            lines.append(decode(line))
        return Reply(head[0], "\n".join(lines), head[1])

    def _next_line(self, deadline: float) -> bytes:
        if time.monotonic() > deadline:
            raise BrokenProgramError("stall", "did not end its answer in time")
        return self._process.read_line(deadline, LONGEST_LINE).rstrip(b"\r \t")
