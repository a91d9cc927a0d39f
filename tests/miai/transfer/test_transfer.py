"""``miai transfer``: a whole small experiment, going on where it was, and bad plans."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from miai.cli import main

PLAN = """
games = [0, 8, 16]
starts = ["many", "none", "line"]
parameters = ["full", "lora"]
repeated = [8]
seeds = 2
simulations = 8
pair_games = 4
anchors = ["rollouts:20"]

[pretraining]
network = "b2c16"
selfplay.slots = 16
selfplay.threads = 1
selfplay.simulations = 4
selfplay.simulations_late = 4
schedule.rows = 200
schedule.plies_per_cycle = 12
schedule.rows_before_training = 64
learner.batch = 64

[[pretraining.tasks]]
name = "line"
game = "tic_tac_toe"
height = 3
width = 3

[[pretraining.tasks]]
name = "hex"
game = "hex"
height = 4
width = 4
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path


def test_a_whole_experiment_and_its_pages(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["transfer", "plan.toml", "--only", "hex", "--out", "out", "--work", "work"]
    assert main([*command, "--dry-run"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert "hex many-lora-16-seed1 to do" in listed
    assert "hex none-lora-16-seed1 to do" not in listed, "adapters need something to adapt"
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "without-hex: learning line" in said
    results = sorted(path.name for path in (here / "out" / "hex").glob("*.json"))
    assert len(results) == len(listed)
    cell = json.loads((here / "out" / "hex" / "many-16-seed1.json").read_text())
    assert cell["cell"]["games"] == 16
    assert 16 <= cell["played"] < 32
    table = (here / "out" / "transfer.md").read_text()
    assert "### hex 4x4" in table
    assert "| 16 |" in table
    page = (here / "out" / "transfer.html").read_text()
    assert "from line, lora" in page
    assert "rollouts:20" in page
    assert "How it was measured" in page
    assert "What helps what" in page
    assert "| hex 4x4 | 8 |" in table, "the matrix of starts"
    before = _files(here)
    assert main(command) == 0, "nothing is left to do"
    assert _files(here) == before
    assert "seed" not in capsys.readouterr().out
    # A crash cuts the last line short: what is lost is played again, on lines of its own.
    meetings = here / "out" / "hex" / "meetings.jsonl"
    lines = meetings.read_text().splitlines()
    meetings.write_text("\n".join(lines[3:]) + "\n{cut sho")
    assert main(command) == 0
    capsys.readouterr()
    assert sorted(meetings.read_text().splitlines()) == sorted([*lines, "{cut sho"])
    # On another machine the networks are not there: results stay, absent pairs are left out.
    shutil.rmtree(here / "work")
    meetings.write_text("\n".join(lines[3:]) + "\n")
    assert main(command) == 0
    assert "on this machine" in capsys.readouterr().out


def _files(here: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(here)): path.read_bytes()
        for path in sorted((here / "out").rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"line"]', '"chess"]'), "expected starts among many, none, line, hex, got 'chess'"),
        (("[0, 8, 16]", "[0, 3]"), "expected budgets of 0 or at least 8 games in games, got 3"),
        (("pair_games = 4", "pair_games = 3"), "expected an even number for pair_games, got 3"),
        (("pair_games = 4", "pair_games = 4000"), "lower pair_games"),
        (('"lora"]', '"some"]'), "parameters"),
        (("simulations = 8", "simulation = 8"), "simulation"),
        (('["rollouts:20"]', '["gtp:gnugo"]'), "which any machine has"),
        (('game = "hex"', 'game = "chess"'), "chess"),
        (('game = "hex"', 'game = "tic_tac_toe"'), "expected tasks of at least two games"),
    ],
)
def test_a_bad_plan_is_refused_before_any_work(
    here: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], message: str
) -> None:
    (here / "plan.toml").write_text(PLAN.replace(*change, 1))
    assert main(["transfer", "plan.toml"]) == 2
    assert message in capsys.readouterr().err
    assert not (here / "transfer").exists()
    assert not (here / "runs").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nothing.toml"], "expected a plan (five-games) or a TOML file, got 'nothing.toml'"),
        (["plan.toml", "--only", "chess"], "expected tasks among line, hex, got 'chess'"),
        (["plan.toml", "--jobs", "0"], "expected at least one job"),
    ],
)
def test_bad_options(
    here: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["transfer", *options]) == 2
    assert message in capsys.readouterr().err


def test_the_plan_that_comes_along(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["transfer", "list"]) == 0
    assert "five-games" in capsys.readouterr().out
    assert main(["transfer", "--dry-run"]) == 0
    assert "hex many-1000-seed3 to do" in capsys.readouterr().out


def test_a_cluster_runs_the_cells_of_one_process(
    cluster: Any, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = (
        PLAN.replace("[0, 8, 16]", "[0, 8]")
        .replace("seeds = 2", "seeds = 1")
        .replace('"many", ', "")
        .replace(', "lora"', "")
    )
    (here / "plan.toml").write_text(short)
    command = ["transfer", "plan.toml", "--only", "hex", "--work", "work"]
    assert main([*command, "--out", "here"]) == 0
    networks = here / "work" / "networks"
    networks.rename(here / "networks")
    on_ray = ["--ray", cluster.address, "--jobs", "2"]
    assert main([*command, "--out", "there", *on_ray]) == 0
    assert "hex: none-8-seed1" in capsys.readouterr().out

    def result(folder: str, name: str) -> dict[str, object]:
        known: dict[str, object] = json.loads((here / folder / "hex" / f"{name}.json").read_text())
        del known["cpu_s"], known["network"]  # a network's file names the path of its start
        return known

    files = sorted((networks / "hex").iterdir())
    assert len(files) == 4
    for file in files:
        assert result("there", file.stem) == result("here", file.stem)
        tensors, before = load_file(file), load_file(here / "networks" / "hex" / file.name)
        for key, tensor in tensors.items():
            assert torch.equal(tensor, before[key]), key
    lost = here / "there" / "hex" / "none-8-seed1.json"
    known = json.loads(lost.read_text())["network"]
    lost.unlink()
    assert main([*command, "--out", "there", *on_ray]) == 0, "a cell that is missing runs again"
    assert json.loads(lost.read_text())["network"] == known
