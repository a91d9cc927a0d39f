"""``miai info`` on networks, run folders, and what is neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.network.checkpoint import save_network
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


def test_network_as_json(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info", str(network), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["provenance"]["made_by"] == "a test"
    assert facts["parameters"] > 1000
    assert facts["cost"]["ms alone"] > 0.0
    assert len(facts["sha256"]) == 64


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
