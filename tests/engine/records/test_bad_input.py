"""What files from strangers hold: refused or passed over by name, in bounded time and memory."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.records import load_games
from engine.records.sgf import read_games
from tests.fuzz import mutations
from tests.fuzz.records import CORPUS, check

GOOD = b"(;SZ[9]RE[B+R];B[ee];W[cc])"


def test_a_small_zip_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.sgf", b"(;SZ[9]C[" + b"x" * (20 << 20) + b"])")
        archive.writestr("good.sgf", GOOD)
    assert (tmp_path / "bomb.zip").stat().st_size < 100_000
    loaded = load_games([tmp_path])
    assert len(loaded.records) == 1
    assert loaded.reasons == {"too large": 1}
    assert "bomb.sgf" in loaded.refusals[0]


def test_names_in_archives_are_never_paths(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tricks.zip", "w") as archive:
        for i, name in enumerate(("../../up.sgf", "/tmp/miai-root.sgf", "a\x1b[31m\nb.sgf")):
            archive.writestr(name, GOOD.replace(b"cc", b"cd" if i else b"cc") + b"(;")
    before = sorted(tmp_path.rglob("*"))
    loaded = load_games([folder])
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/miai-root.sgf").exists()
    assert len(loaded.records) == 2
    assert all(line.isprintable() for line in loaded.refusals)


def test_a_line_of_a_hundred_megabytes(tmp_path: Path) -> None:
    (tmp_path / "line.sgf").write_bytes(b"(;SZ[9]C[" + b"x" * (100 << 20) + b"];B[ee])")
    (tmp_path / "line.txt").write_bytes(b"f5d6" * (1 << 20) + b"\nf5d6c3\n")
    loaded = load_games([tmp_path])
    assert len(loaded.records) == 1
    assert loaded.reasons == {"unusable": 2}
    assert "16 MiB" in loaded.refusals[0]
    assert "line 1" in loaded.refusals[1]


@pytest.mark.parametrize(
    "data",
    [
        b"(;SZ[9];B[ee]" + b"(;C[x]" * 100_000 + b")" * 100_001,
        b"(;SZ[9];B[ee]" + b"(;C[x])" * 100_000 + b")",
    ],
    ids=["deep", "wide"],
)
def test_a_hundred_thousand_variations(data: bytes) -> None:
    assert read_games(data, "many.sgf")[0].record.actions == (40,)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 300_000,
        b"(;" * 300_000,
        b"(;A[" * 100_000,
        b"(;C[\\" + b"\\" * 300_001,
        b"(" + b" " * 300_000 + b"(",
        b"(;SZ[9]" + b"AB[aa:ii]" * 100_000 + b")",
        b"(;SZ[9]MIAI[" + b"[" * 200_000 + b"\\])",
    ],
    ids=["brackets", "games", "values", "escapes", "spaces", "rectangles", "json"],
)
def test_repetition_is_no_way_to_make_it_hang(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.sgf").write_bytes(data)
    loaded = load_games([tmp_path])
    assert not loaded.records
    assert sum(loaded.reasons.values()) <= 101


def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sgf")
    assert load_games([tmp_path]).reasons == {"unreadable": 1}
    assert load_games([Path("/dev/zero")]).reasons == {"unreadable": 1}


def test_a_damaged_game_of_a_collection_costs_itself(tmp_path: Path) -> None:
    damaged = b"(;SZ[9];B[aa]\n(;SZ[9];B[dd];W[ff])\n(;SZ[9];B[ba];C[\n(;SZ[9];B[ca])"
    (tmp_path / "some.sgf").write_bytes(GOOD + b"\n" + damaged)
    loaded = load_games([tmp_path])
    assert [record.actions[0] for record in loaded.records] == [40, 30, 2]
    assert loaded.reasons == {"damaged": 2}
    assert "line 2, column 1" in loaded.refusals[0]
    assert "line 4, column 1" in loaded.refusals[1]


def test_more_moves_than_there_is_room_for(tmp_path: Path) -> None:
    (tmp_path / "some.sgf").write_bytes(GOOD + b"(;SZ[9];B[aa];W[bb];B[cc])(;SZ[9];B[dd])")
    loaded = load_games([tmp_path], most_moves=3)
    assert [len(record.actions) for record in loaded.records] == [2, 1]
    assert loaded.reasons == {"too many": 1}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_the_corpus(path: Path) -> None:
    check(path.read_bytes())


@settings(max_examples=150, deadline=None)
@given(
    seed=st.sampled_from([path.read_bytes() for path in CORPUS]),
    cuts=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), max_size=4),
)
def test_damaged_games_give_legal_games_or_refusals(
    seed: bytes, cuts: list[tuple[int, bytes]]
) -> None:
    data = bytearray(seed)
    for at, new in cuts:
        data[at : at + len(new)] = new
    check(bytes(data))


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300))
def test_noise(data: bytes) -> None:
    check(data)


def test_files_of_many_programs_with_damage() -> None:
    assert sum(mutations.run(300, 7).values()) == 300
