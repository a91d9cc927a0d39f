"""A console of rich to which text from outside may be given."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from engine.text import plain, unfiltered


class PlainConsole(Console):
    """Colours and moves the cursor itself; text does neither, see :func:`engine.text.plain`."""

    def __init__(self, *, file: Any, **options: Any) -> None:
        """``file`` is the stream to write to, or ``None``; ``options`` are those of rich."""
        super().__init__(file=io.StringIO() if file is None else unfiltered(file), **options)

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        return super()._render_buffer(
            segment if segment.control else Segment(plain(segment.text), segment.style)
            for segment in buffer
        )
