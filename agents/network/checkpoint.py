"""Networks as files: safetensors with a JSON header. Nothing executable is ever loaded.

The header has the format and its version, shape and inputs, where the network comes from, and a
hash of the tensors. Among the tensors is the calibration of the 8-bit evaluator. A file is checked
whole before anything is made of it, and no memory is taken that is not in the file.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.network.config import NetworkConfig
from agents.network.folded import Calibration, FoldedNetwork, fold, model_tensors
from agents.network.heads import TEACHING
from agents.network.migrate import from_version_1
from engine.errors import NetworkFileError
from engine.files import json_of, read_file, write_atomic

if TYPE_CHECKING:
    from agents.network.model import PolicyValueNet

FORMAT: Final = "miai-network"
VERSION: Final = 2
_READABLE: Final = ("1", "2")
_LARGEST_HEADER = 16 << 20
_LARGEST_FILE = 4 << 30
_MAY_EXECUTE: Final = {b"PK": "a zip, as torch.save writes it", b"\x80": "a pickle"}
_PROVENANCE: Final = {"game": str, "height": int, "width": int}
_CALIBRATION: Final = "calibration."


@dataclass(frozen=True)
class StoredNetwork:
    """A checkpoint that was read and found to be whole."""

    network: FoldedNetwork
    calibration: Calibration | None
    """Calibration of the 8-bit evaluator; ``None`` if the file has none."""
    tensors: dict[str, NDArray[np.float32]]
    """Weights, named as in the model's ``state_dict``."""
    metadata: dict[str, Any]
    """Metadata as :func:`read_metadata` returns them."""


def save_network(
    path: Path,
    model: PolicyValueNet,
    provenance: Mapping[str, Any],
    calibration: Calibration | None = None,
) -> None:
    """Write weights, configuration and provenance (plain JSON values) as one atomic file.

    With ``calibration``, 8-bit evaluators need not find out what the activations look like.
    """
    write_network(path, model.config, model_tensors(model), provenance, calibration)


def write_network(
    path: Path,
    config: NetworkConfig,
    tensors: Mapping[str, NDArray[np.float32]],
    provenance: Mapping[str, Any],
    calibration: Calibration | None = None,
) -> None:
    """Write a network from its tensors, named as in a model's ``state_dict``, without torch."""
    import safetensors.numpy

    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    if calibration is not None:
        tensors[f"{_CALIBRATION}largest"] = calibration.largest
        for i, patch in enumerate(calibration.patches):
            tensors[f"{_CALIBRATION}patch.{i}"] = patch
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "network": json.dumps(config.as_dict()),
        "provenance": json.dumps(dict(provenance)),
        "content": content_hash(tensors),
    }
    write_atomic(path, sorted_header(safetensors.numpy.save(tensors, header)))


def content_hash(tensors: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 of names, shapes and numbers."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {tensors[name].shape}\n".encode())
        digest.update(np.ascontiguousarray(tensors[name]).data)
    return digest.hexdigest()


def sorted_header(data: bytes) -> bytes:
    """Return safetensors bytes with the header in one fixed order.

    The library writes metadata in an order that changes from call to call; equal networks should be
    equal files.
    """
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def load_network(path: Path) -> tuple[PolicyValueNet, dict[str, Any]]:
    """Return the model, in evaluation mode, and its metadata as :func:`read_metadata` does.

    Raises:
        NetworkFileError: if the file is not a network, of another version, or damaged.
    """
    import torch

    from agents.network.model import PolicyValueNet

    stored = load_stored(path)
    with torch.device("meta"):
        model = PolicyValueNet(stored.network.config)
    model.to_empty(device="cpu")
    lacking = set(model.config.heads) - set(TEACHING)
    passed = tuple(f"value_head.{name}." for name in lacking)
    model.load_state_dict(
        {
            name: torch.from_numpy(array)
            for name, array in stored.tensors.items()
            if not name.startswith(passed)
        }
    )
    return model.eval(), stored.metadata


