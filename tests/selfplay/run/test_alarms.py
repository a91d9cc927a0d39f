"""Alarms: each is raised by what it is for, by nothing else, and once."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.games.go import GoSpec
from selfplay.data.shards import write_shard
from selfplay.run.alarms import Alarms
from selfplay.run.folder import RunFolder
from selfplay.run.keep import KeepConfig, disk_metrics, disk_needed
from tests.support.small import some_rows

HEALTHY: dict[str, object] = {
    "target_entropy": 1.5,
    "value_error": 0.5,
    "result_variance": 0.95,
    "false_wins": 0.02,
    "draws": 0.05,
    "distinct_games": 1.0,
    "cut_games": 0.0,
    "play_s": 5.0,
    "learn_s": 4.0,
    "steps": 30,
}


def raised(changed: dict[str, object], cycles: int = 40, points: int = 81) -> list[str]:
    """Names of the alarms after healthy cycles and then so many others."""
    alarms = Alarms(points, [HEALTHY] * 15)
    found: list[str] = []
    for _ in range(cycles):
        found, _ = alarms.look(HEALTHY | changed)
    return found


def test_a_healthy_run_raises_none() -> None:
    assert raised({}) == []
    assert Alarms(81).look({"steps": 0}) == ([], [])


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"target_entropy": 0.01}, "collapsed policy"),
        ({"value_error": 1.0}, "collapsed value"),
        ({"false_wins": 0.3}, "overconfident"),
        ({"distinct_games": 0.6}, "repeated games"),
        ({"cut_games": 0.5}, "games are cut off"),
        ({"learn_s": 0.3}, "starving learner"),
        ({"learn_s": 50.0}, "starving player"),
        ({"workers_idle": 0.9}, "idle workers"),
        ({"workers": 2, "workers_wanted": 4}, "missing workers"),
        ({"disk_needed_mb": 900.0, "disk_free_mb": 100.0}, "disk running out"),
    ],
)
def test_each_is_raised_by_its_own_measure(changed: dict[str, object], name: str) -> None:
    assert raised(changed) == [name]


def test_workers_that_die_again_and_again() -> None:
    alarms = Alarms(81)
    steady = [alarms.look(HEALTHY | {"workers_lost": 3})[0] for _ in range(10)]
    dying = [alarms.look(HEALTHY | {"workers_lost": 3 + 2 * cycle})[0] for cycle in range(10)]
    assert not any(steady) and dying[-1] == ["dying workers"]


def test_a_draw_rate_that_rises_and_one_that_was_always_high() -> None:
    assert raised({"draws": 0.8}, cycles=10) == ["rising draw rate"]
    always = Alarms(81, [HEALTHY | {"draws": 0.8}] * 20)
    assert always.look(HEALTHY | {"draws": 0.8})[0] == []


def test_small_boards_may_repeat_and_draw() -> None:
    assert raised({"distinct_games": 0.1, "draws": 1.0, "target_entropy": 0.0}, points=9) == []


def test_one_bad_cycle_is_no_alarm_and_a_lasting_one_is_told_once() -> None:
    alarms = Alarms(81, [HEALTHY] * 10)
    bad = HEALTHY | {"distinct_games": 0.1}
    assert alarms.look(bad)[0] == []
    told: list[str] = []
    for _ in range(10):
        found, new = alarms.look(bad)
        told += new
    assert found == ["repeated games"]
    assert len(told) == 1 and "raise selfplay.opening_plies" in told[0]
    # A run that goes on knows from its metrics that it was told.
    assert Alarms(81, [HEALTHY] * 5 + [bad] * 10).look(bad)[1] == []


def test_the_disk_that_a_run_needs() -> None:
    """Halfway, with 1,000 rows of 50 bytes and 7,000 bytes of checkpoints: as much again."""
    assert disk_needed(0.5, 1000, 1e9, 50.0, 7000.0) == pytest.approx(50_000 + 7000)
    assert disk_needed(0.5, 1000, 1200, 50.0, 0.0) == pytest.approx(200 * 50.0)
    assert disk_needed(1.0, 1000, 1e9, 50.0, 7000.0) == 0.0


def test_the_disk_that_a_folder_needs(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for name in ("shards", "checkpoints", "games"):
        (tmp_path / name).mkdir()
    for number in (1, 2):
        write_shard(folder.shard(number), some_rows(GoSpec(5, 5), 100))
    size = sum(path.stat().st_size for path in folder.shards())
    found = disk_metrics(KeepConfig(shards="all"), folder, 0.25, 1000)
    assert found["disk_needed_mb"] * 1e6 == pytest.approx(3 * size)
    assert found["disk_free_mb"] > 0.0
    assert disk_metrics(KeepConfig(), folder, 0.25, 160)["disk_needed_mb"] == 0.0
