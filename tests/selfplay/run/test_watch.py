"""Watching a run from another process: what is new, nothing from files that are half written."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.games.go import GoSpec
from selfplay.run.measures import CALIBRATION_BINS, calibration, memory_mb, opening_lines
from selfplay.run.watch import LiveGame, LiveGames, LiveReader
from tests.support.small import some_rows


def test_a_watcher_is_told_everything_once(tmp_path: Path) -> None:
    live = LiveGames(tmp_path / "live.json")
    reader = LiveReader(tmp_path)
    assert reader.poll().metrics == []
    first, second = LiveGame(7, 6.5, (1, 2), 0.25), LiveGame(8, 7.0, (3,))
    live.write(1, 2.5, [first, second], [LiveGame(1, 7.0, (4, 5), score=-3.5)])
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text('{"cycle": 1}\n{"cyc')
    update = reader.poll()
    assert update.metrics == [{"cycle": 1}]
    assert (update.cycle, update.cycle_s) == (1, 2.5)
    assert update.in_play == (first, second)
    assert [game.score for game in update.finished] == [-3.5]
    again = reader.poll()
    assert (again.metrics, again.in_play, again.finished) == ([], (), ())
    with metrics.open("a") as file:
        file.write('le": 2}\n')
    assert reader.poll().metrics == [{"cycle": 2}]


def test_games_that_were_watched_are_followed_to_their_end(tmp_path: Path) -> None:
    live = LiveGames(tmp_path / "live.json")
    live.write(1, 1.0, [LiveGame(7, 7.0, (1,))], [])
    ended = [LiveGame(n, 7.0, (1, 2), score=1.0) for n in (5, 7, 6)]
    live.write(2, 1.0, [LiveGame(9, 7.0, ())], ended)
    assert [game.number for game in LiveReader(tmp_path).poll().finished] == [7]
    live.write(3, 1.0, [], ended)
    assert [game.number for game in LiveReader(tmp_path).poll().finished] == [6]


def test_a_damaged_file_shows_nothing(tmp_path: Path) -> None:
    for content in ("", "{", "[]", '{"cycle": 3}', '{"cycle": 3, "in_play": [{}]}'):
        (tmp_path / "live.json").write_text(content)
        assert LiveReader(tmp_path).poll().in_play == ()


def test_calibration_adds_up() -> None:
    q = np.array([-1.0, -0.95, 0.0, 1.0])
    bins = calibration(q, np.array([-1.0, 1.0, 0.0, 1.0]))
    assert len(bins) == CALIBRATION_BINS
    assert bins[0] == [2, 0.025, 1.0]
    assert bins[5] == [1, 0.5, 0.5]
    assert bins[-1] == [1, 1.0, 1.0]


def test_openings_are_the_first_plies_of_games_that_a_search_began() -> None:
    spec = GoSpec(5, 5)
    rows = some_rows(spec, 8)
    rows.ply[:4] += 2  # game 0 began with two random plies
    games = {0: [1, 2, 3], 1: [12, 25, 0], 2: [7]}
    assert opening_lines(spec, games, rows) == ["C3 pass A5"]
    assert opening_lines(spec, games, None) == []
    assert len(opening_lines(spec, {1: range(20)}, rows)[0].split()) == 8


def test_memory_is_what_the_process_holds() -> None:
    before = memory_mb()
    held = np.ones(16_000_000, np.float64)
    assert 100.0 < memory_mb() - before < 160.0
    assert held[-1] == 1.0