def load_stored(path: Path) -> StoredNetwork:
    """Read and check a checkpoint, without torch; raises as :func:`load_network`."""
    data = read_bytes(path)
    values, provenance, header = _described(path, data)
    tensors = read_tensors(data)
    if isinstance(tensors, str):
        raise refusal(path, tensors)
    if header.get("version") != "1" and header.get("content") != content_hash(tensors):
        raise refusal(path, "one whose numbers are not those that were saved: it was altered")
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32 and not name.endswith("num_batches_tracked"):
            raise refusal(path, f"the tensor {name!r} as {tensor.dtype}, not float32")
    try:
        if header.get("version") == "1":
            values, tensors = from_version_1(values, provenance, tensors)
        config = _config(values)
        found, tensors = _calibration(tensors)
        network = fold(config, tensors)
        _check_calibration(network, found)
    except NetworkFileError as error:
        raise refusal(path, str(error)) from error
    return StoredNetwork(network, found, tensors, _metadata(path, data))


def read_tensors(data: bytes) -> dict[str, NDArray[Any]] | str:
    """Return the tensors of a safetensors file by name, or why there are none."""
    import safetensors
    import safetensors.numpy

    try:
        found: dict[str, NDArray[Any]] = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        return f"a damaged file ({error})"
    return found


def _calibration(
    tensors: dict[str, NDArray[Any]],
) -> tuple[Calibration | None, dict[str, NDArray[Any]]]:
    """Take the calibration out of the tensors."""
    mine = {name: array for name, array in tensors.items() if not name.startswith(_CALIBRATION)}
    largest = tensors.get(f"{_CALIBRATION}largest")
    if largest is None:
        return None, mine
    try:
        patches = [tensors[f"{_CALIBRATION}patch.{i}"] for i in range(largest.size)]
    except KeyError as error:
        raise NetworkFileError(f"one without the tensor {error}") from error
    return Calibration(largest, tuple(patches)), mine


def _check_calibration(network: FoldedNetwork, found: Calibration | None) -> None:
    if found is None:
        return
    shapes = [affine.weight.shape[1:] for affine in network.convolutions()]
    if [patch.shape for patch in found.patches] != shapes or found.largest.ndim != 1:
        raise NetworkFileError("one whose calibration does not fit its layers")
    if not all(np.isfinite(array).all() for array in (found.largest, *found.patches)):
        raise NetworkFileError("one whose calibration has infinities or NaN in it")
    if (found.largest < 0).any():
        raise NetworkFileError("one whose calibration has negative activations")


