"""What ``miai play --watch`` shows: games of a tournament or a training run, as they come."""

from __future__ import annotations

from pathlib import Path

from arena.folder import TournamentFolder
from arena.results import GameLine
from arena.schedule import meetings_in_all
from arena.session.watch import Seen, Source
from engine.errors import ConfigError
from engine.records import GameRecord
from selfplay.run.folder import RunFolder
from selfplay.run.settings import read_settings, spec_of
from selfplay.run.watch import LiveGame, LiveReader

_LATEST = 3


class TournamentSource:
    """A tournament's latest games and how far it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = TournamentFolder(folder)
        self._conditions = self._folder.conditions()

    def look(self) -> Seen:
        """Read what has been played."""
        lines = self._folder.games()
        names = self._conditions.names
        meetings = meetings_in_all(len(names), self._conditions.kind, self._conditions.rounds)
        of = self._folder.games_per_pairing() * meetings
        headline = f"Tournament of {len(names)}: game {len(lines)} of {of}."
        return Seen(headline, [self._record(line) for line in lines[-_LATEST:]])

    def _record(self, line: GameLine) -> GameRecord:
        return GameRecord(
            spec=self._conditions.spec,
            actions=line.actions,
            black=line.black,
            white=line.white,
            result=line.result,
            source=f"game {line.game}",
        )


class RunSource:
    """A training run: one of its games in flight until that ends, then another."""

    def __init__(self, folder: Path) -> None:
        self._settings = read_settings(folder)
        self._reader = LiveReader(folder)
        self._games: list[GameRecord] = []
        self._number: int | None = None
        self._headline = "Training."

    def look(self) -> Seen:
        """Read what is new."""
        update = self._reader.poll()
        if update.metrics:
            self._headline = _progress(update.metrics[-1])
        games = {game.number: game for game in (*update.finished, *update.in_play)}
        if games:
            if self._number not in games:
                newest = update.in_play or update.finished
                self._number = newest[0].number
            game = games[self._number]
            self._games = [self._record(game)]
            if game.score is not None:
                self._number = None
        return Seen(self._headline, self._games)

    def _record(self, game: LiveGame) -> GameRecord:
        result = "?"
        if game.score is not None:
            result = f"{'B' if game.score > 0 else 'W'}+{abs(game.score):g}" if game.score else "0"
        return GameRecord(
            spec=spec_of(self._settings, game.komi, game.task),
            actions=game.actions,
            black="self-play",
            white="self-play",
            result=result,
            source=f"game {game.number}" + (f", {game.task}" if game.task else ""),
        )


def _progress(metrics: dict[str, object]) -> str:
    """A cycle's numbers in a line."""
    words = [f"Training, cycle {metrics.get('cycle', '?')}", f"{metrics.get('games', '?')} games"]
    for name, label in (("loss_policy", "policy loss"), ("games_per_s", "games/s")):
        value = metrics.get(name)
        if isinstance(value, float):
            words.append(f"{label} {value:.2f}")
    return ", ".join(words) + "."


def source_of(folder: Path) -> Source:
    """Return what reads a folder.

    Raises:
        ConfigError: if it is neither a tournament nor a run.
        RunError: if it is one that cannot be read.
    """
    if TournamentFolder(folder).exists:
        return TournamentSource(folder)
    if RunFolder(folder).config.is_file():
        return RunSource(folder)
    raise ConfigError(f"expected the folder of a training run or a tournament, got {str(folder)!r}")
