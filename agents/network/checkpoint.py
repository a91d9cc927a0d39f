"""Networks as files: safetensors with a JSON header. Nothing executable is ever loaded."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agents.network.config import NetworkConfig
from engine.errors import NetworkFileError
from engine.files import write_atomic

if TYPE_CHECKING:
    from agents.network.model import PolicyValueNet

FORMAT: Final = "miai-network"
VERSION: Final = 1
_LARGEST_HEADER = 16 << 20
_MAY_EXECUTE: Final = {b"PK": "a zip, as torch.save writes it", b"\x80": "a pickle"}


def save_network(path: Path, model: PolicyValueNet, provenance: Mapping[str, Any]) -> None:
    """Write weights, configuration and provenance (plain JSON values) as one atomic file."""
    import safetensors.torch

    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "network": json.dumps(model.config.as_dict()),
        "provenance": json.dumps(dict(provenance)),
    }
    write_atomic(path, sorted_header(safetensors.torch.save(tensors, header)))


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
    import safetensors
    import safetensors.torch
    import torch

    from agents.network.model import PolicyValueNet

    metadata = read_metadata(path)
    config: NetworkConfig = metadata["network"]
    with torch.device("meta"):  # the file says how large: take no memory before it is checked
        model = PolicyValueNet(config)
    expected = model.state_dict()
    try:
        tensors = safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise refusal(path, f"a damaged file ({error})") from error
    for name, tensor in expected.items():
        if name not in tensors:
            raise refusal(path, f"one without the tensor {name!r}")
        if tensors[name].shape != tensor.shape or tensors[name].dtype != tensor.dtype:
            raise refusal(
                path,
                f"the tensor {name!r} as {tuple(tensors[name].shape)} {tensors[name].dtype}, "
                f"not {tuple(tensor.shape)} {tensor.dtype}",
            )
        if not bool(torch.isfinite(tensors[name]).all()):
            raise refusal(path, f"the tensor {name!r} with infinities or NaN in it")
    extra = sorted(set(tensors) - set(expected))
    if extra:
        raise refusal(path, f"one with unknown tensors, such as {extra[0]!r}")
    model.to_empty(device="cpu")
    model.load_state_dict(tensors)
    return model.eval(), metadata


def read_metadata(path: Path) -> dict[str, Any]:
    """Return what a checkpoint says of itself, without torch.

    ``network`` (a :class:`NetworkConfig`), ``provenance``, ``hash`` (SHA-256 of the file), and
    ``parameters``, how many trained numbers there are.

    Raises:
        NetworkFileError: if the file is not a network that this version can read.
    """
    try:
        data = Path(path).read_bytes()
    except IsADirectoryError as error:
        raise refusal(path, "a folder; name a file in it") from error
    except OSError as error:
        raise refusal(path, f"nothing that can be read ({error.strerror})") from error
    for magic, what in _MAY_EXECUTE.items():
        if data.startswith(magic):
            raise refusal(path, f"{what}: it may hold code, so it is not opened")
    tensors = _header(path, data)
    header = tensors.pop("__metadata__", None)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise refusal(path, "a safetensors file that was not written by miai")
    if header.get("version") != str(VERSION):
        raise refusal(
            path,
            f"format version {header.get('version')!r}, and this program reads {VERSION}; "
            "update miai, or export the network with the version that wrote it",
        )
    try:
        network = NetworkConfig.from_dict(json.loads(header["network"]))
        provenance = json.loads(header["provenance"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise refusal(path, f"a header that cannot be used ({error})") from error
    return {
        "network": network,
        "provenance": provenance,
        "parameters": _count_parameters(path, tensors),
        "hash": hashlib.sha256(data).hexdigest(),
    }


def _count_parameters(path: Path, tensors: Mapping[str, Any]) -> int:
    """Add up the sizes of all tensors but those that only follow the data (a norm's statistics)."""
    try:
        return sum(
            math.prod(tensor["shape"])
            for name, tensor in tensors.items()
            if not name.rpartition(".")[2].startswith(("running_", "num_batches"))
        )
    except (KeyError, TypeError) as error:
        raise refusal(path, "a file without a safetensors header") from error


def _header(path: Path, data: bytes) -> dict[str, Any]:
    """Parse the JSON header: eight bytes of length, then the text."""
    if len(data) < 8:
        raise refusal(path, "a file that is too short to be one")
    (length,) = struct.unpack("<Q", data[:8])
    if length > min(_LARGEST_HEADER, len(data) - 8):
        raise refusal(path, "a file that is cut short, or something else")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise refusal(path, "a file without a safetensors header") from error
    if not isinstance(header, dict):
        raise refusal(path, "a file without a safetensors header")
    return header


def refusal(path: Path, got: str) -> NetworkFileError:
    """Return the error for a file that is not a network, but ``got``."""
    return NetworkFileError(f"expected a miai network (.safetensors), got {got}: {path}")


def shipped_network_path() -> Path:
    """Where the network that comes with the program lies; it may be missing in a bare checkout."""
    found = importlib.util.find_spec("miai")
    if found is None or found.origin is None:
        return Path("networks") / "go9.safetensors"
    return Path(found.origin).parent / "networks" / "go9.safetensors"
