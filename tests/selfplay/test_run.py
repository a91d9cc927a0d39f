"""The run: repeats, resumes after kill -9, refuses company, and survives a full disk."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import selfplay.run
from agents.network.checkpoint import load_network
from engine.errors import RunError
from engine.records import read_sgf
from miai.config import to_toml
from selfplay.folder import RunFolder
from selfplay.run import Run
from selfplay.shards import read_shard
from tests.selfplay.small import small_run

ROOT = Path(__file__).resolve().parents[2]


def train(path: Path, **schedule: float) -> list[dict[str, object]]:
    config = small_run(**schedule)
    reports: list[dict[str, object]] = []
    with Run(path, config, to_toml(config)) as run:
        run.train(reports.append)
    return reports


def digest(folder: Path) -> dict[str, bytes]:
    """What a run made, byte for byte, except times (a checkpoint's header has the minutes)."""
    made = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".npz", ".sgf")
    }
    for path in RunFolder(folder).checkpoints():
        tensors = load_network(path)[0].state_dict()
        made[path.name] = b"".join(tensor.numpy().tobytes() for tensor in tensors.values())
    return made


def test_a_run_leaves_a_complete_folder(tmp_path: Path) -> None:
    reports = train(tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert [entry["cycle"] for entry in folder.read_lines(folder.metrics)] == [1, 2, 3, 4]
    assert len(reports) == 4
    assert folder.checkpoints()
    assert sum(len(read_shard(path)) for path in folder.shards()) == reports[-1]["rows"]
    assert reports[-1]["steps"]
    records = read_sgf(next((tmp_path / "run" / "games").iterdir()).read_bytes(), "sample")
    assert all(record.actions and record.winner is not None for record in records)
    for path in folder.path.rglob("*.tmp"):
        pytest.fail(f"left behind: {path}")


def test_the_same_seed_gives_the_same_games_and_weights(tmp_path: Path) -> None:
    first, again = tmp_path / "one" / "run", tmp_path / "two" / "run"
    train(first)
    train(again)
    assert digest(first) == digest(again)
    assert len(digest(first)) > 4


def test_going_on_in_the_same_folder_adds_to_it(tmp_path: Path) -> None:
    """A run stopped between cycles has lost the games in flight and nothing else."""
    path = tmp_path / "run"
    config = small_run()
    text = to_toml(config)

    class StopError(Exception):
        pass

    def stop_after_two(metrics: dict[str, object]) -> None:
        if metrics["cycle"] == 2:
            raise StopError

    with Run(path, config, text) as run, pytest.raises(StopError):
        run.train(stop_after_two)
    first = {p.name: p.read_bytes() for p in RunFolder(path).shards()}
    reports: list[dict[str, object]] = []
    with Run(path, config, text) as run:
        assert run.resumed
        assert run.state.cycle == 2
        run.train(reports.append)
    assert [entry["cycle"] for entry in reports] == [3, 4]
    assert all((path / "shards" / name).read_bytes() == data for name, data in first.items())
    numbers = [game for p in RunFolder(path).shards() for game in set(read_shard(p).game.tolist())]
    assert len(numbers) == len(set(numbers)), "a game was played twice"


def test_rows_of_a_cycle_that_was_not_saved_are_kept(tmp_path: Path) -> None:
    """A kill between the shard and the state: the rows are on disk, the counters behind."""
    path = tmp_path / "run"
    config = small_run()
    text = to_toml(config)
    state = b""
    with Run(path, config, text) as run:

        def keep_old_state(metrics: dict[str, object]) -> None:
            nonlocal state
            if metrics["cycle"] == 3:
                state = run.folder.state.read_bytes()

        run.train(keep_old_state)
    shards = len(RunFolder(path).shards())
    RunFolder(path).state.write_bytes(state)
    with Run(path, config, text) as run:
        assert run.state.cycle == 3
        assert run.state.next_shard == shards + 1
        run.train(lambda metrics: None)
    assert len(RunFolder(path).shards()) == shards + 1


def test_another_configuration_is_refused(tmp_path: Path) -> None:
    train(tmp_path / "run", cycles=1)
    other = small_run(cycles=1, learning_rate=0.5)
    with pytest.raises(RunError, match="learning_rate"):
        Run(tmp_path / "run", other, to_toml(other))


def test_two_runs_on_one_folder(tmp_path: Path) -> None:
    config = small_run()
    with (
        Run(tmp_path / "run", config, to_toml(config)),
        pytest.raises(RunError, match="no other process"),
    ):
        Run(tmp_path / "run", config, to_toml(config))


def test_a_full_disk_stops_with_the_last_state_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_run()
    path = tmp_path / "run"
    real = selfplay.run.write_shard
    written = []

    def full(target: Path, rows: object) -> None:
        if len(written) >= 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(target)
        real(target, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(selfplay.run, "write_shard", full)
    with (
        Run(path, config, to_toml(config)) as run,
        pytest.raises(RunError, match="room on the disk"),
    ):
        run.train(lambda metrics: None)
    monkeypatch.undo()
    with Run(path, config, to_toml(config)) as run:
        assert run.state.cycle >= 1
        run.train(lambda metrics: None)
        assert run.progress == 1.0


def test_a_damaged_state_is_refused_with_a_way_out(tmp_path: Path) -> None:
    train(tmp_path / "run", cycles=1)
    state = tmp_path / "run" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:500])
    config = small_run(cycles=1)
    with pytest.raises(RunError, match=r"state\.safetensors"):
        Run(tmp_path / "run", config, to_toml(config))


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_no_finished_cycle(tmp_path: Path) -> None:
    """Kill a real process again and again; what it had saved is there each time, and it ends."""
    path = tmp_path / "run"
    preset = tmp_path / "small.toml"
    preset.write_text(to_toml(small_run(cycles=40)), encoding="utf-8")
    command = [sys.executable, "-m", "miai", "train", "--run", str(path), "--preset", str(preset)]
    seen_cycles: list[int] = []
    for attempt in range(4):
        process = subprocess.Popen(
            [*command, "--no-benchmark"], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        metrics = path / "metrics.jsonl"
        have = len(metrics.read_text().splitlines()) if metrics.exists() else 0
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            lines = metrics.read_text().splitlines() if metrics.exists() else []
            if len(lines) >= have + 2:
                time.sleep(0.05 * attempt)
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        entries = RunFolder(path).read_lines(metrics)
        seen_cycles.append(int(str(entries[-1]["cycle"])))
        for shard in RunFolder(path).shards():
            assert len(read_shard(shard)) > 0
    assert seen_cycles == sorted(seen_cycles)
    assert seen_cycles[-1] > seen_cycles[0]
    done = subprocess.run([*command, "--no-benchmark"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    entries = RunFolder(path).read_lines(path / "metrics.jsonl")
    cycles = [entry["cycle"] for entry in entries]
    assert cycles[-1] == 40
    assert sorted(set(map(int, map(str, cycles)))) == list(range(1, 41))
    json.dumps(entries, allow_nan=False)
