"""Which evaluator is taken, and that playing needs no torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.evaluators import auto, registry
from agents.evaluators.auto import load_evaluator, model_evaluator
from agents.evaluators.int8 import Int8Evaluator
from agents.evaluators.registry import BACKENDS
from agents.evaluators.torch_evaluator import TorchEvaluator
from agents.network.checkpoint import save_network, shipped_network_path
from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from engine.errors import ConfigError, NetworkFileError
from engine.games import GoSpec, make

SPEC = GoSpec(7, 7)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "small.safetensors"
    config = NetworkConfig.named("b2c16", SPEC)
    save_network(path, PolicyValueNet.initial(config, 1).eval(), {})
    return path


def test_each_backend_evaluates_the_same_network(network: Path) -> None:
    eight = load_evaluator(network, SPEC, "int8")
    whole = load_evaluator(network, SPEC, "torch")
    assert isinstance(eight, Int8Evaluator) and isinstance(whole, TorchEvaluator)
    assert eight.description.startswith("int8 (") and whole.description.startswith("torch (")
    positions = SPEC.allocate(3)
    a, b = eight.evaluate(SPEC, positions), whole.evaluate(SPEC, positions)
    assert np.allclose(a.value, b.value, atol=0.03)


def test_eight_bits_where_the_cpu_can_multiply_bytes(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "has_cuda", lambda: False)
    if registry.forms_here()[0] != "portable":
        assert isinstance(load_evaluator(network, SPEC), Int8Evaluator)


def test_torch_where_there_is_a_gpu(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "has_cuda", lambda: True)
    assert isinstance(load_evaluator(network, SPEC), TorchEvaluator)
    config = NetworkConfig.named("b2c16", SPEC)
    model = PolicyValueNet.initial(config, 1)
    assert isinstance(model_evaluator(model, SPEC), TorchEvaluator)


def test_without_a_dot_product_the_faster_one_is_measured_once_and_remembered(
    network: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(registry, "has_cuda", lambda: False)
    monkeypatch.setattr(registry, "forms_here", lambda: ["portable"])
    monkeypatch.setattr(auto, "CACHE_FOLDER", tmp_path)
    measured: list[Any] = []

    def rate(evaluator: Any, spec: Any) -> float:
        measured.append(evaluator)
        return 2.0 if isinstance(evaluator, TorchEvaluator) else 1.0

    monkeypatch.setattr(auto, "_rate", rate)
    assert isinstance(load_evaluator(network, SPEC), TorchEvaluator)
    assert isinstance(load_evaluator(network, SPEC), TorchEvaluator)
    asked = 2 + (not BACKENDS["openvino"].missing())
    assert len(measured) == asked
    remembered = next(tmp_path.iterdir())
    assert json.loads(remembered.read_text())["backend"] == "torch"
    remembered.write_text('{"backend": "abacus"}')
    assert isinstance(load_evaluator(network, SPEC), TorchEvaluator)
    assert len(measured) == 2 * asked, "what is remembered wrongly is measured again"


def test_the_rate_is_measured(network: Path) -> None:
    assert auto._rate(load_evaluator(network, SPEC, "int8"), SPEC) > 0


@pytest.mark.parametrize("backend", ["int8", "torch"])
def test_a_network_for_another_game_is_refused(network: Path, backend: Any) -> None:
    with pytest.raises(NetworkFileError, match="hex"):
        load_evaluator(network, make("hex", 7, 7), backend)


def test_an_unknown_backend_is_refused(network: Path) -> None:
    with pytest.raises(ConfigError, match="'abacus'"):
        load_evaluator(network, SPEC, "abacus")


def test_a_backend_that_is_not_installed_says_how_to_get_it(
    network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    assert isinstance(load_evaluator(network, SPEC), Int8Evaluator)
    with pytest.raises(ConfigError, match=r"miai\[openvino\]"):
        load_evaluator(network, SPEC, "openvino")
    with pytest.raises(ConfigError, match=r"miai\[train\]"):
        load_evaluator(network, SPEC, "torch")


@pytest.mark.skipif(not shipped_network_path().is_file(), reason="no network comes with this")
def test_playing_with_a_network_imports_no_torch() -> None:
    program = """
import sys
from agents.parse import parse_agent
from agents.protocol import Turn
from engine.games import GoSpec
import arena.play.match, arena.gtp.server, arena.terminal, arena.session.session, miai.commands.info
spec = GoSpec(9, 9)
for text in ("int8:shipped@2", "policy:shipped", "rollouts:2"):
    agent = parse_agent(text, spec)
    agent.choose([Turn(1, spec, spec.allocate(1), (), 1)])
assert "torch" not in sys.modules, "torch was imported"
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
