"""Records in the style of many programs come out as they were meant."""

from __future__ import annotations

import numpy as np
import pytest

from engine.records.collection import split_collection
from engine.records.sgf import read_game, read_games, write_sgf
from engine.records.variations import write_variations
from tests.support.records import read_variations
from tests.support.source_programs import STYLES, Style


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_file_of(style: Style) -> None:
    for seed in range(6):
        data, meant = style.make(np.random.default_rng(seed))
        games = [read_game(text) for text in split_collection(data, style.name)]
        game = games[meant.game]
        record = game.record
        assert not game.cut, (seed, game)
        assert record.actions == meant.actions, (seed, game.notes)
        assert (record.black, record.result) == (meant.black, meant.result)
        assert set(record.black_setup) == set(meant.handicap)
        assert (record.spec.height, record.spec.width) == (meant.spec.height, meant.spec.width)
        if record.spec.name == "go":
            assert record.spec.rules["komi"] == meant.komi
            assert record.spec.rules["scoring"] == meant.scoring


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_it_comes_back_from_our_own_files(style: Style) -> None:
    data, meant = style.make(np.random.default_rng(1))
    game, moves = read_variations(data, style.name)[meant.game]
    for again in (write_sgf(game.record), write_variations(game.record, moves)):
        [(back, line)] = read_variations(again, style.name)
        assert back.record.actions == meant.actions
        assert back.record.spec == game.record.spec
        assert back.record.black_setup == game.record.black_setup or meant.handicap
        assert not back.cut
        if again is not write_sgf(game.record) and again != write_sgf(game.record):
            assert line == moves


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(;AP[HexGui:0.9]SZ[11];B[a10];W[f6])", "HexGui wrote it"),
        ("(;SZ[11];B[cc];W[swap-pieces];B[gg])", "a side swaps"),
        ("(;EV[hex.mc.2019]SZ[11];B[cc];W[gg])", "EV says so"),
    ],
)
def test_hex_without_its_number_is_known_by_what_only_hex_has(text: str, why: str) -> None:
    found = read_games(text.encode(), "test")[0]
    assert found.record.spec.name == "hex"
    assert f"no GM, read as Hex because {why}" in found.notes
    assert not found.cut


def test_a_resignation_in_the_place_of_a_move_is_the_result() -> None:
    found = read_games(b"(;GM[1]SZ[9];B[ee];W[cc];B[resign])", "test")[0]
    assert (found.record.result, found.cut) == ("W+R", "")
    stated = read_games(b"(;GM[1]SZ[9]RE[B+2];B[ee];W[resign])", "test")[0]
    assert stated.record.result == "B+2"
