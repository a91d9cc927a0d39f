"""Network files: the same numbers back, and a clear refusal of everything else."""

from __future__ import annotations

import json
import pickle
import tempfile
import tracemalloc
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.evaluators.torch_evaluator import as_channels_last
from agents.network.adapter_file import read_adapter
from agents.network.calibration import calibrate, inputs_of
from agents.network.checkpoint import (
    FORMAT,
    load_network,
    load_stored,
    read_metadata,
    save_network,
)
from agents.network.folded import fold_model, forward
from agents.network.model import PolicyValueNet
from engine.errors import NetworkFileError
from engine.games import GoSpec
from tests.support.networks import inputs, make
from tests.support.refused import TINY, faults, whole


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "net.safetensors"
    save_network(path, make(), {"game": "go", "games": 12})
    return path


def rewrite(path: Path, **changes: str | None) -> None:
    """Change the header of a saved network."""
    with safetensors.safe_open(path, framework="pt") as file:
        header = dict(file.metadata())
        names = list(file.keys())
        tensors = {name: file.get_tensor(name) for name in names}
    for name, value in changes.items():
        if value is None:
            header.pop(name)
        else:
            header[name] = value
    path.write_bytes(safetensors.torch.save(tensors, header))


def test_a_saved_network_gives_the_same_numbers(saved: Path) -> None:
    model, metadata = load_network(saved)
    first, again = make()(*inputs(3, 9, 9)), model(*inputs(3, 9, 9))
    for mine, theirs in zip(first.tensors(), again.tensors(), strict=True):
        assert torch.equal(mine, theirs)
    assert metadata["provenance"] == {"game": "go", "games": 12}
    assert metadata["network"] == make().config
    assert len(metadata["hash"]) == 64
    assert metadata["parameters"] == make().parameter_count


def test_saving_twice_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    save_network(again, make(), {"game": "go", "games": 12})
    assert again.read_bytes() == saved.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.safetensors", "net.safetensors"]


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkFileError, match=r"nowhere\.safetensors"):
        load_network(tmp_path / "nowhere.safetensors")
    with pytest.raises(NetworkFileError, match="folder"):
        load_network(tmp_path)


