"""Files of adapters, read, checked and merged without torch; see ``adapters`` for what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from agents.network.checkpoint import (
    StoredNetwork,
    check_provenance,
    content_hash,
    read_bytes,
    read_header,
    read_tensors,
)
from agents.network.folded import fold
from engine.errors import NetworkFileError
from engine.files import json_of

FORMAT: Final = "miai-adapter"
VERSION: Final = "1"
LARGEST_RANK: Final = 1024
_LARGEST_HEADER: Final = 1 << 20

Tensors = dict[str, NDArray[np.float32]]


def is_adapter(path: Path) -> bool:
    """Whether a file says that it is an adapter; only its header is read."""
    try:
        if not path.is_file():  # a pipe or a device may have no end
            return False
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = file.read(length) if length <= _LARGEST_HEADER else b""
    except OSError:
        return False
    return f'"format":"{FORMAT}"'.encode() in header


def read_adapter(path: Path) -> tuple[dict[str, Any], Tensors]:
    """Return what an adapter says of itself, and its numbers, found to be whole.

    Raises:
        NetworkFileError: if the file is no adapter, or damaged.
    """
    data = read_bytes(path)
    facts = _metadata(path, data)
    tensors = read_tensors(data)
    if isinstance(tensors, str):
        raise not_an_adapter(path, tensors)
    if facts["content"] != content_hash(tensors):
        raise not_an_adapter(
            path, "one whose numbers are not those that were saved: it was altered"
        )
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32:
            raise not_an_adapter(path, f"the tensor {name!r} as {tensor.dtype}, not float32")
        if not np.isfinite(tensor).all():
            raise not_an_adapter(path, f"the tensor {name!r} with infinities or NaN in it")
    return facts, tensors


def read_adapter_metadata(path: Path) -> dict[str, Any]:
    """Return ``rank``, ``base``, ``provenance`` and ``content``; raises as :func:`read_adapter`."""
    return _metadata(path, read_bytes(path))


def _metadata(path: Path, data: bytes) -> dict[str, Any]:
    header = read_header(path, data).get("__metadata__")
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise not_an_adapter(path, "a file that is none")
    if header.get("version") != VERSION:
        raise not_an_adapter(path, f"format version {header.get('version')!r}, not {VERSION!r}")
    try:
        rank, provenance = int(header["rank"]), json_of(header["provenance"])
        facts = {"base": str(header["base"]), "content": str(header["content"])}
    except (KeyError, TypeError, ValueError) as error:
        raise not_an_adapter(path, f"a header that cannot be used ({error})") from error
    if not isinstance(provenance, dict):
        raise not_an_adapter(path, "a header that cannot be used (no table of provenance)")
    check_provenance(path, provenance)
    if not 1 <= rank <= LARGEST_RANK:
        raise not_an_adapter(path, f"a rank of {rank}")
    return {**facts, "rank": rank, "provenance": provenance}


def check_adapter(
    path: Path,
    rank: int,
    tensors: Mapping[str, NDArray[Any]],
    weights: Mapping[str, tuple[int, ...]],
) -> None:
    """Check that an adapter's tensors fit weights of these shapes.

    Raises:
        NetworkFileError: if they do not.
    """
    names = {f"{name}.{part}" for name in weights for part in ("down", "up")}
    if names != set(tensors):
        raise not_an_adapter(path, "one with other tensors than the network has weights")
    for name, shape in weights.items():
        outputs, inputs = shape[0], int(np.prod(shape[1:]))
        inner = min(rank, outputs, inputs)
        for part, expected in (("down", (inner, inputs)), ("up", (outputs, inner))):
            found = tensors[f"{name}.{part}"].shape
            if found != expected:
                raise not_an_adapter(path, f"the tensor '{name}.{part}' as {found}, not {expected}")


def merge_adapter(path: Path, stored: StoredNetwork) -> StoredNetwork:
    """Return a network with an adapter in its weights; its calibration no longer holds.

    Raises:
        NetworkFileError: if the file is no adapter, damaged, or belongs to another network.
    """
    facts, tensors = read_adapter(path)
    if facts["base"] != content_hash(stored.tensors):
        raise not_an_adapter(path, "one that was trained on another network")
    adapted = {name.rpartition(".")[0] for name in tensors}
    known = {name: stored.tensors[name].shape for name in adapted & set(stored.tensors)}
    check_adapter(path, facts["rank"], tensors, known)
    merged = dict(stored.tensors)
    for name in known:
        change = tensors[f"{name}.up"] @ tensors[f"{name}.down"]
        merged[name] = merged[name] + change.reshape(merged[name].shape)
    network = fold(stored.network.config, merged)
    return replace(stored, network=network, tensors=merged, calibration=None)


def not_an_adapter(path: Path, got: str) -> NetworkFileError:
    """Return the error for a file that is not an adapter, but ``got``."""
    return NetworkFileError(f"expected an adapter of miai (.safetensors), got {got}: {path}")
