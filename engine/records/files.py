"""The files that may hold games: named ones, those in folders, and those packed in either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import RecordError
from engine.records.archives import LARGEST_FILE, Refuse, kind_of, unpacked
from engine.text import printable

__all__ = ["Refuse", "Source", "game_files"]

SUFFIXES: Final = (".sgf", ".sgfs", ".txt", ".csv", ".ggf", ".psq")
ARCHIVES: Final = (".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz")
_COMPRESSED: Final = (".gz", ".bz2", ".xz", ".z", ".zst", ".lz4")
_REFUSED: Final = (".7z", ".rar", ".arj", ".cab", ".lzh", ".gib", ".ngf", ".ugf", ".ugi", ".mgt")
"""Archives and records that cannot be read here: named where they are found."""


@dataclass(frozen=True)
class Source:
    """A file of records and its bytes."""

    data: bytes
    label: str
    """Path, and for an archive's entry its name there; printable."""
    is_sgf: bool


def game_files(paths: Iterable[Path], refuse: Refuse) -> Iterator[Source]:
    """Yield every file with games under ``paths``, in a fixed order.

    Raises:
        RecordError: if a path does not exist.
    """
    for path in paths:
        if not path.exists():
            raise RecordError(
                f"expected SGF files, transcripts, folders or zips, got {str(path)!r}: not there"
            )
        for file in _inside(path) if path.is_dir() else [path]:
            label = printable(str(file))
            try:
                if not file.is_file():
                    reason = "expected a regular file"
                    refuse("unreadable", f"{reason}, got a link to none or a device: {label}")
                else:
                    yield from _read(file, label, refuse)
            except OSError as error:
                refuse("unreadable", f"expected a file that can be read, got {error}: {label}")


def _read(file: Path, label: str, refuse: Refuse) -> Iterator[Source]:
    with file.open("rb") as opened:
        packed = bool(kind_of(opened.read(512)))
    if file.stat().st_size > LARGEST_FILE:
        refuse("too large", f"expected at most {LARGEST_FILE >> 20} MiB: {label}")
        return
    suffix = file.suffix.lower()
    if suffix in _REFUSED and not packed:
        refuse("unreadable", f"expected SGF or transcripts, got a {suffix} file: {label}")
        return
    if suffix in ARCHIVES and not packed:
        refuse("damaged", f"expected a {suffix[1:]} of games, got another file: {label}")
        return
    for data, name in unpacked(file.read_bytes(), label, _wanted, refuse):
        plain = _plain_name(name)
        if plain.endswith(_REFUSED):
            ending = plain[plain.rfind(".") :]
            refuse("unreadable", f"expected SGF or transcripts, got a {ending} file: {name}")
        else:
            yield Source(data, name, not plain.endswith((".txt", ".csv")))


def _inside(folder: Path) -> list[Path]:
    """The files of a folder and of those in it that may hold games, in a fixed order."""
    return sorted(path for path in folder.rglob("*") if not path.is_dir() and _wanted(path.name))


def _plain_name(name: str) -> str:
    name = name.lower()
    for suffix in _COMPRESSED:
        name = name.removesuffix(suffix)
    return name


def _wanted(name: str) -> bool:
    """Whether a file may hold games, or is an archive, by its name."""
    return _plain_name(name).endswith((*SUFFIXES, *ARCHIVES, *_REFUSED))
