"""A run that begins with a network: it plays and learns with it, keeps it, and goes on without its
origin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.network.checkpoint import load_stored, read_metadata, save_network
from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.errors import NetworkFileError, RunError
from engine.games import make
from miai.cli import main
from miai.config import to_toml
from selfplay.run import GameConfig, Run, RunConfig
from selfplay.run.curves import read_run
from selfplay.run.folder import RunFolder
from selfplay.run.start import extension
from tests.support.lively import enlivened
from tests.support.small import small_run
from tests.support.stops import StopError, digest, stop_after

SPEC = make("go", 5, 5)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network with something to say, as somebody else's training left it."""
    path = tmp_path / "elsewhere" / "strong.safetensors"
    path.parent.mkdir()
    model = enlivened(PolicyValueNet.initial(NetworkConfig.named("b2c16", SPEC), 9), 9)
    save_network(path, model.eval(), {"game": "go"})
    return path


def train(path: Path, config: RunConfig) -> list[dict[str, object]]:
    reports: list[dict[str, object]] = []
    with Run(path, config, to_toml(config)) as run:
        run.train(reports.append)
    return reports


def test_it_learns_from_there_and_says_so(tmp_path: Path, network: Path) -> None:
    """At a rate of zero the network stays what it was; so it is what is trained."""
    still = small_run(cycles=3, learning_rate=0.0, final_learning_rate=0.0)
    reports = train(tmp_path / "run", replace(still, start=str(network)))
    folder = RunFolder(tmp_path / "run")
    assert reports[-1]["steps"]
    assert folder.checkpoint(0).read_bytes() == network.read_bytes()
    given, last = load_stored(network), load_stored(folder.checkpoints()[-1])
    assert last.metadata["provenance"]["cycle"] == 3
    for name, tensor in given.tensors.items():
        np.testing.assert_array_equal(last.tensors[name], tensor, err_msg=name)
    start = last.metadata["provenance"]["start"]
    assert start == {"network": str(network), "hash": read_metadata(network)["hash"]}
    assert "start" not in given.metadata["provenance"]


def test_it_plays_with_it_from_the_first_ply(tmp_path: Path, network: Path) -> None:
    waiting = small_run(cycles=1, plies_per_cycle=60, rows_before_training=100_000)
    train(tmp_path / "fresh", waiting)
    train(tmp_path / "run", replace(waiting, start=str(network)))
    fresh, run = ((tmp_path / name / "openings.jsonl").read_text() for name in ("fresh", "run"))
    assert fresh != run


def test_a_resume_needs_the_run_folder_alone(tmp_path: Path, network: Path) -> None:
    config = replace(small_run(), start=str(network))
    whole, cut = tmp_path / "whole" / "run", tmp_path / "cut" / "run"
    train(whole, config)
    with pytest.raises(StopError), Run(cut, config, to_toml(config)) as run:
        run.train(stop_after(2))
    network.unlink()
    train(cut, config)
    assert digest(cut) == digest(whole)


def test_what_it_began_with_counts_as_a_checkpoint(tmp_path: Path, network: Path) -> None:
    train(tmp_path / "run", replace(small_run(cycles=2), start=str(network)))
    minutes = read_run(tmp_path / "run").checkpoint_minutes
    assert minutes["000000"] == 0.0
    assert list(minutes) == ["000000", "000002"]


def test_another_size_of_board(tmp_path: Path, network: Path) -> None:
    config = replace(small_run(), game=GameConfig(height=4, width=6, komi=0.5), start=str(network))
    assert train(tmp_path / "run", config)[-1]["steps"]


def test_another_game(tmp_path: Path, network: Path) -> None:
    """The kept start has the new game's inputs; a resume needs neither origin nor extension."""
    othello = GameConfig(name="othello", height=4, width=4)
    config = replace(small_run(), game=othello, start=str(network))
    assert "it gets the inputs" in extension(RunFolder(tmp_path / "run"), config)
    assert train(tmp_path / "run", config)[-1]["steps"]
    folder = RunFolder(tmp_path / "run")
    kept = read_metadata(folder.checkpoint(0))
    assert kept["network"].games == ("go", "othello")
    assert kept["provenance"]["extension"] == {
        "games": ["othello"],
        "of": read_metadata(network)["hash"],
    }
    assert read_metadata(folder.checkpoints()[-1])["network"].games == ("go", "othello")
    network.unlink()
    assert extension(folder, config) == ""
    longer = replace(config, schedule=replace(config.schedule, cycles=6))
    assert train(tmp_path / "run", longer)


def test_the_command_takes_the_network_s_shape(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    small = ["selfplay.slots=8", "selfplay.simulations=4", "selfplay.simulations_late=4"]
    few = ["schedule.plies_per_cycle=30", "schedule.rows_before_training=100", "learner.batch=64"]
    settings = [word for setting in (*small, *few) for word in ("--set", setting)]
    command = ["train", "--run", run, "--game", "go", "--size", "5", "--cycles", "3"]
    command += ["--no-benchmark", *settings, "--from", str(network)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "network b2c16" in said
    assert f"{RunFolder(tmp_path / 'run').checkpoint(0)}@100" in said
    network.unlink()
    assert main(command) == 0, "the same command goes on, though the file has gone"
    assert "this run is complete" in capsys.readouterr().out
    assert main(["train", "--run", run, "--cycles", "4", "--no-benchmark"]) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "{network}", "--set", "network=b4c32"], "expected network=b2c16"),
        (["--from", "{network}", "--set", "future_head=true"], "expected future_head=False"),
        (["--from", "nowhere"], "expected a network file, a run's folder or 'shipped'"),
        (["--from", "{here}/notes.txt"], "notes.txt"),
        (["--from", "{odd}"], "expected a network of a named size"),
        (["--set", "start={network}"], "expected network=b2c16"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path,
    network: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    (tmp_path / "notes.txt").write_text("not a network")
    odd = tmp_path / "odd.safetensors"
    shape = replace(NetworkConfig.named("b2c16", SPEC), value_hidden=8)
    save_network(odd, PolicyValueNet.initial(shape, 1).eval(), {"game": "go"})
    places = {"network": network, "here": tmp_path, "odd": odd}
    run = tmp_path / "run"
    assert main(["train", "--run", str(run), *(word.format(**places) for word in options)]) == 2
    assert message in capsys.readouterr().err
    assert not run.exists()


def test_a_run_from_elsewhere_is_another_run(tmp_path: Path, network: Path) -> None:
    config = small_run(cycles=1)
    train(tmp_path / "run", config)
    other = replace(config, start=str(network))
    with pytest.raises(RunError, match="start = "):
        Run(tmp_path / "run", other, to_toml(other))
    assert not RunFolder(tmp_path / "run").checkpoint(0).exists()


def test_a_damaged_network_is_refused(tmp_path: Path, network: Path) -> None:
    network.write_bytes(network.read_bytes()[:-100])
    config = replace(small_run(), start=str(network))
    with pytest.raises(NetworkFileError, match=r"strong\.safetensors"):
        Run(tmp_path / "run", config, to_toml(config))
    assert not (tmp_path / "run").exists()
