"""Talks to a program in lines that need no answer each: protocols other than GTP.

Knows no protocol. Every write and read has a deadline; see :mod:`agents.gtp.process` for what may
go wrong.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from agents.gtp.client import Watchdog
from agents.gtp.grammar import LONGEST_LINE, decode
from agents.gtp.process import BrokenProgramError, ProgramProcess

MOST_LINES: Final = 100_000
"""Lines that a program may say for one answer; each is bounded, so this bounds them all."""


class LineClient:
    """One running program. Used by one thread at a time."""

    def __init__(self, argv: Sequence[str], watchdog: Watchdog, ending: str = "\n") -> None:
        """Start the program.

        Args:
            argv: the program and its arguments.
            watchdog: how long it may take.
            ending: of lines that are sent.

        Raises:
            BrokenProgramError: if it cannot be started.
        """
        self.watchdog = watchdog
        self._ending = ending
        self._process = ProgramProcess(argv)
        self._last_sent = ""
        self._deadline = 0.0
        self._lines = 0

    def send(self, *lines: str, patience_s: float | None = None) -> None:
        """Send lines; what is read from now on has to come within ``patience_s`` in all.

        Raises:
            BrokenProgramError: if the program has ended or does not read.
        """
        patience = self.watchdog.command_s if patience_s is None else patience_s
        self._deadline = time.monotonic() + patience
        self._lines = 0
        self._last_sent = lines[-1][:80]
        data = "".join(line + self._ending for line in lines).encode()
        try:
            self._process.send(data, self._deadline)
        except BrokenProgramError as failure:
            raise self._explained(failure) from None

    def read(self) -> str:
        """Return the next line that is not empty, without its end and control characters.

        Raises:
            BrokenProgramError: if none comes in time.
        """
        try:
            while True:
                self._lines += 1
                if self._lines > MOST_LINES:
                    raise BrokenProgramError("nonsense", f"said more than {MOST_LINES} lines")
                if time.monotonic() > self._deadline:
                    raise BrokenProgramError("stall", "did not answer in time")
                line = decode(self._process.read_line(self._deadline, LONGEST_LINE)).strip()
                if line:
                    return line
        except BrokenProgramError as failure:
            raise self._explained(failure) from None

    def thinking_s(self, spent_s: float) -> float:
        """Seconds that one move may take, of a game in which earlier ones took ``spent_s``."""
        return min(self.watchdog.move_s, max(self.watchdog.game_s - spent_s, 0.0))

    def close(self, farewell: str = "") -> None:
        """End the program, with a last line and a little patience if there is one."""
        patience = 0.0
        if farewell:
            try:
                self.send(farewell, patience_s=self.watchdog.quit_s)
                patience = self.watchdog.quit_s
            except BrokenProgramError:
                pass
        self._process.close(patience)

    def _explained(self, failure: BrokenProgramError) -> BrokenProgramError:
        words = self._process.last_words()
        said = f"; it last said: {words}" if words else ""
        return BrokenProgramError(failure.kind, f"asked {self._last_sent!r}, it {failure}{said}")
