"""Workers on a Ray cluster play the games of threads, whoever joins, leaves or dies meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.errors import ConfigError, RunError
from miai.config import to_toml
from miai.playing import source_maker
from selfplay.play.source import Lot, Published, gathered
from selfplay.play.threads import ThreadSource
from selfplay.run import Run, RunConfig
from tests.support.lots import assert_equal, lots_of_threads, play, two_boards, two_networks
from tests.support.small import small_run


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> list[Published]:
    return two_networks(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def expected(networks: list[Published]) -> list[list[Lot]]:
    return lots_of_threads(networks)


def on_ray(config: RunConfig, strict: bool, **settings: float) -> RunConfig:
    return replace(config, ray=replace(config.ray, strict=strict, **settings))  # type: ignore[arg-type]


def player_processes(title: str = "ray::PlayWorker") -> list[psutil.Process]:
    """The actors of a kind that are children of this process."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if child.cmdline()[:1] and child.cmdline()[0].startswith(title):
                found.append(child)
    return found


def kill_one(delay_s: float = 0.0) -> threading.Timer:
    def kill() -> None:
        for worker in player_processes()[:1]:
            with suppress(psutil.NoSuchProcess):
                worker.send_signal(signal.SIGKILL)

    timer = threading.Timer(delay_s, kill)
    timer.start()
    return timer


@pytest.mark.parametrize("workers", [1, 2])
def test_strict_workers_play_the_games_of_threads(
    cluster: Any, workers: int, networks: list[Published], expected: list[list[Lot]]
) -> None:
    config = on_ray(two_boards(), strict=True)
    source = source_maker(cluster.address, workers, config)(config, networks[0])
    assert_equal(play(source, networks), expected)
    assert source.notes() == []


def test_workers_may_share_an_evaluator(
    cluster: Any, networks: list[Published], expected: list[list[Lot]]
) -> None:
    """One actor evaluates for all, and is killed once: Ray starts it again."""
    config = on_ray(replace(two_boards(), evaluator="int8"), strict=True, evaluators=1)
    source = source_maker(cluster.address, 2, config)(config, networks[0])
    try:
        lots = [source.play([30, 30], [4, 4])]
        for process in player_processes("ray::DeviceEvaluator"):
            process.send_signal(signal.SIGKILL)
        source.publish(networks[1])
        source.invite(networks[0].path)
        lots += [source.play([20, 20], [4, 4]), source.play([20, 20], [6, 6])]
        assert_equal(lots, expected)
    finally:
        source.close()


def test_a_worker_that_is_killed_costs_nothing(
    cluster: Any, networks: list[Published], expected: list[list[Lot]]
) -> None:
    """Between two calls and within one: no row is lost, and none comes twice."""
    config = on_ray(two_boards(), strict=True)
    source = source_maker(cluster.address, 2, config)(config, networks[0])
    try:
        lots = [source.play([30, 30], [4, 4])]
        source.publish(networks[1])
        source.invite(networks[0].path)
        kill_one().join()
        lots.append(source.play([20, 20], [4, 4]))
        timer = kill_one(0.05)
        lots.append(source.play([20, 20], [6, 6]))
        timer.join()
        assert_equal(lots, expected)
        measures = source.measures()
        assert measures["workers_lost"] and measures["lots_lost"]
        assert any("is lost" in note for note in source.notes())
    finally:
        source.close()


def games_of(lots: list[Lot]) -> dict[tuple[int, int], tuple[int, ...]]:
    """Actions by task and number; a game that comes twice is an error."""
    _, games = gathered(lots)
    found = {(game.task, game.number): game.actions for game in games}
    assert len(found) == len(games)
    return found


def test_workers_that_play_ahead_play_the_same_games(
    cluster: Any, networks: list[Published]
) -> None:
    """With equal weights the games are those of threads, though a worker dies meanwhile."""
    config = replace(two_boards(), selfplay=replace(two_boards().selfplay, league_share=0.0))
    threads = ThreadSource(config, networks[0])
    wanted = games_of([lot for _ in range(16) for lot in threads.play([20, 20], [4, 4])])
    threads.close()
    config = on_ray(config, strict=False, ahead=2)
    source = source_maker(cluster.address, 2, config)(config, networks[0])
    lots: list[Lot] = []
    try:
        for call in range(6):
            if call in (2, 4):
                kill_one(0.02)
            lots += source.play([20, 20], [4, 4])
        saved = source.arrays()
    finally:
        source.close()
    source = source_maker(cluster.address, 1, config)(config, networks[0])
    try:  # the run's death is a resume: what was not taken is played again
        source.restore(saved)
        lots += source.play([20, 20], [4, 4])
    finally:
        source.close()
    found = games_of(lots)
    assert len(found) > 60
    assert {name: wanted[name] for name in found} == found


