"""A tournament's folder, which several processes may share.

```
conditions.json    what was played by whom under which rules; a resume must state the same
games.jsonl        one line per finished game, appended and synced: the only source of all tables
voids.jsonl        games that did not count and were played again, and why
sgf/NNNNNN.sgf     the games
claims/NNNNNN      held, as a file lock, by the process that plays this game
lock               held while something is written
```

A game counts once its line is complete; a line that a crash cut short is dropped and the game is
played again. A lock ends with its process, so another process may claim the game.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import filelock

from arena.results import (
    UNTOLD,
    Conditions,
    GameLine,
    conditions_as_json,
    conditions_from_json,
    line_as_json,
    line_from_json,
    record_of,
)
from engine.errors import RunError, SpecError
from engine.files import LARGEST_SETTINGS, drop_leftovers, json_of, read_file, write_atomic
from engine.games.spec import GameSpec
from engine.records.sgf import write_sgf

_LARGEST: Final = 1 << 31
_LEFTOVER_S: Final = 600.0  # other machines may play in the same folder
FORMAT: Final = 2
_LOCK_TIMEOUT_S: Final = 60.0


class _Tail:
    """The complete lines of a file that grows, each given once."""

    def __init__(self, path: Path) -> None:
        self._path, self._read_to = path, 0

    def lines(self) -> list[bytes]:
        """Return what was added since the last call; nothing if there is no file."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read_to)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read_to += len(whole)
        return whole.splitlines()


