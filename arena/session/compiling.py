"""How far the kernels are compiled that a first start after an update needs.

Numba tells of each kernel that it compiles, and of none that it loads from its cache. How many
there will be is known from the last time that they were counted on this machine.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import platformdirs
from numba.core import event

from arena.session.texts import say
from engine.files import LARGEST_SETTINGS, json_of, read_file, write_atomic

_USUAL: Final = 120
"""Kernels of 9x9 Go with its network, helpers included, where none were counted before."""


class Compiling(event.Listener):
    """Counts the kernels that this process compiles; :data:`COMPILING` does from its import on."""

    def __init__(self, path: Path) -> None:
        """``path`` is the file that keeps the count for the next start."""
        self._path, self._under_way = path, 0
        self.done = 0
        """Kernels compiled so far."""
        self.all = _USUAL
        """About how many there will be."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            self.all = max(int(json_of(read_file(path, LARGEST_SETTINGS))["kernels"]), 1)

    def on_start(self, event: Any) -> None:
        """Numba begins to compile a kernel, perhaps for another one."""
        self._under_way += 1

    def on_end(self, event: Any) -> None:
        """A kernel is compiled."""
        self._under_way -= 1
        self.done += 1

    @property
    def share(self) -> float:
        """How much is done, in [0, 1]."""
        return min(self.done / self.all, 1.0)

    @property
    def words(self) -> str:
        """A sentence about it; empty where everything came from the cache."""
        if not self.done and not self._under_way:
            return ""
        return say(
            "Compiling {done} of about {all} kernels, once after an update",
            done=self.done + bool(self._under_way),
            all=max(self.all, self.done + 1),
        )

    def finish(self) -> None:
        """Keep the count, if it was a first start, for the next update."""
        if self.done < _USUAL // 4 or self.done == self.all:
            return
        self.all = self.done
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, json.dumps({"kernels": self.done}).encode())


COMPILING: Final = Compiling(Path(platformdirs.user_state_dir("miai")) / "kernels.json")
event.register("numba:compile", COMPILING)
