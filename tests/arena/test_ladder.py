"""Ratings of players that come and go."""

from __future__ import annotations

import pytest

from agents.random_agent import RandomAgent
from arena.ladder import Encounter, as_json, play_encounter, rate_players
from arena.stats.elo import elo_difference
from engine.errors import ConfigError
from engine.games import make


def test_two_players_are_rated_by_their_score() -> None:
    encounters = [Encounter("a", "b", 40, 15.0, 15.0), Encounter("b", "a", 40, 5.0, 5.0)]
    ratings = rate_players(encounters, "b")
    assert [player.name for player in ratings.players] == ["b", "a"]
    strong = ratings.players[1]
    assert strong.rating.elo == pytest.approx(elo_difference(0.75), abs=0.5)
    assert (strong.games, strong.points) == (80, 60.0)
    assert ratings.players[0].points == 20.0
    assert ratings.first_player.elo == pytest.approx(0.0, abs=0.5)


def test_moving_first_is_told_apart_from_strength() -> None:
    ratings = rate_players([Encounter("a", "b", 200, 90.0, 10.0)], "b")
    assert ratings.players[1].rating.elo == pytest.approx(0.0, abs=1.0)
    assert ratings.first_player.elo > 300


def test_nobody_and_an_absent_anchor() -> None:
    assert rate_players([], "x").players == ()
    ratings = rate_players([Encounter("a", "b", 2, 1.0, 1.0)], "x")
    assert ratings.anchor == "a"
    ends = [(player["low"], player["high"]) for player in as_json(ratings)["players"]]
    assert (0.0, 0.0) in ends
    assert any(low is None for low, _ in ends), "who only lost has no lower end"


def test_meetings_go_on_with_other_openings() -> None:
    """Games 0 to 7 and 8 to 15 of one pair differ, and repeat when they are asked for again."""
    spec = make("go", 5, 5)
    played: dict[int, list[tuple[int, ...]]] = {}

    def games_after(before: int) -> list[tuple[int, ...]]:
        seen: list[tuple[int, ...]] = []

        class Noting(RandomAgent):
            def choose(self, turns):  # type: ignore[no-untyped-def]
                seen.extend(turn.actions for turn in turns)
                return super().choose(turns)

        outcome = play_encounter(spec, Noting("a"), RandomAgent("b"), 8, 3, before)
        assert outcome.games == 8
        assert 0 <= outcome.points_as_black <= 4 and 0 <= outcome.points_as_white <= 4
        return sorted(seen)

    for before in (0, 8):
        played[before] = games_after(before)
    assert played[0] != played[8]
    assert games_after(8) == played[8]


def test_a_tiny_board_runs_out_of_openings() -> None:
    spec = make("tic_tac_toe")
    first, second = RandomAgent("a"), RandomAgent("b")
    assert play_encounter(spec, first, second, 8, 1).games == 8
    with pytest.raises(ConfigError, match="distinct openings"):
        play_encounter(spec, first, second, 8, 1, before=400)
