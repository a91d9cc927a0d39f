"""Who meets whom to be rated, within which share of time; what is kept and what is cleared away."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.games.go import GoSpec
from selfplay.data.shards import write_shard
from selfplay.run.benchmark import BenchmarkConfig, Meeting, Pace, next_meeting, pair
from selfplay.run.keep import KeepConfig, clear_shards, count_rows, folder_bytes
from tests.support.small import some_rows

CONFIG = BenchmarkConfig(games=32)


def meet(first: str, second: str, points: float = 4.0, games: int = 8) -> Meeting:
    return Meeting(first, second, games, points / 2, points / 2, 1.0)


def test_a_new_checkpoint_meets_the_ladder_and_its_elders_in_turn() -> None:
    played: list[Meeting] = []
    checkpoints = ["000010", "000020"]
    opponents = []
    for _ in range(4):
        due = next_meeting(CONFIG, checkpoints, played, {})
        assert due is not None and due[0] == "000020"
        opponents.append(due[1])
        played.append(meet(*due))
    assert opponents[0] in CONFIG.ladder and opponents[2] in CONFIG.ladder
    assert opponents[1] == opponents[3] == "000010"


def test_the_newest_comes_first_and_then_whoever_played_least() -> None:
    played = [meet("3", "random", games=32), meet("1", "random"), meet("2", "1", games=2)]
    due = next_meeting(CONFIG, ["1", "2", "3"], played, {})
    assert due is not None and due[0] == "2"


def test_opponents_of_about_the_same_strength_say_most() -> None:
    elo = {"random": -900.0, "rollouts:100": -200.0, "rollouts:500": 0.0, "rollouts:2000": 400.0}
    due = next_meeting(CONFIG, ["1"], [], elo | {"1": 350.0})
    assert due == ("1", "rollouts:2000")
    due = next_meeting(CONFIG, ["1"], [], elo | {"1": -1000.0})
    assert due == ("1", "random")


def test_once_all_have_played_the_ladder_holds_the_scale_and_then_nobody_plays() -> None:
    elo = dict.fromkeys((*CONFIG.ladder, "1"), 0.0)
    played = [meet("1", "random", games=32)]
    met = set()
    while (due := next_meeting(CONFIG, ["1"], played, elo)) is not None:
        met.add(due)
        played.append(meet(*due))
        assert len(played) < 50
    assert met == set(zip(CONFIG.ladder[1:], CONFIG.ladder, strict=False))


def test_pairs_without_openings_are_left_alone() -> None:
    gone = frozenset(pair("1", rung) for rung in CONFIG.ladder)
    assert next_meeting(CONFIG, ["1"], [], {}, gone) is None
    assert next_meeting(CONFIG, [], [], {}) is None


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"first": "a", "second": "a", "games": 2, "points_as_black": 1, "points_as_white": 0},
        {"first": "a", "second": "b", "games": 3, "points_as_black": 1, "points_as_white": 0},
        {"first": "a", "second": "b", "games": 2, "points_as_black": 1.5, "points_as_white": 0},
        {"first": "a", "second": "b", "games": 2, "points_as_black": "x", "points_as_white": 0},
        {"cycle": 3, "elapsed_s": 1.0, "000001": {"wins": 3}},
    ],
)
def test_lines_that_are_no_meeting(entry: dict[str, object]) -> None:
    assert Meeting.read(entry) is None


def test_a_meeting_reads_back() -> None:
    meeting = meet("a", "b")
    assert Meeting.read(vars(meeting)) == meeting


def test_pace_waits_until_the_time_used_is_within_the_share() -> None:
    now, used = [100.0], [0.0]
    pace = Pace(0.1, 2, clock=lambda: now[0], cpu=lambda: used[0])
    used[0] = 3.0
    assert pace.rest_s() == pytest.approx(15.0)
    now[0] = 110.0
    assert pace.rest_s() == pytest.approx(5.0)
    now[0] = 120.0
    assert pace.rest_s() == 0.0


def test_an_anchor_that_does_not_play_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.anchor .* got 'gnugo'"):
        BenchmarkConfig(anchor="gnugo").check()


def shards(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{i:06d}.npz" for i in range(count)]
    for path in paths:
        write_shard(path, some_rows(GoSpec(5, 5), 40))
    return paths


def test_shards_beyond_the_window_are_deleted_oldest_first(tmp_path: Path) -> None:
    paths = shards(tmp_path, 6)
    assert [count_rows(path) for path in paths] == [40] * 6
    before = folder_bytes(tmp_path)
    cleared = clear_shards(KeepConfig(), paths, window_rows=80)
    assert sorted(cleared) == paths[:3]
    assert [path.exists() for path in paths] == [False] * 3 + [True] * 3
    assert folder_bytes(tmp_path) < 0.6 * before


def test_shards_are_kept_on_request_and_damaged_ones_count_nothing(tmp_path: Path) -> None:
    paths = shards(tmp_path, 3)
    assert clear_shards(KeepConfig(shards="all"), paths, window_rows=1) == []
    paths[2].write_bytes(paths[2].read_bytes()[:100])
    assert count_rows(paths[2]) == 0
    assert clear_shards(KeepConfig(), paths, window_rows=30) == [paths[0]]
