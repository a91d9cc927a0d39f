"""What ``miai play --watch`` shows: games of a tournament or a training run, as they come."""

from __future__ import annotations

from pathlib import Path

from arena.results import GameLine, TournamentFolder
from arena.window.watch import Seen, Source
from engine.errors import ConfigError
from engine.records import GameRecord

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
        pairings = len(names) * (len(names) - 1) // 2
        if self._conditions.kind == "gauntlet":
            pairings = len(names) - 1
        of = self._folder.games_per_pairing() * pairings
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


def source_of(folder: Path) -> Source:
    """Return what reads a folder.

    Raises:
        ConfigError: if it is neither a tournament nor a run.
    """
    if TournamentFolder(folder).exists:
        return TournamentSource(folder)
    raise ConfigError(f"expected the folder of a training run or a tournament, got {str(folder)!r}")
