"""Adapters: attached, trained alone, saved apart, merged; refused where they do not belong."""

from __future__ import annotations

import copy
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.network.adapter_file import LARGEST_RANK, read_adapter
from agents.network.adapters import attach, load_adapter, read_adapter_metadata, save_adapter
from agents.network.checkpoint import content_hash, load_network, save_network
from agents.network.folded import fold_model, forward
from agents.network.model import PolicyValueNet
from engine.errors import NetworkFileError
from selfplay.learn.learner import Learner, LearnerConfig
from tests.support.batches import batch_of
from tests.support.networks import inputs, make


def trained(seed: int = 0) -> tuple[PolicyValueNet, PolicyValueNet]:
    base = make(seed=seed).requires_grad_(True)
    model = copy.deepcopy(base)
    attach(model, rank=2)
    learner = Learner(model, LearnerConfig(batch=32))
    for step in range(3):
        learner.train_step(batch_of(32, seed=step), 1e-2)
    return base, learner.model.eval()  # type: ignore[return-value]


def test_a_fresh_adapter_changes_nothing() -> None:
    model = make()
    planes, globals_ = inputs(2, 5, 5)
    before = model(planes, globals_)
    parameters = attach(model, rank=3)
    for mine, theirs in zip(before, model(planes, globals_), strict=True):
        torch.testing.assert_close(mine, theirs)
    assert sum(p.numel() for p in parameters) == sum(
        p.numel() for p in model.parameters() if p.requires_grad
    )


def test_training_changes_the_adapter_alone() -> None:
    base, model = trained()
    for name, tensor in base.state_dict().items():
        owner, _, part = name.rpartition(".")
        kept = model.state_dict().get(f"{owner}.parametrizations.{part}.original")
        if kept is None:
            kept = model.state_dict()[name]
        assert torch.equal(kept, tensor), name
    adapted = model.stem.weight - base.stem.weight
    values = torch.linalg.svdvals(adapted.detach().flatten(1))
    assert values[1] > 1e-5 and values[2] < 1e-5 * values[0], "of rank 2"


def test_merging_keeps_the_numbers() -> None:
    _, model = trained()
    planes, globals_ = inputs(3, 5, 5)
    with torch.no_grad():
        before = model(planes, globals_)
        frozen = model.frozen()(planes, globals_)
        plain = model.merged()
        after = plain(planes, globals_)
    for mine, theirs, third in zip(before, after, frozen, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(mine, third, rtol=1e-4, atol=1e-4)
    images = planes.permute(0, 2, 3, 1).numpy().astype(np.uint8)
    own = forward(fold_model(model), images, globals_.numpy())
    np.testing.assert_allclose(own.policy_logits, before.policy_logits, rtol=1e-3, atol=1e-3)
    assert set(plain.state_dict()) == set(make().state_dict())
    assert all(parameter.requires_grad for parameter in plain.parameters())


def test_saved_apart_and_loaded_over_the_base(tmp_path: Path) -> None:
    base, model = trained()
    save_network(tmp_path / "base.safetensors", base, {"game": "go"})
    save_adapter(tmp_path / "adapter.safetensors", model, {"games": 3})
    sizes = [
        (tmp_path / name).stat().st_size for name in ("base.safetensors", "adapter.safetensors")
    ]
    assert sizes[1] < sizes[0] / 2
    again, _ = load_network(tmp_path / "base.safetensors")
    facts = load_adapter(tmp_path / "adapter.safetensors", again)
    assert facts["rank"] == 2 and facts["provenance"] == {"games": 3}
    planes, globals_ = inputs(2, 5, 5)
    for mine, theirs in zip(model(planes, globals_), again(planes, globals_), strict=True):
        torch.testing.assert_close(mine, theirs)
    save_network(tmp_path / "merged.safetensors", again, {"game": "go"})
    merged, _ = load_network(tmp_path / "merged.safetensors")
    for mine, theirs in zip(model(planes, globals_), merged(planes, globals_), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_another_network_refuses_it(tmp_path: Path) -> None:
    _, model = trained()
    save_adapter(tmp_path / "adapter.safetensors", model, {})
    with pytest.raises(NetworkFileError, match="another network"):
        load_adapter(tmp_path / "adapter.safetensors", make(seed=4))
    save_network(tmp_path / "net.safetensors", make(), {})
    with pytest.raises(NetworkFileError, match="is none"):
        load_adapter(tmp_path / "net.safetensors", make())
    with pytest.raises(NetworkFileError, match="not written by miai"):
        load_network(tmp_path / "adapter.safetensors")


@pytest.mark.parametrize("damage", ["altered", "nan", "missing", "shape", "version", "rank", "cut"])
def test_damaged_adapters_are_refused(tmp_path: Path, damage: str) -> None:
    base, model = trained()
    path = tmp_path / "adapter.safetensors"
    save_adapter(path, model, {})
    tensors = safetensors.numpy.load_file(path)
    with safetensors.safe_open(path, "np") as file:
        header = file.metadata()
    name = "stem.weight.up"
    if damage in ("altered", "nan"):
        tensors[name][0, 0] = np.nan if damage == "nan" else 9.0
    elif damage == "missing":
        del tensors[name]
    elif damage == "shape":
        tensors[name] = np.zeros((3, 3), np.float32)
    elif damage == "version":
        header["version"] = "9"
    elif damage == "rank":
        header["rank"] = "0"
    if damage != "altered":
        header["content"] = content_hash(tensors)
    data = safetensors.numpy.save(tensors, header)
    path.write_bytes(data[:-40] if damage == "cut" else data)
    with pytest.raises(NetworkFileError, match="expected an adapter"):
        load_adapter(path, base)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damaged_bytes_are_refused_or_read_never_worse(data: st.DataObject) -> None:
    whole = bytearray(_whole())
    end = len(whole) if data.draw(st.booleans()) else int.from_bytes(whole[:8], "little") + 8
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, end - 1))
        what = data.draw(st.binary(max_size=6))
        whole[at : at + data.draw(st.sampled_from([len(what), 0, 40]))] = what
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "adapter.safetensors"
        path.write_bytes(whole)
        try:
            facts, tensors = read_adapter(path)
        except NetworkFileError as error:
            assert str(path) in str(error)
        else:
            assert 1 <= facts["rank"] <= LARGEST_RANK
            assert all(np.isfinite(array).all() for array in tensors.values())


@cache
def _whole() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "adapter.safetensors"
        model = make()
        attach(model, rank=1)
        save_adapter(path, model, {})
        return path.read_bytes()


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    model = make()
    with pytest.raises(ValueError, match="without"):
        save_adapter(tmp_path / "none.safetensors", model, {})
    with pytest.raises(ValueError, match="rank"):
        attach(model, 0)
    attach(model, 1)
    with pytest.raises(ValueError, match="without adapters"):
        attach(model, 1)
    save_adapter(tmp_path / "one.safetensors", model, {})
    assert read_adapter_metadata(tmp_path / "one.safetensors")["rank"] == 1
