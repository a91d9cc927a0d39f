"""The AIs that can play a colour: levels, searches with a limit, network files, programs."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal

import platformdirs

from agents.levels import DEFAULT_LEVEL, LEVELS, level_agent, level_ratings
from agents.protocol import Agent, Limit
from arena.session.texts import mark, say
from engine.errors import ConfigError
from engine.files import LARGEST_SETTINGS, json_of, read_file, write_atomic
from engine.games.spec import GameSpec

Kind = Literal["level", "adaptive", "simulations", "seconds", "program"]
KINDS: Final[tuple[Kind, ...]] = ("level", "adaptive", "simulations", "seconds", "program")
KIND_WORDS: Final[dict[str, str]] = {
    "level": mark("a level"),
    "adaptive": mark("adapts to you"),
    "simulations": mark("simulations by hand"),
    "seconds": mark("seconds by hand"),
    "program": mark("a program (GTP)"),
}
SIMULATIONS: Final = (1, 2, 4, 8, 16, 32, 64, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600)
SECONDS: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
_LONGEST_SEARCH: Final = 200_000
_STEP: Final = 0.5
_FIRST_STEPS: Final = 4
_LEVEL_NAMES: Final = (
    mark("Pebble"),
    mark("Beginner"),
    mark("Learner"),
    mark("Casual"),
    mark("Player"),
    mark("Club player"),
    mark("Strong"),
    mark("Expert"),
    mark("Master"),
    mark("All out"),
)


@dataclass(frozen=True)
class Opponent:
    """The kind, source and strength of an AI."""

    kind: Kind = "level"
    source: str = "shipped"
    """The network, as ``--network`` names it, or the program and its arguments."""
    level: int = DEFAULT_LEVEL
    """Level from 1, for the kinds ``level`` and ``adaptive``."""
    simulations: int = 400
    """Simulations for each move, for the kind ``simulations``."""
    seconds: float = 2.0
    """Seconds for each move, for the kind ``seconds``."""

    @property
    def key(self) -> str:
        """Name of its agent; opponents that differ only in their limit share one agent."""
        if self.kind == "program":
            return f"program {self.source}"
        if self.kind in ("level", "adaptive"):
            return f"level {self.level}"
        return f"network {self.source}"

    @property
    def limit(self) -> Limit:
        """Limit of its search for one move."""
        if self.kind == "seconds":
            return Limit(simulations=_LONGEST_SEARCH, time_limit_s=self.seconds)
        if self.kind == "simulations":
            return Limit(simulations=self.simulations)
        level = LEVELS[self.level - 1]
        return Limit(simulations=max(level.simulations, 1))

    @property
    def expected_simulations(self) -> int:
        """Simulations of one move, as far as they are known in advance, for the progress bar."""
        return self.limit.simulations or 1


def level_number(level: float) -> int:
    """Return the number of the nearest level."""
    return min(max(round(level), 1), len(LEVELS))


def short_name(opponent: Opponent) -> str:
    """Return the name that stands beside its stones."""
    if opponent.kind == "program":
        return Path(opponent.source.split()[0]).stem if opponent.source.split() else say("Program")
    if opponent.source == "shipped":
        return "Miai"
    return Path(opponent.source).stem[:24]


def describe(opponent: Opponent, spec: GameSpec) -> str:
    """Describe its strength in a few words; a level shows its measured Elo."""
    if opponent.kind == "program":
        return opponent.source or say("no program yet")
    if opponent.kind == "simulations":
        return say("{count} simulations a move", count=opponent.simulations)
    if opponent.kind == "seconds":
        return say("{seconds:g} s a move", seconds=opponent.seconds)
    words = say(
        "Level {number}: {name}",
        number=opponent.level,
        name=say(_LEVEL_NAMES[opponent.level - 1]),
    )
    if opponent.kind == "adaptive":
        words = say("Adapts to you, now {level}", level=words)
    measured = level_ratings(spec)
    if measured is None:
        return words
    found = measured[opponent.level - 1]
    half = (found.upper - found.lower) / 2
    if half > found.elo / 2:
        return words  # so wide an interval says nothing
    return say("{words}, Elo {elo:.0f} ± {half:.0f}", words=words, elo=found.elo, half=half)


def allow_program(source: str) -> None:
    """Allow the program of a typed command line to start; :func:`load` reports errors in it."""
    from agents.parse import read_spelling
    from agents.trust import allow

    with suppress(ConfigError):
        allow(read_spelling(f"gtp:{source}"))


def load(opponent: Opponent, spec: GameSpec) -> tuple[Agent, str]:
    """Make the agent, which may take long, and return it with a remark about it.

    Raises:
        MiaiError: if its network or program cannot be used.
    """
    from agents.find_network import network_path
    from agents.parse import make_agent, read_spelling
    from agents.trust import recall

    name = short_name(opponent)
    if opponent.kind == "program":
        if not opponent.source.strip():
            raise ConfigError("expected a program that speaks GTP, got an empty command line")
        program = recall(read_spelling(f"gtp:{opponent.source}"))
        if not program.allowed:
            raise ConfigError(
                f"expected a program that you named on this machine, got {opponent.source!r} from "
                "a saved game; if it may run, type its command line in a new game (Ctrl+N)"
            )
        return make_agent(program, spec, processes=1), ""
    path = network_path(opponent.source, spec)
    missing = opponent.source == "shipped" and not path.is_file()
    note = say("No network for this game came along: it plays by random games") if missing else ""
    if opponent.kind in ("level", "adaptive"):
        return level_agent(opponent.level, spec, name), note
    from agents.search_agent import SearchAgent, rollout_agent

    if missing:
        from agents.evaluators.rollout import RolloutEvaluator

        return rollout_agent(name, opponent.expected_simulations, RolloutEvaluator()), note
    from agents.evaluators.auto import network_evaluator

    return SearchAgent(name, network_evaluator(path, spec), Limit(), parallel_leaves=8), ""


# The one that adapts.


@dataclass(frozen=True)
class Standing:
    """The person's level and results against the adaptive opponent in one game."""

    level: float = 3.0
    games: int = 0
    won: float = 0.0


