"""A whole tournament: agents, schedule, folder. Goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.gtp.program import GtpAgent
from agents.parse import Spelling
from agents.protocol import Agent
from arena.match import GAMES_AT_ONCE, PlayedGame, play_games
from arena.openings import make_openings
from arena.results import AgentCard, Conditions, GameLine, TournamentFolder, line_of
from arena.schedule import make_schedule, pairings
from engine.errors import ConfigError


def make_cards(spellings: Sequence[Spelling], agents: Sequence[Agent]) -> tuple[AgentCard, ...]:
    """Return who takes part, with the hashes of networks and the versions of programs.

    Starts one process of every program, so that a missing one is known before the first game.

    Raises:
        ProgramError: if a program cannot be started or does not speak GTP.
    """
    cards = []
    for spelling, agent in zip(spellings, agents, strict=True):
        details = dict(spelling.details())
        if isinstance(agent, GtpAgent):
            details["program"] = agent.start()
        cards.append(AgentCard(spelling.name, spelling.text, details))
    return tuple(cards)


def play_tournament(
    folder: TournamentFolder,
    conditions: Conditions,
    agents: Sequence[Agent],
    games_per_pairing: int,
    *,
    on_start: Callable[[int, int], None],
    on_game: Callable[[GameLine], None],
    games_at_once: int = GAMES_AT_ONCE,
) -> list[GameLine]:
    """Play all games that the folder does not hold yet, storing each as it ends.

    Args:
        folder: held by the caller's ``locked``.
        conditions: what is played.
        agents: as in the conditions, in order. They stay open.
        games_per_pairing: an even number.
        on_start: takes the number of games in all and of those already played.
        on_game: takes each game after it was stored.
        games_at_once: see :func:`arena.match.play_games`.

    Returns:
        All finished games, earlier ones included.

    Raises:
        ConfigError: on an odd number of games, or too few distinct openings.
        RunError: if the folder holds another tournament, or cannot be written.
        ProgramError: if a program cannot be started any more.
    """
    if games_per_pairing < 2 or games_per_pairing % 2:
        raise ConfigError(f"expected an even number of games, got {games_per_pairing!r}")
    spec = conditions.spec
    openings = make_openings(
        spec, games_per_pairing // 2, conditions.opening_plies, conditions.seed
    )
    fixtures = make_schedule(pairings(len(agents), conditions.kind), openings)
    played = {line.game for line in folder.begin(conditions, games_per_pairing)}
    missing = [fixture for fixture in fixtures if fixture.game not in played]
    on_start(len(fixtures), len(fixtures) - len(missing))

    def store(game: PlayedGame) -> None:
        line = line_of(game, conditions.names)
        folder.append(line, spec)
        on_game(line)

    play_games(
        spec,
        agents,
        missing,
        seed=conditions.seed,
        on_game=store,
        move_limit=conditions.move_limit,
        games_at_once=games_at_once,
    )
    return folder.games()
