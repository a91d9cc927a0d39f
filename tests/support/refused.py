"""Writes ``tests/data/refused``: small files that a network loader must refuse, one fault each.

Run it after a change of the format: ``python -m tests.support.refused``.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from agents.network.checkpoint import content_hash, save_network
from agents.network.config import NetworkConfig
from agents.network.model import PolicyValueNet

FOLDER = Path(__file__).resolve().parents[1] / "data" / "refused"
TINY = NetworkConfig(
    blocks=1,
    channels=1,
    plane_names=("on_board", "own"),
    global_names=("komi",),
    games=("go",),
    head_channels=1,
    value_hidden=1,
    pooled_every=1,
)
Header = dict[str, Any]


def whole(path: Path) -> bytes:
    """A tiny network that is read."""
    save_network(path, PolicyValueNet.initial(TINY, 1), {"game": "go"})
    return path.read_bytes()


def split(data: bytes) -> tuple[Header, bytes]:
    """A file's header and its numbers."""
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header: Header | str, numbers: bytes) -> bytes:
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def faults(data: bytes) -> Iterator[tuple[str, bytes]]:
    """A name and the bytes of each file."""
    numbers = split(data)[1]

    def with_header(change: Callable[[Header], object]) -> bytes:
        header = split(data)[0]
        change(header)
        return joined(header, numbers)

    def with_config(**values: object) -> bytes:
        def change(header: Header) -> None:
            config = json.loads(header["__metadata__"]["network"]) | values
            header["__metadata__"]["network"] = json.dumps(config)

        return with_header(change)

    def with_tensors(change: Callable[[dict[str, Any]], object]) -> bytes:
        tensors = safetensors.numpy.load(data)
        change(tensors)
        header = split(data)[0]["__metadata__"] | {"content": content_hash(tensors)}
        return safetensors.numpy.save(tensors, header)

    stem = "stem.weight"
    yield "empty", b""
    yield "seven-bytes", b"\0" * 7
    yield "header-beyond-the-end", struct.pack("<Q", 1 << 40) + data[8:]
    yield "header-of-all-ones", b"\xff" * 64
    yield "header-a-byte-short", struct.pack("<Q", len(data)) + data[8:]
    yield "header-not-text", joined("\udcff".encode("utf-8", "surrogatepass").decode("latin1"), b"")
    yield "header-a-list", joined("[1, 2, 3]", numbers)
    yield "header-nested", joined("[" * 3000, numbers)
    yield "no-metadata", with_header(lambda header: header.pop("__metadata__"))
    yield "metadata-a-number", with_header(lambda header: header.update(__metadata__=3))
    yield "metadata-of-numbers", with_header(lambda header: header["__metadata__"].update(x=1))
    yield "version-3", with_header(lambda header: header["__metadata__"].update(version="3"))
    yield "version-nan", with_header(lambda header: header["__metadata__"].update(version="nan"))
    yield (
        "format-of-another",
        with_header(lambda header: header["__metadata__"].update(format="pt")),
    )
    yield "no-content", with_header(lambda header: header["__metadata__"].pop("content"))
    yield "tensor-past-the-end", with_header(lambda h: h[stem].update(data_offsets=[0, 1 << 30]))
    yield "tensor-backwards", with_header(lambda h: h[stem].update(data_offsets=[72, 0]))
    yield "tensor-negative", with_header(lambda header: header[stem].update(shape=[-1, 2, 3, 3]))
    yield "tensor-overflow", with_header(lambda h: h[stem].update(shape=[1 << 62, 4, 1 << 62, 4]))
    yield "tensor-of-strings", with_header(lambda header: header[stem].update(dtype="STR"))
    yield "tensor-without-a-shape", with_header(lambda header: header[stem].pop("shape"))
    yield (
        "tensors-overlap",
        with_header(
            lambda header: header["value_head.value.bias"].update(header["value_head.score.bias"])
        ),
    )
    yield "bytes-after-the-end", data + b"\0" * 16
    yield "bytes-missing", data[:-4]
    yield "a-bit-changed", data[:-3] + bytes([data[-3] ^ 64]) + data[-2:]
    yield "config-not-json", with_header(lambda h: h["__metadata__"].update(network="{"))
    yield "config-nested", with_header(lambda h: h["__metadata__"].update(network="[" * 3000))
    yield "config-a-million-blocks", with_config(blocks=10**6)
    yield "config-of-3-TB", with_config(blocks=200, channels=4096)
    yield "config-negative", with_config(channels=-1)
    yield "config-a-float", with_config(channels=1.0)
    yield "config-true", with_config(blocks=True)
    yield "config-with-more", with_config(code="print(1)")
    yield "config-planes-twice", with_config(plane_names=["on_board", "on_board"])
    yield "config-without-on-board", with_config(plane_names=["own", "opponent"])
    yield "config-games-of-numbers", with_config(games=[1])
    yield "nan", with_tensors(lambda tensors: tensors[stem].fill(np.nan))
    yield "infinity", with_tensors(lambda tensors: tensors[stem].fill(np.inf))
    yield "half-precision", with_tensors(lambda t: t.update({stem: t[stem].astype(np.float16)}))
    yield "double-precision", with_tensors(lambda t: t.update({stem: t[stem].astype(np.float64)}))
    yield "tensor-missing", with_tensors(lambda tensors: tensors.pop(stem))
    yield "tensor-more", with_tensors(lambda tensors: tensors.update(more=np.zeros(1, np.float32)))
    yield "tensor-misshapen", with_tensors(lambda t: t.update({stem: t[stem].reshape(2, 1, 3, 3)}))
    yield (
        "calibration-alone",
        with_tensors(
            lambda tensors: tensors.update({"calibration.largest": np.ones(6, np.float32)})
        ),
    )
    yield (
        "calibration-a-number",
        with_tensors(
            lambda tensors: tensors.update({"calibration.largest": np.array(1, np.float32)})
        ),
    )
    yield "gzip", gzip.compress(data, mtime=0)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("archive/data.pkl"), b"\x80\x04N.")
    yield "zip-of-torch", archive.getvalue()
    yield "pickle", b"\x80\x04N."
    yield "onnx", b"\x08\x0a\x12\x04miai" + data[8:200]


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.safetensors"):
        old.unlink()
    path = FOLDER / "whole.safetensors"
    data = whole(path)
    path.unlink()
    for name, fault in faults(data):
        (FOLDER / f"{name}.safetensors").write_bytes(fault)


if __name__ == "__main__":
    write()
