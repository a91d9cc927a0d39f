"""Messages between a run and its worker processes: a line of JSON, then arrays as safetensors.

Neither can hold code. A message is ``(length of the header, length of the arrays)`` as two
little-endian 64-bit numbers, then both.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import IO, Any, Final

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from selfplay.run.state import Arrays

_LENGTHS: Final = struct.Struct("<QQ")


def send(stream: IO[bytes], header: Mapping[str, Any], arrays: Arrays | None = None) -> None:
    """Write one message.

    Raises:
        OSError: if the other side has gone.
    """
    text = json.dumps(header).encode()
    data = {name: np.asarray(array, order="C") for name, array in (arrays or {}).items()}
    body = safetensors.numpy.save(data) if data else b""
    stream.write(_LENGTHS.pack(len(text), len(body)) + text)
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], Arrays]:
    """Wait for one message.

    Raises:
        EOFError: if the other side has gone.
    """
    lengths = _exactly(stream, _LENGTHS.size)
    text, body = (_exactly(stream, length) for length in _LENGTHS.unpack(lengths))
    arrays: dict[str, NDArray[Any]] = safetensors.numpy.load(body) if body else {}
    return json.loads(text), arrays


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError(f"expected {count} bytes, got {len(data)}")
    return data
