"""Which evaluator computes a network: the fastest that is installed and right for it.

On a CPU that is the 8-bit one, which needs no torch; a CUDA device is worth torch's half precision.
Where Numba has no dot product of bytes to use, another may be faster: the first start measures all
that are installed and remembers the answer, beside the compiled kernels, which belong to a machine
as well.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol

from agents.network.config import NetworkConfig
from engine._kernel import CACHE_FOLDER, JIT_DISABLED
from engine.errors import ConfigError
from engine.files import write_atomic
from engine.games.spec import GameSpec, Positions
from engine.search.evaluation import Evaluation, Evaluator

if TYPE_CHECKING:
    from agents.network.calibration import Inputs
    from agents.network.model import PolicyValueNet

Backend = Literal["auto", "int8", "torch", "openvino"]
BACKENDS: Final[tuple[Backend, ...]] = ("auto", "int8", "torch", "openvino")
_REMEMBERED: Final = "fastest-evaluator.json"
_CUDA_DEVICES: Final = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg")
_MEASURED_S: Final = 0.4
_MEASURED_ROWS: Final = 16


class NetworkEvaluator(Evaluator, Protocol):
    """An evaluator that computes a network."""

    @property
    def config(self) -> NetworkConfig:
        """The network's shape and inputs."""
        ...

    @property
    def description(self) -> str:
        """Backend, number format and instructions, such as ``int8 (avx512-vnni)``."""
        ...

    def evaluate(self, spec: GameSpec, positions: Positions) -> Evaluation: ...


_PACKAGES: Final[dict[str, tuple[str, ...]]] = {
    "torch": ("torch",),
    "openvino": ("openvino", "onnx"),
}


def is_installed(backend: str) -> bool:
    """Whether the packages of a backend are there."""
    return all(find_spec(package) is not None for package in _PACKAGES.get(backend, ()))


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_evaluator(
    path: Path, spec: GameSpec, backend: Backend = "auto", threads: int | None = None
) -> NetworkEvaluator:
    """Load a network into an evaluator.

    Args:
        path: of the checkpoint.
        spec: the game that it will mostly evaluate.
        backend: ``auto`` takes the fastest here.
        threads: that share one call; all cores by default. Torch decides that for itself.

    Raises:
        NetworkFileError: if the file is not a usable network, or one for another game.
        ConfigError: if the backend is unknown, or is not installed.
    """
    makers: dict[str, Callable[[], NetworkEvaluator]] = {
        "int8": lambda: _int8(path, spec, threads or cores()),
        "torch": lambda: _torch(path, spec),
        "openvino": lambda: _openvino(path, spec, threads or cores()),
    }
    if backend not in BACKENDS:
        raise _unknown(backend)
    if backend == "auto":
        installed = {name: make for name, make in makers.items() if is_installed(name)}
        backend = _fastest(installed, spec)
    if not is_installed(backend):
        needed = " and ".join(_PACKAGES[backend])
        extra = "train" if backend == "torch" else backend
        raise ConfigError(
            f"expected {needed} for the backend {backend!r}, which is not installed: "
            f"pip install 'miai[{extra}]', or take the backend int8"
        )
    return makers[backend]()


class ModelEvaluator(NetworkEvaluator, Protocol):
    """An evaluator that follows a model in training."""

    def update(self, model: PolicyValueNet, inputs: Inputs) -> None:
        """Evaluate with the model's weights as they are now; ``inputs`` show what it sees."""
        ...


def model_evaluator(
    model: PolicyValueNet, spec: GameSpec, backend: Backend = "auto", threads: int = 1
) -> ModelEvaluator:
    """Evaluate with a model in memory, as it is now, for ``spec``; raises as the above."""
    if backend == "auto":
        backend = "torch" if JIT_DISABLED or _has_cuda() else "int8"
    if backend == "int8":
        from agents.evaluators.int8 import Int8Evaluator
        from agents.network.calibration import inputs_of

        return Int8Evaluator.from_model(model, inputs_of(model.config, spec), threads)
    if backend == "torch":
        from agents.evaluators.torch_evaluator import TorchEvaluator, best_device

        return TorchEvaluator(model, device=best_device())
    raise _unknown(backend)


def _unknown(backend: str) -> ConfigError:
    return ConfigError(f"expected a backend from {', '.join(BACKENDS)}, got {backend!r}")


def _int8(path: Path, spec: GameSpec, threads: int) -> NetworkEvaluator:
    from agents.evaluators.int8 import Int8Evaluator

    return Int8Evaluator.from_file(path, spec, threads)


def _openvino(path: Path, spec: GameSpec, threads: int) -> NetworkEvaluator:
    from agents.evaluators.openvino_evaluator import OpenVinoEvaluator

    return OpenVinoEvaluator.from_file(path, spec, threads=threads)


def _torch(path: Path, spec: GameSpec) -> NetworkEvaluator:
    from agents.evaluators.torch_evaluator import TorchEvaluator, best_device

    evaluator = TorchEvaluator.from_file(path, device=best_device())
    evaluator.config.require(spec.name)
    return evaluator


def _fastest(makers: dict[str, Callable[[], NetworkEvaluator]], spec: GameSpec) -> Backend:
    """The backend that evaluates fastest on this machine."""
    if len(makers) == 1:
        return "int8"
    if "torch" in makers and (JIT_DISABLED or _has_cuda()):
        return "torch"
    if forms_here()[0] != "portable":
        return "int8"  # twice torch's speed at the very least: see docs/results/evaluators.md
    remembered = CACHE_FOLDER / _REMEMBERED
    try:
        known = json.loads(remembered.read_text())["backend"]
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if known in makers:
        found: Backend = known
        return found
    rates = {name: _rate(make(), spec) for name, make in makers.items()}
    best = next(name for name in BACKENDS if rates.get(name) == max(rates.values()))
    with suppress(OSError):  # a read-only home: it is measured again next time
        write_atomic(remembered, json.dumps({"backend": best, "positions_per_s": rates}).encode())
    return best


def forms_here() -> list[str]:
    """Names of the 8-bit forms that this CPU runs, best first."""
    from agents.evaluators.int8_forms import forms_of_this_cpu

    return [form.name for form in forms_of_this_cpu()]


def _has_cuda() -> bool:
    """Whether torch finds a CUDA device; where there is none to see, without loading torch."""
    if not any(Path(device).exists() for device in _CUDA_DEVICES):
        return sys.platform == "win32" and _torch_has_cuda()
    return _torch_has_cuda()


def _torch_has_cuda() -> bool:
    from agents.evaluators.torch_evaluator import best_device

    return best_device() == "cuda"


def _rate(evaluator: NetworkEvaluator, spec: GameSpec) -> float:
    """Positions per second on start positions."""
    positions = spec.allocate(_MEASURED_ROWS)
    evaluator.evaluate(spec, positions)
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < _MEASURED_S:
        evaluator.evaluate(spec, positions)
        calls += 1
    return calls * len(positions) / (time.perf_counter() - started)