def read_metadata(path: Path) -> dict[str, Any]:
    """Return what a checkpoint says of itself, without torch.

    ``network`` (a :class:`NetworkConfig`), ``provenance``, ``hash`` (SHA-256 of the file), and
    ``parameters``, how many trained numbers there are.

    Raises:
        NetworkFileError: if the file is not a network that this version can read.
    """
    return _metadata(path, read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file that may be a network, or refuse it; raises NetworkFileError."""
    try:
        data = read_file(Path(path), _LARGEST_FILE)
    except IsADirectoryError as error:
        raise refusal(path, "a folder; name a file in it") from error
    except OSError as error:
        raise refusal(path, f"nothing that can be read ({error.strerror})") from error
    for magic, what in _MAY_EXECUTE.items():
        # A header may happen to be as long as a pickle begins; it is text none the less.
        if data.startswith(magic) and data[8:9] != b"{":
            raise refusal(path, f"{what}: it may hold code, so it is not opened")
    return data


def _described(path: Path, data: bytes) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return configuration and provenance as plain values, and the whole text header."""
    header = read_header(path, data).get("__metadata__")
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise refusal(path, "a safetensors file that was not written by miai")
    if header.get("version") not in _READABLE:
        raise refusal(
            path,
            f"format version {header.get('version')!r}, and this program reads "
            f"{' and '.join(_READABLE)}; update miai, or export the network with the version that "
            "wrote it",
        )
    try:
        values, provenance = json_of(header["network"]), json_of(header["provenance"])
    except (KeyError, TypeError, ValueError) as error:
        raise refusal(path, f"a header that cannot be used ({error})") from error
    if not isinstance(values, dict) or not isinstance(provenance, dict):
        raise refusal(path, "a header that cannot be used (no tables)")
    check_provenance(path, provenance)
    return values, provenance, header


def check_provenance(path: Path, provenance: Mapping[str, Any]) -> None:
    """Refuse what no network says of where it comes from.

    Raises:
        NetworkFileError: if the game or its size has another type, or a text is none.
    """
    for name, kind in _PROVENANCE.items():
        value = provenance.get(name)
        if value is not None and type(value) is not kind:
            got = f"{name} {value!r}" if len(str(value)) < 80 else name
            raise refusal(path, f"a header that cannot be used (its provenance says {got})")
    try:
        json.dumps(provenance, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise refusal(path, f"a header that cannot be used (its provenance: {error})") from error


def _metadata(path: Path, data: bytes) -> dict[str, Any]:
    values, provenance, header = _described(path, data)
    if header["version"] == "1":
        values = {**values, "games": [str(provenance.get("game", "go"))]}
    try:
        network = _config(values)
    except NetworkFileError as error:
        raise refusal(path, str(error)) from error
    return {
        "network": network,
        "provenance": provenance,
        "parameters": _count_parameters(path, data),
        "hash": hashlib.sha256(data).hexdigest(),
    }


def _config(values: dict[str, Any]) -> NetworkConfig:
    try:
        return NetworkConfig.from_dict(values)
    except NetworkFileError as error:
        raise NetworkFileError(f"a header that cannot be used ({error})") from error


def _count_parameters(path: Path, data: bytes) -> int:
    """Add up the sizes of all tensors that were trained."""
    try:
        return sum(
            math.prod(tensor["shape"])
            for name, tensor in read_header(path, data).items()
            if not name.startswith(("__", _CALIBRATION))
            and not name.rpartition(".")[2].startswith(("running_", "num_batches"))
        )
    except (KeyError, TypeError) as error:
        raise refusal(path, "a file without a safetensors header") from error


def read_header(path: Path, data: bytes) -> dict[str, Any]:
    """Parse the JSON header: eight bytes of length, then the text."""
    if len(data) < 8:
        raise refusal(path, "a file that is too short to be one")
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(_LARGEST_HEADER, len(data) - 8):
        raise refusal(path, "a file that is cut short, or something else")
    try:
        header = json_of(data[8 : 8 + length])
    except ValueError as error:
        raise refusal(path, "a file without a safetensors header") from error
    if not isinstance(header, dict):
        raise refusal(path, "a file without a safetensors header")
    return header


def refusal(path: Path, got: str) -> NetworkFileError:
    """Return the error for a file that is not a network, but ``got``."""
    return NetworkFileError(f"expected a miai network (.safetensors), got {got}: {path}")


def shipped_networks() -> dict[str, Path]:
    """The networks that come with the program, by name: of a game, some with a width."""
    found = importlib.util.find_spec("miai")
    home = Path("miai") if found is None or found.origin is None else Path(found.origin).parent
    return {path.stem: path for path in sorted((home / "networks").glob("*.safetensors"))}


def shipped_network_path(game: str = "go", width: int = 9) -> Path:
    """Where the network for a game lies that comes with the program.

    Of several for one game it is the one for the nearest size. There may be none: the path is that
    of no file then.
    """
    nearest: tuple[int, Path] | None = None
    networks = shipped_networks()
    for name, path in networks.items():
        letters = name.rstrip("0123456789")
        if letters == game:
            distance = abs(int(name[len(letters) :] or width) - width)
            nearest = min(nearest or (distance, path), (distance, path))
    home = next(iter(networks.values()), Path("networks") / "none").parent
    return home / f"{game}.safetensors" if nearest is None else nearest[1]