def standings_path() -> Path:
    """Return the path of the file of standings."""
    return Path(platformdirs.user_state_dir("miai")) / "standings.json"


def standing(spec: GameSpec, path: Path) -> Standing:
    """Return the person's standing in a game on a board, by default that of a beginner."""
    try:
        known = json_of(read_file(path, LARGEST_SETTINGS))[str(spec)]
        return Standing(float(known["level"]), int(known["games"]), float(known["won"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Standing()


def adapted(opponent: Opponent, spec: GameSpec, path: Path | None) -> Opponent:
    """Return the opponent that starts: one that adapts has the level of the person's standing."""
    if opponent.kind != "adaptive" or path is None:
        return opponent
    return replace(opponent, level=level_number(standing(spec, path).level))


def after_game(before: Standing, points: float) -> Standing:
    """Return the standing after one more game; a win adds a level at first, later half a level.

    ``points`` are the points of the person: 1, 1/2 or 0.
    """
    step = (2.0 if before.games < _FIRST_STEPS else 1.0) * _STEP
    level = before.level + step * (2.0 * points - 1.0)
    return Standing(min(max(level, 1.0), float(len(LEVELS))), before.games + 1, before.won + points)


def keep_standing(spec: GameSpec, now: Standing, path: Path) -> None:
    """Save the standing; an error of the disk does not stop the game."""
    try:
        known = json_of(read_file(path, LARGEST_SETTINGS))
    except (OSError, ValueError):
        known = {}
    known = known if isinstance(known, dict) else {}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, json.dumps({**known, str(spec): asdict(now)}).encode())
    except OSError:
        return
