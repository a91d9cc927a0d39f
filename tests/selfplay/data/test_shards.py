"""Shards: what is written is read back, and damage is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RunError
from engine.games.go import GoSpec
from selfplay.data.columns import COLUMNS
from selfplay.data.shards import Rows, read_shard, write_shard
from tests.support.small import some_rows


def assert_same(first: Rows, second: Rows) -> None:
    assert first.layout == second.layout
    for name in COLUMNS:
        mine, theirs = first.columns[name], second.columns[name]
        assert mine.dtype == theirs.dtype, name
        np.testing.assert_array_equal(mine, theirs, err_msg=name)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(height=st.integers(2, 9), width=st.integers(2, 9), count=st.integers(1, 20))
def test_round_trip(tmp_path: Path, height: int, width: int, count: int) -> None:
    rows = some_rows(GoSpec(height, width), count, seed=count)
    write_shard(tmp_path / "rows.npz", rows)
    assert_same(read_shard(tmp_path / "rows.npz"), rows)


def test_planes_are_unpacked_as_the_game_wrote_them() -> None:
    spec = GoSpec(5, 7)
    rows = some_rows(spec, 6)
    planes = rows.unpacked_planes()
    assert planes.shape == (6, 35, len(spec.plane_names))
    assert planes[:, :, spec.plane_names.index("on_board")].all()
    legal = planes[:, :, spec.plane_names.index("legal")]
    assert ((rows.policy[:, :-1] > 0) <= (legal > 0)).all()


def test_concatenate_and_take() -> None:
    rows = some_rows(GoSpec(4, 4), 10)
    parts = [rows.take(np.arange(3)), rows.take(np.arange(3, 10))]
    assert_same(Rows.concatenate(parts), rows)
    assert_same(
        rows.take(np.array([9, 0])),
        Rows.concatenate([rows.take(np.array([9])), rows.take(np.array([0]))]),
    )


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 0.99])
def test_a_damaged_shard_names_its_file(tmp_path: Path, share: float) -> None:
    path = tmp_path / "000007.npz"
    write_shard(path, some_rows(GoSpec(5, 5), 30))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(RunError, match=r"000007\.npz"):
        read_shard(path)


def test_a_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    write_shard(path, some_rows(GoSpec(5, 5), 200))
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(RunError, match="damaged"):
        read_shard(path)


def test_flipped_bits_never_end_in_another_error(tmp_path: Path) -> None:
    """Every bit flip is refused with the file's name, or harmless: the same rows come back."""
    path = tmp_path / "000001.npz"
    rows = some_rows(GoSpec(2, 3), 2)
    write_shard(path, rows)
    data = path.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for at in random.choice(len(data), size=min(len(data), 400), replace=False):
        damaged = bytearray(data)
        damaged[at] ^= 1 << int(random.integers(8))
        path.write_bytes(bytes(damaged))
        try:
            got = read_shard(path)
        except RunError as error:
            assert "000001.npz" in str(error)
            refused += 1
        else:
            assert_same(got, rows)
    assert refused > 100


def test_columns_of_another_width_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "000002.npz"
    rows = some_rows(GoSpec(4, 4), 5)
    write_shard(path, rows.changed(policy=rows.policy[:, 1:]))
    with pytest.raises(RunError, match=r"'policy'.*000002\.npz"):
        read_shard(path)


def stored(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


@pytest.mark.parametrize("name", [name for name, c in COLUMNS.items() if c.default is not None])
def test_a_column_that_a_file_lacks_has_its_default(tmp_path: Path, name: str) -> None:
    path = tmp_path / "rows.npz"
    rows = some_rows(GoSpec(4, 5), 6)
    write_shard(path, rows)
    columns = stored(path)
    del columns[name]
    np.savez_compressed(path, **columns)
    expected = np.full_like(rows.columns[name], COLUMNS[name].default)
    assert_same(read_shard(path), rows.changed(**{name: expected}))


def test_a_file_without_a_column_that_must_be_there_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    write_shard(path, some_rows(GoSpec(4, 5), 6))
    columns = stored(path)
    del columns["policy"]
    np.savez_compressed(path, **columns)
    with pytest.raises(RunError, match="damaged"):
        read_shard(path)


def test_a_column_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    rows = some_rows(GoSpec(4, 5), 6)
    write_shard(path, rows)
    np.savez_compressed(path, **stored(path), of_tomorrow=np.ones(6))
    assert_same(read_shard(path), rows)
