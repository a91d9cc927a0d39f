"""How many cores torch uses for calls from one thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def limit_threads(count: int) -> None:
    """Let torch use ``count`` cores for calls from this thread (OpenMP counts per thread)."""
    torch.set_num_threads(count)


@contextmanager
def threads_limited(count: int) -> Iterator[None]:
    """Let torch use ``count`` cores for calls from this thread, and restore the number after."""
    before = torch.get_num_threads()
    limit_threads(count)
    try:
        yield
    finally:
        limit_threads(before)
