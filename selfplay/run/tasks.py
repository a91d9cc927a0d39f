"""The tasks of a run: one, or several that share a network.

A task is a game on a board with its own replay window, metrics, games and rating. The section
``[game]`` is the short form of a single task, and ``game.other_sizes`` an older form of several.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, make_dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Optional, TypeVar, get_type_hints

import engine.games
from engine.errors import ConfigError
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec
from engine.search import SearchConfig
from selfplay.play.worker import SelfPlayConfig

Settings = TypeVar("Settings")

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")
_OF_THE_RUN: Final = ("slots", "threads", "league_share")
"""Self-play settings that all tasks share and none can override."""


def _overrides(kind: type, left_out: Sequence[str] = ()) -> type:
    """Return a dataclass with the plain fields of ``kind``, each of which may be ``None``."""
    hints = get_type_hints(kind)
    entries: list[Any] = [
        (each.name, Optional[hints[each.name]], field(default=None, metadata=each.metadata))  # noqa: UP045
        for each in fields(kind)
        if each.name not in left_out and not is_dataclass(hints[each.name])
    ]
    return make_dataclass(f"Task{kind.__name__}", entries, frozen=True)


if TYPE_CHECKING:
    TaskSearch = SearchConfig
    TaskSelfPlay = SelfPlayConfig
else:
    TaskSearch = _overrides(SearchConfig)
    TaskSelfPlay = _overrides(SelfPlayConfig, _OF_THE_RUN)


def make_spec(game: str, height: int, width: int, komi: float) -> GameSpec:
    """Return the rules of a game on a board; ``komi`` in points, in a game that has one.

    Raises:
        ConfigError: if there is no such game.
        SpecError: if it has no such board.
    """
    if game not in engine.games.GAMES:
        near = get_close_matches(game.lower(), engine.games.GAMES, n=1)
        raise ConfigError(
            f"expected one of {', '.join(engine.games.GAMES)} for game.name, got {game!r}"
            + (f"; did you mean {near[0]!r}?" if near else "")
        )
    rules = {"komi": komi} if engine.games.GAMES[game].has_komi else {}
    return engine.games.make(game, height, width, **rules)


@dataclass(frozen=True)
class TaskConfig:
    """Settings of one of several tasks; a missing value comes from the run's own sections."""

    name: str = field(metadata={"why": "short, of a-z, 0-9, _ and -; stands beside its numbers"})
    game: str = field(default="go", metadata={"why": "one of engine.games.GAMES"})
    height: int = field(default=9, metadata={"min": 2, "max": 25, "unit": "points"})
    width: int = field(default=9, metadata={"min": 2, "max": 25, "unit": "points"})
    komi: float = field(default=7.0, metadata={"unit": "points", "why": "Go: fair on 9x9"})
    share: float = field(
        default=1.0,
        metadata={"min": 0.01, "max": 100.0, "why": "of games and rows, beside the other tasks'"},
    )
    games: float = field(
        default=1.0,
        metadata={
            "min": 0.0,
            "max": 1.0,
            "why": "of its plies that are played; with 0 its rows come from earlier games alone",
        },
    )
    ladder: tuple[str, ...] = field(
        default=(), metadata={"why": "players that rate its checkpoints; empty: the run's"}
    )
    search: TaskSearch = field(default_factory=TaskSearch)
    selfplay: TaskSelfPlay = field(default_factory=TaskSelfPlay)

    def spec(self) -> GameSpec:
        """The rules; raises as :func:`make_spec`."""
        return make_spec(self.game, self.height, self.width, self.komi)


@dataclass(frozen=True)
class Task:
    """A task whose settings are all resolved."""

    name: str
    """Empty for the only task of a run."""
    spec: GameSpec
    share: float
    """Share of the run's games and rows, in (0, 1]."""
    search: SearchConfig
    play: SelfPlayConfig
    """Self-play settings; ``slots`` counts this task's games per thread."""
    games: float = 1.0
    """Share of its plies that are played, in [0, 1]."""

    def simulations_at(self, level: float) -> int:
        """Simulations of a search at the growth ``level``, in [0, 1]."""
        first, last = self.play.simulations, self.play.simulations_late
        return first + round((last - first) * level)

    def spec_with(self, komi: float) -> GameSpec:
        """The rules with another komi, in a game that has one."""
        if "komi" not in self.spec.rules:
            return self.spec
        return make_spec(self.spec.name, self.spec.height, self.spec.width, komi)


def resolved(given: Sequence[TaskConfig], search: SearchConfig, play: SelfPlayConfig) -> list[Task]:
    """Return the tasks, with the run's settings in place of missing ones."""
    total = sum(task.share for task in given)
    shares = [task.share / total for task in given]
    slots = shared_slots(play.slots, [s * t.games for s, t in zip(shares, given, strict=True)])
    return [
        Task(
            task.name if len(given) > 1 else "",
            task.spec(),
            shares[i],
            _with(search, task.search),
            replace(_with(play, task.selfplay), slots=slots[i]),
            task.games,
        )
        for i, task in enumerate(given)
    ]


def shared_slots(slots: int, shares: Sequence[float]) -> list[int]:
    """Divide a thread's games in flight by ``shares``; the first task with one takes the rest."""
    total = sum(shares)
    found = [max(round(share / total * slots), 1) if total else 1 for share in shares]
    first = next((place for place, share in enumerate(shares) if share), 0)
    found[first] += slots - sum(found)
    return found


def conflicts_of(given: Sequence[TaskConfig]) -> list[tuple[bool, str, str]]:
    """For each rule on tasks: whether it is broken, what is allowed, and what was given."""
    names = [task.name for task in given]
    boards = [InputLayout.of(task.spec()) for task in given]
    return [
        (
            not all(_NAME.fullmatch(name) for name in names),
            "names of tasks that begin with a letter a-z and go on with a-z, 0-9, _ and -",
            f"{names!r}",
        ),
        (len(set(names)) < len(names), "a name of its own for each task", f"{names!r}"),
        (
            len(set(boards)) < len(boards),
            "another game or board for each task (komi varies within one: selfplay.komi_spread)",
            ", ".join(f"{b.game} {b.height}x{b.width}" for b in boards),
        ),
    ]


def _with(base: Settings, own: Any) -> Settings:
    given = {each.name: getattr(own, each.name) for each in fields(own)}
    changed = {name: value for name, value in given.items() if value is not None}
    return replace(base, **changed)  # type: ignore[type-var]
