"""Network files: the same numbers back, and a clear refusal of everything else."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import pytest
import safetensors.torch
import torch

from agents.network.checkpoint import FORMAT, load_network, read_metadata, save_network
from engine.errors import NetworkFileError
from tests.agents.network.test_model import inputs, make


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
    for mine, theirs in zip(make()(*inputs(3, 9, 9)), model(*inputs(3, 9, 9)), strict=True):
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
        model.stem.conv.weight[0, 0, 0, 0] = float("nan")
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
