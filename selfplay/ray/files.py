"""Networks as bytes in the object store, and as files of the processes that use them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from engine.errors import RunError
from engine.files import write_atomic
from selfplay.play.source import Published
from selfplay.ray.cluster import own_folder

_FOLDER: Final = "miai-worker-"
_KEPT: Final = 16


@dataclass(frozen=True)
class SharedFile:
    """A file's bytes in the object store, ``(n,)`` uint8, and their SHA-256 in hex."""

    hash: str
    data: Any
    """Reference to the bytes; a worker fetches them once per hash."""


def share(ray: Any, file: Published) -> SharedFile:
    """Put a file into the object store, once for all workers."""
    return SharedFile(file.hash, ray.put(np.frombuffer(file.path.read_bytes(), np.uint8)))


def fetched(reference: Any) -> Any:
    """Return what a reference to the object store stands for."""
    import ray

    return ray.get(reference)


class ReceivedFiles:
    """Shared files as files of this process. The latest few are kept."""

    def __init__(self) -> None:
        self._folder = own_folder(_FOLDER)

    def get(self, shared: SharedFile) -> Published:
        """Return a shared file, fetched if it is new.

        Raises:
            RunError: if it does not arrive whole.
            OSError: if the disk is full.
        """
        path = self._folder / f"{shared.hash}.safetensors"
        if not path.exists():
            data: bytes = fetched(shared.data).tobytes()
            found = hashlib.sha256(data).hexdigest()
            if found != shared.hash:
                raise RunError(f"expected a network with the hash {shared.hash}, got {found}")
            known = sorted(self._folder.iterdir(), key=lambda each: each.stat().st_mtime)
            for old in known[: 1 - _KEPT]:
                old.unlink()
            write_atomic(path, data)
        return Published(path, shared.hash)
