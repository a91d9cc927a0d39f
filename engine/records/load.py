"""Games from anywhere: SGF files, transcripts, folders of them, zips, collections."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np

from engine.errors import RecordError
from engine.records.collection import split_collection
from engine.records.files import Source, game_files
from engine.records.filters import Filter
from engine.records.formats import other_games
from engine.records.record import GameRecord
from engine.records.sgf import ReadGame, read_game
from engine.records.transcripts import read_transcripts
from engine.symmetry import inverses
from engine.text import printable

MOST_MOVES: Final = 30_000_000
"""Moves that are kept in memory, about 8 bytes each; games beyond are refused."""
_LINES_KEPT: Final = 1000
_KINDS_KEPT: Final = 20
_PUT_IN: Final = ": a pass is put in before it"


@dataclass
class Loaded:
    """What was found."""

    records: list[GameRecord] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    """One line per game that was left out or cut: file, move, reason; the first thousand."""
    reasons: Counter[str] = field(default_factory=Counter)
    """How often each kind of refusal happened."""
    noted: int = 0
    """Games that were read otherwise than they are written, in some detail."""
    notes: list[str] = field(default_factory=list)
    """What was noted first, a line of each kind."""
    _kinds: set[str] = field(default_factory=set, repr=False)

    def refuse(self, reason: str, line: str) -> None:
        """Note one refusal."""
        self.reasons[reason] += 1
        if len(self.refusals) < _LINES_KEPT:
            self.refusals.append(line)

    def note(self, game: ReadGame) -> None:
        """Count a game with notes, and keep the first of each kind."""
        self.noted += bool(game.notes)
        for note in game.notes:
            kind = re.sub(r"[^A-Za-z]+", " ", note)[:60]
            if kind not in self._kinds and len(self._kinds) < _KINDS_KEPT:
                self._kinds.add(kind)
                self.notes.append(printable(f"{note}: {game.record.source}", None))

    @property
    def moves(self) -> int:
        """Moves of all games."""
        return sum(len(record.actions) for record in self.records)

    def players(self) -> Counter[str]:
        """How many games each name played."""
        names = Counter(record.black for record in self.records)
        names.update(record.white for record in self.records)
        names.pop("", None)
        return names

    def results(self) -> Counter[str]:
        """How many games Black won, White won, neither won; of how many it is not known."""
        words = {1: "Black won", -1: "White won", 0: "drawn", None: "unknown"}
        return Counter(words[record.winner] for record in self.records)


def load_games(
    paths: Sequence[Path],
    *,
    size: tuple[int, int] | None = None,
    min_moves: int = 1,
    games: Sequence[str] = (),
    only: Filter | None = None,
    most_moves: int = MOST_MOVES,
) -> Loaded:
    """Read every game under ``paths``.

    Games that occur twice, turned or mirrored too, are kept once. A game with an illegal move is
    kept up to that move.

    Args:
        paths: SGF files, transcripts and points (``.txt``, ``.csv``), GGF, ``.psq``; all also
            as ``.gz``, archives of them, and folders of all of these.
        size: height and width that a game must have, or any.
        min_moves: shorter games are left out.
        games: names of the games to read, or any.
        only: leaves out games of which no move would be used.
        most_moves: of all games together; games after that are left out.

    Raises:
        RecordError: if a path does not exist.
    """
    loaded = Loaded()
    seen: set[bytes] = set()
    room = most_moves
    for source in game_files(paths, loaded.refuse):
        for game in games_of(source, size, loaded):
            game = _plain(game)
            record = game.record
            reason, line = _unwanted(record, size, games, min_moves, only)
            if game.cut and reason not in ("another size", "another game"):
                loaded.refuse("cut short", game.cut)
            if not reason and (identity := game_identity(record)) in seen:
                reason, line = "duplicate", "the same game was read before"
            if not reason and len(record.actions) > room:
                reason, line = "too many", f"expected at most {most_moves:,} moves in all"
            if reason:
                loaded.refuse(reason, f"{line}: {record.source}")
                continue
            loaded.note(game)
            seen.add(identity)
            room -= len(record.actions)
            loaded.records.append(record)
    return loaded


def _plain(game: ReadGame) -> ReadGame:
    """The game up to the first action that was not played, or that came after its end."""
    record, plain = game.record, game.plain
    if plain is None:
        return game
    why = next((n for n in game.notes if "out of turn" in n or "two passes" in n), "it goes on")
    return replace(
        game,
        record=replace(record, actions=record.actions[:plain]),
        cut=f"{why.removesuffix(_PUT_IN)}: {record.source}",
        plain=None,
    )


def games_of(source: Source, size: tuple[int, int] | None, loaded: Loaded) -> Iterator[ReadGame]:
    """The games of one file; what cannot be read is refused by name."""
    found_games = other_games(source.data, source.label, size)
    if found_games is None and not source.is_sgf and b"(;" not in source.data[:4096]:
        found_games = read_transcripts(source.data, source.label, size)
    if found_games is not None:
        found = False
        for game in found_games:
            found = True
            if isinstance(game, RecordError):
                loaded.refuse("unusable", str(game))
            else:
                yield game
        if not found:
            loaded.refuse("no games", f"expected transcripts, one a line: {source.label}")
        return
    try:
        for text in split_collection(source.data, source.label):
            try:
                yield read_game(text, keep_tree=False)
            except RecordError as error:
                loaded.refuse("damaged" if text.damaged else "unusable", str(error))
    except RecordError as error:
        loaded.refuse("damaged", str(error))


def _unwanted(
    record: GameRecord,
    size: tuple[int, int] | None,
    games: Sequence[str],
    min_moves: int,
    only: Filter | None,
) -> tuple[str, str]:
    """The kind of refusal and its words; empty if the game is wanted."""
    spec = record.spec
    if games and spec.name not in games:
        return "another game", f"expected {' or '.join(games)}, got {spec.name}"
    if size is not None and (spec.height, spec.width) != size:
        got = f"{spec.height}x{spec.width}"
        return "another size", f"expected a {size[0]}x{size[1]} board, got {got}"
    if len(record.actions) < min_moves:
        return "too short", f"expected {min_moves} moves or more"
    reason = "" if only is None else only.refusal(record)
    return reason, "no move of it passes the filters" if reason else ""


def game_identity(record: GameRecord) -> bytes:
    """Sixteen bytes that equal games share, turned and mirrored ones included."""
    spec = record.spec
    points = inverses(spec.height, spec.width, spec.symmetries)
    passes = np.full((len(points), 1), spec.pass_action, np.int16)
    tables = np.concatenate([points, passes], axis=1)
    lines = tables[:, np.array(record.actions, np.int64)]
    setups = [
        np.sort(tables[:, np.array(stones, np.int64)], axis=1)
        for stones in (record.black_setup, record.white_setup)
    ]
    smallest = min(
        b"|".join(part[k].tobytes() for part in (*setups, lines)) for k in range(len(tables))
    )
    name = f"{spec.name} {spec.height} {spec.width} {record.first_to_move}".encode()
    return blake2b(name + smallest, digest_size=16).digest()
