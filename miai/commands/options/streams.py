"""Standard input and output of the commands that answer a protocol."""

from __future__ import annotations

import io
import sys
from typing import BinaryIO, Final

NO_READER: Final = 1
"""Exit code if the answers cannot be read any more."""


def protocol_streams() -> tuple[BinaryIO, BinaryIO] | None:
    """Return standard input and output as bytes; nothing if the output is closed.

    A closed input is one that ends at once. The input has a buffer of its own: a thread that waits
    for a line when the interpreter ends would hold the lock of ``sys.stdin``, which aborts.
    """
    if sys.stdout is None:
        return None
    if sys.stdin is None:
        return io.BytesIO(), sys.stdout.buffer
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False), sys.stdout.buffer
    except (OSError, ValueError):  # not a file of the system, as in tests
        return sys.stdin.buffer, sys.stdout.buffer
