"""Sources of games: threads and processes play the same, whatever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.errors import ConfigError, RunError
from miai.config import to_toml
from selfplay.play.processes import ProcessSource
from selfplay.play.source import Lot, Published, SourceMaker
from selfplay.play.threads import ThreadSource
from selfplay.run import Run, RunConfig
from tests.support.lots import (
    assert_equal,
    lots_of_threads,
    play,
    published,
    two_boards,
    two_networks,
)
from tests.support.small import small_run

COMMAND = [sys.executable, "-P", "-m", "miai.worker"]


def processes(config: RunConfig, workers: int = 2) -> SourceMaker:
    return partial(ProcessSource, text=to_toml(config), workers=workers, command=COMMAND)


def workers_of(parent: int) -> list[psutil.Process]:
    found = psutil.Process(parent).children(recursive=True)
    return [child for child in found if "miai.worker" in child.cmdline()]


def kill_a_worker_soon(delay_s: float) -> threading.Timer:
    """Kill one worker of this process after ``delay_s`` seconds, if one is there then."""

    def kill() -> None:
        for worker in workers_of(os.getpid())[:1]:
            with suppress(psutil.NoSuchProcess):
                worker.send_signal(signal.SIGKILL)

    timer = threading.Timer(delay_s, kill)
    timer.start()
    return timer


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> list[Published]:
    return two_networks(tmp_path_factory.mktemp("networks"))


@pytest.fixture(scope="module")
def expected(networks: list[Published]) -> list[list[Lot]]:
    return lots_of_threads(networks)


def test_processes_play_the_games_of_threads(
    networks: list[Published], expected: list[list[Lot]]
) -> None:
    config = two_boards()
    source = processes(config)(config, networks[0])
    assert_equal(play(source, networks), expected)
    assert source.notes() == []
    assert workers_of(os.getpid()) == []


def test_a_worker_that_is_killed_costs_nothing(
    networks: list[Published], expected: list[list[Lot]]
) -> None:
    """Once before it plays, then between two calls: no row is lost, and none comes twice."""
    config = two_boards()
    source = processes(config)(config, networks[0])
    try:
        lots = [source.play([30, 30], [4, 4])]
        source.publish(networks[1])
        source.invite(networks[0].path)
        os.kill(workers_of(os.getpid())[0].pid, signal.SIGKILL)
        lots.append(source.play([20, 20], [4, 4]))
        timer = kill_a_worker_soon(0.05)
        lots.append(source.play([20, 20], [6, 6]))
        timer.join()
        assert_equal(lots, expected)
        assert any("exit status -9" in note for note in source.notes())
    finally:
        source.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_whose_workers_are_killed_is_the_run_of_threads(tmp_path: Path) -> None:
    """Byte for byte in its networks, and in all of its rows."""
    config = small_run(cycles=8, checkpoint_minutes=4.0)
    with Run(tmp_path / "threads", config, to_toml(config)) as run:
        run.train(lambda _: None)
    notes: list[object] = []
    random = np.random.default_rng(2)
    timers: list[threading.Timer] = []

    def report(metrics: dict[str, object]) -> None:
        """Let each cycle lose a worker at another moment."""
        notes.append(metrics.get("notes"))
        timers.append(kill_a_worker_soon(random.uniform(0.0, 0.5)))

    with Run(tmp_path / "processes", config, to_toml(config), processes(config)) as run:
        run.train(report)
        for timer in timers:
            timer.join()
    assert str(notes).count("exit status -9") >= 3
    for folder in ("checkpoints", "shards"):
        names = sorted(path.name for path in (tmp_path / "threads" / folder).iterdir())
        assert names and names == sorted(
            path.name for path in (tmp_path / "processes" / folder).iterdir()
        )
        for name in names:
            one, other = (tmp_path / kind / folder / name for kind in ("threads", "processes"))
            assert one.read_bytes() == other.read_bytes(), name


def test_a_run_goes_on_with_another_source(tmp_path: Path) -> None:
    """What threads began, processes finish as the threads would have."""
    config = small_run(cycles=4, checkpoint_minutes=8.0)
    with Run(tmp_path / "threads", config, to_toml(config)) as run:
        run.train(lambda _: None)

    class StopError(Exception):
        pass

    def stop(metrics: dict[str, object]) -> None:
        if metrics["cycle"] == 2:
            raise StopError

    with (
        suppress(StopError),
        Run(tmp_path / "mixed", config, to_toml(config)) as run,
    ):
        run.train(stop)
    with Run(tmp_path / "mixed", config, to_toml(config), processes(config, 1)) as run:
        assert run.resumed
        run.train(lambda _: None)
    one, other = (
        tmp_path / kind / "checkpoints" / "000004.safetensors" for kind in ("threads", "mixed")
    )
    assert one.read_bytes() == other.read_bytes()


def test_more_workers_than_threads_are_refused(networks: list[Published]) -> None:
    config = two_boards()
    with pytest.raises(ConfigError, match="expected 1 to 2 workers"):
        processes(config, 3)(config, networks[0])


def test_a_worker_that_cannot_start_is_named_with_its_last_words(
    networks: list[Published],
) -> None:
    config = two_boards()
    command = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    source = ProcessSource(config, networks[0], to_toml(config), 1, command)
    try:
        with pytest.raises(RunError, match=r"3 deaths in a row.*no such thing"):
            source.play([1, 1], [1, 1])
    finally:
        source.close()


def test_a_network_that_was_written_again_is_refused(tmp_path: Path) -> None:
    config = two_boards()
    network = published(tmp_path / "network.safetensors", config, 1)
    published(network.path, config, 2)
    with pytest.raises(RunError, match="another hash"):
        ThreadSource(config, network)


def test_workers_end_with_the_run(networks: list[Published]) -> None:
    """A run that is killed leaves no process behind: their input ends."""
    config = two_boards()
    source = processes(config)(config, networks[0])
    try:
        source.play([1, 1], [4, 4])
        workers = workers_of(os.getpid())
        assert len(workers) == 2
    finally:
        source.close()
    deadline = time.monotonic() + 10
    while any(worker.is_running() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(worker.is_running() for worker in workers)
