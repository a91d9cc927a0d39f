"""Records to rows: the moves played, from the side that played them, and no leak between splits."""

from __future__ import annotations

import numpy as np

from engine.records import GameRecord, read_sgf
from engine.symmetry import inverses
from selfplay.data.columns import LOSS, WIN
from selfplay.tune.expert import all_rows, record_rows, split_games
from tests.support.records import random_record


def test_each_action_is_a_row_of_the_side_that_played_it() -> None:
    record = random_record(1)
    rows = record_rows(record, 7)
    assert len(rows) == len(record.actions)
    np.testing.assert_array_equal(rows.policy.argmax(axis=1), record.actions)
    np.testing.assert_array_equal(rows.policy.astype(float).sum(axis=1), 1.0)
    np.testing.assert_array_equal(rows.outcome[::2], WIN)
    np.testing.assert_array_equal(rows.outcome[1::2], LOSS)
    assert set(rows.game) == {7}
    own = rows.unpacked_planes()[:, :, rows.layout.plane_names.index("own")]
    position = record.spec.allocate(1)
    for ply, action in enumerate(record.actions):
        np.testing.assert_array_equal(own[ply], record.spec.stones(position)[0] == 1 + ply % 2)
        record.spec.play(position, np.array([action]))


def test_score_and_ownership_only_where_the_board_confirms_the_result() -> None:
    game = "(;SZ[3]KM[0.5]RE[{}];B[bb];W[];B[];W[])"
    right = record_rows(read_sgf(game.format("B+8.5").encode(), "x")[0], 0)
    assert right.score.tolist() == [8.5, -8.5, 8.5]
    np.testing.assert_array_equal(right.ownership[0], 1)
    np.testing.assert_array_equal(right.ownership[1], -1)
    wrong = record_rows(read_sgf(game.format("B+2.5").encode(), "x")[0], 0)
    assert np.isnan(wrong.score).all()
    assert not wrong.ownership.any()
    unknown = record_rows(read_sgf(game.format("?").encode(), "x")[0], 0)
    assert not unknown.root_value.any()
    assert unknown.policy_weight.all()


def test_no_game_is_on_both_sides_even_turned_or_mirrored() -> None:
    games = [random_record(seed) for seed in range(60)]
    turned = []
    for record in games:
        for table in inverses(5, 5):
            actions = tuple(int(table[a]) for a in record.actions)
            turned.append(GameRecord(record.spec, actions, result=record.result))
    kept, held = split_games(games + turned, 0.3, seed=1)
    assert len(kept) + len(held) == 60 * 9
    assert 0.15 < len(held) / 540 < 0.45
    assert len(held) % 9 == 0

    def shapes(records: list[GameRecord]) -> set[tuple[int, ...]]:
        return {min(tuple(int(t[a]) for a in r.actions) for t in inverses(5, 5)) for r in records}

    assert not shapes(kept) & shapes(held)


def test_the_split_of_a_game_does_not_depend_on_the_others() -> None:
    games = [random_record(seed) for seed in range(40)]
    _, held = split_games(games, 0.3, seed=2)
    _, held_of_half = split_games(games[:20], 0.3, seed=2)
    assert [g.actions for g in held if g in games[:20]] == [g.actions for g in held_of_half]


def test_all_rows_number_the_games() -> None:
    rows = all_rows([random_record(1), random_record(2)])
    assert set(rows.game) == {0, 1}
