"""The ladder of levels: goes on where it was, and says what it measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents import levels
from agents.levels import LEVELS, level_ratings
from engine.games import make
from miai.measure import levels as ladder


def test_an_interrupted_ladder_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, path = make("tic_tac_toe"), tmp_path / "tic_tac_toe.levels.json"
    monkeypatch.setattr(levels, "ratings_path", lambda _: path)
    monkeypatch.setattr(ladder, "ratings_path", lambda _: path)
    monkeypatch.setattr(ladder, "LEVELS", LEVELS[:3])
    monkeypatch.setattr(ladder, "_CHUNK", 4)
    lines: list[str] = []

    def stop_at_the_second(line: str) -> None:
        lines.append(line)
        if len(lines) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ladder.measure_levels(spec, 8, stop_at_the_second)
    assert level_ratings(spec) is None, "half a ladder says nothing yet"
    before = json.loads(path.read_text())["matches"]
    assert len(before) == 4
    measured = ladder.measure_levels(spec, 8, lines.append)
    assert measured["matches"][:4] == before
    assert len(measured["matches"]) == 6
    assert all(row["as_black"][1] == row["as_white"][1] == 2 for row in measured["matches"])
    assert len(measured["elo"]) == 3
    assert json.loads(path.read_text()) == measured
