"""``miai adapt``: a network of one game learns another from few games."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agents.network.adapters import load_adapter
from agents.network.checkpoint import load_network, read_metadata, save_network
from engine.games import make
from miai import adapting
from miai.cli import main
from selfplay.run import RunConfig
from selfplay.run.folder import RunFolder
from tests.support.lively import lively


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "go.safetensors"
    save_network(path, lively(make("go", 5)), {"game": "go"})
    return path


def test_it_learns_another_game_and_keeps_the_best_checkpoint(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new.safetensors"
    command = ["adapt", "--network", str(network), "--task", "hex:4", "--games", "60"]
    command += ["--parameters", "lora", "--threads", "1", "--out", str(out)]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "for hex it gets the inputs own_edge" in said
    assert read_metadata(out)["network"].games == ("go", "hex")
    lines = next(line for line in said.splitlines() if line.startswith("loss on"))
    losses = {word.split()[0]: float(word.split()[1]) for word in lines.split(": ")[1].split(", ")}
    best = min(losses, key=lambda name: losses[name])
    kept = tmp_path / "new.run" / "checkpoints" / f"{best}.safetensors"
    assert out.read_bytes() == kept.read_bytes()
    assert main(command) == 0, "the same command goes on; here nothing is left to do"
    assert out.read_bytes() == kept.read_bytes()
    assert best != "000000", "a network that knows nothing of Hex learns something of it"
    model = load_network(tmp_path / "new.run" / "checkpoints" / "000000.safetensors")[0]
    load_adapter(tmp_path / "new.adapter.safetensors", model)
    merged, wanted = model.merged_state(), load_network(out)[0].state_dict()
    assert all(tensor.equal(merged[name]) for name, tensor in wanted.items())
    rows = adapting._play(model, adaptation_of(network, tmp_path / "other.run"), 6)
    assert len(np.unique(rows.game)) == 6, "short games are not taken before long ones"


def adaptation_of(network: Path, folder: Path) -> RunConfig:
    return adapting.adaptation(str(network), make("hex", 4), 60, RunFolder(folder), threads=1)


def test_games_too_short_to_learn_from_are_said(
    tmp_path: Path, network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new.safetensors"
    command = ["adapt", "--network", str(network), "--task", "hex:4", "--games", "20"]
    assert main([*command, "--threads", "1", "--out", str(out)]) == 2
    assert "nothing was learned; give more --games" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--games", "5"], "expected at least 16 games, got 5"),
        (["--task", "chess:8"], "chess"),
        (["--task", "hex:big"], "expected --size such as 9 or 13x9, got 'big'"),
        (["--task", "hex:90"], "90"),
        (["--network", "nowhere"], "expected a network file, a run's folder or 'shipped'"),
        (["--out", "missing/new.safetensors"], "expected a folder that exists"),
        (["--rank", "0"], "expected --rank of at least 1"),
        (["--parameters", "lora", "--rank", "5000"], "expected --rank up to 1024"),
        (["--rank", "3"], "with --parameters lora, got 3 with full"),
        (["--games", "16"], "expected games for a batch of 256 positions, got 16 on hex 3x3"),
    ],
)
def test_bad_options_are_refused_before_any_work(
    tmp_path: Path,
    network: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["adapt", "--network", str(network), "--task", "hex:3", "--out", "new.safetensors"]
    assert main([*command, *options]) == 2
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["go.safetensors"]


@pytest.mark.parametrize("options", [[], ["--records", "games.sgf"]])
def test_the_starting_network_is_not_replaced(
    network: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    before = network.read_bytes()
    command = ["adapt", "--network", str(network), "--task", "hex:3", "--out", str(network)]
    assert main([*command, *options]) == 2
    assert "another file than the network it starts from" in capsys.readouterr().err
    assert network.read_bytes() == before
