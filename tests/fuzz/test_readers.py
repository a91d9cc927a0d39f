"""A few mutations for every reader; ``tests/fuzz/readers.py`` runs as many as one likes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.readers import Readers


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    yield Readers(Path(tmp_path_factory.mktemp("readers")))


KINDS = (
    "network", "network header", "autosave", "window preferences", "settings", "run config.toml",
    "games.jsonl", "conditions.json", "zip of games", "metrics.jsonl", "openings.jsonl",
    "benchmarks.jsonl", "ratings.json",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_read_or_refused_in_words(readers: Readers, kind: str) -> None:
    outcomes = {readers.check(kind, Random(f"suite {number}")) for number in range(15)}
    assert outcomes <= {"read", "refused"}


def test_all_kinds_are_tried(readers: Readers) -> None:
    assert set(KINDS) == set(readers.sound)


@pytest.mark.parametrize("kind", KINDS)
def test_sound_files_are_read(readers: Readers, kind: str) -> None:
    data, _, read = readers.sound[kind]
    read(readers.folder, data)
