"""Files that are either the old one or the new one, never half of one."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def write_atomic(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write ``data`` beside ``path``, flush it to the disk, and rename it into place.

    ``mode`` are the permissions of the file, from which the user's mask is taken away.

    Raises:
        OSError: if the disk is full or the folder not writable; ``path`` is untouched then.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
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


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` survive a power cut, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def is_private(path: Path) -> bool:
    """Whether a file or folder is this user's own and nobody else may write it.

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
