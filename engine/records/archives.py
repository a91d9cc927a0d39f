"""Files inside compressed files and archives, in memory and in bounds.

What a file is, its first bytes say, not its name. Nothing is unpacked to disk and no name from an
archive is used as a path. All that one file unpacks to, however deep, counts against one
allowance, so that a small file cannot cost much memory or time.
"""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from engine.errors import RecordError
from engine.text import printable

LARGEST_FILE: Final = 256 << 20
LARGEST_IN_ALL: Final = 1 << 30
LARGEST_RATIO: Final = 200
SMALL: Final = 4 << 20
"""What a file may unpack to in any case, in bytes."""
_CHUNK: Final = 1 << 20
_DEEPEST: Final = 4
_MOST_ENTRIES: Final = 1_000_000
_LZMA_MEMORY: Final = 256 << 20
_UNREADABLE: Final = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"\x1f\x9d": "a file of compress (.Z)",
    b"\x1f\xa0": "a file of compress (.Z)",
    b"MSCF": "a cabinet archive",
    b"\x60\xea": "an ARJ archive",
    b"\x04\x22\x4d\x18": "an LZ4 file",
}
# What the decompressors raise on damaged, encrypted or exotic data.
DAMAGE: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)

Refuse = Callable[[str, str], None]
"""Takes the kind of a refusal and the line that explains it."""


class Allowance:
    """How much one file may still unpack to."""

    def __init__(self, packed: int) -> None:
        self.most = min(LARGEST_IN_ALL, max(SMALL, LARGEST_RATIO * packed))
        self.left = self.most

    def take(self, count: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            RecordError: if they are too many.
        """
        self.left -= count
        if self.left < 0:
            raise RecordError(f"expected a file that unpacks to at most {self.most:,} bytes")


def unpacked(
    data: bytes, name: str, wanted: Callable[[str], bool], refuse: Refuse
) -> Iterator[tuple[bytes, str]]:
    """Yield what a file holds, with the names there: itself, if it is no archive.

    Args:
        data: of the file.
        name: of the file, printable, for messages and as the beginning of the names.
        wanted: whether a name in an archive is that of a file with games, or of an archive.
        refuse: is told what cannot be read.
    """
    allowance = Allowance(len(data))
    todo = [(data, name, 0)]
    while todo:
        data, name, depth = todo.pop()
        kind = kind_of(data)
        if not kind:
            yield data, name
            continue
        if kind in _UNREADABLE.values():
            what = "expected SGF, transcripts, zip, tar, gz, bz2 or xz"
            refuse("unreadable", f"{what}, got {kind}: {name}; unpack it first")
        elif depth == _DEEPEST:
            refuse("too deep", f"expected at most {_DEEPEST} archives in each other: {name}")
        else:
            inner: list[tuple[bytes, str, int]] = []
            for entry, label in _open(data, kind, name, allowance, wanted, refuse):
                if kind_of(entry):
                    inner.append((entry, label, depth + 1))
                else:
                    yield entry, label
            todo += reversed(inner)


def kind_of(data: bytes) -> str:
    """What packed the data, empty if nothing did."""
    for start, kind in _UNREADABLE.items():
        if data.startswith(start):
            return kind
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if data.startswith(b"\x1f\x8b"):
        return "gz"
    if data.startswith(b"BZh"):
        return "bz2"
    if data.startswith(b"\xfd7zXZ\0"):
        return "xz"
    return "tar" if data[257:262] == b"ustar" else ""


def _open(
    data: bytes,
    kind: str,
    name: str,
    allowance: Allowance,
    wanted: Callable[[str], bool],
    refuse: Refuse,
) -> Iterator[tuple[bytes, str]]:
    """Yield the entries of an archive, or the one file that was compressed."""
    try:
        if kind == "zip":
            yield from _zip_entries(data, name, allowance, wanted, refuse)
        elif kind == "tar":
            yield from _tar_entries(data, name, allowance, wanted)
        else:
            yield _decompressed(data, kind, allowance), name
    except RecordError as error:
        refuse("too large", f"{error}: {name}")
    except DAMAGE as error:
        what = "zip of games" if kind == "zip" else f"{kind} file that can be read"
        refuse("damaged", f"expected a {what}, got {error}: {name}")


def _decompressed(data: bytes, kind: str, allowance: Allowance) -> bytes:
    """Decompress, all streams that follow each other, and stop at a bomb."""
    parts: list[bytes] = []
    total = 0
    while data:
        stream = _stream(kind)
        while data and not stream.eof:
            part = stream.decompress(data, _CHUNK)
            data = b"" if kind != "gz" else stream.unconsumed_tail
            while part:
                parts.append(part)
                total += len(part)
                allowance.take(len(part))
                if total > LARGEST_FILE:
                    raise RecordError(f"expected at most {LARGEST_FILE >> 20} MiB inside")
                if kind == "gz" or stream.eof or stream.needs_input:
                    break
                part = stream.decompress(b"", _CHUNK)
        if not stream.eof:
            raise EOFError("an end in the middle")
        data = stream.unused_data.lstrip(b"\0")
    return b"".join(parts)


def _stream(kind: str) -> Any:
    if kind == "gz":
        return zlib.decompressobj(wbits=31)
    if kind == "bz2":
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(memlimit=_LZMA_MEMORY)


def _zip_entries(
    data: bytes, name: str, allowance: Allowance, wanted: Callable[[str], bool], refuse: Refuse
) -> Iterator[tuple[bytes, str]]:
    """Yield a zip's files with games; a damaged one costs itself only."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist()[:_MOST_ENTRIES]:
            label = printable(f"{name}/{entry.filename}")
            if entry.filename.endswith("/") or not wanted(entry.filename):
                continue
            if entry.file_size > LARGEST_FILE:
                got = f"got {entry.file_size} bytes"
                most = f"expected a file of at most {LARGEST_FILE >> 20} MiB"
                refuse("too large", f"{most}, {got}: {label}")
            elif entry.file_size > max(SMALL // 4, LARGEST_RATIO * entry.compress_size):
                most = f"expected a file that unpacks to at most {LARGEST_RATIO} times its size"
                got = f"got {entry.file_size} bytes from {entry.compress_size}"
                refuse("too large", f"{most}, {got}: {label}")
            else:
                try:
                    # The header may lie: no more is read than it says.
                    with archive.open(entry) as file:
                        found = file.read(entry.file_size + 1)
                    allowance.take(len(found))
                except RecordError:
                    raise
                except DAMAGE as error:
                    refuse("damaged", f"expected a readable zip entry, got {error}: {label}")
                    continue
                yield found, label


def _tar_entries(
    data: bytes, name: str, allowance: Allowance, wanted: Callable[[str], bool]
) -> Iterator[tuple[bytes, str]]:
    """Yield a tar's files with games."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for entry in archive:
            if entry.isreg() and wanted(entry.name):
                allowance.take(entry.size)
                file = archive.extractfile(entry)
                found = b"" if file is None else file.read(entry.size)
                if len(found) < entry.size:
                    raise EOFError("an end in the middle")
                yield found, printable(f"{name}/{entry.name}")
