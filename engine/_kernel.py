"""The one place that knows Numba's options, cache folder and switches.

Numba stamps a cached kernel by the file that defines it only. After an edit of a helper in another
file the caller would silently go on with the old machine code. So the cache folder's name holds a
hash of every kernel source, Numba's version and its flags. An edit recompiles; a second start
loads.

Numba also names machine code by the types of its arguments, and names a record type by a counter of
the process. Two processes then give one name to the code of two board layouts, and a third process
that loads both from the cache calls the wrong one. So record types are named by their content here.

A file of the cache is machine code, and the user who can write one decides what runs. So a folder
is used only if the user owns it and no other user can write to it. Each file ends in its checksum.

Environment variables read here, and nowhere else in the library:
``MIAI_CACHE_DIR``      folder for compiled kernels (default: the user's cache folder)
``NUMBA_DISABLE_JIT``   1 runs every kernel as plain Python (the slow twin that tests compare with)
``NUMBA_BOUNDSCHECK``   1 checks every index; such kernels live in a cache folder of their own
"""

from __future__ import annotations

import atexit
import hashlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, TypeVar, cast

import numba
import platformdirs
from numba.core import caching, types

from engine.files import is_open_to_all, is_private

Function = TypeVar("Function", bound=Callable[..., object])

_ROOMS_WITH_KERNELS = ("engine", "agents")
_CACHES_KEPT = 4
_CHECKSUM = hashlib.sha256().digest_size
_damage_told = False


@cache
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _name_by_content(kind: type[types.Type]) -> None:
    """Let Numba name a kind of type by its content, so that every process gives the same name.

    ``Type.mangling_args`` becomes part of the symbol of each function that takes the type. Numba's
    own value is a running number for records. For arrays inside a record it leaves out the shape.
    """

    def mangling_args(self: types.Type) -> tuple[str, tuple[str, ...]]:
        return kind.__name__, (_digest(self.name),)

    setattr(kind, "mangling_args", property(mangling_args))  # noqa: B010  (mypy: a method)


# This must precede the first kernel, because Numba makes a function's symbol only once.
_name_by_content(types.Record)
_name_by_content(types.NestedArray)


def _cache_key() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for flag in ("NUMBA_BOUNDSCHECK", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_OPT"):
        digest.update(f"{flag}={os.environ.get(flag, '')}".encode())
    root = Path(__file__).resolve().parent.parent
    for room in _ROOMS_WITH_KERNELS:
        for path in sorted((root / room).rglob("*.py")):
            source = path.read_bytes()
            if b"kernel" in source or b"llvmlite" in source:
                digest.update(path.name.encode() + b"\0" + source)
    return digest.hexdigest()[:16]


class _CheckedFiles(caching.IndexDataCacheFile):
    """The cache files of one function. A damaged file is deleted and the function recompiled."""

    @contextmanager
    def _open_for_write(self, path: str) -> Iterator[IO[bytes]]:
        whole = io.BytesIO()
        yield whole
        data = whole.getvalue()
        with super()._open_for_write(path) as file:
            file.write(data + hashlib.sha256(data).digest())

    def _load_index(self) -> dict[object, str]:
        try:
            _require_whole(Path(self._index_path))
        except FileNotFoundError:
            return {}
        found: dict[object, str] = super()._load_index()
        return found

    def _load_data(self, name: str) -> object:
        _require_whole(Path(self._data_path(name)))
        return super()._load_data(name)


def _require_whole(path: Path) -> None:
    """Delete a file of the cache whose checksum is wrong.

    Raises:
        FileNotFoundError: if it was deleted, or is not there.
    """
    global _damage_told
    data = path.read_bytes()
    if hashlib.sha256(data[:-_CHECKSUM]).digest() == data[-_CHECKSUM:]:
        return
    if not _damage_told:
        print(f"miai: damaged kernels in {str(path.parent)!r} are compiled again", file=sys.stderr)
        _damage_told = True
    path.unlink(missing_ok=True)
    raise FileNotFoundError(path)


setattr(caching, "IndexDataCacheFile", _CheckedFiles)  # noqa: B010  (mypy: a type)


def _prepare_cache() -> Path:
    home = Path(os.environ.get("MIAI_CACHE_DIR") or platformdirs.user_cache_dir("miai"))
    base = home / "kernels"
    folder = base / _cache_key()
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name != "nt" and base.stat().st_uid == os.geteuid():
            base.chmod(0o700)  # an older folder may be open to the group; each file is checked
        folder.mkdir(mode=0o700, exist_ok=True)
        if is_open_to_all(home) or not (is_private(base) and is_private(folder)):
            print(
                f"miai: other users can write {str(folder)!r}, so kernels are compiled for this "
                "time only; name a folder of your own with MIAI_CACHE_DIR",
                file=sys.stderr,
            )
            raise PermissionError(folder)
        os.utime(folder)
        if not os.access(folder, os.W_OK):
            raise PermissionError(folder)
        others = sorted(base.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in others[_CACHES_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError:  # a read-only or shared home; without a folder Numba compiles nothing at all
        folder = Path(tempfile.mkdtemp(prefix="miai-kernels-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


CACHE_FOLDER = _prepare_cache()
numba.config.CACHE_DIR = str(CACHE_FOLDER)  # type: ignore[attr-defined]

JIT_DISABLED = bool(numba.config.DISABLE_JIT)  # type: ignore[attr-defined]


def kernel(function: Function) -> Function:
    """Compile ``function`` with the project's options: cached on disk, GIL released.

    No ``fastmath`` (results must repeat across machines) and no ``parallel`` (threads are Python
    threads over ranges of rows, which keeps every result independent of their number).
    """
    return cast(Function, numba.njit(cache=True, nogil=True)(function))


def helper(function: Function) -> Function:
    """Like :func:`kernel`, inlined into its callers: for one-row steps inside hot loops."""
    return cast(Function, numba.njit(cache=True, nogil=True, forceinline=True)(function))


def say_if_cold() -> None:
    """Print one line on stderr if the kernels of this version have never been compiled here."""
    if not JIT_DISABLED and not any(CACHE_FOLDER.rglob("*.nbi")):
        print("compiling kernels, once per update, about a minute ...", file=sys.stderr)