def test_rows_are_at_most_some_versions_old(cluster: Any, networks: list[Published]) -> None:
    config = on_ray(two_boards(), strict=False, ahead=3, lag=1)
    source = source_maker(cluster.address, 2, config)(config, networks[0])
    try:
        lags, known = [], [network.hash for network in networks]
        for version in range(6):
            lots = source.play([10, 10], [4, 4])
            measures = source.measures()
            lags.append(measures["lag_most"])
            assert {lot.network for lot in lots} <= {known[version % 2], known[(version - 1) % 2]}
            source.publish(networks[(version + 1) % 2])
            time.sleep(0.2)  # as long as it learns, workers play on
        assert 1 in lags and all(lag in (0, 1) for lag in lags)
        assert int(str(measures["lots_waiting"])) <= 3 * config.selfplay.threads
    finally:
        source.close()


@pytest.mark.slow
def test_strict_runs_are_equal_byte_for_byte(cluster: Any, tmp_path: Path) -> None:
    """On one, two and four workers, and with threads, a worker being killed in each cycle."""
    config = small_run(cycles=6, checkpoint_minutes=10.0)
    config = on_ray(
        replace(config, selfplay=replace(config.selfplay, threads=4, slots=6)), strict=True
    )
    timers: list[threading.Timer] = []
    for workers in (0, 1, 2, 4):
        address = cluster.address if workers else None
        maker = source_maker(address, workers or None, config)
        with Run(tmp_path / str(workers), config, to_toml(config), maker) as run:
            run.train(lambda _: timers.append(kill_one(0.1)))
    for timer in timers:
        timer.join()
    for folder in ("checkpoints", "shards"):
        names = sorted(path.name for path in (tmp_path / "0" / folder).iterdir())
        assert names
        for name in names:
            contents = {(tmp_path / str(n) / folder / name).read_bytes() for n in (0, 1, 2, 4)}
            assert len(contents) == 1, name


@pytest.mark.slow
def test_nodes_join_and_leave(cluster: Any, networks: list[Published]) -> None:
    """A node that is there from the second call on plays; when it is gone, the others go on."""
    config = on_ray(
        replace(two_boards(), selfplay=replace(two_boards().selfplay, threads=6)), strict=True
    )
    threads = ThreadSource(config, networks[0])
    wanted = [threads.play([10, 10], [4, 4]) for _ in range(4)]
    threads.close()
    source = source_maker(cluster.address, 6, config)(config, networks[0])
    try:
        lots = [source.play([10, 10], [4, 4])]
        assert int(str(source.measures()["workers"])) <= 4
        node = cluster.add_node(num_cpus=2, object_store_memory=100 << 20)
        deadline = time.monotonic() + 60
        while len(player_processes()) < 6 and time.monotonic() < deadline:
            time.sleep(0.2)
        lots += [source.play([10, 10], [4, 4]), source.play([10, 10], [4, 4])]
        assert source.measures()["workers"] == 6
        cluster.remove_node(node)
        lots.append(source.play([10, 10], [4, 4]))
        assert_equal(lots, wanted)
        assert source.measures()["workers_lost"] == 2
    finally:
        source.close()


def test_arrays_of_other_settings_are_refused(cluster: Any, networks: list[Published]) -> None:
    config = two_boards()
    source = source_maker(cluster.address, 1, config)(config, networks[0])
    try:
        with pytest.raises(ValueError, match="no games in flight of thread 0"):
            source.restore({})
    finally:
        source.close()


def test_more_workers_than_threads_are_refused(networks: list[Published]) -> None:
    config = two_boards()
    with pytest.raises(ConfigError, match="expected 1 to 2 workers"):
        source_maker("auto", 3, config)(config, networks[0])


@pytest.mark.parametrize("address", ["127.0.0.1", "ray://127.0.0.1:10001", ":1", "x:y"])
def test_what_is_no_address_is_refused(networks: list[Published], address: str) -> None:
    config = two_boards()
    with pytest.raises(ConfigError, match="HOST:PORT"):
        source_maker(address, 1, config)(config, networks[0])


def test_a_cluster_that_is_not_there_is_named_at_once(networks: list[Published]) -> None:
    config = two_boards()
    began = time.monotonic()
    with pytest.raises(RunError, match="ray start --head --port=1"):
        source_maker("127.0.0.1:1", 1, config)(config, networks[0])
    assert time.monotonic() - began < 60, "Ray itself would have tried for two minutes"


def test_a_cluster_without_room_is_named(cluster: Any, networks: list[Published]) -> None:
    """Four processors are there, and another program has them."""
    config = on_ray(two_boards(), strict=True, start_s=2.0)
    hold = (
        "import ray, time\n"
        f"ray.init({cluster.address!r}, log_to_driver=False)\n"
        "@ray.remote(num_cpus=4)\nclass Holder:\n    def there(self): return 1\n"
        "holder = Holder.remote()\nprint(ray.get(holder.there.remote()), flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"1\n"
        with pytest.raises(RunError, match="0 free of 4 processors"):
            source_maker(cluster.address, 1, config)(config, networks[0])
        other.kill()
