"""Games in archives and compressed files, in each other too, and in bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from engine.records import load_games

GOOD = b"(;SZ[9]RE[B+R];B[ee];W[cc])"
OTHER = b"(;SZ[9]RE[B+R];B[dd];W[ff])"


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


def tarred(mode: str, **files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name.replace("__", "."))
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.zip", zipped(a__sgf=GOOD, b__sgf=OTHER)),
        ("a.zip", zipped(in__zip=zipped(a__sgf=GOOD, deeper__zip=zipped(b__sgf=OTHER)))),
        ("a.tar", tarred("w", a__sgf=GOOD, b__sgf=OTHER)),
        ("a.tgz", tarred("w:gz", a__sgf=GOOD, b__sgf=OTHER)),
        ("a.tar.gz", tarred("w:gz", a__sgf=GOOD, b__zip=zipped(b__sgf=OTHER))),
        ("a.tar.bz2", tarred("w:bz2", a__sgf=GOOD, b__sgf=OTHER)),
        ("a.tar.xz", tarred("w:xz", a__sgf=GOOD, b__sgf=OTHER)),
        ("a.zip", zipped(a__sgf__gz=gzip.compress(GOOD), b__tgz=tarred("w:gz", b__sgf=OTHER))),
        ("a.sgf.gz", gzip.compress(GOOD) + gzip.compress(OTHER)),
        ("a.sgf.bz2", bz2.compress(GOOD) + bz2.compress(OTHER)),
        ("a.sgf.xz", lzma.compress(GOOD + b"\n" + OTHER)),
        ("a.sgf", gzip.compress(GOOD + OTHER)),  # not what its name says
        ("a.zip", zipped(a__sgf=GOOD, **{"__MACOSX/readme.md": b"x", "b__sgf": OTHER})),
    ],
)
def test_games_are_found_in(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    for path in (tmp_path, tmp_path / name):
        loaded = load_games([path])
        assert sorted(record.actions[0] for record in loaded.records) == [30, 40]
        assert not loaded.reasons


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(40), "7z archive"),
        ("a.rar", b"Rar!\x1a\x07\x01\0" + bytes(40), "RAR archive"),
        ("a.sgf.zst", b"\x28\xb5\x2f\xfd" + bytes(40), "Zstandard"),
        ("a.sgf.Z", b"\x1f\x9d\x90" + bytes(40), "compress"),
        ("a.gib", b"\\HS\n", ".gib file"),
        ("a.ngf", b"Rating game\n", ".ngf file"),
    ],
)
def test_what_cannot_be_unpacked_is_named(
    tmp_path: Path, name: str, data: bytes, word: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr(name, data)
        archive.writestr("good.sgf", GOOD)
    loaded = load_games([tmp_path])
    assert len(loaded.records) == 1
    assert loaded.reasons == {"unreadable": 2}
    assert all(word in line and name in line for line in loaded.refusals)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_bombs_are_left_early(tmp_path: Path, kind: str) -> None:
    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[kind]
    bomb = pack(b"x" * (24 << 20))
    (tmp_path / f"a.sgf.{kind}").write_bytes(bomb)
    (tmp_path / "b.zip").write_bytes(zipped(**{f"{i}__sgf__{kind}": bomb for i in range(40)}))
    (tmp_path / f"cut.sgf.{kind}").write_bytes(pack(GOOD * 9)[:-9])
    loaded = load_games([tmp_path])
    assert not loaded.records
    assert loaded.reasons == {"too large": 41, "damaged": 1}


def test_an_archive_that_holds_itself_comes_to_an_end(tmp_path: Path) -> None:
    data = GOOD
    for _ in range(12):
        data = zipped(a__zip=data)
    (tmp_path / "a.zip").write_bytes(data)
    assert load_games([tmp_path]).reasons == {"too deep": 1}


def test_a_header_that_lies_about_a_size_costs_its_entry(tmp_path: Path) -> None:
    data = bytearray(zipped(bad__sgf=b"(;SZ[9]C[" + b"x" * 3_000_000 + b"])", good__sgf=GOOD))
    for at in (data.find(b"PK\3\4") + 22, data.find(b"PK\1\2") + 24):
        struct.pack_into("<I", data, at, 1000)
    (tmp_path / "a.zip").write_bytes(data)
    loaded = load_games([tmp_path])
    assert [record.actions[0] for record in loaded.records] == [40]
    assert loaded.reasons == {"damaged": 1}


def test_a_damaged_end_costs_what_stands_there(tmp_path: Path) -> None:
    data = tarred("w:gz", a__sgf=GOOD, b__sgf=OTHER + b" " * 100_000)
    raw = zlib.decompress(data, wbits=31)
    (tmp_path / "a.tar").write_bytes(raw[: len(raw) // 2])
    loaded = load_games([tmp_path])
    assert len(loaded.records) == 1
    assert loaded.reasons == {"damaged": 1}


def test_an_entry_without_a_name_is_passed_over(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x", b"")
        archive.writestr("a.sgf", b"(;SZ[9];B[ee];W[cc])")
    # The names of both headers of the first entry end before they begin.
    data = out.getvalue().replace(b"x", b"\0")
    (tmp_path / "a.zip").write_bytes(data)
    assert len(load_games([tmp_path]).records) == 1
