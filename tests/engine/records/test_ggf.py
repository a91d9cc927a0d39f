"""Games of Othello in GGF, written and read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MiaiError, RecordError
from engine.games.go import GoSpec
from engine.games.othello import OthelloSpec
from engine.games.spec import BLACK, WHITE
from engine.records.ggf import is_ggf, read_ggf, seconds_of, split_ggf, time_control, write_ggf
from engine.records.record import GameRecord
from tests.support.records import finished_game

START = "8 -------- -------- -------- ---O*--- ---*O--- -------- -------- -------- *"
GGS = (
    "(;GM[Othello]PC[GGS/os]DT[2003.12.15_13:24:03.MST]PB[Saio1200]PW[Saio3000]RB[2197.01]"
    f"RW[2199.72]TI[05:00//02:00]TY[8]RE[-6.00]BO[{START}]"
    "B[d3//0.01]W[c5/-0.10/0.01]B[F6]W[f5 ]B[e6];)"
)


@pytest.mark.parametrize("size", [4, 6, 8, 10])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_written_is_read(size: int, seed: int) -> None:
    record = finished_game(seed, OthelloSpec(size, size))
    again, cut = read_ggf(write_ggf(record), "file")
    assert replace(again, extra={}, source="") == record and not cut


def test_a_game_of_the_server() -> None:
    record, cut = read_ggf(GGS, "file")
    assert not cut and record.black == "Saio1200" and record.result == "W+6"
    assert [divmod(action, 8) for action in record.actions] == [
        (2, 3), (4, 2), (5, 5), (4, 5), (5, 4),
    ]  # fmt: skip
    assert record.extra["PC"] == "GGS/os" and not record.has_setup


def test_passes_that_are_left_out_are_put_in() -> None:
    for seed in range(40):
        record = finished_game(seed, OthelloSpec(6, 6))
        passes = [a for a in record.actions if a == record.spec.pass_action]
        if passes:
            break
    text = write_ggf(record)
    assert "[PA]" in text
    for word in ("B[PA]", "W[PA]"):
        text = text.replace(word, "")
    again, cut = read_ggf(text, "file")
    assert again.actions == record.actions and not cut


def test_other_first_positions() -> None:
    white_begins = f"{START[:-1]}O"
    record, cut = read_ggf(f"(;GM[Othello]TY[8]BO[{white_begins}]W[D6];)", "file")
    assert not cut and record.first_to_move == WHITE and record.has_setup
    assert read_ggf(write_ggf(record), "")[0].black_setup == record.black_setup
    without, _ = read_ggf("(;GM[Othello]TY[10]PB[]PW[];)", "file")
    assert without.spec.width == 10 and without.first_to_move == BLACK


@pytest.mark.parametrize(
    ("result", "ours"),
    [
        ("+64.00:r", "B+R"), ("-12.00:t", "W+T"), ("+2", "B+2"), ("0.00", "0"), ("?", "?"),
        ("-04.00:s", "W+4"), ("", "?"),
    ],
)  # fmt: skip
def test_results(result: str, ours: str) -> None:
    assert read_ggf(f"(;GM[Othello]TY[8]RE[{result}];)", "file")[0].result == ours


@pytest.mark.parametrize(
    ("moves", "count", "why"),
    [
        ("B[D3]W[A1]", 1, "move 2, A1, is illegal"),
        ("W[D3]", 0, "move 1 is of W, Black's turn"),
        ("B[D3]W[Z9]", 1, "move 2: expected a point"),
    ],
)
def test_a_game_is_kept_up_to_its_first_illegal_move(moves: str, count: int, why: str) -> None:
    record, cut = read_ggf(f"(;GM[Othello]TY[8]{moves};)", "file")
    assert len(record.actions) == count and why in cut


@pytest.mark.parametrize(
    "text",
    ["", "(;)", "(;GM[Amazons];)", "(;GM[Othello]BO[8 --- *];)", "(;GM[Othello]TY[7];)",
     "(;GM[Othello]BO[99 - *];)", "(;GM[Othello]oops;)"],
)  # fmt: skip
def test_what_is_no_game_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="file"):
        read_ggf(text, "file")
    with pytest.raises(RecordError):
        write_ggf(GameRecord(GoSpec(5, 5), ()))


def test_files() -> None:
    data = f"2 {GGS}{GGS}\n\n{GGS}\n".encode()
    assert is_ggf(data) and not is_ggf(b"(;GM[2]FF[4]SZ[8];B[cd])")
    found = list(split_ggf(data, "file"))
    assert len(found) == 3 and found[2] == (GGS, "file, game 3")
    with pytest.raises(RecordError, match="got none: file"):
        list(split_ggf(b"nothing", "file"))


def test_times() -> None:
    assert time_control(GGS, BLACK) == (300.0, 0.0, 0.01)
    assert time_control("(;GM[Othello]TB[01:00:00/00:05]TW[30];)", BLACK) == (3600.0, 5.0, 0.0)
    assert time_control("(;GM[Othello]TB[01:00:00/00:05]TW[30];)", WHITE) == (30.0, 0.0, 0.0)
    assert time_control("(;GM[Othello]TY[8];)", WHITE) is None
    assert seconds_of("F5//2.5") == 2.5 and seconds_of("F5") == 0.0 and seconds_of("F5/1/x") == 0.0


@given(st.text(alphabet="()[];GMOthelBOWABPTY*-8O /:.+", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        record, _ = read_ggf(f"(;GM[Othello]{text};)", "file")
    except MiaiError:
        return
    write_ggf(record)
