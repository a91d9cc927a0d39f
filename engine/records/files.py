"""The files that may hold games: named ones, those in folders and in zips, also compressed.

Nothing is unpacked to disk and no name from an archive is used as a path. What is unpacked is
bounded by size, by ratio and in all, so that a small file cannot cost much memory or time.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import RecordError

SUFFIXES: Final = (".sgf", ".sgfs", ".txt", ".csv")
LARGEST_FILE: Final = 256 << 20
LARGEST_ZIP: Final = 1 << 30
_LARGEST_RATIO: Final = 200
_SMALL: Final = 1 << 20  # what unpacks to less may have any ratio
_CHUNK: Final = 1 << 20
# What zipfile and its decompressors raise on damaged, encrypted or exotic entries.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)

Refuse = Callable[[str, str], None]
"""Takes the kind of a refusal and the line that explains it."""


@dataclass(frozen=True)
class Source:
    """The bytes of one file."""

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
                elif file.suffix.lower() == ".zip":
                    yield from _zip_files(file, refuse)
                elif file.stat().st_size > LARGEST_FILE:
                    refuse("too large", f"expected at most {LARGEST_FILE >> 20} MiB: {label}")
                else:
                    data = file.read_bytes()
                    yield from _plain(data, file.name, label, refuse)
            except OSError as error:
                refuse("unreadable", f"expected a file that can be read, got {error}: {label}")


def printable(text: str) -> str:
    """Names from outside, without control characters that would act on a terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _inside(folder: Path) -> list[Path]:
    """The files of a folder and of those in it that may hold games, in a fixed order."""
    return sorted(
        path
        for path in folder.rglob("*")
        if not path.is_dir() and (path.suffix.lower() == ".zip" or _wanted(path.name))
    )


def _wanted(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(SUFFIXES)


def _plain(data: bytes, name: str, label: str, refuse: Refuse) -> Iterator[Source]:
    """A file as it is, or decompressed if it says so."""
    name = name.lower()
    if name.endswith(".gz"):
        try:
            data = _gunzip(data)
        except _DAMAGE as error:
            refuse("damaged", f"expected a gzip file that can be read, got {error}: {label}")
            return
        name = name.removesuffix(".gz")
    yield Source(data, label, not name.endswith((".txt", ".csv")))


def _gunzip(data: bytes) -> bytes:
    """Decompress, and stop at a bomb."""
    parts, total = [], 0
    while data:
        stream = zlib.decompressobj(wbits=31)
        while data and not stream.eof:
            parts.append(stream.decompress(data, _CHUNK))
            total += len(parts[-1])
            if total > LARGEST_FILE:
                raise ValueError(f"more than {LARGEST_FILE >> 20} MiB inside")
            data = stream.unconsumed_tail
        if not stream.eof:
            raise EOFError("an end in the middle")
        data = stream.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _zip_files(path: Path, refuse: Refuse) -> Iterator[Source]:
    """Yield a zip's files with games."""
    unpacked = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                label = printable(f"{path}/{entry.filename}")
                if entry.is_dir() or not _wanted(entry.filename):
                    continue
                if why := _too_large(entry):
                    refuse("too large", f"{why}: {label}")
                    continue
                unpacked += entry.file_size
                if unpacked > LARGEST_ZIP:
                    most = f"{LARGEST_ZIP >> 20:,} MiB"
                    refuse(
                        "too large", f"expected at most {most} of games in {printable(str(path))}"
                    )
                    return
                try:
                    data = archive.read(entry)
                except _DAMAGE as error:
                    refuse("damaged", f"expected a readable zip entry, got {error}: {label}")
                    continue
                yield from _plain(data, entry.filename, label, refuse)
    except _DAMAGE as error:
        refuse("damaged", f"expected a zip of games, got {error}: {printable(str(path))}")


def _too_large(entry: zipfile.ZipInfo) -> str:
    if entry.file_size > LARGEST_FILE:
        return f"expected a file of at most {LARGEST_FILE >> 20} MiB, got {entry.file_size} bytes"
    if entry.file_size > max(_SMALL, _LARGEST_RATIO * entry.compress_size):
        return (
            f"expected a file that unpacks to at most {_LARGEST_RATIO} times its size, "
            f"got {entry.file_size} bytes from {entry.compress_size}"
        )
    return ""
