"""The ONNX graph against the model in torch, by ONNX's own reference implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from agents.network.checkpoint import save_network
from agents.network.folded import fold_model
from agents.network.onnx_export import OUTPUTS, to_onnx
from miai import cli
from tests.support.networks import inputs, make

onnx = pytest.importorskip("onnx")


@pytest.mark.parametrize("name", ["b2c16", "n3c128"])
def test_the_graph_computes_the_network_on_every_size(name: str) -> None:
    from onnx.reference import ReferenceEvaluator

    model = make(name)
    graph = ReferenceEvaluator(onnx.load_from_string(to_onnx(fold_model(model))))
    for height, width in ((5, 5), (4, 7)):
        planes, globals_ = inputs(3, height, width)
        with torch.no_grad():
            expected = model(planes, globals_)
        found = graph.run(OUTPUTS, {"planes": planes.numpy(), "globals": globals_.numpy()})
        for ours, theirs in zip(found, expected[:4], strict=True):
            assert ours.shape == theirs.shape
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-3, atol=1e-3)


def test_export_writes_what_others_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_network(tmp_path / "net.safetensors", make(), {})
    out = tmp_path / "net.onnx"
    assert cli.main(["export", str(tmp_path / "net.safetensors"), "--out", str(out)]) == 0
    assert "liberties_1" in capsys.readouterr().out
    assert {value.name for value in onnx.load(out).graph.output} == set(OUTPUTS)
    assert cli.main(["export", str(tmp_path / "none"), "--out", str(out)]) == 2
