"""A tournament's folder: conditions, one line per finished game, every game as SGF.

```
conditions.json    what was played by whom under which rules; a resume must state the same
games.jsonl        one line per finished game, appended and synced: the only source of all tables
sgf/NNNNNN.sgf     the games
lock               held while a process plays here
```

A game counts once its line is complete; a line that a crash cut short is dropped and the game is
played again. Tables are computed from this folder alone.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import filelock

import engine.games as games
from arena.match import PlayedGame
from engine.errors import RunError, SpecError
from engine.files import write_atomic
from engine.games.spec import GameSpec
from engine.notation import action_to_text, text_to_action
from engine.records import GameRecord
from engine.records.sgf import write_sgf

FORMAT: Final = 1
SCORING: Final = (
    "area; stones that a playing program calls dead after two passes are taken off first"
)


@dataclass(frozen=True)
class AgentCard:
    """One participant."""

    name: str
    spelling: str
    """As :func:`agents.parse.parse_agent` reads it."""
    details: Mapping[str, str]
    """What the spelling stood for: hash of the weights, version of the program."""


@dataclass(frozen=True)
class Conditions:
    """Everything that decides the games of a tournament, but for their number."""

    game: str
    height: int
    width: int
    rules: Mapping[str, Any]
    agents: tuple[AgentCard, ...]
    kind: str
    """``round-robin`` or ``gauntlet``."""
    opening_plies: tuple[int, int]
    move_limit: int
    seed: int
    scoring: str = SCORING

    @property
    def spec(self) -> GameSpec:
        """The game."""
        return games.make(self.game, self.height, self.width, **self.rules)

    @property
    def names(self) -> tuple[str, ...]:
        """The agents' names, in order."""
        return tuple(card.name for card in self.agents)


def conditions_of(spec: GameSpec, **others: Any) -> Conditions:
    """Return conditions with the rules of ``spec`` taken apart."""
    rules = {
        field.name: getattr(spec, field.name)
        for field in dataclasses.fields(spec)
        if field.name not in ("height", "width")
    }
    return Conditions(spec.name, spec.height, spec.width, rules, **others)


@dataclass(frozen=True)
class GameLine:
    """One finished game as stored."""

    game: int
    pair: int
    black: str
    white: str
    result: str
    """As in SGF."""
    winner: int
    """1 Black, -1 White, 0 a draw."""
    score: float | None
    area_score: float
    termination: str
    note: str
    disputed: bool
    opening_plies: int
    seconds: tuple[float, float]
    """What Black and White thought in all."""
    decisions: tuple[int, int]
    """Moves that Black and White chose."""
    actions: tuple[int, ...]

    @property
    def black_points(self) -> float:
        """1, 1/2 or 0."""
        return (self.winner + 1) / 2

    @property
    def loser(self) -> str | None:
        """Name of who lost."""
        return {1: self.white, -1: self.black}.get(self.winner)


def line_of(played: PlayedGame, names: Sequence[str]) -> GameLine:
    """Return what is stored of a game."""
    fixture, verdict = played.fixture, played.verdict
    return GameLine(
        game=fixture.game,
        pair=fixture.pair,
        black=names[fixture.black],
        white=names[fixture.white],
        result=verdict.result,
        winner=verdict.winner,
        score=verdict.score,
        area_score=verdict.area_score,
        termination=verdict.termination,
        note=verdict.note,
        disputed=verdict.disputed,
        opening_plies=len(fixture.opening),
        seconds=(round(played.seconds[0], 4), round(played.seconds[1], 4)),
        decisions=played.decisions,
        actions=played.actions,
    )


