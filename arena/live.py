"""The table of a tournament while it is played: rewritten on a terminal, else a line a minute."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from arena.console import PlainConsole
from arena.play.game import Void
from arena.play.verdict import FORFEITS
from arena.report import Report, make_report
from arena.report_text import elo_text, percent
from arena.results import Conditions, GameLine
from arena.tournament import TournamentEvents

_LINE_EVERY_S: Final = 60.0
_TABLE_EVERY_S: Final = 2.0


class LiveTable:
    """Shows games, rates and Elo on stderr; use its ``watcher``."""

    def __init__(
        self, conditions: Conditions, path: Path, anchor: str | None, quiet: bool = False
    ) -> None:
        self._conditions, self._path, self._anchor = conditions, path, anchor
        self._console = PlainConsole(
            file=sys.stderr, soft_wrap=True, highlight=False, markup=False, emoji=False
        )
        self._quiet = quiet
        self._live: Live | None = None
        self._lines: list[GameLine] = []
        self._total = self._done = self._before = 0
        self._started_s = self._shown_s = time.monotonic()
        self.events = TournamentEvents(self._start, self._game, self._void, self._wait)

    @property
    def started(self) -> bool:
        """Whether there were games to play."""
        return self._total > 0

    def _start(self, total: int, done: int) -> None:
        from arena.folder import TournamentFolder

        self._total, self._done, self._before = total, done, done
        self._lines = TournamentFolder(self._path).games()
        self._started_s = time.monotonic()
        already = f", {done} of them played already" if done else ""
        self._say(f"{total} games{already}, kept in {self._path}")
        if sys.stderr.isatty() and not self._quiet and self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()

    def _game(self, line: GameLine) -> None:
        """Count a finished game; a forfeited one gets a line of its own."""
        self._done += 1
        self._lines.append(line)
        if line.termination in FORFEITS:
            self._say(f"game {line.game}: {line.loser} forfeits: {line.note}")
        now = time.monotonic()
        due_s = _LINE_EVERY_S if self._live is None else _TABLE_EVERY_S
        if self._quiet or (now - self._shown_s < due_s and self._done < self._total):
            return
        self._shown_s = now
        if self._live is None:
            self._say(self._status(now))
        else:
            report = make_report(self._conditions, self._lines, self._anchor)
            self._live.update(Group(_table(report), Text(self._status(now))), refresh=True)
            # A tournament of many agents takes long to rate: spend a tenth of the time on it.
            self._shown_s = time.monotonic() + 9.0 * (time.monotonic() - now)

    def _void(self, void: Void) -> None:
        if void.agent is not None:
            name = self._conditions.names[void.agent]
            self._say(f"game {void.fixture.game} is void: {name} {void.note}")

    def _wait(self, games: int) -> None:
        now = time.monotonic()
        if now - self._shown_s >= _LINE_EVERY_S / 6:
            self._shown_s = now
            self._say(f"another process plays {games} games that are left; waiting for them")

    def _status(self, now: float) -> str:
        rate = max(self._done - self._before, 1) / max(now - self._started_s, 1e-3)
        left = max(self._total - self._done, 0) / rate
        return (
            f"{self._done}/{self._total} games, {60 * rate:.1f}/min, {left / 60:.1f} min left"
            + ("" if self._live is not None else f"; points: {self._points()}")
        )

    def _points(self) -> str:
        points = dict.fromkeys(self._conditions.names, 0.0)
        for line in self._lines:
            points[line.black] += line.black_points
            points[line.white] += 1.0 - line.black_points
        return ", ".join(f"{name} {value:g}" for name, value in points.items())

    def _say(self, text: str) -> None:
        self._console.print(Text(text))

    def close(self) -> None:
        """Leave the terminal as it was; more than once does no harm."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "agent", "Elo", "95 %", "games", "score", "black", "white", "s/move"):
        table.add_column(heading, justify="left" if heading == "agent" else "right")
    for rank, standing in enumerate(report.standings, start=1):
        seconds = standing.seconds_per_move
        table.add_row(
            str(rank),
            standing.name,
            *elo_text(standing, report.anchor),
            str(standing.games),
            percent(standing.points, standing.games),
            percent(*standing.as_black),
            percent(*standing.as_white),
            "-" if seconds is None else f"{seconds:.3f}",
        )
    return table
