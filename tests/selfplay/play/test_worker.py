"""Self-play: games are legal, rows tell the truth, and a game depends on its number alone."""

from __future__ import annotations

import numpy as np
import pytest

import engine.games
from agents.evaluators.rollout import RolloutEvaluator
from engine.games.go import GoSpec
from engine.search import SearchConfig
from selfplay.data.shards import Rows
from selfplay.play.worker import FinishedGame, Group, SelfPlayConfig, longest_game

SPEC = GoSpec(5, 5, 0.5)


def play(
    slots: int, steps: int, first: int = 0, stride: int = 1, **settings: int
) -> tuple[list[Rows], list[FinishedGame]]:
    config = SelfPlayConfig(slots=slots, sampled_plies=6, first_games=0, **settings)
    search = SearchConfig(no_pass_before=8)
    group = Group(SPEC, RolloutEvaluator(), search, config, 11, first, stride)
    rows: list[Rows] = []
    games: list[FinishedGame] = []
    for _ in range(steps):
        more_rows, more_games = group.step(4)
        rows += more_rows
        games += more_games
    return rows, games


def replayed(game: FinishedGame):  # type: ignore[no-untyped-def]
    spec = GoSpec(5, 5, game.komi)
    position = spec.allocate(1)
    for action in game.actions:
        spec.play(position, np.array([action]))
    return spec, position


def test_games_replay_to_the_score_they_claim() -> None:
    _, games = play(6, 90)
    assert len(games) > 6
    for game in games:
        spec, position = replayed(game)
        assert float(spec.score(position)[0]) == game.score
        assert bool(spec.finished(position)[0]) or len(game.actions) == 40


def test_rows_are_the_game_seen_by_the_side_to_move() -> None:
    rows, games = play(6, 90)
    by_number = {game.number: game for game in games}
    own = SPEC.plane_names.index("own")
    for part in rows:
        game = by_number[int(part.game[0])]
        spec = GoSpec(5, 5, game.komi)
        position = spec.allocate(1)
        final_owner = spec.ownership(replayed(game)[1])[0]
        planes = part.unpacked_planes()
        at = {int(ply): i for i, ply in enumerate(part.ply)}
        for ply, action in enumerate(game.actions):
            if ply in at:
                i = at[ply]
                side = 1 if ply % 2 == 0 else -1
                colour = 1 if side == 1 else 2
                np.testing.assert_array_equal(planes[i, :, own], spec.stones(position)[0] == colour)
                assert part.score[i] == side * game.score
                assert part.outcome[i] == 1 - np.sign(side * game.score)
                np.testing.assert_array_equal(part.ownership[i], side * final_owner)
                legal = spec.legal(position)[0]
                assert not part.policy[i][~legal].any()
                assert abs(float(part.policy[i].astype(np.float32).sum()) - 1) < 0.01
            spec.play(position, np.array([action]))


def test_a_game_does_not_depend_on_its_company() -> None:
    """Games 0, 1, 2, ... alone, among five others, and in other slots: the same actions."""
    _, together = play(6, 60)
    alone = {number: play(1, 45, first=number)[1][0].actions for number in (0, 3, 5)}
    by_number = {game.number: game.actions for game in together}
    for number, actions in alone.items():
        assert by_number[number] == actions


def test_games_differ() -> None:
    _, games = play(8, 90)
    assert len({game.actions for game in games}) == len(games)
    assert len({game.komi for game in games}) > 2


def test_no_pass_before_its_ply_and_openings_make_no_rows() -> None:
    rows, games = play(8, 60)
    starts = [int(part.ply[0]) for part in rows]
    assert max(starts) <= 3
    assert len(set(starts)) > 1
    for game in games:
        early = game.actions[:8]
        assert SPEC.pass_action not in early


def test_long_games_are_cut_and_scored() -> None:
    config = SelfPlayConfig(slots=2, max_plies_share=0.4, first_games=0)
    group = Group(SPEC, RolloutEvaluator(), SearchConfig(no_pass_before=99), config, 1, 0, 1)
    games: list[FinishedGame] = []
    for _ in range(12):
        games += group.step(2)[1]
    assert games
    assert all(len(game.actions) == 10 for game in games)


@pytest.mark.parametrize("name", sorted(engine.games.GAMES))
def test_first_games_begin_anywhere_so_that_they_do_not_end_together(name: str) -> None:
    spec = engine.games.make(name)
    config = SelfPlayConfig(slots=12, first_games=12)
    group = Group(spec, RolloutEvaluator(), SearchConfig(), config, 1, 0, 1)
    finished: list[FinishedGame] = []
    when: list[int] = []
    first_rows: list[int] = []
    for step in range(spec.points):
        rows, games = group.step(1)
        finished += games
        when += [step] * len(games)
        first_rows += [int(part.ply[0]) for part in rows if int(part.game[0]) < 12]
        if len([game for game in finished if game.number < 12]) == 12:
            break
    assert len(set(when)) > 2
    assert max(first_rows) > config.opening_plies
    position = spec.allocate(1)
    for action in finished[0].actions:
        spec.play(position, np.array([action]))
    assert spec.finished(position)[0] or len(finished[0].actions) == longest_game(spec, config)
