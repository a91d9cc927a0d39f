"""``miai train --watch``: a run on this machine, seen from another process; its games flow.

A run shows a cycle's plies all at once. They are played out here over the time that a cycle takes,
so that boards move while the next plies are computed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.live import Live

from arena.console import PlainConsole
from miai.commands.runs import is_running
from miai.dashboard import RunView, notes_of, plain_board, plain_line
from selfplay.run.watch import WATCHED, LiveGame, LiveReader, LiveUpdate

_FRAME_S = 0.2
_POLL_S = 0.6
_LINE_S = 60.0


class Flow:
    """Which games are on the boards, and how far each is played out; time is given to it."""

    def __init__(self) -> None:
        self._games: list[LiveGame] = []
        self._from: dict[int, int] = {}
        self._since = 0.0
        self._span = 1.0

    def take(self, update: LiveUpdate, now: float) -> None:
        """Take in a cycle's games; each goes on from the ply that it was at."""
        shown = {game.number: plies for game, plies in self.at(now)}
        games = [*update.in_play, *(g for g in update.finished if g.number in shown)]
        order = {number: place for place, number in enumerate(shown)}
        games.sort(key=lambda game: order.get(game.number, len(order)))
        self._games = games[:WATCHED]
        self._from = {
            game.number: min(shown.get(game.number, len(game.actions)), len(game.actions))
            for game in self._games
        }
        self._since, self._span = now, max(update.cycle_s, _FRAME_S)

    def at(self, now: float) -> list[tuple[LiveGame, int]]:
        """Each game and how many of its plies are on the board now."""
        share = min((now - self._since) / self._span, 1.0)
        return [
            (game, start + round(share * (len(game.actions) - start)))
            for game in self._games
            for start in [self._from[game.number]]
        ]


def watch(
    path: Path,
    console: Console | None = None,
    going_on: Callable[[], bool] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Show a run until it ends or the user has seen enough.

    Args:
        path: of the run.
        console: where to.
        going_on: whether to look again; as long as a process trains there if ``None``.
        pause: waits a number of seconds.

    Raises:
        RunError: if the folder holds no run.
    """
    console = console or PlainConsole(file=sys.stdout)
    view, reader = RunView(path, console.color_system is not None), LiveReader(path)
    keep_on = going_on or (lambda: is_running(path))
    if console.is_terminal:
        _watch_live(view, reader, console, keep_on, pause)
    else:
        _watch_plain(view, reader, console, keep_on, pause)
    console.print(
        f"no process trains in {path} now; go on with: miai train --run {path}", markup=False
    )


def _watch_live(
    view: RunView,
    reader: LiveReader,
    console: Console,
    going_on: Callable[[], bool],
    pause: Callable[[float], None],
) -> None:
    flow, looked = Flow(), float("-inf")
    with Live(console=console, auto_refresh=False, screen=False) as live:
        while True:
            now = time.monotonic()
            more = now - looked < _POLL_S or going_on()
            if now - looked >= _POLL_S:
                looked = now
                update = reader.poll()
                for metrics in update.metrics:
                    view.add(metrics)
                if update.in_play or update.finished:
                    flow.take(update, now)
                view.note_strength()
            shown = [_cut(game, plies) for game, plies in flow.at(now)]
            live.update(view.render(shown), refresh=True)
            if not more:
                return
            pause(_FRAME_S)


def _cut(game: LiveGame, plies: int) -> LiveGame:
    """The game as it stood after some plies."""
    score = game.score if plies == len(game.actions) else None
    return replace(game, actions=game.actions[:plies], score=score)


def _watch_plain(
    view: RunView,
    reader: LiveReader,
    console: Console,
    going_on: Callable[[], bool],
    pause: Callable[[float], None],
) -> None:
    printed = float("-inf")
    while True:
        more = going_on()
        update = reader.poll()
        for metrics in update.metrics:
            view.add(metrics)
            for note in notes_of(metrics):
                console.print(f"note: {note}", markup=False, highlight=False)
        now = time.monotonic()
        if view.latest and (now - printed >= _LINE_S or not more):
            printed = now
            console.print(plain_line(view.latest, view.left_s), markup=False, highlight=False)
            for game in (*update.finished, *update.in_play)[:1]:
                console.print(
                    plain_board(view.specs[game.task], game), markup=False, highlight=False
                )
        if not more:
            return
        pause(_POLL_S)
