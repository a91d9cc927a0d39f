"""The backend of docs/add-a-backend.md, from the page: it agrees with torch, plays, trains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.evaluators import auto
from agents.evaluators.auto import load_evaluator, network_evaluator
from agents.evaluators.registry import BACKENDS, Backend
from agents.evaluators.torch_evaluator import TorchEvaluator
from agents.network.calibration import random_positions
from agents.network.checkpoint import save_network
from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet
from agents.parse import parse_agent
from agents.protocol import Turn
from engine.errors import ConfigError
from engine.games import GAMES, GoSpec, make
from miai.config import build, to_toml
from selfplay.run.config import RunConfig
from selfplay.run.loop import Run
from tests.support.pages import imported, python_blocks
from tests.support.small import small_run

*MODULE, LINE = python_blocks("add-a-backend.md")
SPEC = GoSpec(5, 5)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "small.safetensors"
    model = PolicyValueNet.initial(NetworkConfig.named("b2c16", SPEC), 1)
    save_network(path, model.eval(), {})
    return path


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    line: Backend = eval(LINE, {"Backend": Backend})
    with imported(line.module, "\n\n".join(MODULE), tmp_path):
        monkeypatch.setitem(BACKENDS, line.name, line)
        yield line


@pytest.mark.parametrize("game", sorted(GAMES))
def test_the_page_agrees_with_torch(backend: Backend, game: str, tmp_path: Path) -> None:
    spec = make(game)
    model = PolicyValueNet.initial(NetworkConfig.named("b2c16", spec), 1).eval()
    save_network(tmp_path / "network.safetensors", model, {})
    positions = random_positions(spec, 32)
    found = load_evaluator(tmp_path / "network.safetensors", spec, "numpy")
    expected = TorchEvaluator(model, "float32").evaluate(spec, positions)
    assert found.description == "numpy (float32)"
    for name in ("policy_logits", "value", "score", "ownership"):
        parts = getattr(found.evaluate(spec, positions), name), getattr(expected, name)
        assert np.allclose(*parts, atol=1e-3), name


def test_agents_are_spelled_with_it(backend: Backend, network: Path) -> None:
    agent = parse_agent(f"numpy:{network}@4", SPEC)
    decision = agent.choose([Turn(1, SPEC, SPEC.allocate(1), (), 1)])[0]
    assert 0 <= decision.action < SPEC.actions


def test_a_run_follows_it(backend: Backend, tmp_path: Path) -> None:
    config = replace(small_run(cycles=2), evaluator="numpy")
    reports: list[dict[str, object]] = []
    with Run(tmp_path / "run", config, to_toml(config)) as run:
        run.train(reports.append)
    assert reports[-1]["steps"]


def test_the_fastest_is_looked_for_among_all(
    backend: Backend, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, each in list(BACKENDS.items()):
        monkeypatch.setitem(BACKENDS, name, replace(each, is_fastest_here=lambda: False))
    monkeypatch.setattr(auto, "CACHE_FOLDER", tmp_path)
    monkeypatch.setattr(auto, "_rate", lambda found, spec: float("numpy" in found.description))
    assert load_evaluator(network, SPEC).description == "numpy (float32)"


def test_its_packages_are_asked_for_by_name(
    backend: Backend, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(backend, packages=("abacus",), extra="beads")
    monkeypatch.setitem(BACKENDS, "numpy", other)
    with pytest.raises(ConfigError, match=r"expected abacus .*miai\[beads\]"):
        network_evaluator(network, SPEC, backend="numpy")


@pytest.mark.parametrize("name", ["abacus", "openvino"])
def test_errors_name_it(backend: Backend, name: str) -> None:
    config: Any = build(RunConfig, {"evaluator": name})
    with pytest.raises(ConfigError, match=f"numpy for evaluator.*'{name}'"):
        config.check()
