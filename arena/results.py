"""What a tournament leaves: its conditions, and one line for every finished game."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, get_args

import engine.games as games
from arena.openings import OpeningKind, OpeningPlan
from arena.play.adjudication import Resignation
from arena.play.clock import TimeControl
from arena.play.game import PlayedGame, Terms
from arena.schedule import FORMATS
from arena.stats.sprt import Hypotheses
from engine.games.spec import GameSpec
from engine.notation import action_to_text, text_to_action
from engine.records import GameRecord

T = TypeVar("T")
SCORING: Final = (
    "area; stones that a playing program calls dead after two passes are taken off first"
)

UNTOLD: Final = "not told"
"""The detail of a program's card that names the rules which it could not be told."""


@dataclass(frozen=True)
class AgentCard:
    """A participant of a tournament."""

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
    """One of :data:`arena.schedule.FORMATS`."""
    openings: OpeningPlan
    move_limit: int
    seed: int
    clock: TimeControl | None = None
    """``None``: each agent thinks as much as its own budget says."""
    resignation: Resignation | None = None
    """When a game is given up by agreement; ``None``: never."""
    test: Hypotheses | None = None
    """Ends a match of two as soon as it has decided."""
    rounds: int = 0
    """Rounds of a Swiss tournament."""
    scoring: str = SCORING

    @property
    def spec(self) -> GameSpec:
        """The game."""
        return games.make(self.game, self.height, self.width, **self.rules)

    @property
    def names(self) -> tuple[str, ...]:
        """The agents' names, in order."""
        return tuple(card.name for card in self.agents)

    @property
    def terms(self) -> Terms:
        """What every game is played under."""
        return Terms(self.seed, self.move_limit, self.clock, self.resignation)


def conditions_of(spec: GameSpec, **others: Any) -> Conditions:
    """Return conditions with the rules of ``spec`` taken apart."""
    scoring = SCORING if spec.has_dead_stones else "as the rules say"
    return Conditions(
        spec.name, spec.height, spec.width, spec.rules, **{"scoring": scoring, **others}
    )


def conditions_as_json(conditions: Conditions) -> dict[str, Any]:
    """Return plain lists and objects, as JSON gives them back."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(conditions)))
    return plain


def conditions_from_json(stored: Mapping[str, Any]) -> Conditions:
    """Read what :func:`conditions_as_json` wrote.

    Raises:
        ValueError, TypeError, KeyError: if it is something else.
    """
    plain = dict(stored)
    plain["agents"] = tuple(_checked(AgentCard(**card)) for card in plain["agents"])
    low, high = plain["openings"]["plies"]
    plain["openings"] = _checked(
        OpeningPlan(**{**plain["openings"], "plies": (int(low), int(high))})
    )
    parts = {"clock": TimeControl, "resignation": Resignation, "test": Hypotheses}
    for name, kind in parts.items():
        plain[name] = None if plain[name] is None else _checked(kind(**plain[name]))
    conditions = _checked(Conditions(**plain))
    if conditions.kind not in FORMATS or conditions.openings.kind not in get_args(OpeningKind):
        raise ValueError("expected a known format and known openings")
    if not (0 <= conditions.seed < 1 << 64 and 0 <= conditions.move_limit < 1 << 32):
        raise ValueError("expected a seed and a move limit that are no larger than they can be")
    details = [item for card in conditions.agents for item in card.details.items()]
    if not all(isinstance(text, str) for item in details for text in item):
        raise ValueError("expected texts for the details of the agents")
    if not 2 <= len(set(conditions.names)) == len(conditions.names):
        raise ValueError("expected two or more agents, all with names of their own")
    _ = conditions.spec
    return conditions


_PLAIN: Final = {"str": (str,), "int": (int,), "bool": (bool,), "float": (int, float)}


def _checked(value: T) -> T:
    """Return a dataclass whose plain fields have the types that they say.

    Raises:
        TypeError: if one has not.
    """
    for entry in dataclasses.fields(value):  # type: ignore[arg-type]
        known, found = _PLAIN.get(str(entry.type)), getattr(value, entry.name)
        if known is not None and type(found) not in known:
            raise TypeError(f"expected {entry.type} for {entry.name}, got {repr(found)[:60]}")
    return value


@dataclass(frozen=True)
class GameLine:
    """A finished game in its stored form."""

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
    agreed: int
    """1 or -1 if the players agreed that Black or White had won, and it was played on to check."""
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
        agreed=played.agreed,
        actions=played.actions,
    )


def line_as_json(line: GameLine, spec: GameSpec) -> dict[str, Any]:
    """Return the line with its actions as moves in the game's notation."""
    entry = dataclasses.asdict(line)
    entry["moves"] = " ".join(action_to_text(spec, action) for action in entry.pop("actions"))
    return entry


def line_from_json(entry: dict[str, Any], spec: GameSpec) -> GameLine:
    """Read what :func:`line_as_json` wrote; raises ValueError, TypeError or KeyError."""
    if not isinstance(entry, dict):
        raise TypeError("expected an object")
    moves = entry.pop("moves").split()
    entry["seconds"], entry["decisions"] = tuple(entry["seconds"]), tuple(entry["decisions"])
    line = GameLine(actions=tuple(text_to_action(spec, move) for move in moves), **entry)
    numbers = (line.game, line.pair, line.opening_plies, *line.decisions)
    texts = (line.black, line.white, line.result, line.termination, line.note)
    measures = (line.area_score, 0.0 if line.score is None else line.score, *line.seconds)
    if not (
        all(type(number) is int and 0 <= number < 1 << 62 for number in numbers)
        and all(isinstance(text, str) for text in texts)
        and all(type(measure) in (int, float) and abs(measure) < 1e12 for measure in measures)
        and line.winner in (-1, 0, 1)
        and line.agreed in (-1, 0, 1)
        and isinstance(line.disputed, bool)
        and len(line.seconds) == len(line.decisions) == 2
    ):
        raise ValueError("expected the numbers and texts of a game")
    return line


def record_of(line: GameLine, spec: GameSpec) -> GameRecord:
    """Return the game as a record, for SGF."""
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