def test_files_that_may_execute_code_are_not_opened(tmp_path: Path) -> None:
    trap = tmp_path / "trap.safetensors"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "sprung",))

    trap.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(NetworkFileError, match="pickle"):
        load_network(trap)
    with zipfile.ZipFile(trap, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Trap()))
    with pytest.raises(NetworkFileError, match="zip"):
        load_network(trap)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "data", [b"", b"abc", b"not a network at all, only text", b"\xff" * 64, b"{}" * 40]
)
def test_garbage_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "garbage.safetensors"
    path.write_bytes(data)
    with pytest.raises(NetworkFileError, match="expected a miai network"):
        load_network(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused(saved: Path, share: float) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(NetworkFileError, match="expected a miai network"):
        load_network(saved)


def test_another_version_is_refused_by_number(saved: Path) -> None:
    rewrite(saved, version="7")
    with pytest.raises(NetworkFileError, match="'7'"):
        load_network(saved)


def test_a_foreign_safetensors_file_is_refused(saved: Path) -> None:
    rewrite(saved, format=None)
    with pytest.raises(NetworkFileError, match="not written by miai"):
        load_network(saved)
    assert FORMAT == "miai-network"


def test_absurd_or_missing_configuration_is_refused(saved: Path) -> None:
    config = make().config.as_dict()
    rewrite(saved, network=json.dumps(config | {"channels": 10**9}))
    with pytest.raises(NetworkFileError, match="channels"):
        load_network(saved)
    rewrite(saved, network="not json")
    with pytest.raises(NetworkFileError, match="header"):
        read_metadata(saved)


def test_weights_of_another_shape_are_refused(saved: Path) -> None:
    config = make().config.as_dict()
    rewrite(saved, network=json.dumps(config | {"channels": 32}))
    with pytest.raises(NetworkFileError, match="tensor"):
        load_network(saved)
    rewrite(saved, network=json.dumps(config | {"blocks": 3}))
    with pytest.raises(NetworkFileError, match="without the tensor"):
        load_network(saved)


def test_weights_that_are_not_numbers_are_refused(saved: Path, tmp_path: Path) -> None:
    model = make()
    with torch.no_grad():
        model.stem.weight[0, 0, 0, 0] = float("nan")
    save_network(saved, model, {})
    with pytest.raises(NetworkFileError, match="NaN"):
        load_network(saved)


def test_a_small_file_cannot_ask_for_much_memory(saved: Path) -> None:
    """3 TB of weights are promised; the missing ones are noticed before any are allocated."""
    config = make().config.as_dict()
    rewrite(saved, network=json.dumps(config | {"channels": 4096, "blocks": 200}))
    with pytest.raises(NetworkFileError, match="tensor"):
        load_network(saved)


@pytest.mark.parametrize("network", ["[1, 2]", "5", "null", "[" * 100_000, '{"blocks": 2}'])
def test_a_header_of_other_json_is_refused(saved: Path, network: str) -> None:
    rewrite(saved, network=network)
    with pytest.raises(NetworkFileError, match="expected a miai network"):
        read_metadata(saved)


DATA = Path(__file__).resolve().parents[2] / "data"


def test_a_file_of_version_1_evaluates_as_it_did_then() -> None:
    """Written, with its outputs, by the program that still had batch norms."""
    path = DATA / "network_v1.safetensors"
    with np.load(DATA / "network_v1.npz") as then:
        shape = tuple(then["shape"])
        planes = np.unpackbits(then["planes"], count=np.prod(shape)).reshape(shape)
        outputs = [then[name] for name in ("policy", "value", "score", "ownership")]
        globals_ = then["globals"]
    model, metadata = load_network(path)
    assert metadata["network"].games == ("go",)
    with torch.no_grad():
        found = model(as_channels_last(planes, 7, 7).float(), torch.from_numpy(globals_))
    for now, before in zip(found, outputs, strict=False):
        np.testing.assert_allclose(now.numpy(), before, rtol=1e-4, atol=1e-4)
    own = forward(load_stored(path).network, planes.reshape(-1, 7, 7, shape[2]), globals_)
    np.testing.assert_allclose(own.policy_logits, outputs[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(own.score, outputs[2], rtol=1e-3, atol=1e-3)


def test_a_migrated_network_is_saved_as_the_new_version(tmp_path: Path) -> None:
    model, metadata = load_network(DATA / "network_v1.safetensors")
    save_network(tmp_path / "new.safetensors", model, metadata["provenance"])
    again, _ = load_network(tmp_path / "new.safetensors")
    for mine, theirs in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_stored_calibration_is_the_one_that_was_measured(tmp_path: Path) -> None:
    model, spec = make("b4c32"), GoSpec(9, 9)
    network = fold_model(model)
    calibration = calibrate(network, inputs_of(network.config, spec))
    save_network(tmp_path / "net.safetensors", model, {}, calibration)
    stored = load_stored(tmp_path / "net.safetensors")
    assert stored.calibration is not None
    assert np.array_equal(stored.calibration.largest, calibration.largest)
    assert all(map(np.array_equal, stored.calibration.patches, calibration.patches))
    load_network(tmp_path / "net.safetensors")


def test_altered_numbers_are_noticed(saved: Path) -> None:
    data = bytearray(saved.read_bytes())
    data[-5] ^= 1
    saved.write_bytes(data)
    with pytest.raises(NetworkFileError, match="altered"):
        load_network(saved)


REFUSED = sorted((DATA / "refused").glob("*.safetensors"))


def test_the_corpus_has_one_fault_a_file(tmp_path: Path) -> None:
    """Without the fault the file is read; what lies in the folder is what the script writes."""
    data = whole(tmp_path / "whole.safetensors")
    load_network(tmp_path / "whole.safetensors")
    assert [path.stem for path in REFUSED] == sorted(name for name, _ in faults(data))


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_files_with_a_fault_are_refused_with_little_memory(path: Path) -> None:
    tracemalloc.start()
    try:
        for load in (load_stored, load_network, read_adapter):
            with pytest.raises(NetworkFileError) as refusal:
                load(path)
            assert str(path) in str(refusal.value)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_memory_is_bounded_by_the_size_of_the_file(saved: Path) -> None:
    load_stored(saved)
    tracemalloc.start()
    try:
        load_stored(saved)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * saved.stat().st_size


@pytest.mark.parametrize("length", range(0, 256, 8))
def test_a_header_of_any_length_is_read(tmp_path: Path, length: int) -> None:
    """One in thirty-two begins with the byte that a pickle begins with."""
    path = tmp_path / "net.safetensors"
    for name in ("x", "x" * 128):
        save_network(path, PolicyValueNet.initial(TINY, 1), {"name": name + "y" * length})
        assert load_stored(path).network.config == TINY


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), version=st.sampled_from([1, 2]))
def test_damaged_files_are_refused_or_read_never_worse(data: st.DataObject, version: int) -> None:
    """Bytes changed, cut out or put in, the header being hit as often as the tensors."""
    whole = bytearray(_whole(version))
    end = len(whole) if data.draw(st.booleans()) else int.from_bytes(whole[:8], "little") + 8
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, end - 1))
        what = data.draw(st.binary(max_size=6))
        cut = data.draw(st.sampled_from([len(what), 0, 40]))
        whole[at : at + cut] = what
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        path.write_bytes(whole)
        try:
            stored = load_stored(path)
        except NetworkFileError as error:
            assert str(path) in str(error)
        else:
            assert all(np.isfinite(array).all() for array in stored.tensors.values())
            assert load_network(path)[0].config == stored.network.config


@cache
def _whole(version: int) -> bytes:
    if version == 1:
        return (DATA / "network_v1.safetensors").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        model = make()
        network = fold_model(model)
        calibration = calibrate(network, inputs_of(network.config, GoSpec(5, 5)))
        save_network(path, model, {"game": "go"}, calibration)
        return path.read_bytes()


@pytest.mark.parametrize(
    "provenance",
    [
        {"game": 5},
        {"game": ["go"]},
        {"height": "9"},
        {"width": 9.5},
        {"height": True},
        {"x": "\ud800"},
    ],
)
def test_provenance_that_no_network_has_is_refused(
    tmp_path: Path, provenance: dict[str, object]
) -> None:
    path = tmp_path / "x.safetensors"
    save_network(path, make(), provenance)
    for read in (read_metadata, load_network):
        with pytest.raises(NetworkFileError, match="provenance"):
            read(path)
