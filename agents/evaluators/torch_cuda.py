"""A network on a GPU: batches of fixed sizes, compiled graphs, copies beside the computation.

A compiled graph is made for one shape. A batch is therefore cut into pieces of the largest size and
a rest that is padded to the next size; the results of padding are dropped. Each piece is copied
from pinned memory while the piece before it is computed.

The cutting is tested everywhere; the rest needs a GPU, and has been run on none by this project so
far.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs
import torch
from torch import Tensor

from engine.files import is_open_to_all, is_private

BUCKETS: Final = (1, 4, 16, 64, 256, 1024)
"""Row counts of compiled graphs: few, since each is kept; padding at most quadruples a batch."""
Predict = Callable[[Tensor, Tensor, bool], tuple[Tensor, ...]]
"""Takes planes ``(n, planes, H, W)``, globals, and whether some boards are smaller than that."""


def cut(rows: int) -> list[tuple[int, int, int]]:
    """Cut a batch; return first row, end and bucket size of each piece."""
    largest = BUCKETS[-1]
    pieces = []
    for start in range(0, rows, largest):
        end = min(start + largest, rows)
        bucket = next(size for size in BUCKETS if size >= end - start)
        pieces.append((start, end, bucket))
    return pieces


class BucketedModel:
    """Runs a function of tensors piece by piece. Calls from several threads take turns."""

    def __init__(self, predict: Predict, device: torch.device) -> None:
        """Compile ``predict`` on a GPU; on a CPU it is called as it is."""
        self._device = device
        self._on_gpu = device.type == "cuda"
        self._lock = threading.Lock()
        self._staging: dict[tuple[int, ...], list[_Staging]] = {}

        self._predict = predict
        if self._on_gpu:
            _keep_graphs_private()
            self._predict = torch.compile(predict, mode="reduce-overhead", dynamic=False)

    def __call__(
        self, images: np.ndarray, globals_: np.ndarray, padded: bool
    ) -> tuple[Tensor, ...]:
        """Evaluate images ``(n, H, W, planes)`` and globals ``(n, globals)``."""
        found = []
        with self._lock:
            for number, (start, end, bucket) in enumerate(cut(len(images))):
                staging = self._buffers(bucket, images.shape[1:], globals_.shape[1])[number % 2]
                planes, more = staging.copied(images[start:end], globals_[start:end], self._device)
                if self._on_gpu:
                    torch.compiler.cudagraph_mark_step_begin()
                output = self._predict(planes.permute(0, 3, 1, 2), more, padded)
                # The graph overwrites these results in its next run.
                found.append([part[: end - start].clone() for part in output])
        return tuple(torch.cat(parts) for parts in zip(*found, strict=True))

    def _buffers(self, bucket: int, image: tuple[int, ...], globals_: int) -> list[_Staging]:
        """Return two buffers for a shape: one is filled while the other is still being read."""
        key = (bucket, *image, globals_)
        if key not in self._staging:
            shapes = (bucket, *image), (bucket, globals_)
            self._staging[key] = [_Staging(*shapes, pinned=self._on_gpu) for _ in range(2)]
        return self._staging[key]


def _keep_graphs_private() -> None:
    """Let torch keep compiled graphs where no other user can plant code.

    Its own choice is a folder of the temporary files whose name anybody can guess. What the
    environment says already stays.
    """
    for name in ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        if name in os.environ:
            continue
        folder = Path(platformdirs.user_cache_dir("miai")) / "torch" / name.split("_")[0].lower()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            private = is_private(folder) and not is_open_to_all(folder.parent)
        except OSError:
            private = False
        if not private:
            folder = Path(tempfile.mkdtemp(prefix="miai-torch-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ[name] = str(folder)


class _Staging:
    """Memory from which inputs are copied to the GPU without waiting for it."""

    def __init__(self, images: tuple[int, ...], globals_: tuple[int, ...], *, pinned: bool) -> None:
        self._images = torch.zeros(images, dtype=torch.uint8, pin_memory=pinned)
        self._globals = torch.zeros(globals_, dtype=torch.float32, pin_memory=pinned)
        self._read = torch.cuda.Event() if pinned else None

    def copied(
        self, images: np.ndarray, globals_: np.ndarray, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """Fill in rows and start to copy the buffer; rows beyond them keep earlier contents."""
        if self._read is not None:
            self._read.synchronize()
        self._images[: len(images)].copy_(torch.from_numpy(np.ascontiguousarray(images)))
        self._globals[: len(globals_)].copy_(torch.from_numpy(np.ascontiguousarray(globals_)))
        found = tuple(part.to(device, non_blocking=True) for part in (self._images, self._globals))
        if self._read is not None:
            self._read.record()
        planes, more = found
        return planes, more
