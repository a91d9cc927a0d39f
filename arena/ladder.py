"""A few games of two players, and Elo of all players that ever met; it rates a run's checkpoints.

Unlike in a tournament, players are added at any time. Players are names here, and the caller
decides which of them meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.protocol import Agent
from arena.openings import OPENING_PLIES, Opening, make_openings
from arena.play.game import PlayedGame, Terms
from arena.play.game_runner import play_games
from arena.play.verdict import FORFEITS
from arena.schedule import Fixture, make_schedule
from arena.stats.ratings import Rating, Score, rate
from engine.errors import ProgramError
from engine.games.spec import GameSpec


@dataclass(frozen=True)
class Encounter:
    """Some games of two players, from the first's side."""

    first: str
    second: str
    games: int
    """Half of them with either colour."""
    points_as_black: float
    points_as_white: float


@dataclass(frozen=True)
class RatedPlayer:
    """One line of a ladder."""

    name: str
    rating: Rating
    games: int
    points: float


@dataclass(frozen=True)
class LadderRatings:
    """All players that played, the weakest first."""

    players: tuple[RatedPlayer, ...]
    anchor: str
    first_player: Rating
    """Elo that moving first was worth."""
    games: int


def play_encounter(
    spec: GameSpec, first: Agent, second: Agent, games: int, seed: int, before: int = 0
) -> Encounter:
    """Play games in pairs, both colours of an opening that these two have not had.

    Args:
        spec: the game.
        first: one player, who stays open.
        second: the other.
        games: an even number.
        seed: of openings and players; use the same for all meetings of the two.
        before: games that they have played under this seed.

    Raises:
        ConfigError: if there are fewer distinct openings.
        ProgramError: if a program could not go on, since such a loss says nothing about strength.
    """
    openings = openings_of(spec, (before + games) // 2, seed)[before // 2 :]
    played: list[PlayedGame] = []
    fixtures = make_schedule([(0, 1)], openings)
    # Random numbers belong to (seed, game): those of later games go on where the earlier ended.
    numbered = [
        Fixture(f.game + before, f.pair + before // 2, f.black, f.white, f.opening)
        for f in fixtures
    ]
    play_games(spec, (first, second), numbered, Terms(seed), on_game=played.append)
    for game in played:
        if game.verdict.termination in FORFEITS:
            raise ProgramError(
                f"expected a program that plays its games to the end, got a game lost by "
                f"{game.verdict.termination}: {game.verdict.note}"
            )
    as_black = sum(game.black_points for game in played if game.fixture.black == 0)
    as_white = sum(1.0 - game.black_points for game in played if game.fixture.black == 1)
    return Encounter(first.name, second.name, games, as_black, as_white)


def openings_of(spec: GameSpec, count: int, seed: int) -> list[Opening]:
    """Return ``count`` distinct openings, random plies each, that suit the size of the board.

    Raises:
        ConfigError: if the board has fewer.
    """
    return make_openings(spec, count, _plies(spec), seed)


def _plies(spec: GameSpec) -> tuple[int, int]:
    """Plies of random openings: fewer where two to four would decide a tiny board."""
    return OPENING_PLIES if spec.points > 2 * OPENING_PLIES[1] + 4 else (0, 2)


def rate_players(encounters: Sequence[Encounter], anchor: str) -> LadderRatings:
    """Fit Elo of all players jointly; ``anchor`` has 0.

    Where the anchor has not played, the first name takes its place.
    """
    names = list(dict.fromkeys(name for e in encounters for name in (e.first, e.second)))
    if not names:
        return LadderRatings((), anchor, Rating(0.0, float("-inf"), float("inf")), 0)
    anchor = anchor if anchor in names else names[0]
    ratings = rate(len(names), _scores(names, encounters), names.index(anchor))
    players = [
        RatedPlayer(name, rating, *_tally(name, encounters))
        for name, rating in zip(names, ratings.players, strict=True)
    ]
    players.sort(key=lambda player: (player.rating.elo, player.name))
    total = sum(e.games for e in encounters)
    return LadderRatings(tuple(players), anchor, ratings.first_player, total)


def _scores(names: Sequence[str], encounters: Iterable[Encounter]) -> list[Score]:
    """Sums per pair and colour: the fit takes no longer for more games."""
    points: dict[tuple[int, int], float] = {}
    games: dict[tuple[int, int], float] = {}
    for e in encounters:
        first, second, half = names.index(e.first), names.index(e.second), e.games / 2
        for key, scored in (
            ((first, second), e.points_as_black),
            ((second, first), half - e.points_as_white),
        ):
            points[key] = points.get(key, 0.0) + scored
            games[key] = games.get(key, 0.0) + half
    return [Score(*key, points[key], games[key]) for key in games]


def _tally(name: str, encounters: Iterable[Encounter]) -> tuple[int, float]:
    games, points = 0, 0.0
    for e in encounters:
        scored = e.points_as_black + e.points_as_white
        if e.first == name:
            games, points = games + e.games, points + scored
        elif e.second == name:
            games, points = games + e.games, points + e.games - scored
    return games, points


def as_json(ratings: LadderRatings) -> dict[str, Any]:
    """Plain lists and objects; open ends of intervals are ``None``."""
    return {
        "anchor": ratings.anchor,
        "games": ratings.games,
        "first_player_elo": round(ratings.first_player.elo, 1),
        "players": [
            {
                "name": player.name,
                **_rating_as_json(player.rating),
                "games": player.games,
                "points": player.points,
            }
            for player in ratings.players
        ],
    }


def _rating_as_json(rating: Rating) -> Mapping[str, float | None]:
    ends = (rating.lower, rating.upper)
    low, high = (None if abs(end) == float("inf") else round(end, 1) for end in ends)
    return {"elo": round(rating.elo, 1), "low": low, "high": high}
