"""The network through torch: the reference evaluator, on CPU and CUDA."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from agents.network.checkpoint import load_network
from agents.network.inputs import widen
from agents.network.model import NetworkOutput, PolicyValueNet
from engine.games.inputs import InputLayout
from engine.games.spec import GameSpec, Positions
from engine.search.evaluation import Evaluation

Precision = Literal["auto", "float32", "bfloat16", "float16"]
_DTYPES: Final = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


class SearchOutput(NamedTuple):
    """The predictions that search uses, still on the device."""

    policy_logits: Tensor
    value: Tensor
    """Probabilities of win, draw and loss."""
    score: Tensor
    ownership: Tensor


Run = Callable[[np.ndarray, np.ndarray, bool], tuple[Tensor, ...]]
"""Takes images ``(n, H, W, planes)``, globals, and whether some boards are smaller than that;
returns the parts of a :class:`SearchOutput`."""


def search_output(output: NetworkOutput) -> SearchOutput:
    """Convert a network's predictions to those of an evaluation."""
    return SearchOutput(
        output.policy_logits,
        torch.softmax(output.value_logits.float(), dim=1),
        output.score,
        torch.tanh(output.ownership_logits.float()),
    )


def best_device() -> str:
    """``cuda`` where torch finds such a device, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def fast_precision(device: str) -> str:
    """Return the fastest number format that this device computes natively."""
    if device.startswith("cuda"):
        return "float16"
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return "bfloat16" if supported is not None and supported() else "float32"


class TorchEvaluator:
    """Evaluates with a frozen copy of a network. Safe to call from several threads.

    In half precision the trunk and heads use half the memory; outputs are always ``float32``. On a
    GPU, batches are padded to fixed sizes (see ``torch_cuda``). For several GPUs start one process
    for each.
    """

    def __init__(
        self, model: PolicyValueNet, precision: Precision = "auto", device: str = "cpu"
    ) -> None:
        self.device = device
        self.precision = fast_precision(device) if precision == "auto" else precision
        self._dtype = _DTYPES[self.precision]
        self.config = model.config
        self._run = self._prepare(model)

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
        """The format and device in use, such as ``torch (bfloat16, cpu)``."""
        return f"torch ({self.precision}, {self.device})"

    def update(self, model: PolicyValueNet, *inputs: object) -> None:
        """Evaluate with these weights from the next call on; ``inputs`` are not used."""
        self._run = self._prepare(model)

    def _prepare(self, model: PolicyValueNet) -> Run:
        dtype = self._dtype
        frozen = model.frozen().to(self.device, dtype)
        laid_out: PolicyValueNet = frozen.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

        def predict(planes: Tensor, globals_: Tensor, padded: bool) -> SearchOutput:
            return search_output(laid_out(planes.to(dtype), globals_.to(dtype), padded))

        if self.device.startswith("cuda"):
            from agents.evaluators.torch_cuda import BucketedModel

            return BucketedModel(predict, torch.device(self.device))

        def run(images: np.ndarray, globals_: np.ndarray, padded: bool) -> SearchOutput:
            planes = torch.from_numpy(images).permute(0, 3, 1, 2)
            return predict(planes, torch.from_numpy(globals_), padded)

        return run

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation:
        """Evaluate rows.

        Raises:
            NetworkFileError: if the network was made for other inputs than this game has.
        """
        with torch.inference_mode():
            return _evaluation(self._run(*self._inputs(spec, positions), False))

    def _inputs(self, spec: GameSpec, positions: Positions) -> tuple[np.ndarray, np.ndarray]:
        """Return images ``(rows, height, width, planes)`` and globals in the network's order."""
        self.config.require(spec.name)
        planes, globals_ = widen(self.config, InputLayout.of(spec), *spec.features(positions))
        return planes.reshape(len(positions), spec.height, spec.width, -1), globals_


def _evaluation(output: tuple[Tensor, ...]) -> Evaluation:
    """Copy a network's output to an evaluation in NumPy."""
    logits, value, score, ownership = (part.float().cpu().numpy() for part in output)
    return Evaluation(policy_logits=logits, value=value, score=score, ownership=ownership)


def as_channels_last(planes: np.ndarray, height: int, width: int) -> Tensor:
    """View ``(rows, points, planes)`` as ``(rows, planes, height, width)`` without a copy."""
    rows, _, channels = planes.shape
    tensor = torch.from_numpy(planes).view(rows, height, width, channels)
    return tensor.permute(0, 3, 1, 2)


def load(path: Path, spec: GameSpec, threads: int) -> TorchEvaluator:
    """Load a checkpoint, as :mod:`agents.evaluators.registry` asks; torch counts its own threads.

    Raises:
        NetworkFileError: if the file is not a usable network, or one for another game.
    """
    evaluator = TorchEvaluator.from_file(path, device=best_device())
    evaluator.config.require(spec.name)
    return evaluator


def follow(model: PolicyValueNet, spec: GameSpec, threads: int) -> TorchEvaluator:
    """Follow a model on the best device."""
    return TorchEvaluator(model, device=best_device())
