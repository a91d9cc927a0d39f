"""``miai info`` on networks, run folders, and what is neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from agents.network.adapters import attach, save_adapter
from agents.network.checkpoint import load_network, save_network
from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.games import GoSpec
from miai import cli


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A network file with fresh weights."""
    spec = GoSpec(7, 7)
    config = NetworkConfig.named("b2c16", spec)
    path = tmp_path / "net.safetensors"
    provenance = {"made_by": "a test", "game": "go", "height": 7, "width": 7, "games": 1234}
    save_network(path, PolicyValueNet.initial(config, seed=1), provenance)
    return path


def test_network_is_described(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", str(network)]) == 0
    out = capsys.readouterr().out
    assert "b2c16: 2 blocks of 16 channels" in out
    assert "games    1,234" in out
    assert "board          7x7" in out


def test_a_network_that_comes_along_is_found_by_its_spelling(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["info", "shipped:hex7"]) == 0
    assert "hex7.safetensors" in capsys.readouterr().out
    assert cli.main(["info", "shipped:none"]) == 2
    assert "expected a network that comes along" in capsys.readouterr().err


def test_network_as_json(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", str(network), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["provenance"]["made_by"] == "a test"
    assert facts["parameters"] > 1000
    assert facts["cost"]["ms alone"] > 0.0
    weights = 2 * 2 * 16 * 16 * 9 + 3 * 16 * 16 + len(GoSpec.plane_names) * 16 * 9
    assert facts["cost"]["multiply-adds"] == pytest.approx(49 * weights, rel=0.03)
    assert len(facts["sha256"]) == 64


def test_adapters_are_described_listed_and_merged(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, _ = load_network(network)
    attach(model, rank=2)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(".up"):
                parameter.normal_(0, 0.1)
    adapter, merged = network.with_name("mine.safetensors"), network.with_name("new.safetensors")
    save_adapter(adapter, model, {"games": 31})
    network.with_name("other.safetensors").write_bytes(b"no network")
    assert cli.main(["info", str(adapter)]) == 0
    out = capsys.readouterr().out
    assert "rank" in out and "games  31" in out
    assert cli.main(["info", str(network), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["adapters"] == ["mine.safetensors"]
    asked = ["export", str(network), "--adapter", str(adapter), "--out"]
    assert cli.main([*asked, str(merged)]) == 0
    again, metadata = load_network(merged)
    assert metadata["provenance"]["games"] == 31 and metadata["provenance"]["merged_rank"] == 2
    for name, tensor in model.merged_state().items():
        torch.testing.assert_close(again.state_dict()[name], tensor, rtol=1e-5, atol=1e-6)
    assert cli.main(["export", str(merged), "--adapter", str(adapter), "--out", "x.onnx"]) == 2
    assert "another network" in capsys.readouterr().err
    assert cli.main([*asked, "net.zip"]) == 2


def test_other_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.pt"
    path.write_bytes(b"PK\x03\x04 as torch.save writes")
    assert cli.main(["info", str(path)]) == 2
    assert "may hold code" in capsys.readouterr().err


def test_run_is_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.toml").write_text('network = "b4c32"\nseed = 7\n', encoding="utf-8")
    lines = [json.dumps({"cycle": cycle, "games": 10 * cycle}) for cycle in (1, 2)]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + '\n{"cyc', encoding="utf-8")
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "000002.safetensors").touch()
    assert cli.main(["info", str(tmp_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["latest cycle"] == {"cycle": 2, "games": 20}
    assert facts["seed"] == 7
    assert facts["latest checkpoint"].endswith("000002.safetensors")


def test_folder_without_a_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["info", str(tmp_path)]) == 2
    assert "expected a run folder with config.toml" in capsys.readouterr().err
