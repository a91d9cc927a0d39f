"""A run on the terminal: numbers, curves in a line of blocks, strength, what it noticed, a board.

On a terminal it is redrawn in place; elsewhere there is a plain line a minute. A training process
gives it metrics as they come (:class:`TrainingDisplay`); a watching one reads them from the folder.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from arena.console import PlainConsole
from engine.diagram import diagram
from engine.errors import MiaiError
from engine.games.spec import BLACK, EMPTY, GameSpec, Positions
from engine.look import hexadecimal, look_of
from engine.notation import move_name
from selfplay.report import wording
from selfplay.run.alarms import of_task
from selfplay.run.curves import read_run
from selfplay.run.settings import Settings, read_settings, spec_of, task_names
from selfplay.run.watch import LiveGame, LiveReader

_KEPT: Final = 120
"""Cycles that the small curves reach back."""
_WIDTH: Final = 24
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_NOTES: Final = 4
_LINE_S: Final = 60.0


_OF_TASK: Final = (
    ("games", "games", ",.0f"),
    ("rows", "rows", ",.0f"),
    ("policy loss", "loss_policy", ".3f"),
    ("value loss", "loss_value", ".3f"),
    ("entropy", "target_entropy", ".3f"),
    ("plies a game", "mean_plies", ".0f"),
    ("share", "share", ".0%"),
)
"""What is shown of each of several tasks: label, metric, form."""


class RunView:
    """What the screen of one run shows, without a terminal."""

    def __init__(self, path: Path, coloured: bool = True) -> None:
        """Read the run's settings. Without colours White's stones are hollow.

        Raises:
            RunError: if the folder holds no run.
        """
        self.path = path
        self._coloured = coloured
        self.settings: Settings = read_settings(path)
        self.specs = {name: spec_of(self.settings, task=name) for name in task_names(self.settings)}
        """The game of each task, by its name; of a run of one game the name is empty."""
        self._recent: deque[Mapping[str, object]] = deque(maxlen=_KEPT)
        self._notes: deque[str] = deque(maxlen=_NOTES)
        self._ratings_at = -1.0
        self.strength = "not rated yet"
        self.note_strength()

    @property
    def latest(self) -> Mapping[str, object]:
        """The newest cycle's metrics; empty before the first."""
        return self._recent[-1] if self._recent else {}

    def add(self, metrics: Mapping[str, object]) -> None:
        """Take in a finished cycle."""
        if (_number(metrics, "progress") or 0.0) < (_number(self.latest, "progress") or 0.0):
            self._recent.clear()  # a run that was made longer: shares of another whole
        self._recent.append(metrics)
        minutes = (_number(metrics, "elapsed_s") or 0.0) / 60.0
        self._notes.extend(f"{minutes:.0f} min: {text}" for text in notes_of(metrics))
        self.note_strength()

    def note(self, text: str) -> None:
        """Show a line below the numbers, until others push it out."""
        self._notes.append(text)

    def note_strength(self) -> None:
        """Look whether checkpoints were rated since the last look."""
        ratings = self.path / "ratings.json"
        try:
            changed = ratings.stat().st_mtime
        except OSError:
            return
        if changed == self._ratings_at:
            return
        self._ratings_at = changed
        try:
            run = read_run(self.path)
        except (MiaiError, OSError):
            return
        known = [
            (f"{task.task}: " if task.task else "")
            + f"{wording.elo(best, task.anchor)} Elo against {task.anchor}, "
            f"after {wording.duration(60 * (best.minutes or 0.0))}"
            for task in run.tasks
            if (best := task.best_known) is not None
        ]
        if known:
            self.strength = "; ".join(known)

    @property
    def left_s(self) -> float | None:
        """Seconds to the end, at the pace of the recent cycles."""
        if len(self._recent) < 2:
            return None
        first, last = self._recent[0], self._recent[-1]
        ends = [_number(m, name) for m in (first, last) for name in ("elapsed_s", "progress")]
        if None in ends:
            return None
        from_s, from_share, to_s, to_share = (float(v or 0.0) for v in ends)
        if to_share <= from_share:
            return None
        return (1.0 - to_share) * (to_s - from_s) / (to_share - from_share)

    def render(self, games: Sequence[LiveGame] = ()) -> RenderableType:
        """Everything, with the boards of ``games`` beside it."""
        page = Table.grid(padding=(0, 3))
        page.add_column()
        page.add_column()
        boards = [
            board_text(self.specs[game.task], game, self._coloured)
            for game in games
            if game.task in self.specs
        ]
        page.add_row(Group(*self._lines()), _rows_of_two(boards))
        return page

    def _lines(self) -> Iterable[RenderableType]:
        share = _number(self.latest, "progress") or 0.0
        network, seed = self.settings.get("network"), self.settings.get("seed")
        game = ", ".join(f"{spec.name} {spec.width}x{spec.height}" for spec in self.specs.values())
        yield Text(f"{game}, {network}, seed {seed}, {self.path}", style="bold")
        elapsed = wording.duration(_number(self.latest, "elapsed_s") or 0.0)
        left = self.left_s
        rest = f", about {wording.duration(left)} left" if left else ""
        bar = Table.grid(padding=(0, 2))
        bar.add_row(
            ProgressBar(total=1.0, completed=min(share, 1.0), width=30),
            f"{share:.0%} after {elapsed}{rest}",
        )
        yield bar
        yield Text(f"strength  {self.strength}", style="cyan")
        if not self._recent:
            yield Text("waiting for the first cycle; after an update kernels compile first")
        yield self._numbers()
        if len(self.specs) > 1:
            yield self._of_each_task()
        for note in self._notes:
            yield Text(note, style="yellow")

    def _numbers(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        table.add_column(justify="right")
        table.add_column()
        for label, name, form in (
            ("games", "games", ",.0f"),
            ("rows", "rows", ",.0f"),
            ("games/s", "games_per_s", ".1f"),
            ("evaluations/s", "evaluations_per_s", ",.0f"),
            ("simulations", "simulations", ".0f"),
            ("policy loss", "loss_policy", ".3f"),
            ("value loss", "loss_value", ".3f"),
            ("entropy", "target_entropy", ".3f"),
            ("value error", "value_error", ".3f"),
            ("plies a game", "mean_plies", ".0f"),
            ("workers", "workers", ".0f"),
            ("workers idle", "workers_idle", ".0%"),
            ("lag, versions", "lag", ".1f"),
            ("workers lost", "workers_lost", ".0f"),
        ):
            values = [v for m in self._recent if (v := _number(m, name)) is not None]
            if values:
                curve = "" if name in ("games", "rows", "simulations") else blocks(values)
                table.add_row(label, f"{values[-1]:{form}}", Text(curve, style="blue"))
        return table

    def _of_each_task(self) -> Table:
        """The numbers of several tasks, a line each."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("task")
        for label, _, _ in _OF_TASK:
            table.add_column(label, justify="right")
        for name in self.specs:
            own = of_task(self.latest, name)
            values = [(_number(own, key), form) for _, key, form in _OF_TASK]
            table.add_row(name, *("–" if v is None else f"{v:{form}}" for v, form in values))
        return table


def _rows_of_two(boards: Sequence[RenderableType]) -> Table:
    table = Table.grid(padding=(0, 3, 1, 0))
    for at in range(0, len(boards), 2):
        table.add_row(*boards[at : at + 2])
    return table


def blocks(values: Sequence[float], width: int = _WIDTH) -> str:
    """A curve as a line of blocks, the lowest value the lowest block."""
    parts = [float(part.mean()) for part in np.array_split(values, min(width, len(values)))]
    low, high = min(parts), max(parts)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BLOCKS[round((value - low) * scale)] for value in parts)


def board_text(spec: GameSpec, game: LiveGame, coloured: bool = True) -> Text:
    """A board in colours, the last stone marked, and a line on the game below.

    Args:
        spec: the game, whatever its komi.
        game: what to draw; an action that is not legal ends it.
        coloured: whether colours tell the stones apart; else White's are hollow.
    """
    position, played = played_out(spec, game)
    stones = spec.stones(position)[0].reshape(spec.height, spec.width)
    last = game.actions[played - 1] if played else -1
    look = look_of(spec)
    ground = hexadecimal(look.ground)
    text = Text(no_wrap=True)
    for row in range(spec.height):
        text.append(" " * row if spec.slant else "")
        for column in range(spec.width):
            point = row * spec.width + column
            stone = int(stones[row, column])
            signs = "◉●" if coloured or stone == BLACK else "◎○"
            ink = "#333333" if stone == EMPTY else f"bold {hexadecimal(look.stone_colour(stone))}"
            sign = "·" if stone == EMPTY else signs[point != last]
            text.append(f"{sign} ", f"{ink} on {ground}")
        text.append("\n")
    where = f"{played} plies" + (f", {move_name(spec, last)}" if played else "")
    return text.append(f"{where}{_standing(game, played)}", style="dim")


def played_out(spec: GameSpec, game: LiveGame) -> tuple[Positions, int]:
    """The position ``(1,)`` after a game's actions, and how many of them were legal."""
    position, played = spec.allocate(1), 0
    for action in game.actions:
        if not (0 <= action < spec.actions and spec.legal(position)[0, action]):
            break
        spec.play(position, np.array([action]))
        played += 1
    return position, played


def _standing(game: LiveGame, played: int) -> str:
    if game.score is not None and played >= len(game.actions):
        if game.score == 0:
            return ", a draw"
        return f", {'Black' if game.score > 0 else 'White'} won"
    if game.black_q is None:
        return ""
    return f", Black {50 * (1 + game.black_q):.0f} %"


def plain_line(metrics: Mapping[str, object], left_s: float | None) -> str:
    """A cycle in one line, for logs."""

    def shown(name: str, form: str) -> str:
        value = _number(metrics, name)
        return "?" if value is None else f"{value:{form}}"

    left = "?" if left_s is None else f"{left_s / 60:.1f}"
    elapsed = (_number(metrics, "elapsed_s") or 0.0) / 60
    rates = (
        f"{shown('progress', '4.0%')} | {elapsed:.1f} min, {left} left | "
        f"{shown('games_per_s', '.1f')} games/s {shown('evaluations_per_s', ',.0f')} evals/s | "
        f"{shown('games', '.0f')} games {shown('rows', '.0f')} rows | "
    )
    if not metrics.get("steps"):
        return rates + "no training yet: it waits for rows of finished games"
    return rates + (
        f"loss {shown('loss_total', '.2f')} policy {shown('loss_policy', '.2f')} "
        f"value {shown('loss_value', '.2f')} | {_of_games(metrics)}"
    )


def _of_games(metrics: Mapping[str, object]) -> str:
    """Entropy and length of a cycle's games; of several tasks those of each by its name."""
    tasks = metrics.get("tasks")
    if isinstance(tasks, Mapping):
        return ", ".join(f"{name}: {_of_games(own)}" for name, own in tasks.items())
    entropy, plies = _number(metrics, "target_entropy"), _number(metrics, "mean_plies")
    entropy_text = "?" if entropy is None else f"{entropy:.2f}"
    return f"entropy {entropy_text} | {'?' if plies is None else f'{plies:.0f}'} plies"


def notes_of(metrics: Mapping[str, object]) -> list[str]:
    """What a cycle had to say, alarms first."""
    found = []
    for key in ("alarms", "notes"):
        texts = metrics.get(key)
        found += [str(text) for text in texts] if isinstance(texts, list) else []
    return found


def _number(metrics: Mapping[str, object], name: str) -> float | None:
    value = metrics.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


class TrainingDisplay:
    """Shows a training that this process runs. Use as a context manager."""

    def __init__(self, path: Path, console: Console | None = None) -> None:
        self._console = console or PlainConsole(file=sys.stdout)
        self._view = RunView(path, self._console.color_system is not None)
        self._reader = LiveReader(path)
        self._live: Live | None = None
        self._printed_s = float("-inf")
        for cycle in read_run(path).cycles[-_KEPT:]:
            self._view.add(cycle)
        self._said_strength = self._view.strength

    def __enter__(self) -> TrainingDisplay:
        if self._console.is_terminal:
            self._live = Live(
                self._view.render(), console=self._console, auto_refresh=False, transient=False
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, metrics: Mapping[str, object]) -> None:
        """Take in a finished cycle."""
        self._view.add(metrics)
        if self._live is not None:
            update = self._reader.poll()
            games = update.finished[-1:] or update.in_play[:1]
            self._live.update(self._view.render(games), refresh=True)
            return
        for note in notes_of(metrics):
            self.note(note)
        now = time.monotonic()
        if now - self._printed_s >= _LINE_S or metrics.get("progress") == 1.0:
            self._printed_s = now
            self._print(plain_line(metrics, self._view.left_s))
            if self._view.strength != self._said_strength:
                self._said_strength = self._view.strength
                self._print(f"strength: {self._said_strength}")

    def note(self, text: str) -> None:
        """Say something that is no cycle's."""
        if self._live is None:
            self._print(f"note: {text}")
        else:
            self._view.note(text)

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        self._console.file.flush()


def plain_board(spec: GameSpec, game: LiveGame) -> str:
    """A game's board for a log."""
    return diagram(spec, played_out(spec, game)[0])
