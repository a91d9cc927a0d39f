"""A further task in a run: what stays of the known ones, what is measured, and that it repeats."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.evaluators.auto import network_evaluator
from agents.network.checkpoint import load_network, read_metadata
from engine.errors import ConfigError, RunError
from engine.games import GoSpec
from miai.adding import copied, prepare, read_run, require_budget, with_added
from miai.cli import main
from miai.config import build, to_toml
from selfplay.data.shards import read_shard
from selfplay.report.report import report_html
from selfplay.run import Run, RunConfig
from selfplay.run import curves as run_curves
from selfplay.run.folder import RunFolder
from selfplay.run.state import load_state, states
from tests.support.small import small_run
from tests.support.stops import StopError, digest, stop_after

GO = GoSpec(5, 5, komi=0.5)


def train(path: Path, config: RunConfig, stop: int = 0) -> list[dict[str, object]]:
    reports: list[dict[str, object]] = []
    with Run(path, config, to_toml(config)) as run:
        if stop:
            with pytest.raises(StopError):
                run.train(stop_after(stop))
        run.train(reports.append) if not stop else None
    return reports


def added(path: Path, rehearse: bool, **schedule: float) -> RunConfig:
    """Bring Hex into a run; return its settings."""
    folder = RunFolder(path)
    config = with_added(read_run(folder), ["hex:4"], rehearse)
    config = replace(config, schedule=replace(config.schedule, **schedule))  # type: ignore[arg-type]
    config.check()
    prepare(folder, config)
    return config


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of one game."""
    path = tmp_path_factory.mktemp("known") / "run"
    train(path, small_run(cycles=4))
    return path


@pytest.fixture(scope="module")
def both(known: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("both") / "run"
    copied(known, path)
    train(path, added(path, rehearse=True, cycles=9))
    return path


def test_the_known_game_is_rehearsed_without_new_games(known: Path, both: Path) -> None:
    folder = RunFolder(both)
    tasks = folder.read_lines(folder.metrics)[-1]["tasks"]
    assert isinstance(tasks, dict) and [*tasks] == ["go", "hex"]
    before = RunFolder(known).read_lines(RunFolder(known).metrics)[-1]
    assert tasks["go"]["games"] == before["games"] and tasks["go"]["new_rows"] == 0
    assert tasks["hex"]["games"] > 0 and tasks["go"]["window_rows"] > 0
    losses = [entry.get("loss_pull") for entry in folder.read_lines(folder.metrics)[-3:]]
    assert all(isinstance(loss, float) and loss > 0.0 for loss in losses)


def test_forgetting_is_measured_on_rows_that_are_held_out(both: Path) -> None:
    folder = RunFolder(both)
    held = read_shard(folder.held("go"))
    assert len(held) >= 200
    state = load_state(states(folder.states)[-1])[1]
    assert state.known == ["go"] and not folder.held("hex").exists()
    config = read_run(folder)
    with Run(both, config, to_toml(config)) as run:
        window = run._window.main
        games = set(window._ring["game"][: window.size].tolist())
        assert games and not games & set(held.game.tolist())
    entry = folder.read_lines(folder.metrics)[-1]
    own = entry["tasks"]["go"]  # type: ignore[index]
    assert own["forgotten"] == pytest.approx(own["held_excess"] - state.adapted["held.go"])
    assert "forgetting, in nats" in str(entry["notes"])
    assert "Kept from before" in report_html(run_curves.read_run(both))


def test_the_network_of_before_is_kept_and_judges_as_it_did(known: Path, both: Path) -> None:
    former = RunFolder(both).former
    assert read_metadata(former)["network"].games == ("go", "hex")
    position = GO.allocate(1)
    old, new = (
        network_evaluator(path, GO, backend="torch", cached=False).evaluate(GO, position)
        for path in (RunFolder(known).checkpoints()[-1], former)
    )
    assert np.allclose(old.policy_logits, new.policy_logits, atol=1e-4)
    last = load_network(RunFolder(both).checkpoints()[-1])[0]
    assert (last.stem.weight[:, -1].abs() > 0).any(), "new inputs are learned"


@pytest.mark.parametrize("rehearse", [True, False])
def test_a_run_that_goes_on_with_a_further_task_repeats(
    known: Path, tmp_path: Path, rehearse: bool
) -> None:
    whole, parted = tmp_path / "whole" / "run", tmp_path / "parted" / "run"
    for path in (whole, parted):
        copied(known, path)
        config = added(path, rehearse, cycles=8)
    train(whole, config)
    train(parted, config, stop=6)
    train(parted, config)
    assert digest(whole) == digest(parted)
    numbers: dict[str, list[int]] = {"go": [], "hex": []}
    for shard in RunFolder(whole).shards():
        rows = read_shard(shard)
        numbers[rows.layout.game] += np.unique(rows.game).tolist()
    assert numbers["hex"]
    assert all(len(set(each)) == len(each) for each in numbers.values()), "no number twice"


def test_a_third_task_joins_two(both: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    copied(both, path)
    folder = RunFolder(path)
    config = with_added(read_run(folder), ["tic_tac_toe:3"], rehearse=True)
    config = replace(config, schedule=replace(config.schedule, cycles=11))
    config.check()
    prepare(folder, config)
    reports = train(path, config)
    assert {*reports[-1]["tasks"]} == {"go", "hex", "tic_tac_toe"}  # type: ignore[misc]
    assert {path.stem for path in folder.path.glob("held/*")} == {"go", "hex"}


def test_the_command_adds_and_names_the_match(
    known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new"
    command = ["train", "--from", str(known), "--add", "hex:4", "--run", str(path)]
    assert main([*command, "--no-benchmark"]) == 2
    assert "expected a budget that the run has not spent" in capsys.readouterr().err
    assert main([*command, "--no-benchmark", "--cycles", "6"]) == 0
    out = capsys.readouterr().out
    assert f"{known} goes on in {path} with hex:4 added" in out
    assert "what it forgot of go: miai arena --game go --size 5x5" in out
    assert "former.safetensors@100" in out


def test_a_task_cannot_be_taken_away(both: Path) -> None:
    config = read_run(RunFolder(both))
    fewer = replace(config, tasks=config.tasks[1:])
    with pytest.raises(RunError, match="a run keeps its tasks"):
        Run(both, fewer, to_toml(fewer))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--add", "hex"], "GAME:SIZE"),
        (["--add", "chess:8"], "expected one of go"),
        (["--add", "go:5"], "another game or board"),
        (["--add", "hex:4", "--preset", "go9"], "no --preset"),
        (["--add", "hex:4", "--set", "tasks.hex.share=0.01"], "four games of each task"),
    ],
)
def test_what_cannot_be_added_is_refused(
    known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    before = digest(known), RunFolder(known).config.read_bytes()
    assert main(["train", "--run", str(known), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert (digest(known), RunFolder(known).config.read_bytes()) == before


def test_where_there_is_no_run_to_add_to(tmp_path: Path, known: Path) -> None:
    with pytest.raises(ConfigError, match="expected a run to add a task to"):
        read_run(RunFolder(tmp_path))
    with pytest.raises(ConfigError, match="stored rows"):
        copied(tmp_path, tmp_path / "new")
    with pytest.raises(ConfigError, match="it holds a run"):
        copied(known, known)
    with pytest.raises(ConfigError, match=r"schedule\.cycles=8"):
        require_budget(RunFolder(known), read_run(RunFolder(known)))


def test_settings_of_before_rehearsal_are_read() -> None:
    values = tomllib.loads(to_toml(small_run()))
    del values["rehearsal"]
    assert build(RunConfig, values) == small_run()
