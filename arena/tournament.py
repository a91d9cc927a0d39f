"""A whole tournament: agents, schedule, folder. Goes on where it stopped, alone or with others."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from agents.parse import Spelling
from agents.protocol import Agent, Described, Limit, Program, Thinks
from arena.books import plan_openings
from arena.folder import TournamentFolder
from arena.play.game import PlayedGame, Void
from arena.play.game_runner import GAMES_AT_ONCE, play_games
from arena.play.sequence import PairCounter
from arena.results import UNTOLD, AgentCard, Conditions, GameLine, line_of
from arena.schedule import Fixture, check_format, make_schedule, pairings, swiss_schedule
from engine.errors import ConfigError, RunError
from engine.games.spec import GameSpec

_LOOK_AGAIN_S: Final = 0.5


def make_cards(
    spellings: Sequence[Spelling], agents: Sequence[Agent], spec: GameSpec | None = None
) -> tuple[AgentCard, ...]:
    """Return who takes part, with hashes of networks and settings and the versions of programs.

    Starts one process of every program, so that a missing one is known before the first game. With
    ``spec`` the card of a program also says which of the rules it cannot be told.

    Raises:
        ProgramError: if a program cannot be started, does not speak its protocol, or not play the
            game.
    """
    cards = []
    for spelling, agent in zip(spellings, agents, strict=True):
        details = dict(spelling.details())
        if isinstance(agent, Program):
            details["program"] = agent.start()
            if spec is not None and (untold := agent.untold(spec)):
                details[UNTOLD] = untold
        if isinstance(agent, Described):
            details |= agent.details()
        cards.append(AgentCard(spelling.name, spelling.text, details))
    return tuple(cards)


@dataclass(frozen=True)
class TournamentEvents:
    """Functions that are called as a tournament goes on; by default none does anything."""

    on_start: Callable[[int, int], object] = lambda total, done: None
    """Takes the number of games in all and of those played; of each Swiss round anew."""
    on_game: Callable[[GameLine], object] = lambda line: None
    """Takes each game of this process after it was stored."""
    on_void: Callable[[Void], object] = lambda void: None
    """Takes each game that did not count."""
    on_wait: Callable[[int], object] = lambda games: None
    """Takes the number of games that other processes play while this one has nothing to do."""


def play_tournament(
    folder: TournamentFolder,
    conditions: Conditions,
    agents: Sequence[Agent],
    games_per_pairing: int,
    events: TournamentEvents | None = None,
    *,
    games_at_once: int = GAMES_AT_ONCE,
    play: Callable[..., None] = play_games,
) -> list[GameLine]:
    """Play all games that the folder does not hold yet, storing each as it ends.

    Other processes may play in the same folder: each game is claimed by one of them, and this
    returns when all are finished.

    Args:
        folder: held by the caller's ``opened``.
        conditions: what is played.
        agents: as in the conditions, in order. They stay open.
        games_per_pairing: an even number; with a test, the most games.
        events: is told what happens.
        games_at_once: see :func:`arena.play.game_runner.play_games`.
        play: plays games as that function does, perhaps elsewhere.

    Returns:
        All finished games, earlier ones included.

    Raises:
        ConfigError: on an odd number of games, too few distinct openings, a test of more than
            two agents, or an agent that thinks by the clock without one.
        RunError: if the folder holds another tournament, or cannot be written.
        ProgramError: if a program cannot be started any more.
    """
    _check(folder, conditions, games_per_pairing)
    _check_clock(conditions, agents)
    events = events or TournamentEvents()
    schedule = _Schedule(conditions, games_per_pairing)
    lines = folder.begin(conditions, games_per_pairing)
    announced = -1
    left_out: set[int] = set()
    while True:
        fixtures = schedule.fixtures(lines)
        counter = pair_counter(conditions, lines)
        missing = _missing(fixtures, lines, left_out)
        if not missing or counter.over:
            return lines
        if len(fixtures) != announced:
            announced = len(fixtures)
            events.on_start(len(fixtures), len(fixtures) - len(missing))
        _play_missing(
            folder, conditions, agents, missing, counter, events, games_at_once, left_out, play
        )
        lines = folder.games()
        if not counter.over and (left := _missing(fixtures, lines, left_out)):
            events.on_wait(len(left))
            time.sleep(_LOOK_AGAIN_S)


def _missing(
    fixtures: Sequence[Fixture], lines: Sequence[GameLine], left_out: Collection[int]
) -> list[Fixture]:
    played = {line.game for line in lines} | set(left_out)
    return [fixture for fixture in fixtures if fixture.game not in played]


def pair_counter(conditions: Conditions, lines: Sequence[GameLine]) -> PairCounter:
    """Return the pairs of a match of two so far, seen from the first, and what its test says."""
    counter = PairCounter(conditions.test)
    if conditions.test is not None:
        _count(counter, conditions, lines)
    return counter


def _count(counter: PairCounter, conditions: Conditions, lines: Sequence[GameLine]) -> None:
    for line in lines:
        counter.add(line.game, points_of(conditions.names[0], line), line.actions)


def points_of(name: str, line: GameLine) -> float:
    """Return what the agent of this name scored in a game of its own: 1, 1/2 or 0."""
    return line.black_points if line.black == name else 1.0 - line.black_points


def _play_missing(
    folder: TournamentFolder,
    conditions: Conditions,
    agents: Sequence[Agent],
    missing: Sequence[Fixture],
    counter: PairCounter,
    events: TournamentEvents,
    games_at_once: int,
    left_out: set[int],
    play: Callable[..., None],
) -> None:
    """Play what is missing; games that are void again and again join ``left_out``."""
    spec, names = conditions.spec, conditions.names

    def store(game: PlayedGame) -> None:
        line = line_of(game, names)
        folder.append(line, spec)
        events.on_game(line)

    def go_on() -> bool:
        if conditions.test is not None:  # games of other processes decide it too
            _count(counter, conditions, folder.news(spec))
        return not counter.over

    def store_void(void: Void) -> None:
        name = "" if void.agent is None else names[void.agent]
        folder.append_void(void.fixture.game, name, void.note)
        if void.last:
            left_out.add(void.fixture.game)
        events.on_void(void)

    play(
        spec,
        agents,
        missing,
        conditions.terms,
        on_game=store,
        on_void=store_void,
        claim=lambda fixture: folder.claim(fixture.game),
        go_on=go_on,
        games_at_once=games_at_once,
        leave_out=conditions.kind != "swiss",  # whose next round needs every result
    )


def _check(folder: TournamentFolder, conditions: Conditions, games: int) -> None:
    check_format(len(conditions.agents), conditions.kind)
    if games < 2 or games % 2:
        raise ConfigError(f"expected an even number of games, got {games!r}")
    if conditions.test is not None and len(conditions.agents) != 2:
        raise ConfigError(
            f"expected two agents for a sequential test, got {len(conditions.agents)}"
        )
    grown = folder.exists and folder.games_per_pairing() != games
    if conditions.kind == "swiss" and grown:
        raise RunError(
            f"expected {folder.games_per_pairing()} games of every two that meet, as the Swiss "
            f"tournament in {str(folder.path)!r} began, got {games}; choose another --out"
        )


def _check_clock(conditions: Conditions, agents: Sequence[Agent]) -> None:
    for agent in agents:
        unlimited = isinstance(agent, Thinks) and agent.limit == Limit()
        if unlimited and conditions.clock is None:
            raise ConfigError(
                f"expected a clock (--time) for {agent.name!r}, which thinks as long as that "
                "allows, got none; or give it simulations (NET@400) or seconds (NET@2s)"
            )


class _Schedule:
    """All games of a tournament, as far as its results say which they are."""

    def __init__(self, conditions: Conditions, games_per_pairing: int) -> None:
        self._conditions = conditions
        self._count = len(conditions.agents)
        meetings = max(conditions.rounds, 1) if conditions.kind == "swiss" else 1
        self._openings = plan_openings(
            conditions.openings,
            conditions.spec,
            meetings * games_per_pairing // 2,
            conditions.seed,
            fewer=conditions.test is not None,
        )

    def fixtures(self, lines: Sequence[GameLine]) -> list[Fixture]:
        """Return the games to be played by now, those that were played included."""
        if self._conditions.kind != "swiss":
            meetings = pairings(self._count, self._conditions.kind)
            return make_schedule(meetings, self._openings)
        results = {line.game: line.black_points for line in lines}
        return swiss_schedule(self._count, self._conditions.rounds, self._openings, results)
