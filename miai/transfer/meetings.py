"""Which networks of an experiment play each other, and their games, as lines of a file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from agents.parse import parse_agent
from agents.protocol import Agent
from arena.ladder import openings_of, play_encounter
from engine.errors import ConfigError
from engine.files import json_of, read_file
from engine.games.spec import GameSpec
from miai.transfer.cells import Cell, CellResult, Folders, Say, cells_of, read_result
from miai.transfer.plan import MANY, NONE, TransferPlan

_WORTH = {0: (0, 100, 300), 100: (300, 1000, 3000), 1000: (3000, 10_000)}
"""Budgets from nothing that a budget after transfer has to be compared with."""
_LARGEST_LOG = 1 << 26


@dataclass(frozen=True)
class Meeting:
    """Some games of two players, from the first's side; half of them with either colour."""

    first: str
    second: str
    networks: tuple[str, str]
    """Hashes of their networks; empty for players without one."""
    simulations: int
    games: int
    points_as_black: float
    points_as_white: float


def results_of(plan: TransferPlan, folders: Folders, held_out: str) -> dict[str, CellResult]:
    """All cells of a held-out task that have a result, by name."""
    found = ((cell, read_result(folders, cell)) for cell in cells_of(plan, held_out))
    return {cell.name: result for cell, result in found if result is not None}


def read_meetings(
    plan: TransferPlan, folders: Folders, held_out: str, results: dict[str, CellResult]
) -> list[Meeting]:
    """The meetings of networks that are still those of ``results``, under the plan's conditions.

    A line that a crash cut short, or of a network that was made anew since, is left out.
    """
    path = folders.meetings(held_out)
    found: list[Meeting] = []
    for line in read_file(path, _LARGEST_LOG).split(b"\n") if path.exists() else ():
        try:
            values: Any = json_of(line)
            meeting = Meeting(**{**values, "networks": tuple(values["networks"])})
        except (ValueError, TypeError, KeyError):
            continue
        players = meeting.first, meeting.second
        hashes = tuple(results[name].network if name in results else "" for name in players)
        known = all(name in results or name in plan.anchors for name in players)
        if known and hashes == meeting.networks and meeting.simulations == plan.simulations:
            found.append(meeting)
    return found


def pairs_of(plan: TransferPlan, results: dict[str, CellResult]) -> list[tuple[str, str]]:
    """Pairs of players that should meet, the most telling first.

    These are the budgets that the bars compare, both curves at equal budgets, neighbours on each
    curve, and every network against the fixed players, which join experiments of several machines.
    """
    cells = [result.cell for result in results.values()]
    wanted: list[tuple[Cell | str, Cell | str]] = []
    known = [cell for cell in cells if cell.start != NONE]
    fresh = [cell for cell in cells if cell.start == NONE]
    for games, against in _WORTH.items():
        wanted += [
            (a, b)
            for a in known
            for b in fresh
            if a.games == games and b.games in against and a.seed == b.seed
        ]
    wanted += [(a, b) for a in known for b in fresh if (a.games, a.seed) == (b.games, b.seed)]
    many = [cell for cell in known if (cell.start, cell.parameters) == (MANY, "full")]
    wanted += [
        (a, b)
        for a in many
        for b in known
        if a is not b and (a.games, a.seed) == (b.games, b.seed) and a.games
    ]
    budgets = sorted(plan.games)
    following = dict(pairwise(budgets))
    wanted += [
        (a, b)
        for a in cells
        for b in cells
        if (a.start, a.parameters, following.get(a.games)) == (b.start, b.parameters, b.games)
        and a.seed == b.seed
    ]
    wanted += [(a, anchor) for a in cells for anchor in plan.anchors]
    names = [(_name(a), _name(b)) for a, b in wanted]
    return list(dict.fromkeys(names))


def play_meetings(plan: TransferPlan, folders: Folders, held_out: str, say: Say) -> int:
    """Play what has not been played yet; return the number of meetings that were played.

    A pair is left out, in words, where a network is not on this machine.
    """
    results = results_of(plan, folders, held_out)
    done = {(m.first, m.second) for m in read_meetings(plan, folders, held_out, results)}
    due = [pair for pair in pairs_of(plan, results) if pair not in done]
    players = _Players(plan, folders, held_out, results)
    played = 0
    for number, (first, second) in enumerate(due, start=1):
        absent = [name for name in (first, second) if not players.here(name)]
        if absent:
            say(
                f"{held_out}: no network of {' and '.join(absent)} on this machine, so {first} and "
                f"{second} do not meet; delete the result to have it made again"
            )
            continue
        meeting = players.play(first, second)
        path = folders.meetings(held_out)
        path.parent.mkdir(parents=True, exist_ok=True)
        _append(path, json.dumps(asdict(meeting)))
        points = meeting.points_as_black + meeting.points_as_white
        score = f"{first} {points:g} of {meeting.games} against {second}"
        say(f"{held_out} {number}/{len(due)}: {score}")
        played += 1
    return played


class _Players:
    """The players of one held-out task, each opened once."""

    def __init__(
        self,
        plan: TransferPlan,
        folders: Folders,
        held_out: str,
        results: dict[str, CellResult],
    ) -> None:
        self._plan, self._folders, self._results = plan, folders, results
        self._spec: GameSpec = plan.task(held_out).spec()
        self._open: dict[str, Agent] = {}

    def here(self, name: str) -> bool:
        """Whether the player can play on this machine."""
        result = self._results.get(name)
        return result is None or self._folders.network(result.cell).exists()

    def play(self, first: str, second: str) -> Meeting:
        """Play one meeting.

        Raises:
            ConfigError: if the board has too few openings for its games.
        """
        one, two = self._agent(first), self._agent(second)
        encounter = play_encounter(
            self._spec, one, two, self._plan.pair_games, self._plan.pretraining.seed
        )
        return Meeting(
            first,
            second,
            (self._hash(first), self._hash(second)),
            self._plan.simulations,
            encounter.games,
            encounter.points_as_black,
            encounter.points_as_white,
        )

    def _agent(self, name: str) -> Agent:
        if name not in self._open:
            result = self._results.get(name)
            spelling = name
            if result is not None:
                path = self._folders.network(result.cell)
                spelling = f"{path}@{self._plan.simulations}"
            self._open[name] = parse_agent(spelling, self._spec)
        return self._open[name]

    def _hash(self, name: str) -> str:
        return self._results[name].network if name in self._results else ""


def _append(path: Path, line: str) -> None:
    """Append a line, on a line of its own even where a crash cut the last one short."""
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"
        file.write(f"{line}\n".encode())


def _name(player: Cell | str) -> str:
    return player if isinstance(player, str) else player.name


def require_enough_openings(plan: TransferPlan, held_out: Sequence[str]) -> None:
    """Refuse more games a pair than a board has openings.

    Raises:
        ConfigError: if a board has too few.
    """
    for name in held_out:
        try:
            openings_of(plan.task(name).spec(), plan.pair_games // 2, plan.pretraining.seed)
        except ConfigError as error:
            raise ConfigError(f"{name}: {error}; lower pair_games") from error
