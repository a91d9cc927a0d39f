"""The interface to self-play: a source takes networks as files and returns rows in lots.

A source plays a fixed set of groups of games. The games of a group depend on its number, its games
in flight and the published networks, never on where they are played. Sources of different kinds
therefore give the same lots, and a run may resume with another kind of source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.errors import RunError
from selfplay.data.shards import Rows
from selfplay.play.worker import FinishedGame
from selfplay.run.config import RunConfig
from selfplay.run.state import Arrays
from selfplay.run.watch import LiveGame


@dataclass(frozen=True)
class Published:
    """A network for self-play: a checkpoint file, and the SHA-256 of its bytes in hex."""

    path: Path
    hash: str

    @classmethod
    def of(cls, path: Path) -> Published:
        """Hash a checkpoint file in its present state.

        Raises:
            OSError: if it cannot be read.
        """
        return cls(path, hashlib.sha256(path.read_bytes()).hexdigest())

    def require_unchanged(self) -> None:
        """Refuse a file that has been rewritten since it was published.

        Raises:
            RunError: if the file has changed or cannot be read.
        """
        try:
            found = Published.of(self.path)
        except OSError as error:
            raise RunError(f"expected the network {self.path}, got {error.strerror}") from error
        if found != self:
            raise RunError(f"expected the network {self.path} unchanged, got another hash")


@dataclass(frozen=True)
class Lot:
    """Results of one group of games in one call of :meth:`Source.play`."""

    group: int
    """Index of the group; lots are ordered by it."""
    network: str
    """Hash of the network that played, see :class:`Published`."""
    rows: Rows | None
    """Rows of the games that ended; ``None`` if none did."""
    games: tuple[FinishedGame, ...]
    evaluations: int
    """Number of positions that the network evaluated during the call."""


class Source(Protocol):
    """Plays a run's games. It keeps the games in flight between calls."""

    def publish(self, network: Published) -> None:
        """Play with this network from the next ply on."""
        ...

    def invite(self, opponent: Path) -> None:
        """Let an earlier checkpoint play its side of the league's games from now on."""
        ...

    def play(self, plies: Sequence[int], simulations: Sequence[int]) -> list[Lot]:
        """Play some plies in every slot and return one lot for each group.

        ``plies`` holds for each task the plies to play, ``simulations`` those of a full search.

        Raises:
            RunError: if the games cannot be played.
        """
        ...

    def in_play(self) -> list[LiveGame]:
        """Return some games in flight, for the live view."""
        ...

    def arrays(self) -> Arrays:
        """Return the games in flight, for :meth:`restore`."""
        ...

    def restore(self, arrays: Arrays) -> None:
        """Undo :meth:`arrays`, in a source for the same settings.

        Raises:
            KeyError, ValueError: if the arrays belong to other settings.
        """
        ...

    def notes(self) -> list[str]:
        """Return sentences about faults that were recovered from, each of them once."""
        ...

    def measures(self) -> dict[str, object]:
        """Return further metrics of the latest call of :meth:`play`; empty for most sources."""
        ...

    def close(self) -> None:
        """End threads and processes. The games in flight are lost unless they were saved."""
        ...


SourceMaker = Callable[[RunConfig, Published], Source]
"""Makes a source for a run, given the network that plays first."""


def gathered(lots: Sequence[Lot]) -> tuple[list[Rows], list[FinishedGame]]:
    """Join the rows of lots by board, and list their games.

    Boards come in the order in which groups first play them, and rows in the order of the lots.
    """
    parts: dict[object, list[Rows]] = {}
    for lot in lots:
        if lot.rows is not None:
            parts.setdefault(lot.rows.layout, []).append(lot.rows)
    games = [game for lot in lots for game in lot.games]
    return [Rows.concatenate(rows) for rows in parts.values()], games
