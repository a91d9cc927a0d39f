"""The run: repeats, resumes after kill -9, refuses company, and survives a full disk."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import selfplay.run.loop
from agents.network.model import NetworkOutput
from engine.errors import ConfigError, RunError
from engine.records import read_sgf
from miai.cli import main
from miai.config import to_toml
from selfplay.data.replay import Batch
from selfplay.data.shards import read_shard
from selfplay.learn.learner import Learner
from selfplay.play.worker import Group
from selfplay.run import Run
from selfplay.run.alarms import AlarmsOfTasks
from selfplay.run.folder import RunFolder
from selfplay.run.state import load_state
from tests.support.small import small_run
from tests.support.stops import StopError, digest, stop_after

ROOT = Path(__file__).resolve().parents[3]


def train(path: Path, **schedule: float) -> list[dict[str, object]]:
    config = small_run(**schedule)
    reports: list[dict[str, object]] = []
    with Run(path, config, to_toml(config)) as run:
        run.train(reports.append)
    return reports


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


def test_the_learner_has_the_cores_of_the_players(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the players, or code before the run, left behind: it also decides the rounding."""
    seen: set[tuple[int, int]] = set()
    predict = Learner._predict

    def spy(self: Learner, batch: Batch) -> NetworkOutput:
        if torch.is_grad_enabled():
            seen.add((len(batch.weight), torch.get_num_threads()))
        return predict(self, batch)

    monkeypatch.setattr(Learner, "_predict", spy)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train(tmp_path / "run")
    finally:
        torch.set_num_threads(before)
    config = small_run()
    assert seen == {(config.learner.batch // config.selfplay.threads, 1)}
    assert config.selfplay.threads == 2


def test_the_same_seed_gives_the_same_games_and_weights(tmp_path: Path) -> None:
    first, again = tmp_path / "one" / "run", tmp_path / "two" / "run"
    train(first)
    train(again)
    assert digest(first) == digest(again)
    assert len(digest(first)) > 4


def test_a_run_that_was_stopped_is_the_run_that_was_not(tmp_path: Path) -> None:
    """Stopped after cycles with and without training before; same rows, games and checkpoints."""
    config = small_run(cycles=7, checkpoint_minutes=8.0)
    text = to_toml(config)
    whole, pieces = tmp_path / "whole" / "run", tmp_path / "pieces" / "run"
    with Run(whole, config, text) as run:
        run.train(lambda metrics: None)
    for cycle in (1, 2, 5):
        with Run(pieces, config, text) as run, pytest.raises(StopError):
            assert run.resumed == (cycle > 1)
            run.train(stop_after(cycle))
    with Run(pieces, config, text) as run:
        assert run.state.cycle == 5
        run.train(lambda metrics: None)
    assert digest(pieces) == digest(whole)
    assert 3 <= len(RunFolder(whole).checkpoints()) < 7
    newest = [sorted((folder / "states").iterdir())[-1] for folder in (whole, pieces)]
    arrays, again = (load_state(path)[0] for path in newest)
    assert all((again[name] == value).all() for name, value in arrays.items())
    assert [entry["cycle"] for entry in run.folder.read_lines(run.folder.metrics)] == [*range(1, 8)]


def test_a_cycle_that_was_not_saved_comes_again(tmp_path: Path) -> None:
    """A kill after everything but the state was written: the same cycle, nothing twice."""
    config = small_run(cycles=4)
    text = to_toml(config)
    whole, killed = tmp_path / "whole" / "run", tmp_path / "killed" / "run"
    for path in (whole, killed):
        with Run(path, config, text) as run:
            run.train(lambda metrics: None)
    newest = sorted(run.folder.states.iterdir())[-1]
    newest.unlink()
    # In a container a run and the one that follows it may have the same process number.
    (killed / "shards" / f".000009.npz.{os.getpid()}.tmp").write_bytes(b"half")
    with Run(killed, config, text) as run:
        assert run.state.cycle == 3
        run.train(lambda metrics: None)
    assert digest(killed) == digest(whole)
    assert [entry["cycle"] for entry in run.folder.read_lines(run.folder.metrics)] == [1, 2, 3, 4]
    assert not list(killed.rglob("*.tmp"))


@pytest.mark.parametrize("budget", [{"games": 60}, {"rows": 900}])
def test_budgets_in_games_and_rows_repeat(tmp_path: Path, budget: dict[str, float]) -> None:
    config = small_run(cycles=0, **budget)
    text = to_toml(config)
    for name in ("one", "two"):
        with Run(tmp_path / name / "run", config, text) as run, pytest.raises(StopError):
            run.train(stop_after(3 if name == "one" else 1))
        with Run(tmp_path / name / "run", config, text) as run:
            run.train(lambda metrics: None)
    (unit, amount), state = next(iter(budget.items())), run.state
    assert getattr(state, unit) >= amount > 0.7 * getattr(state, unit)
    assert digest(tmp_path / "one" / "run") == digest(tmp_path / "two" / "run")


def test_a_damaged_state_costs_one_cycle(tmp_path: Path) -> None:
    """The state before is used, the run says so, and comes to the same end."""
    whole, path = tmp_path / "whole" / "run", tmp_path / "damaged" / "run"
    train(whole)
    config = small_run()
    with Run(path, config, to_toml(config)) as run, pytest.raises(StopError):
        run.train(stop_after(3))
    newest = sorted(run.folder.states.iterdir())[-1]
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(bytes(data))
    reports: list[dict[str, object]] = []
    with Run(path, config, to_toml(config)) as run:
        assert run.state.cycle == 2
        run.train(reports.append)
    assert "000003.safetensors is damaged" in str(reports[0]["notes"])
    assert digest(path) == digest(whole)


def test_a_budget_may_grow_and_nothing_else_may_change(tmp_path: Path) -> None:
    train(tmp_path / "run", cycles=2)
    longer = small_run(cycles=3)
    with Run(tmp_path / "run", longer, to_toml(longer)) as run:
        run.train(lambda metrics: None)
        assert run.state.cycle == 3
    other = small_run(cycles=0, minutes=1)
    with pytest.raises(RunError, match=r"schedule\.cycles = 0, not 3"):
        Run(tmp_path / "run", other, to_toml(other))


def test_the_folder_of_a_later_version_is_refused_by_name(tmp_path: Path) -> None:
    train(tmp_path / "run", cycles=1)
    config = small_run(cycles=1)
    text = to_toml(config)
    settings = tmp_path / "run" / "config.toml"
    settings.write_text(text.replace("version = 2", "version = 9\nnew_setting = 1"))
    with pytest.raises(RunError, match=r"version 2, got 9 in .*config\.toml; it is from a later"):
        Run(tmp_path / "run", config, text)
    assert main(["train", "--run", str(tmp_path / "run")]) == 2
    settings.write_text(text)
    state = next((tmp_path / "run" / "states").iterdir())
    state.write_bytes(state.read_bytes().replace(b"training-state-2", b"training-state-9"))
    with pytest.raises(RunError, match=r"got '9' in .*safetensors; it is from a later"):
        Run(tmp_path / "run", config, text)


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
    real = selfplay.run.loop.write_shard
    written = []

    def full(target: Path, rows: object) -> None:
        if len(written) >= 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(target)
        real(target, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(selfplay.run.loop, "write_shard", full)
    with (
        Run(path, config, to_toml(config)) as run,
        pytest.raises(RunError, match="No space left"),
    ):
        run.train(lambda metrics: None)
    monkeypatch.undo()
    with Run(path, config, to_toml(config)) as run:
        assert run.state.cycle >= 1
        run.train(lambda metrics: None)
        assert run.progress == 1.0


def test_damaged_states_alone_are_refused_with_a_way_out(tmp_path: Path) -> None:
    train(tmp_path / "run", cycles=2)
    for state in (tmp_path / "run" / "states").iterdir():
        state.write_bytes(state.read_bytes()[:500])
    config = small_run(cycles=2)
    with pytest.raises(RunError, match=r"only damaged files in .*states"):
        Run(tmp_path / "run", config, to_toml(config))


def test_a_damaged_shard_costs_its_rows(tmp_path: Path) -> None:
    train(tmp_path / "run", cycles=3)
    shards = RunFolder(tmp_path / "run").shards()
    lost = len(read_shard(shards[-1]))
    shards[-1].write_bytes(b"PK nonsense")
    config = small_run(cycles=4)
    reports: list[dict[str, object]] = []
    with Run(tmp_path / "run", config, to_toml(config)) as run:
        have = run.state.rows
        run.train(reports.append)
    assert "going on without its rows" in str(reports[0]["notes"])
    assert 0 < int(str(reports[0]["window_rows"])) <= int(str(reports[0]["rows"])) - lost
    assert have > lost > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cycles": 3, "rows": 900}, r"one budget .*'cycles': 3, 'rows': 900"),
        ({"cycles": 0, "rows": 50}, "rows_before_training"),
    ],
)
def test_budgets_that_exclude_each_other_are_refused_before_anything_is_written(
    tmp_path: Path, settings: dict[str, float], message: str
) -> None:
    config = small_run(**settings)
    with pytest.raises(ConfigError, match=message):
        Run(tmp_path / "run", config, to_toml(config))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("network=b3c17", "a network size from"),
        ("evaluator=openvino", "follow a network in training"),
        ("search.noise_fraction=0.25", "search.algorithm=puct"),
        ("selfplay.simulations=99", "simulations_late"),
        ("replay.capacity=10", "replay.first_rows"),
        ("game.height=2", "board of"),
        ("game.name=otello", "expected one of go, .* for game.name, got 'otello'; did you mean"),
    ],
)
def test_settings_that_exclude_each_other_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], setting: str, message: str
) -> None:
    path = tmp_path / "run"
    assert main(["train", "--game", "hex", "--run", str(path), "--set", setting]) == 2
    assert re.search(message, capsys.readouterr().err)
    assert not path.exists()


