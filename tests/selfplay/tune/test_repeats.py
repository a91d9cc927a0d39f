"""Positions that recur: found turned, mirrored and transposed, and weighed as one."""

from __future__ import annotations

import numpy as np

from engine.games import make
from engine.records import GameRecord, read_sgf
from engine.symmetry import inverses
from selfplay.tune.expert import all_rows
from selfplay.tune.repeats import position_keys, share_repeats, without_known
from tests.support.records import random_record


def test_turned_games_have_the_same_keys() -> None:
    record = random_record(3)
    keys = position_keys(all_rows([record]))
    for table in inverses(5, 5):
        turned = GameRecord(record.spec, tuple(int(table[a]) for a in record.actions))
        np.testing.assert_array_equal(position_keys(all_rows([turned])), keys)
    assert len(set(keys.tolist())) == len(keys)


def test_a_game_without_all_symmetries_is_turned_by_its_own_only() -> None:
    spec = make("connect_four")
    left, right, up = (
        position_keys(all_rows([GameRecord(spec, (35 + column, 35 + 3))]))[1]
        for column in (0, 6, 1)
    )
    assert left == right != up


def test_transposed_openings_share_their_weight() -> None:
    one, two = (
        read_sgf(f"(;SZ[9]KM[7];B[cc];W[gg];B[{x}];W[{y}];B[ee])".encode(), "x")[0]
        for x, y in (("cg", "gc"), ("dd", "ff"))
    )
    other = read_sgf(b"(;SZ[9]KM[7];B[cg];W[gc];B[cc];W[gg];B[eh])", "x")[0]
    rows = share_repeats(all_rows([one, two, other]))
    weight = rows.weight.reshape(3, 5)
    np.testing.assert_allclose(weight[:, 0], 1 / 3)  # the empty board
    np.testing.assert_allclose(weight[0, 4], weight[2, 4])
    assert weight[0, 4] == 0.5  # another order, the same five stones to come
    assert weight[1, 4] == 1.0


def test_known_positions_are_not_judged() -> None:
    known, fresh = random_record(1), random_record(2)
    held = all_rows([known, fresh])
    left = without_known(held, all_rows([known]))
    assert set(left.game.tolist()) == {1}
    assert len(left) < len(fresh.actions)  # the empty board is known
