"""Files: written whole or not at all, and read within bounds."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import stat
import time
import tomllib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

LARGEST: Final = 1 << 28
"""Bytes of a file that is read whole, where the reader names no other bound."""
LARGEST_SETTINGS: Final = 1 << 24
"""Bytes of settings, of a saved game, of anything that a person might write by hand."""
_GROWTH: Final = 1 << 24
_MOST_DIGITS: Final = 25


def write_atomic(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write ``data`` beside ``path``, flush it to the disk, and rename it into place.

    ``mode`` are the permissions of the file, from which the user's mask is taken away.

    Raises:
        OSError: if the disk is full or the folder not writable; ``path`` is untouched then.
    """
    beside = path.with_name(f".{path.name}.{_machine()}-{os.getpid()}.tmp")
    try:
        with open(beside, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def read_file(path: Path, most: int = LARGEST) -> bytes:
    """Return the bytes of a regular file.

    A pipe or a device is refused before anything is read of it: it may have no end.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        OSError: if it cannot be read, is larger, or is no regular file; ``strerror`` says which.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file but a pipe or a device", str(path))
        if found.st_size > most:
            raise OSError(errno.EFBIG, f"a file of more than {most >> 20} MiB", str(path))
        data = file.read(found.st_size + 1)
        if len(data) > found.st_size:  # it grows
            data += file.read(min(most - found.st_size, _GROWTH))
    return data


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def json_of(data: bytes | str) -> Any:
    """Return what a JSON text says; numbers are finite.

    Raises:
        ValueError: if it is none, is nested too deeply, or has numbers that are too large.
    """
    try:
        return json.loads(
            data, parse_constant=_refuse_number, parse_float=_finite, parse_int=_whole
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"expected a finite number, got {text}")


def _finite(text: str) -> float:
    number = float(text)
    return number if abs(number) != float("inf") else _refuse_number(text[:40])


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"expected a number of at most {_MOST_DIGITS} digits, got {text[:40]}...")
    return int(text)


def toml_of(data: bytes | str) -> dict[str, Any]:
    """Return what a TOML text says.

    Raises:
        ValueError: if it is none, is nested too deeply, or has numbers that are too large.
    """
    try:
        return tomllib.loads(data.decode("utf-8") if isinstance(data, bytes) else data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` survive a power cut, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def drop_leftovers(folder: Path, older_than_s: float = 0.0) -> None:
    """Delete the halves of files that killed processes left, and no other one is writing.

    Call it before this process writes there: a file with its own number is taken for one that an
    earlier process of the same number left, as happens in containers.

    Args:
        folder: where to look, not in folders inside it.
        older_than_s: newer files of other machines, and of older versions, which did not name the
            machine, stay; 0 only where no other machine writes.
    """
    for path in folder.glob(".*.tmp"):
        machine, _, number = path.name.split(".")[-2].rpartition("-")
        if number.isdecimal() and not _may_be_writing(int(number)):
            with suppress(FileNotFoundError):
                old = time.time() - path.stat().st_mtime >= older_than_s
                if old or machine == _machine():
                    path.unlink()


@cache
def _machine() -> str:
    """Eight digits that tell machines apart, and containers with process numbers of their own."""
    numbering = ""
    with suppress(OSError):
        numbering = str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(f"{platform.node()} {numbering}".encode()).hexdigest()[:8]


def _may_be_writing(process: int) -> bool:
    if os.name == "nt" or process == os.getpid():  # on Windows no open file can be deleted
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def is_private(path: Path) -> bool:
    """Whether a file or folder is this user's own and no other user may write it.

    Always true on Windows, whose permissions are those of the user's own profile.

    Raises:
        OSError: if there is no such file.
    """
    if os.name == "nt":
        return True
    found = path.stat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return found.st_uid == os.geteuid() and not found.st_mode & others


def is_open_to_all(folder: Path) -> bool:
    """Whether any user can replace what is in a folder, or the folder itself by its parents.

    A folder such as ``/tmp``, where users can only replace their own files, is not open.

    Raises:
        OSError: if there is no such folder.
    """
    if os.name == "nt":
        return False
    whole = folder.resolve()
    modes = [parent.stat().st_mode for parent in (whole, *whole.parents)]
    return any(mode & stat.S_IWOTH and not mode & stat.S_ISVTX for mode in modes)