@pytest.mark.slow
def test_kill_9_at_random_moments_changes_nothing(tmp_path: Path) -> None:
    """Each kill costs the cycle in progress; in the end all files are those of an unkilled run.

    `make kills` does it at a hundred moments.
    """
    killed, whole = tmp_path / "killed" / "run", tmp_path / "whole" / "run"
    command = [sys.executable, "-m", "tests.support.killed_run", str(killed)]
    kills, seed = int(os.environ.get("MIAI_KILLS", "30")), 7
    cycles = 20 + 2 * kills
    done = subprocess.run(
        [*command, str(cycles), str(kills), str(seed)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(seen) == kills + 1
    assert not any(entry["failed"] for entry in seen), done.stderr
    reached = [entry["cycle"] for entry in seen]
    assert reached == sorted(reached)
    assert reached[-1] == cycles
    assert len(set(reached)) > kills // 5, "too few cycles between the kills for a test"
    # In a process of its own too: other tests leave their settings of torch in this one.
    command[-1] = str(whole)
    subprocess.run([*command, str(cycles), "0", str(seed)], cwd=ROOT, check=True)
    ours, theirs = digest(killed), digest(whole)
    # By name: a picture of how megabytes differ would take pytest an hour.
    assert {
        name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
    } == set()
    assert len(theirs) > min(cycles // 2, 50)
    assert not list(killed.rglob("*.damaged"))
    lines = RunFolder(killed).read_lines(RunFolder(killed).metrics)
    assert [entry["cycle"] for entry in lines] == list(range(1, cycles + 1))


def test_a_pause_does_not_count() -> None:
    """A machine that slept through a cycle has not trained for hours."""
    alarms = AlarmsOfTasks({"": 25}, [{"play_s": 0.3, "learn_s": 0.2}] * 5)
    assert alarms.without_pause(9.0) == (9.0, [])
    seconds, notes = alarms.without_pause(61.0)
    assert seconds == 0.5 and "does not count" in notes[0]


def test_a_worker_that_dies_leaves_the_last_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, path = tmp_path / "whole" / "run", tmp_path / "broken" / "run"
    train(whole)
    config = small_run()
    real, calls = Group.step, []

    def step(self: Group, simulations: int) -> object:
        calls.append(simulations)
        if len(calls) == 140:  # in the third cycle of thirty plies in two groups
            raise MemoryError("no memory for a worker")
        return real(self, simulations)

    monkeypatch.setattr(Group, "step", step)
    with (
        Run(path, config, to_toml(config)) as run,
        pytest.raises(RunError, match=r"no memory for a worker.*last state is intact"),
    ):
        run.train(lambda metrics: None)
    monkeypatch.undo()
    with Run(path, config, to_toml(config)) as run:
        assert run.state.cycle == 2
        run.train(lambda metrics: None)
    assert digest(path) == digest(whole)