class TournamentFolder:
    """Reads and writes one tournament."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._conditions = path / "conditions.json"
        self._games = path / "games.jsonl"
        self._voids = path / "voids.jsonl"
        self._claims: dict[int, filelock.BaseFileLock] = {}
        self._ended, self._news = _Tail(self._games), _Tail(self._games)
        self._played: set[int] = set()

    @contextmanager
    def opened(self, *, just_made: bool = False) -> Iterator[None]:
        """Create the folder, and give up all claims at the end.

        If nothing was begun, the folders that this call made go again where they are empty; with
        ``just_made`` the tournament's own folder too, which the caller has made for it.

        Raises:
            RunError: if the folder cannot be made.
        """
        made = [self.path] if just_made else []
        try:
            made += self._make_folders()
        except OSError as error:
            raise RunError(
                f"expected a folder that can be written, got {str(self.path)!r}: {error.strerror}"
            ) from error
        try:
            yield
        finally:
            for game in list(self._claims):
                self._give_up(game)
            if not self.exists:
                for path in reversed(made):
                    with suppress(OSError):
                        path.rmdir()

    def _make_folders(self) -> list[Path]:
        """Make what is missing, and return that."""
        wanted = (self.path, self.path / "sgf", self.path / "claims")
        made = [path for path in wanted if not path.is_dir()]
        for path in made:
            path.mkdir(parents=True, exist_ok=True)
        return made

    def claim(self, game: int) -> bool:
        """Take a game for this process; False if another one plays it or has played it."""
        if game in self._claims:
            return True
        lock = filelock.FileLock(self.path / "claims" / f"{game:06d}")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        self._claims[game] = lock
        if game in self._games_by_now():
            self._give_up(game)
            return False
        return True

    def _give_up(self, game: int) -> None:
        lock = self._claims.pop(game, None)
        if lock is not None:
            with suppress(OSError):
                Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()

    def _games_by_now(self) -> set[int]:
        """Numbers of all finished games, of every process."""
        self._played |= {_number_of(line) for line in self._ended.lines()} - {-1}
        return self._played

    def news(self, spec: GameSpec) -> list[GameLine]:
        """Return games of every process that ended since the last call; at first all.

        Raises:
            RunError: if a complete line is not that of a game.
        """
        lines = self._news.lines()
        names = self.conditions().names if lines else ()
        return [self._read(text, spec, names) for text in lines]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with filelock.FileLock(self.path / "lock", timeout=_LOCK_TIMEOUT_S):
                yield
        except filelock.Timeout as error:
            raise RunError(
                f"expected to write to {str(self.path)!r}, which another process has locked for "
                f"{_LOCK_TIMEOUT_S:g} s; stop it, then repeat the command"
            ) from error

    @property
    def exists(self) -> bool:
        """Whether a tournament was begun here."""
        return self._conditions.exists()

    def begin(self, conditions: Conditions, games_per_pairing: int) -> list[GameLine]:
        """Store the conditions, or check them against the stored; return the games played so far.

        The number of games may change from call to call.

        Raises:
            RunError: if the folder holds a tournament under other conditions.
        """
        with self._writing():
            # Another process that had made them may have given up in the meantime.
            self._make_folders()
            if self.exists:
                known, wanted = (
                    conditions_as_json(self.conditions()),
                    conditions_as_json(conditions),
                )
                differences = _differences(known, wanted)
                if differences:
                    raise RunError(
                        f"expected the conditions of the tournament in {str(self.path)!r}: "
                        f"{'; '.join(differences)}; go on with --out and no agents, or choose "
                        "another --out"
                    )
                self._drop_unfinished_line()
                for folder in (self.path, self.path / "sgf"):
                    drop_leftovers(folder, _LEFTOVER_S)
            stored = {
                "format": FORMAT,
                "games_per_pairing": games_per_pairing,
                **conditions_as_json(conditions),
            }
            write_atomic(self._conditions, (json.dumps(stored, indent=2) + "\n").encode())
        return self.games()

    def games_per_pairing(self) -> int:
        """Return how many games every two agents were last asked to play; raises as below."""
        return int(self._stored()["games_per_pairing"])

    def append(self, line: GameLine, spec: GameSpec) -> None:
        """Store a finished game: the SGF first, then the line that makes it count.

        Raises:
            RunError: if the disk is full or the folder not writable any more.
        """
        name = f"{line.game:06d}.sgf"
        try:
            with self._writing():
                write_atomic(self.path / "sgf" / name, write_sgf(record_of(line, spec)))
                _append(self._games, line_as_json(line, spec))
        except OSError as error:
            raise RunError(
                f"expected room for game {line.game} in {str(self.path)!r}: {error.strerror}; "
                "the games before it are kept, and the same command goes on"
            ) from error
        self._give_up(line.game)

    def append_void(self, game: int, agent: str, note: str) -> None:
        """Store that a game did not count; ``agent`` is empty if no agent caused it."""
        with suppress(OSError), self._writing():
            _append(self._voids, {"game": game, "agent": agent, "note": note})

    def voids(self) -> list[dict[str, Any]]:
        """Return all voids that can be read: ``game``, ``agent`` and ``note``."""
        if not self._voids.exists():
            return []
        found = []
        for text in read_file(self._voids, _LARGEST).splitlines():
            with suppress(ValueError, KeyError, TypeError):
                entry = json_of(text)
                found.append({key: entry[key] for key in ("game", "agent", "note")})
        return found

    def conditions(self) -> Conditions:
        """Return the stored conditions.

        Raises:
            RunError: if there are none, or not readable ones.
        """
        stored = self._stored()
        del stored["format"], stored["games_per_pairing"]
        try:
            return conditions_from_json(stored)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            raise self._unreadable(error) from error

    def games(self) -> list[GameLine]:
        """Return all finished games, by number.

        Raises:
            RunError: if a complete line is not that of a game.
        """
        if not self._games.exists():
            return []
        conditions = self.conditions()
        lines = read_file(self._games, _LARGEST).split(b"\n")[:-1]
        found: dict[int, GameLine] = {}
        for number, text in enumerate(lines, start=1):
            line = self._read(text, conditions.spec, conditions.names, f"line {number} of ")
            found.setdefault(line.game, line)
        return [found[game] for game in sorted(found)]

    def _read(self, text: bytes, spec: GameSpec, names: Sequence[str], where: str = "") -> GameLine:
        try:
            line = line_from_json(json_of(text), spec)
            strangers = {line.black, line.white} - set(names)
            if strangers:
                raise ValueError(
                    f"expected players from {', '.join(names)}, got {strangers.pop()!r}"
                )
            return line
        except (ValueError, TypeError, KeyError, AttributeError, SpecError) as error:
            raise RunError(
                f"expected a game in {where}{str(self._games)!r}, got {text[:60]!r}: {error}; "
                "remove the line to play that game again"
            ) from error

    def _stored(self) -> dict[str, Any]:
        try:
            stored = json_of(read_file(self._conditions, LARGEST_SETTINGS))
            version, _ = stored["format"], int(stored["games_per_pairing"])
        except FileNotFoundError as error:
            raise RunError(
                f"expected the folder of a tournament, got {str(self.path)!r}, "
                "which has no conditions.json"
            ) from error
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise self._unreadable(error) from error
        if version != FORMAT:
            raise RunError(
                f"expected a tournament of format {FORMAT} in {str(self._conditions)!r}, got "
                f"{version!r}, made by another version of this program"
            )
        return dict(stored)

    def _unreadable(self, error: Exception) -> RunError:
        return RunError(
            f"expected the conditions of a tournament in {str(self._conditions)!r}: {error}"
        )

    def _drop_unfinished_line(self) -> None:
        if self._games.exists():
            data = read_file(self._games, _LARGEST)
            whole = data[: data.rfind(b"\n") + 1]
            if whole != data:
                write_atomic(self._games, whole)


def _number_of(line: bytes) -> int:
    """The game that a line is of; -1 if it does not say."""
    try:
        return int(json_of(line)["game"])
    except (ValueError, TypeError, KeyError, OverflowError):
        return -1


def _append(path: Path, entry: Mapping[str, Any]) -> None:
    """Add one line of JSON and wait until the disk has it."""
    with path.open("ab") as file:
        file.write((json.dumps(entry, allow_nan=False) + "\n").encode())
        file.flush()
        os.fsync(file.fileno())


def _as_then(old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out of a card what those of older tournaments do not say."""
    details = {k: v for k, v in new["details"].items() if k != UNTOLD or k in old["details"]}
    return {**new, "details": details}


def _differences(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    found = []
    for key in wanted:
        if key == "agents" and len(wanted[key]) == len(known[key]):
            changes = zip(known[key], wanted[key], strict=True)
            pairs = [(f"agent {new['name']!r}", old, _as_then(old, new)) for old, new in changes]
        else:
            pairs = [(key, known[key], wanted[key])]
        found += [
            f"{what} was {json.dumps(old)}, now {json.dumps(new)}"
            for what, old, new in pairs
            if old != new
        ]
    return found