class TournamentFolder:
    """Reads and writes one tournament."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._conditions = path / "conditions.json"
        self._games = path / "games.jsonl"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Create the folder and hold it for this process; it goes again if nothing was begun.

        Raises:
            RunError: if another process plays here, or the folder cannot be made.
        """
        try:
            (self.path / "sgf").mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.path / "lock")
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise RunError(
                f"expected a tournament that no other process plays, got {str(self.path)!r}; "
                "wait for the other one, stop it, or choose another --out"
            ) from error
        except OSError as error:
            raise RunError(
                f"expected a folder that can be written, got {str(self.path)!r}: {error.strerror}"
            ) from error
        try:
            yield
        finally:
            lock.release()
            if not self.exists:
                shutil.rmtree(self.path / "sgf", ignore_errors=True)
                (self.path / "lock").unlink(missing_ok=True)
                with suppress(OSError):
                    self.path.rmdir()

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
        if self.exists:
            differences = _differences(_as_json(self.conditions()), _as_json(conditions))
            if differences:
                raise RunError(
                    f"expected the conditions of the tournament in {str(self.path)!r}: "
                    f"{'; '.join(differences)}; repeat its command, or choose another --out"
                )
            self._drop_unfinished_line()
        stored = {
            "format": FORMAT,
            "games_per_pairing": games_per_pairing,
            **_as_json(conditions),
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
        text = json.dumps(_line_as_json(line, spec), allow_nan=False) + "\n"
        try:
            write_atomic(self.path / "sgf" / f"{line.game:06d}.sgf", write_sgf(_record(line, spec)))
            with self._games.open("ab") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunError(
                f"expected room for game {line.game} in {str(self.path)!r}: {error.strerror}; "
                "the games before it are kept, and the same command goes on"
            ) from error

    def conditions(self) -> Conditions:
        """Return the stored conditions.

        Raises:
            RunError: if there are none, or not readable ones.
        """
        stored = self._stored()
        del stored["format"], stored["games_per_pairing"]
        try:
            stored["agents"] = tuple(AgentCard(**card) for card in stored["agents"])
            low, high = stored["opening_plies"]
            stored["opening_plies"] = (int(low), int(high))
            conditions = Conditions(**stored)
            _ = conditions.spec
        except (ValueError, TypeError, KeyError) as error:
            raise self._unreadable(error) from error
        return conditions

    def games(self) -> list[GameLine]:
        """Return all finished games, by number.

        Raises:
            RunError: if a complete line is not that of a game.
        """
        if not self._games.exists():
            return []
        spec = self.conditions().spec
        lines = self._games.read_bytes().split(b"\n")[:-1]
        found: dict[int, GameLine] = {}
        for number, text in enumerate(lines, start=1):
            try:
                line = _line_from_json(json.loads(text), spec)
            except (ValueError, TypeError, KeyError, SpecError) as error:
                raise RunError(
                    f"expected a game in line {number} of {str(self._games)!r}, "
                    f"got {text[:60]!r}: {error}; remove the line to play that game again"
                ) from error
            found.setdefault(line.game, line)
        return [found[game] for game in sorted(found)]

    def _stored(self) -> dict[str, Any]:
        try:
            stored = json.loads(self._conditions.read_bytes())
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
            data = self._games.read_bytes()
            whole = data[: data.rfind(b"\n") + 1]
            if whole != data:
                write_atomic(self._games, whole)


def _differences(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    found = []
    for key in wanted:
        if key == "agents" and len(wanted[key]) == len(known[key]):
            changes = zip(known[key], wanted[key], strict=True)
            pairs = [(f"agent {new['name']!r}", old, new) for old, new in changes]
        else:
            pairs = [(key, known[key], wanted[key])]
        found += [
            f"{what} was {json.dumps(old)}, now {json.dumps(new)}"
            for what, old, new in pairs
            if old != new
        ]
    return found


def _as_json(conditions: Conditions) -> dict[str, Any]:
    """Plain lists and objects, as JSON gives them back."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(conditions)))
    return plain


def _line_as_json(line: GameLine, spec: GameSpec) -> dict[str, Any]:
    entry = dataclasses.asdict(line)
    entry["moves"] = " ".join(action_to_text(spec, action) for action in entry.pop("actions"))
    return entry


def _line_from_json(entry: dict[str, Any], spec: GameSpec) -> GameLine:
    moves = entry.pop("moves").split()
    entry["seconds"], entry["decisions"] = tuple(entry["seconds"]), tuple(entry["decisions"])
    return GameLine(actions=tuple(text_to_action(spec, move) for move in moves), **entry)


def _record(line: GameLine, spec: GameSpec) -> GameRecord:
    ending = line.termination + (f": {line.note}" if line.note else "")
    disputed = ", disputed" if line.disputed else ""
    return GameRecord(
        spec=spec,
        actions=line.actions,
        black=line.black,
        white=line.white,
        result=line.result,
        comment=f"game {line.game}, pair {line.pair}, opening of {line.opening_plies} plies; "
        f"{ending}{disputed}",
    )
