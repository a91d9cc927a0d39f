"""Games of Gomoku as Piskvork saves them, and as plain coordinates; files of all formats."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RecordError
from engine.games.gomoku import GomokuSpec
from engine.games.othello import OthelloSpec
from engine.notation import action_to_text
from engine.records import load_games
from engine.records.formats import other_games, read_game_of
from engine.records.ggf import write_ggf
from engine.records.psq import is_points, is_psq, read_points, read_psq
from engine.records.variations import read_first
from tests.support.records import finished_game

PSQ = b"Piskvorky 20x20, 11:11, 0\r\n10,11,0\r\n11,11,250\r\n12,12,13\r\none.exe\r\ntwo\r\n-1\r\n"


def finished_gomoku(seed: int, spec: GomokuSpec) -> tuple[int, ...]:
    random = np.random.default_rng(seed)
    position, actions = spec.allocate(1), list[int]()
    while not spec.finished(position)[0]:
        actions.append(int(random.choice(np.flatnonzero(spec.legal(position)[0]))))
        spec.play(position, np.array(actions[-1:]))
    return tuple(actions)


def test_a_file_of_piskvork() -> None:
    game = read_psq(PSQ, "file")
    record = game.record
    assert record.spec == GomokuSpec(20, 20) and not game.cut and record.result == "?"
    assert [divmod(action, 20) for action in record.actions] == [(10, 9), (10, 10), (11, 11)]
    assert (record.black, record.white) == ("one.exe", "two")


@pytest.mark.parametrize("seed", [1, 2])
def test_whole_games_with_their_winner(seed: int) -> None:
    spec = GomokuSpec(9, 9)
    actions = finished_gomoku(seed, spec)
    lines = [f"{action % 9 + 1},{action // 9 + 1},5" for action in actions]
    record = read_psq("\n".join(["Piskvorky 9x9, 1:1, 0", *lines]).encode(), "file").record
    assert record.actions == actions and record.result in ("B+", "W+", "0")
    words = [action_to_text(spec, action).lower() for action in actions]
    for text in (" ".join(words), "".join(words), "\n".join(words),
                 " ".join(f"{i + 1}. {word}" for i, word in enumerate(words))):  # fmt: skip
        (game,) = read_points(text.encode(), "file", (9, 9))
        assert not isinstance(game, RecordError)
        assert game.record.actions == actions and game.record.result == record.result


def test_six_in_a_line_that_do_not_win_are_of_exactly_five() -> None:
    moves = [(x, 1) for x in (1, 2, 3, 5, 6, 4)]
    others = [(x, y) for x, y in ((1, 3), (3, 5), (5, 3), (7, 5), (1, 7), (3, 7))]
    lines = [f"{x},{y},0" for pair in zip(moves, others, strict=True) for x, y in pair]
    game = read_psq("\n".join(["Piskvorky 15x15, 1:1, 0", *lines]).encode(), "file")
    assert game.record.spec == GomokuSpec(exactly=True) and not game.cut
    assert len(game.record.actions) == 12


@pytest.mark.parametrize(
    ("lines", "count", "why"),
    [
        ("5,5,0\n5,5,0", 1, "move 2 is on a stone"),
        ("5,5,0\n21,5,0\n6,6,0", 1, "move 2 is beside the board of 20x20"),
        ("0,5,0", 0, "move 1 is beside the board"),
        ("".join(f"{x},1,0\n{x},9,0\n" for x in range(1, 7)), 9, "after the end of the game"),
    ],
)
def test_a_game_is_kept_up_to_what_cannot_be_played(lines: str, count: int, why: str) -> None:
    game = read_psq(f"Piskvorky 20x20, 11:11, 0\n{lines}".encode(), "file")
    assert len(game.record.actions) == count and why in game.cut


def test_boards_that_do_not_exist_are_refused() -> None:
    for head in (b"Piskvorky 4x4, 1:1, 0", b"Piskvorky 99x99, 1:1, 0", b"something"):
        with pytest.raises(RecordError, match="file"):
            read_psq(head, "file")


def test_points_of_gomoku_and_of_othello() -> None:
    assert is_points(b"h8 i9 h7") and is_points(b"1. h8 i9 2. h7") and is_points(b"h8\ni9\nh7\n")
    for other in (b"f5d6c3d3c4", b"d3c5f6", b"4453123", b"", b"hello there", b"h8 i9 what"):
        assert not is_points(other), other
    (game,) = read_points(b"t20 a1", "file")
    assert not isinstance(game, RecordError) and game.record.spec.width == 20
    assert game.record.actions == (19, 380)


def test_files_of_all_formats_are_read_everywhere(tmp_path: Path) -> None:
    othello = finished_game(1, OthelloSpec())
    (tmp_path / "a.psq").write_bytes(PSQ)
    (tmp_path / "b.ggf").write_text(f"{write_ggf(othello)}\n(;GM[Othello]TY[7];)\n")
    (tmp_path / "c.txt").write_text("h8 i9 h7 g6\nh8 h9 g8 g9\n")
    (tmp_path / "d.psq.gz").write_bytes(gzip.compress(PSQ.replace(b"12,12", b"13,13")))
    loaded = load_games([tmp_path])
    found = sorted((r.spec.name, r.spec.width, len(r.actions)) for r in loaded.records)
    plies = len(othello.actions)
    assert found == [("gomoku", 15, 4)] * 2 + [("gomoku", 20, 3)] * 2 + [("othello", 8, plies)]
    assert loaded.reasons == {"unusable": 1} and "b.ggf, game 2" in loaded.refusals[0]
    assert read_game_of((tmp_path / "c.txt").read_bytes(), "c", 2).record.actions[1] == 6 * 15 + 7
    with pytest.raises(RecordError, match="from 1 to 2, got 3"):
        read_game_of((tmp_path / "c.txt").read_bytes(), "c", 3)
    game, moves, number, count = read_first(PSQ, "a.psq")
    assert moves == list(enumerate(game.record.actions)) and (number, count) == (1, 1)


def test_sgf_stays_sgf() -> None:
    for text in (b"(;GM[2]SZ[8];B[cd])", b"h8 i9 (;GM[4]SZ[15];B[hh])"):
        assert other_games(text, "file") is None and not is_psq(text)


@given(st.binary(max_size=60) | st.text(alphabet="abh189, .\n", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    if is_points(data):
        list(read_points(data, "file"))
    for head in (b"Piskvorky 15x15, 1:1, 0\n", b"Piskvorky 5x9,"):
        read_psq(head + data, "file")
