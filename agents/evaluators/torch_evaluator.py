"""The network through torch: the reference evaluator, on CPU and CUDA."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor

from agents.network.checkpoint import load_network
from agents.network.inputs import widen
from agents.network.model import PolicyValueNet
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec, Positions
from engine.search.evaluation import Evaluation

Precision = Literal["auto", "float32", "bfloat16", "float16"]
_DTYPES: Final = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def limit_threads(count: int) -> None:
    """Let torch use ``count`` cores for calls from this thread (OpenMP counts per thread)."""
    torch.set_num_threads(count)


def best_device() -> str:
    """``cuda`` where torch finds such a device, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fast_precision(device: str) -> str:
    """The fastest number format that this device computes natively."""
    if device.startswith("cuda"):
        return "float16"
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return "bfloat16" if supported is not None and supported() else "float32"


class TorchEvaluator:
    """Evaluates with a frozen copy of a network. Safe to call from several threads.

    In ``bfloat16`` the trunk and heads run in half the memory; outputs are always ``float32``.
    """

    def __init__(
        self, model: PolicyValueNet, precision: Precision = "auto", device: str = "cpu"
    ) -> None:
        self.device = device
        self.precision = fast_precision(device) if precision == "auto" else precision
        self._dtype = _DTYPES[self.precision]
        self.config = model.config
        self._model = self._prepare(model)

    @classmethod
    def from_file(
        cls, path: Path, precision: Precision = "auto", device: str = "cpu"
    ) -> TorchEvaluator:
        """Load a checkpoint.

        Raises:
            NetworkFileError: if the file is not a usable network.
        """
        return cls(load_network(path)[0], precision, device)

    @property
    def description(self) -> str:
        """Such as ``torch (bfloat16, cpu)``."""
        return f"torch ({self.precision}, {self.device})"

    def update(self, model: PolicyValueNet, inputs: object = None) -> None:
        """Evaluate with these weights from the next call on; ``inputs`` calibrate other kinds."""
        self._model = self._prepare(model)

    def _prepare(self, model: PolicyValueNet) -> PolicyValueNet:
        frozen = model.frozen().to(self.device, self._dtype)
        laid_out: PolicyValueNet = frozen.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return laid_out

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        """Evaluate rows.

        Raises:
            NetworkFileError: if the network was made for other inputs than this game has.
        """
        self.config.require(spec.name)
        planes, globals_ = widen(self.config, InputLayout.of(spec), *spec.features(positions))
        with torch.inference_mode():
            output = self._model(
                as_channels_last(planes, spec.height, spec.width).to(self.device, self._dtype),
                torch.from_numpy(globals_).to(self.device, self._dtype),
            )
            value = torch.softmax(output.value_logits.float(), dim=1)
            return Evaluation(
                policy_logits=_numpy(output.policy_logits),
                value=_numpy(value),
                score=_numpy(output.score),
                ownership=_numpy(torch.tanh(output.ownership_logits.float())),
            )


def as_channels_last(planes: np.ndarray, height: int, width: int) -> Tensor:
    """View ``(rows, points, planes)`` as ``(rows, planes, height, width)`` without a copy."""
    rows, _, channels = planes.shape
    tensor = torch.from_numpy(planes).view(rows, height, width, channels)
    return tensor.permute(0, 3, 1, 2)


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()
