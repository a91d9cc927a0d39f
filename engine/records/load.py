"""Games from anywhere: SGF files, folders of them, zips, collections."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.errors import RecordError
from engine.records.record import GameRecord
from engine.records.sgf import read_tree, split_collection

_SUFFIXES: Final = (".sgf",)
_LARGEST_FILE: Final = 16 << 20
_LARGEST_ZIP: Final = 1 << 30
# What zipfile and its decompressors raise on damaged, encrypted or exotic entries.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)


@dataclass
class Loaded:
    """What was found."""

    records: list[GameRecord] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    """One line per game that was left out or cut: file, move, reason."""
    reasons: Counter[str] = field(default_factory=Counter)
    """How often each kind of refusal happened."""

    def refuse(self, reason: str, line: str) -> None:
        """Note one refusal."""
        self.reasons[reason] += 1
        self.refusals.append(line)


def load_games(
    paths: Sequence[Path], *, size: tuple[int, int] | None = None, min_moves: int = 1
) -> Loaded:
    """Read every game under ``paths``.

    Games that occur twice are kept once. A game with an illegal move is kept up to that move.

    Args:
        paths: SGF files, zips of them, and folders of both.
        size: height and width that a game must have, or any.
        min_moves: shorter games are left out.

    Raises:
        RecordError: if a path does not exist.
    """
    loaded = Loaded()
    seen: set[tuple[object, ...]] = set()
    for data, source in _files(paths, loaded):
        try:
            trees = split_collection(data, source)
        except RecordError as error:
            loaded.refuse("damaged", str(error))
            continue
        for tree, label in trees:
            try:
                game = read_tree(tree, label)
            except RecordError as error:
                loaded.refuse("unusable", str(error))
                continue
            record = game.record
            shape = (record.spec.height, record.spec.width)
            identity = (shape, record.actions, record.black_setup, record.white_setup)
            if size is not None and shape != size:
                loaded.refuse(
                    "another size",
                    f"expected a {size[0]}x{size[1]} board, got {shape[0]}x{shape[1]}: {label}",
                )
                continue
            if game.cut:
                loaded.refuse("cut short", game.cut)
            if len(record.actions) < min_moves:
                loaded.refuse("too short", f"expected {min_moves} moves or more: {label}")
            elif identity in seen:
                loaded.refuse("duplicate", f"the same game was read before: {label}")
            else:
                seen.add(identity)
                loaded.records.append(record)
    return loaded


def _files(paths: Iterable[Path], loaded: Loaded) -> Iterator[tuple[bytes, str]]:
    """Yield the bytes and a label of every SGF file."""
    for path in paths:
        if not path.exists():
            raise RecordError(f"expected SGF files, folders or zips, got {str(path)!r}: not there")
        for file in _inside(path) if path.is_dir() else [path]:
            try:
                if file.suffix.lower() == ".zip":
                    yield from _zip_files(file, loaded)
                elif file.stat().st_size > _LARGEST_FILE:
                    loaded.refuse("too large", f"expected a file of at most 16 MiB: {file}")
                else:
                    yield file.read_bytes(), str(file)
            except OSError as error:
                loaded.refuse(
                    "unreadable", f"expected a file that can be read, got {error.strerror}: {file}"
                )


def _inside(folder: Path) -> list[Path]:
    """The files of a folder and of those in it that may hold games, in a fixed order."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in (*_SUFFIXES, ".zip") and not path.is_dir()
    )


def _zip_files(path: Path, loaded: Loaded) -> Iterator[tuple[bytes, str]]:
    """Yield a zip's SGF files; nothing is unpacked to disk, and a zip bomb is left early."""
    unpacked = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                label = f"{path}/{entry.filename}"
                if not entry.filename.lower().endswith(_SUFFIXES):
                    continue
                if entry.file_size > _LARGEST_FILE:
                    loaded.refuse("too large", f"expected a file of at most 16 MiB: {label}")
                    continue
                unpacked += entry.file_size
                if unpacked > _LARGEST_ZIP:
                    loaded.refuse("too large", f"expected at most 1 GiB of games in {path}")
                    return
                try:
                    data = archive.read(entry)
                except _DAMAGE as error:
                    loaded.refuse("damaged", f"expected a readable zip entry, got {error}: {label}")
                    continue
                yield data, label
    except zipfile.BadZipFile as error:
        loaded.refuse("damaged", f"expected a zip of SGF files, got {error}: {path}")
