"""Transcripts against games played out move by move, and what is wrong with some lines."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from engine.games import GameSpec, make
from engine.notation import action_to_text
from engine.records import Filter, GameRecord, load_games
from engine.records.filters import rank_number
from tests.conformance import random_game


def othello_line(spec: GameSpec, actions: list[int]) -> str:
    """As servers write it: passes left out."""
    return "".join(action_to_text(spec, a).lower() for a in actions if a != spec.pass_action)


def test_othello_games_come_back_with_their_passes_and_results(tmp_path: Path) -> None:
    spec = make("othello")
    random = np.random.default_rng(3)
    games = [random_game(spec, random, 80) for _ in range(30)]
    assert any(spec.pass_action in game for game in games)
    text = "winner,moves\n" + "\n".join(f"1,{othello_line(spec, game)}" for game in games)
    (tmp_path / "games.csv.gz").write_bytes(gzip.compress(text.encode()))
    loaded = load_games([tmp_path])
    assert [list(record.actions) for record in loaded.records] == games
    for record in loaded.records:
        position = spec.allocate(1)
        assert spec.play_line(position, record.actions) == len(record.actions)
        assert record.score == spec.score(position)[0]


def test_unfinished_othello_games_are_won_by_whom_the_line_says() -> None:
    spec = make("othello")
    text = othello_line(spec, random_game(spec, np.random.default_rng(1), 20))
    for number, winner in ((1, 1), (-1, -1), (0, 0)):
        assert read(f"{number},{text}\n").winner == winner
    assert read(text).winner is None


def read(text: str, **options: object) -> GameRecord:
    from engine.records.sgf import ReadGame
    from engine.records.transcripts import read_transcripts

    game = next(read_transcripts(text.encode(), "lines.txt", **options))  # type: ignore[arg-type]
    assert isinstance(game, ReadGame)
    return game.record


def test_connect_four_columns() -> None:
    spec = make("connect_four")
    record = read("44455554221 2")
    position = spec.allocate(1)
    assert spec.play_line(position, record.actions) == 11
    assert [action % 7 + 1 for action in record.actions] == [int(c) for c in "44455554221"]
    assert record.winner == -1  # eleven moves: White is to move, and wins
    assert read("1212121").winner == 1  # four in column 1


@pytest.mark.parametrize(
    ("line", "moves", "why"),
    [
        ("f5d6c3a1", 3, "move 4 is illegal: lines.txt, line 1"),
        ("1111111", 6, "move 7 is illegal"),
        ("12121212", 7, "move 8 comes after the end"),
        ("8888", 0, "move 1 is illegal"),
    ],
)
def test_a_line_is_kept_up_to_its_first_bad_move(
    tmp_path: Path, line: str, moves: int, why: str
) -> None:
    (tmp_path / "lines.txt").write_text(line + "\n")
    loaded = load_games([tmp_path / "lines.txt"], min_moves=0)
    assert [len(record.actions) for record in loaded.records] == [moves]
    assert why.replace("lines.txt", str(tmp_path / "lines.txt")) in loaded.refusals[0]


def test_lines_that_are_no_moves_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# games\n\nwinner,moves\n" + "x" * 9000 + "\nf5d6c3d3\n")
    loaded = load_games([tmp_path])
    assert len(loaded.records) == 1
    assert loaded.reasons == {"unusable": 1}
    assert "line 4" in loaded.refusals[0]


def test_turned_and_mirrored_games_are_one(tmp_path: Path) -> None:
    (tmp_path / "c4.txt").write_text("1122334\n7766554\n1122335\n")
    assert load_games([tmp_path]).reasons == {"duplicate": 1}
    (tmp_path / "c4.txt").unlink()
    (tmp_path / "go.sgf").write_text("(;SZ[9];B[cd];W[gh])(;SZ[9];B[dc];W[hg])(;SZ[9];B[cd];W[hg])")
    assert load_games([tmp_path]).reasons == {"duplicate": 1}


def test_ranks_grow_with_strength() -> None:
    ranks = ["30k", "3 kyu", "1k", "1d", "5 dan", "9d", "1p", "9p"]
    numbers = [rank_number(rank) for rank in ranks]
    assert None not in numbers
    assert numbers == sorted(numbers, key=lambda n: n or 0)
    assert rank_number("strong") is None


@pytest.mark.parametrize(
    ("only", "sides"),
    [
        (Filter(), (True, True)),
        (Filter(player="alph"), (True, False)),
        (Filter(winner_only=True), (False, True)),
        (Filter(min_rank="5d"), (True, False)),
        (Filter(player="beta", min_rank="5d"), (False, False)),
    ],
)
def test_filters_choose_sides(only: Filter, sides: tuple[bool, bool]) -> None:
    record = GameRecord(
        make("go", 9), (1, 2), "AlphaX", "Beta", "W+R", extra={"BR": "9p", "WR": "1k"}
    )
    assert only.sides(record) == sides
    assert bool(only.refusal(record)) == (sides == (False, False))
