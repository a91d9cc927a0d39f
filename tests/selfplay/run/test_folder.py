"""The run folder: nothing in it is lost or taken for something else by giving a command again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import RunError
from miai.cli import main
from miai.config import to_toml
from selfplay.run import Run, RunConfig, ScheduleConfig
from selfplay.run.curves import read_run
from selfplay.run.folder import RunFolder
from selfplay.run.state import states
from tests.support.small import small_run
from tests.support.stops import StopError, digest, stop_after


def train(path: Path, config: RunConfig) -> list[dict[str, object]]:
    reports: list[dict[str, object]] = []
    with Run(path, config, to_toml(config)) as run:
        run.train(reports.append)
    return reports


def test_a_run_whose_states_are_damaged_is_never_begun_anew(tmp_path: Path) -> None:
    """The second try once found no states at all, and wrote over the run from its first cycle."""
    path, config = tmp_path / "run", small_run(cycles=3)
    train(path, config)
    for state in states(path / "states"):
        state.write_bytes(state.read_bytes()[:500])
    before = (path / "metrics.jsonl").read_bytes()
    for _ in range(3):
        with pytest.raises(RunError, match=rf"only damaged files .*miai train --from {path} --run"):
            Run(path, config, to_toml(config))
        assert (path / "metrics.jsonl").read_bytes() == before


def test_a_state_that_does_not_fit_is_not_called_damaged(tmp_path: Path) -> None:
    """Here the network that plays is missing; states are whole, and wait for it."""
    path, config = tmp_path / "run", small_run(cycles=3, gating=True)
    with Run(path, config, to_toml(config)) as run:
        run.train(lambda metrics: None, lambda new, old: False)
        playing = run.folder.checkpoint(run.state.playing)
    data, whole = playing.read_bytes(), states(path / "states")
    playing.unlink()
    with pytest.raises(RunError, match=r"does not fit: .*nothing that can be read"):
        Run(path, config, to_toml(config))
    assert states(path / "states") == whole
    playing.write_bytes(data)
    with Run(path, config, to_toml(config)) as run:
        assert run.resumed


def test_a_state_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    path, config = tmp_path / "run", small_run(cycles=2)
    train(path, config)
    newest = states(path / "states")[-1]
    newest.unlink()
    newest.mkdir()
    with pytest.raises(RunError, match="expected to read"):
        Run(path, config, to_toml(config))
    assert newest.exists()


def test_a_setting_that_the_folder_does_not_know_was_at_its_default(tmp_path: Path) -> None:
    """A folder of before ``start`` was invented goes on, and cannot be told that it had one."""
    path, config = tmp_path / "run", small_run(cycles=2)
    train(path, config)
    settings = path / "config.toml"
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith("start =")))
    other = replace(config, start=str(RunFolder(path).checkpoints()[-1]))
    with pytest.raises(RunError, match="start = "):
        Run(path, other, to_toml(other))
    assert not RunFolder(path).checkpoint(0).exists()
    longer = small_run(cycles=3)
    assert train(path, longer)[-1]["cycle"] == 3
    assert "start =" in settings.read_text()


def test_what_somebody_put_beside_checkpoints_is_none(tmp_path: Path) -> None:
    path, config = tmp_path / "run", small_run(cycles=2)
    train(path, config)
    folder = RunFolder(path)
    (path / "checkpoints" / "best.safetensors").write_bytes(folder.checkpoints()[-1].read_bytes())
    assert [checkpoint.stem for checkpoint in folder.checkpoints()] == ["000002"]
    assert main(["train", "--run", str(path), "--cycles", "3", "--no-benchmark"]) == 0


def test_rounding_is_there_from_the_first_look_of_a_resume(tmp_path: Path) -> None:
    """How new and known rows are predicted is measured before the first step, rounded or not."""
    config = small_run(cycles=6, round_from=0.3)
    whole, cut = tmp_path / "whole" / "run", tmp_path / "cut" / "run"
    expected = train(whole, config)
    with pytest.raises(StopError), Run(cut, config, to_toml(config)) as run:
        run.train(stop_after(4))
    found = train(cut, config)
    for name in ("fresh_excess", "known_excess"):
        assert [entry[name] for entry in found] == [entry[name] for entry in expected[4:]]
    assert digest(cut) == digest(whole)


def test_quiz_answers_of_the_network_that_was_given_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "run"
    train(path, small_run(cycles=2))
    folder = RunFolder(path)
    folder.checkpoint(0).write_bytes(folder.checkpoints()[-1].read_bytes())
    with folder.answers.open("w") as file:
        for name in ("000000", "000002", "best"):
            entry = {"checkpoint": name, "asked": 10, "kept": 5, "low": 0.2, "high": 0.8}
            file.write(json.dumps(entry) + "\n")
    assert [answer.name for answer in read_run(path).answers] == ["000000", "000002"]


def test_the_rate_may_fall_to_nothing_but_not_at_once() -> None:
    schedule = ScheduleConfig(learning_rate=1.0, final_learning_rate=0.0, decay_from=0.5)
    rates = [schedule.rate(progress) for progress in (0.0, 0.5, 0.75, 0.875, 1.0)]
    assert rates == pytest.approx([1.0, 1.0, 0.5, 0.25, 0.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--minutes", "inf"], "expected a number, got inf for schedule.minutes"),
        (["--seed", "-1"], "got -1 for seed"),
        (["--seed", str(2**64)], "for seed"),
    ],
)
def test_numbers_that_would_break_a_run_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["train", "--run", str(tmp_path / "run"), *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
