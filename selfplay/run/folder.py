"""The run folder: its files, the locks for writing, and the recovery after a crash.

```
config.toml           the configuration as it was used; what a resume reads
states/NNNNNN.safetensors   learner, games in flight and counters after the latest cycles
shards/NNNNNN.npz     the rows of one cycle
playing.safetensors   the network that plays self-play games now
checkpoints/NNNNNN.safetensors   networks, named by the cycle that made them; 000000: the first
adapters/NNNNNN.safetensors   adapters of a checkpoint alone, where a run trains adapters
games/NNNNNN.sgf      a sample of the games of that cycle
metrics.jsonl         one line per cycle
openings.jsonl        how the games of each cycle began
benchmarks.jsonl      one line per few games that a checkpoint played to be rated
quiz.json, quiz.jsonl solved positions, and how many each checkpoint gets right
ratings.json          Elo of all checkpoints, from those games
rating.lock           held while a process plays those games
sessions.jsonl        machine and versions, one line per start
report.html           the report of the run
former.safetensors    the network before the latest tasks were added, with --add
held/NAME.npz         held-out rows of a task that was known then
live.json             some games in flight, rewritten each cycle, for `miai train --watch`
tasks/NAME/           the openings, benchmarks, quiz and ratings of each of several tasks
lock                  held while a process trains here
```
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import filelock

from engine.errors import RunError
from engine.files import LARGEST_SETTINGS, drop_leftovers, json_of, read_file, toml_of, write_atomic

_LARGEST_LOG: Final = 1 << 30
VERSION: Final = 2
"""Format version of run folders and of their files."""
_FOLDERS: Final = ("shards", "checkpoints", "games", "states")
_WHERE: Final = "ray."
"""Settings that begin so say where games are played, and may change at a resume."""
_BUDGETS: Final = tuple(f"schedule.{name}" for name in ("minutes", "cycles", "games", "rows"))


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run."""

    path: Path

    task: str = ""
    """Name of the task whose openings and ratings the paths lead to; empty for an only task."""

    def of_task(self, name: str) -> RunFolder:
        """Return the paths of the same run for one of its tasks."""
        return replace(self, task=name)

    @property
    def _own(self) -> Path:
        return self.path / "tasks" / self.task if self.task else self.path

    @property
    def config(self) -> Path:
        return self.path / "config.toml"

    @property
    def states(self) -> Path:
        return self.path / "states"

    @property
    def playing(self) -> Path:
        return self.path / "playing.safetensors"

    @property
    def former(self) -> Path:
        return self.path / "former.safetensors"

    def held(self, task: str) -> Path:
        """Path of the held-out rows of a known task."""
        return self.path / "held" / f"{task}.npz"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def benchmarks(self) -> Path:
        return self._own / "benchmarks.jsonl"

    @property
    def openings(self) -> Path:
        return self._own / "openings.jsonl"

    @property
    def quiz(self) -> Path:
        return self._own / "quiz.json"

    @property
    def answers(self) -> Path:
        return self._own / "quiz.jsonl"

    @property
    def ratings(self) -> Path:
        return self._own / "ratings.json"

    @property
    def sessions(self) -> Path:
        return self.path / "sessions.jsonl"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def live(self) -> Path:
        return self.path / "live.json"

    def shard(self, cycle: int) -> Path:
        """Path of the rows of a cycle."""
        return self.path / "shards" / f"{cycle:06d}.npz"

    def checkpoint(self, cycle: int) -> Path:
        """Path of the network after a cycle; cycle 0 is the network that the run started from."""
        return self.path / "checkpoints" / f"{cycle:06d}.safetensors"

    def adapter(self, cycle: int) -> Path:
        """Path of the adapters of a checkpoint alone, in a run that trains adapters."""
        return self.path / "adapters" / f"{cycle:06d}.safetensors"

    def games(self, cycle: int) -> Path:
        """Path of the sample of a cycle's games."""
        return self.path / "games" / f"{cycle:06d}.sgf"

    def shards(self) -> list[Path]:
        """Paths of all shards, oldest first."""
        return sorted((self.path / "shards").glob("*.npz"))

    def checkpoints(self) -> list[Path]:
        """Paths of all checkpoints, oldest first; files with other names are left out."""
        found = (self.path / "checkpoints").glob("*.safetensors")
        return sorted(path for path in found if path.stem.isdecimal())

    def lock(self) -> filelock.FileLock:
        """Create the folder and hold it for this process.

        Raises:
            RunError: if another process trains here, or the folder cannot be made.
        """
        try:
            for name in _FOLDERS:
                (self.path / name).mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.path / "lock")
            lock.acquire(timeout=0)
            for name in (".", *_FOLDERS):
                drop_leftovers(self.path / name)
        except filelock.Timeout as error:
            raise RunError(
                f"expected a run folder that no other process trains in, got {str(self.path)!r}; "
                "wait for the other run, stop it, or choose another --run"
            ) from error
        except OSError as error:
            raise RunError(
                f"expected a folder that can be written, got {str(self.path)!r}: {error.strerror}"
            ) from error
        return lock

    def check_version(self) -> None:
        """Refuse the folder of a later version, whose settings may mean something else.

        Raises:
            RunError: if the version differs; it says whether it is later or earlier.
        """
        if self.config.exists():
            require_version(self._settings().get("version", 1), self.config)

    def _settings(self) -> dict[str, Any]:
        try:
            return _flat(toml_of(read_file(self.config, LARGEST_SETTINGS)))
        except ValueError as error:
            raise RunError(
                f"expected the settings of a run, got a damaged file: {self.config} ({error}); "
                "copy them from another run of the same preset, or choose another --run"
            ) from error

    def write_config(self, text: str, defaults: Mapping[str, Any]) -> None:
        """Store the configuration as used. A budget may become larger or smaller later on.

        ``defaults`` holds the values of settings that are newer than the folder's file.

        Raises:
            RunError: if the folder already holds a run with another one.
        """
        if self.config.exists():
            usual = {name: _as_stored(value) for name, value in _flat(defaults).items()}
            wanted = _flat(toml_of(text))
            self._require_tasks(wanted)
            known = {name: usual[name] for name in wanted if name in usual} | self._settings()
            changed = [
                f"{name} = {wanted.get(name)!r}, not {value!r}"
                for name, value in known.items()
                if wanted.get(name) != value
                and not (name in _BUDGETS and value and wanted.get(name))
                and not name.startswith(_WHERE)
            ]
            if changed:
                raise RunError(
                    f"expected the configuration of {self.config}, got another one "
                    f"({'; '.join(changed[:4])}); "
                    "leave the settings away to go on with this run, or choose another --run"
                )
        if not self.config.exists() or read_file(self.config, LARGEST_SETTINGS) != text.encode():
            write_atomic(self.config, text.encode())

    def _require_tasks(self, wanted: Mapping[str, Any]) -> None:
        """Refuse settings without a task that the run has."""
        known, now = self._settings().get("tasks") or [], wanted.get("tasks") or []
        gone = [name for name in known if name not in now]
        if gone:
            raise RunError(
                f"expected all tasks of {self.path} ({', '.join(known)}), got none of "
                f"{', '.join(gone)}: a run keeps its tasks. Leave the settings away to go on with "
                f"all, or begin another run with this network: --from {self.path} --run ANOTHER"
            )

    def forget_after(self, cycle: int) -> None:
        """Drop the lines of cycles after ``cycle``: those were not saved and will be repeated."""
        for path in (self.metrics, self.openings, *self.path.glob("tasks/*/openings.jsonl")):
            entries = self.read_lines(path)
            kept = [entry for entry in entries if _cycle_of(entry) <= cycle]
            if len(kept) != len(entries):
                lines = [json.dumps(entry, allow_nan=False) + "\n" for entry in kept]
                write_atomic(path, "".join(lines).encode())

    def append(self, path: Path, entry: Mapping[str, object]) -> None:
        """Append one JSON line; after a line that a crash cut short, begin a new line first."""
        line = json.dumps(entry, allow_nan=False) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if file.seek(0, os.SEEK_END) > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    def damaged_lines(self) -> list[str]:
        """Return a message for each of the run's logs that has unreadable lines."""
        said = []
        for path in (self.metrics, self.openings, self.benchmarks, self.answers, self.sessions):
            if path.exists():
                lines = sum(
                    1 for line in read_file(path, _LARGEST_LOG).split(b"\n") if line.strip()
                )
                bad = lines - len(self.read_lines(path))
                if bad:
                    said.append(f"{bad} of {lines} lines of {path} cannot be read; passed over")
        return said

    def read_lines(self, path: Path) -> list[dict[str, object]]:
        """Read a JSONL file; lines that a crash cut short or garbled are left out."""
        entries: list[dict[str, object]] = []
        if path.exists():
            for line in read_file(path, _LARGEST_LOG).split(b"\n"):
                try:
                    entry = json_of(line)
                except ValueError:
                    continue
                if isinstance(entry, dict):
                    entries.append(entry)
        return entries


def _cycle_of(entry: Mapping[str, object]) -> float:
    """Return the cycle of a line; a line without a number belongs to no cycle."""
    cycle = entry.get("cycle", 0)
    return cycle if isinstance(cycle, int) else float("inf")


def _as_stored(value: Any) -> Any:
    """Return a setting as TOML would read it back."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return [_as_stored(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one level, by dotted names."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
            found[prefix + name] = [each["name"] for each in value]
            for each in value:
                found |= _flat(each, f"{prefix}{name}.{each['name']}.")
        else:
            found[prefix + name] = value
    return found


def require_version(version: object, path: Path) -> None:
    """Refuse files of another version.

    Raises:
        RunError: if the version differs; it says whether it is later or earlier.
    """
    if str(version) == str(VERSION):
        return
    later = str(version).isdigit() and int(str(version)) > VERSION
    cure = (
        "it is from a later version of miai: update miai to go on with it"
        if later
        else "it is from an earlier version: choose another --run"
    )
    raise RunError(f"expected a run of version {VERSION}, got {version!r} in {path}; {cure}")
